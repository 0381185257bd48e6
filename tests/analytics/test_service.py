"""Facts and hits on a real database: once each, in races, and equal to a recount."""

import asyncio
import random
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text

from tests.conftest import Drain
from tests.fans.factories import APP, AT, say, statements
from tiefen.analytics import queries, service
from tiefen.analytics.models import FanDay, HitRow
from tiefen.analytics.values import FactKind, Figures, Hit, HitKind, Step
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.orders.events import OrderPaid, OrderPlaced, OrderReceived, OrderRefunded
from tiefen.wechat.events import Followed, MessageReceived, Scanned, Unfollowed

TODAY = date(2026, 4, 1)


async def breaches(db: Db) -> list[str]:
    return [f"{breach.invariant}: {breach.row}" for breach in await audit.run(db)]


async def figures(db: Db, day: date = TODAY) -> Figures:
    async with db.merchant("demo") as tx:
        return (await queries.by_day(tx, day, day)).get(day, Figures())


async def test_a_life_is_counted_on_its_days(db: Db, drain: Drain) -> None:
    await say(db, Followed(APP, "o1", "c.x", "t", AT), aggregate="openid:o1")
    await drain()
    await say(
        db,
        OrderPlaced(1, "T1", 1, 9_900, AT),
        OrderPaid(1, "T1", 1, 9_900, 1, AT),
        OrderReceived(1, "T1", 1, 9_900, AT + timedelta(days=2)),
        OrderRefunded(1, "T1", 1, 900, False, AT + timedelta(days=3)),
        aggregate="order:1",
    )
    await say(
        db,
        Scanned(APP, "o1", "c.y", AT),
        MessageReceived(APP, "o1", 5, "text", "在吗", AT),
        Unfollowed(APP, "o1", AT + timedelta(days=4)),
        aggregate="openid:o1",
    )
    await drain()
    assert await figures(db) == Figures(
        new_fans=1, orders=1, paid_orders=1, paid_fen=9_900, buyers=1
    )
    assert (await figures(db, TODAY + timedelta(days=3))).refunded_fen == 900
    assert (await figures(db, TODAY + timedelta(days=4))).unfollows == 1
    async with db.merchant("demo") as tx:
        (bits, fans), *more = await queries.steps(tx, TODAY, TODAY + timedelta(days=5))
        assert not more
        assert fans == 1
        wanted = Step.SCANNED | Step.FOLLOWED | Step.ORDERED | Step.PAID | Step.RECEIVED
        assert bits == wanted | Step.LEFT | Step.CONTACTED
        assert await queries.active(tx, TODAY, TODAY) == 1
        assert await queries.active(tx, TODAY + timedelta(days=3), TODAY + timedelta(days=5)) == 0
    assert await breaches(db) == []


async def test_a_fact_told_twenty_times_at_once_counts_once(db: Db) -> None:
    async def tell() -> None:
        async with db.merchant("demo") as tx:
            for _ in range(2):
                service.note_fact(tx, FactKind.PAID, "order:1", fan_id=1, at=AT, amount_fen=500)

    await asyncio.gather(*(tell() for _ in range(20)))
    assert (await figures(db)).paid_fen == 500
    assert await breaches(db) == []


async def test_facts_of_many_fans_at_once_lose_nothing(db: Db) -> None:
    async def tell(n: int) -> None:
        async with db.merchant("demo") as tx:
            service.note_fact(tx, FactKind.PAID, f"order:{n}", fan_id=n % 5, at=AT, amount_fen=n)

    await asyncio.gather(*(tell(n) for n in range(60)))
    now = await figures(db)
    assert (now.paid_orders, now.paid_fen, now.buyers) == (60, sum(range(60)), 5)
    assert await breaches(db) == []


async def test_hits_come_in_batches_by_one_statement(db: Db, travel: Travel) -> None:
    batch = [Hit(HitKind.VIEW, f"/p/{n}", f"product:{n}", "menu") for n in range(50)]
    async with db.merchant("demo") as tx:
        with statements(tx) as sent:
            await service.note_hits(tx, batch, fan_id=7, visitor="abcdefgh")
        assert len(sent) == 1
        await service.note_hits(tx, batch[:3], fan_id=None, visitor="abcdefgh")
        await service.note_hits(tx, batch[:1], fan_id=7, visitor="another1")
    now = await figures(db)
    assert (now.hits, now.visitors) == (54, 2)
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).select_from(HitRow)) == 54
        assert list(await tx.scalars(select(FanDay.steps))) == [int(Step.VISITED)]
    assert await breaches(db) == []


async def test_hits_at_once_are_all_counted(db: Db) -> None:
    async def visit(n: int) -> None:
        async with db.merchant("demo") as tx:
            hits = [Hit(HitKind.VIEW, "/")] * 3
            await service.note_hits(tx, hits, fan_id=n % 4 or None, visitor=f"visitor{n % 6}")

    await asyncio.gather(*(visit(n) for n in range(40)))
    assert await breaches(db) == []
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).select_from(HitRow)) == 120


@pytest.mark.parametrize("seed", [1, 2])
async def test_rebuilding_changes_nothing_and_repairs_drift(db: Db, seed: int) -> None:
    chance = random.Random(seed)
    async with db.merchant("demo") as tx:
        for n in range(120):
            service.note_fact(
                tx,
                chance.choice(list(FactKind)),
                f"x:{chance.randrange(80)}",
                fan_id=chance.randrange(9),
                at=AT + timedelta(hours=chance.randrange(200)),
                amount_fen=chance.randrange(1000),
            )
            if n % 7 == 0:
                hits = [Hit(HitKind.CLICK, "/a")] * chance.randrange(1, 5)
                fan_id = chance.choice([None, 1, 2])
                await service.note_hits(tx, hits, fan_id=fan_id, visitor=f"visitor{n}")
    assert await breaches(db) == []
    async with db.merchant("demo") as tx:
        before = await queries.by_day(tx, TODAY, TODAY + timedelta(days=400))
        await service.rebuild(tx)
        assert await queries.by_day(tx, TODAY, TODAY + timedelta(days=400)) == before
    assert await breaches(db) == []
    async with db.merchant("demo") as tx:
        await tx.execute(text("UPDATE analytics_daily SET value = value + 1 WHERE shard = 0"))
        await tx.execute(text("UPDATE analytics_fan_day SET steps = 255"))
    assert {row[:2] for row in await breaches(db)} == {"N1", "N2"}
    async with db.merchant("demo") as tx:
        await service.rebuild(tx)
    assert await breaches(db) == []
