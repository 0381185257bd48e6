"""How often one caller may come: for routes that anyone may call and that make work.

Sign-in of staff counts in the database, because each try is a guess at a secret. Here a caller
beyond the limit only makes work, so counting must cost nothing: numbers in memory, before any
transaction is opened. With n processes a caller gets up to n times the limit.
"""

import math
from collections import OrderedDict
from weakref import WeakSet

from fastapi import Request

from tiefen.kernel import clock
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.errors import TooMany

MOST = 50_000
"""Callers remembered; beyond, those who came longest ago are forgotten."""


_LIMITS: "WeakSet[Limit]" = WeakSet()


class Limit:
    """At most `often` within `seconds` of a caller's first. As a dependency: per address."""

    def __init__(self, often: int, seconds: float) -> None:
        self.often, self.seconds = often, seconds
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()
        _LIMITS.add(self)

    async def __call__(self, request: Request) -> None:
        """Count a request for its address and merchant."""
        self.take(caller(request))

    def take(self, key: str) -> None:
        """Count one for `key`. Raises TooMany with the seconds until the window has passed."""
        now = clock.utcnow().timestamp()
        began, count = self._seen.get(key, (now, 0))
        if not 0 <= now - began < self.seconds:
            began, count = now, 0
        self._seen[key] = (began, count + 1)
        self._seen.move_to_end(key)
        while len(self._seen) > MOST:
            self._seen.popitem(last=False)
        if count >= self.often:
            raise TooMany(retry_after=max(1, math.ceil(began + self.seconds - now)))


def forget() -> None:
    """Forget who came: for a process that begins anew, as tests do."""
    for one in _LIMITS:
        one._seen.clear()


TABLES = Limit(30, 600.0)
"""Tables one member of staff may take away in ten minutes: each reads all there is of something."""


def table_taken(merchant: str, who: StaffActor) -> None:
    """Count a table for who takes it. Raises TooMany."""
    TABLES.take(f"{merchant}|{who.id}")


def caller(request: Request) -> str:
    """Merchant as addressed, and network address, of a request."""
    address = request.client.host if request.client else ""
    return f"{request.scope.get('merchant') or request.url.hostname}|{address}"
