"""The agenda of a demo world: who does what when, side by side where that changes nothing.

Fans are independent: deeds of different fans happen side by side, each at its own time. One fan's
deeds keep their order, and the worker has done what follows from one before the next: it works on a
round while other fans do the next one. Staff act with nobody else.
"""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tiefen.demo.doors import Doors

STAFF = -1
"""On the agenda: not a fan."""
AT_ONCE = 16
"""How many fans act side by side."""
MOST = 128
"""How many deeds share one round of the worker."""
BUYING = timedelta(minutes=3)
"""Deeds share a round with a purchase only this long: its payment is not to wait for its deadline."""


@dataclass(order=True, slots=True)
class Entry:
    """Something on the agenda."""

    at: datetime
    fan: int
    """Who does it; -1 for staff, who act with nobody else."""
    turn: int
    do: Callable[[], Any] = field(compare=False)
    buys: bool = field(default=False, compare=False)


class Agenda:
    """Lets what is planned happen in order of time."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors
        self._planned: list[Entry] = []
        self._busy: set[int] = set()
        """whose deeds of the round before are still being worked on"""
        self._working: asyncio.Task[None] | None = None
        self._turn = count()

    def plan(self, at: datetime, fan: int, do: Callable[[], Any], *, buys: bool = False) -> None:
        """Put something on the agenda; what happens may plan more."""
        heapq.heappush(self._planned, Entry(at, fan, next(self._turn), do, buys))

    async def run(self, until: datetime, tick: Callable[[int], None]) -> None:
        """Let everything planned before `until` happen, and all that follows from it."""
        done = 0
        while self._planned and self._planned[0].at < until:
            if self._planned[0].fan in self._busy | {STAFF}:
                await self._worked()
            entries = self._next(until)
            await self._side_by_side(entries)
            done += len(entries)
            tick(done)
        await self._worked()
        self.doors.at(until)
        await self.doors.work()

    def _next(self, until: datetime) -> list[Entry]:
        """The next deeds that may happen side by side: of one day, at most one of each fan."""
        taken = [heapq.heappop(self._planned)]
        fans, end = {taken[0].fan, *self._busy}, until
        while self._planned and len(taken) < MOST and taken[0].fan != STAFF:
            entry, last = self._planned[0], taken[-1]
            if last.buys:
                end = min(end, last.at + BUYING)
            if entry.at >= end or entry.at.date() != last.at.date() or entry.fan in fans | {STAFF}:
                break
            taken.append(heapq.heappop(self._planned))
            fans.add(entry.fan)
        return taken

    async def _side_by_side(self, entries: list[Entry]) -> None:
        """Let them happen, each at its own time; then the worker begins with what they caused."""
        self.doors.at(entries[0].at)
        places = asyncio.Semaphore(AT_ONCE)

        async def happen(entry: Entry) -> datetime:
            async with places:
                with self.doors.clock.own(entry.at):
                    await entry.do()
                    return self.doors.clock.now

        end = max(await asyncio.gather(*map(happen, entries)))
        self.doors.at(end)
        await self._worked()
        self._busy = {entry.fan for entry in entries}
        self._working = asyncio.create_task(self._work(end))

    async def _work(self, at: datetime) -> None:
        """What follows from a round, by its end: the world may be further by then."""
        with self.doors.clock.own(at):
            await self.doors.work()

    async def _worked(self) -> None:
        """Wait until everything has followed from the round before."""
        working, self._working = self._working, None
        if working:
            await working
        self._busy = set()
