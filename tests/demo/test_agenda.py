"""How the demo world's deeds are put side by side: nobody twice at once, money never made to wait."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from tiefen.demo.agenda import BUYING, MOST, STAFF, Agenda, Entry
from tiefen.demo.doors import Watch

START = datetime(2026, 11, 1, 2, tzinfo=UTC)


async def test_who_acts_has_a_time_of_their_own_and_the_world_another() -> None:
    watch = Watch(START)

    async def act(minutes: int) -> datetime:
        with watch.own(START + timedelta(minutes=minutes)):
            await asyncio.sleep(0)
            watch.now += timedelta(seconds=5)
            return watch.now

    ends = await asyncio.gather(act(3), act(1))
    assert list(ends) == [
        START + timedelta(minutes=3, seconds=5),
        START + timedelta(minutes=1, seconds=5),
    ]
    assert watch.now == START
    watch.now = max(ends)
    assert watch() == START + timedelta(minutes=3, seconds=5)


deeds = st.lists(
    st.tuples(st.integers(0, 3 * 24 * 60), st.integers(STAFF, 20), st.booleans()), max_size=300
)


@given(deeds)
def test_rounds_keep_the_order_and_let_no_fan_act_twice(
    planned: list[tuple[int, int, bool]],
) -> None:
    agenda = Agenda(cast(Any, None))
    for minute, fan, buys in planned:
        agenda.plan(START + timedelta(minutes=minute), fan, lambda: None, buys=buys and fan >= 0)
    until = START + timedelta(days=5)
    rounds: list[list[Entry]] = []
    while agenda._planned:
        rounds.append(agenda._next(until))
    done = [entry for entries in rounds for entry in entries]
    assert len(done) == len(planned)
    assert all(one < two for one, two in pairwise(done))
    for entries in rounds:
        fans = [entry.fan for entry in entries]
        assert len(entries) <= MOST
        assert len(set(fans)) == len(fans)
        assert STAFF not in fans or len(fans) == 1
        assert len({entry.at.date() for entry in entries}) == 1
        bought = [entry.at for entry in entries if entry.buys]
        if bought:
            assert entries[-1].at - bought[0] < BUYING


def test_whoever_is_still_worked_on_does_not_act() -> None:
    agenda = Agenda(cast(Any, None))
    for minute, fan in ((0, 1), (1, 2), (2, 3)):
        agenda.plan(START + timedelta(minutes=minute), fan, lambda: None)
    agenda._busy = {2}
    assert [entry.fan for entry in agenda._next(START + timedelta(days=1))] == [1]


class Slow:
    """Doors whose worker is slower than the fans, and notes who was met half-way."""

    def __init__(self) -> None:
        self.clock, self.open, self.seen = Watch(START), set[int](), list[tuple[int, datetime]]()
        self.worked: list[datetime] = []

    def at(self, when: datetime) -> None:
        self.clock.now = max(self.clock.now, when)

    async def act(self, fan: int) -> None:
        assert fan not in self.open
        assert fan != STAFF or not self.open
        self.open.add(fan)
        self.seen.append((fan, self.clock.now))

    async def work(self) -> None:
        at, mine = self.clock.now, {fan for fan, when in self.seen if when <= self.clock.now}
        for _ in range(5):
            await asyncio.sleep(0)
        assert self.clock.now == at
        self.worked.append(at)
        self.open -= mine


async def test_the_worker_works_on_a_round_while_others_act_and_never_on_two() -> None:
    doors = Slow()
    agenda = Agenda(cast(Any, doors))
    fans = [1, 2, 3, 1, 4, STAFF, 5, 1, 2, STAFF]
    for minute, fan in enumerate(fans):
        agenda.plan(START + timedelta(minutes=minute), fan, partial(doors.act, fan))
    await agenda.run(START + timedelta(minutes=30), lambda _: None)
    assert [fan for fan, _ in doors.seen] == fans
    assert doors.worked == sorted(doors.worked)
    assert not doors.open
