"""How the demo world's deeds are put side by side: nobody twice at once, money never made to wait."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from tiefen.demo.doors import Watch
from tiefen.demo.living import BUYING, MOST, STAFF, Entry, Life

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
    life = Life(cast(Any, None), cast(Any, None), [], [], seed=1)
    for minute, fan, buys in planned:
        life.plan(START + timedelta(minutes=minute), fan, lambda: None, buys=buys and fan >= 0)
    until = START + timedelta(days=5)
    rounds: list[list[Entry]] = []
    while life._agenda:
        rounds.append(life._next(until))
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
