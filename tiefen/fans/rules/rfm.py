"""Coming back: cohorts by the month of the first purchase."""

from collections.abc import Sequence
from datetime import date

from tiefen.fans.values import COHORT_MONTHS, Cohort


def cohorts(rows: Sequence[tuple[int, int, int]], today: date) -> list[Cohort]:
    """Cohorts, the oldest first, with a number for each month that has begun.

    `rows`: the first month as months since year 0, how many months later, how many bought then.
    """
    counted: dict[int, dict[int, int]] = {}
    for first, k, buyers in rows:
        counted.setdefault(first, {})[k] = buyers
    this_month = today.year * 12 + today.month - 1
    return [
        Cohort(
            date(first // 12, first % 12 + 1, 1),
            months[0],
            tuple(months.get(k, 0) for k in range(min(COHORT_MONTHS, this_month - first) + 1)),
        )
        for first, months in sorted(counted.items())
    ]
