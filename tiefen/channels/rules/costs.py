"""Pure decisions about what channels cost."""

from datetime import date, datetime

from tiefen.channels.errors import PeriodMalformed
from tiefen.kernel.days import day_of

LONGEST = 1_100
"""Days that one cost may be spread over: three years."""


def check_days(first: date, last: date) -> None:
    """Raise PeriodMalformed when a cost is for no day, or for more than anybody plans."""
    if last < first or (last - first).days >= LONGEST:
        raise PeriodMalformed(field="last", most=LONGEST)


def day_of_cost(starts_at: datetime | None, now: datetime) -> date:
    """The day of a cost that was given with the code itself: its first, else today."""
    return day_of(starts_at or now)
