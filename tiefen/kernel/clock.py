"""Time as something that can be injected: demo worlds, tests and rehearsals replay exactly.

Inside a transaction use `tx.now` (the database's clock, or the injected one): it is what decides
deadlines. `utcnow()` is for everything outside a transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_source: Callable[[], datetime] | None = None


def injected() -> datetime | None:
    """The injected time, or None when real clocks rule."""
    return _source() if _source else None


def utcnow() -> datetime:
    """Now, aware, in UTC."""
    return _source() if _source else datetime.now(UTC)


def allowance(seconds: float) -> float | None:
    """How long real waiting may take: `seconds`, or without limit (None) while time is injected.

    An injected clock stands still while we work: nobody's seconds are running.
    """
    return None if _source else seconds


class Travel:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        """The time it stands at."""
        return self.now

    def move(self, delta: timedelta) -> datetime:
        """Go forward (or back) by `delta`."""
        self.now += delta
        return self.now


@contextmanager
def use(source: Callable[[], datetime]) -> Iterator[None]:
    """Inject `source` as the process's clock for the length of the block."""
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before
