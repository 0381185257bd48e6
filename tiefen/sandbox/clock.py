"""The sandbox's only source of time.

World time decides expiry, windows and schedules and can be moved; wire time stamps signatures and is what the other
end compares with its own clock, so it follows the real clock unless both ends agree to move.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))


class Clock:
    """Seconds since the epoch, with a movable offset.

    `start` fixes the first reading; with `ticking=False` time stands still and only `move` and `set` change it, for
    both faces. `source` replaces the real clock altogether.
    """

    def __init__(
        self,
        start: float | None = None,
        *,
        ticking: bool = True,
        source: Callable[[], float] | None = None,
    ) -> None:
        self._source = source or time.time
        first = self._source() if start is None else start
        self._base = first - self._source()
        self._offset = 0.0
        # The wire time at which the clock stands; None while it ticks.
        self._standing: float | None = None if ticking else first
        self._manual = not ticking
        self.listeners: list[Callable[[], None]] = []

    def _wall(self) -> float:
        return self._source() + self._base if self._standing is None else self._standing

    def time(self) -> float:
        """World time in unix seconds."""
        return self._wall() + self._offset

    def wire(self) -> float:
        """The time written into signatures, in unix seconds."""
        return self._wall()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    @property
    def offset(self) -> float:
        """How many seconds world time is ahead of wire time."""
        return self._offset

    @property
    def frozen(self) -> bool:
        return self._standing is not None

    def move(self, seconds: float, *, wire: bool = False) -> None:
        """Move world time; with `wire`, or on a clock that does not tick, signature time moves along."""
        if not (wire or self._manual):
            self._offset += seconds
        elif self._standing is not None:
            self._standing += seconds
        else:
            self._base += seconds
        for listener in self.listeners:
            listener()

    def set(self, to: float, *, wire: bool = False) -> None:
        self.move(to - self.time(), wire=wire)

    def freeze(self) -> None:
        self._standing = self._wall()

    def thaw(self) -> None:
        """Tick on from where it stands."""
        if self._standing is not None:
            self._base = self._standing - self._source()
            self._standing, self._manual = None, False
        for listener in self.listeners:
            listener()


def iso(seconds: float) -> str:
    """UTC, ISO-8601 with milliseconds: the control API's way."""
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def rfc3339(seconds: float) -> str:
    """Beijing time to the second: the pay platform's way."""
    return datetime.fromtimestamp(seconds, BEIJING).isoformat(timespec="seconds")


def parse_time(text: str) -> float:
    """Unix seconds of an RFC 3339 text. Raises ValueError when it has no offset or is not a time."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time has no offset")
    return moment.timestamp()


@dataclass(order=True)
class Due:
    at: float
    seq: int
    run: Callable[[], Awaitable[None]] = field(compare=False)
    name: str = field(compare=False)
    cancelled: bool = field(default=False, compare=False)


class Agenda:
    """Work that is to happen at a world time. A runner wakes for it when `auto`; `run_due` does it on demand."""

    def __init__(self, clock: Clock, *, auto: bool) -> None:
        self.clock = clock
        self.auto = auto
        self._heap: list[Due] = []
        self._seq = itertools.count()
        self._wake: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._behind: set[asyncio.Task[None]] = set()
        clock.listeners.append(self.wake)

    def add(self, at: float, run: Callable[[], Awaitable[None]], name: str = "") -> Due:
        due = Due(at, next(self._seq), run, name)
        heapq.heappush(self._heap, due)
        self.wake()
        return due

    def wake(self) -> None:
        if self._wake is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    def next_due(self) -> float | None:
        while self._heap and self._heap[0].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0].at if self._heap else None

    def take_due(self) -> list[Due]:
        now = self.clock.time()
        taken = []
        while (at := self.next_due()) is not None and at <= now:
            taken.append(heapq.heappop(self._heap))
        return taken

    async def run_due(self, limit: int = 100_000) -> int:
        """Do everything due now, in order of time, including what that makes due. Returns how many ran."""
        ran = 0
        while ran < limit and (batch := self.take_due()):
            for due in batch:
                await due.run()
                ran += 1
        return ran

    async def run_until_idle(self, limit: int = 1000) -> int:
        """Move time to each next due thing and do it, until nothing is left or `limit` things ran."""
        ran = await self.run_due(limit)
        while ran < limit and (at := self.next_due()) is not None:
            self.clock.set(max(at, self.clock.time()))
            ran += await self.run_due(limit - ran)
        return ran

    def clear(self) -> None:
        self._heap.clear()

    def behind(self, work: Awaitable[None]) -> None:
        """Run something at once without waiting for it."""

        async def run() -> None:
            await work

        task = asyncio.ensure_future(run())
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)

    def ensure_running(self) -> None:
        """Start the runner on the current loop; a request calls this since in-process transports have no lifespan."""
        if not self.auto:
            return
        loop = asyncio.get_running_loop()
        if self._task is not None and self._loop is loop and not self._task.done():
            return
        self._loop, self._wake = loop, asyncio.Event()
        self._task = loop.create_task(self._runner(self._wake))

    async def _runner(self, wake: asyncio.Event) -> None:
        while True:
            for due in self.take_due():
                self.behind(due.run())
            at = self.next_due()
            wait = (
                None
                if at is None or self.clock.frozen
                else min(max(at - self.clock.time(), 0.0), 3600.0)
            )
            wake.clear()
            try:
                await asyncio.wait_for(wake.wait(), wait)
            except TimeoutError:
                continue

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        for task in list(self._behind):
            task.cancel()
        await asyncio.gather(*self._behind, return_exceptions=True)
