"""Levels on the database: events, levels by hand, joins, races."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain, StaffClient
from tests.fans.factories import follower, say
from tests.members.factories import RULES, bought, ladder, wanted
from tests.promotion.coupons import opened
from tiefen.fans import service as fans
from tiefen.fans.values import Happening
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db, Tx
from tiefen.members import queries, service
from tiefen.members.errors import LevelsEdited, LevelsFall, LockOver
from tiefen.members.schemas import FanLevelOut
from tiefen.members.service import levels as placing
from tiefen.members.values import Counts, GrowthKind, LevelCause
from tiefen.orders.events import OrderPaid, OrderReceived, OrderRefunded
from tiefen.promotion import service as promotion


async def level_of(db: Db, fan_id: int) -> FanLevelOut:
    async with db.merchant("demo") as tx:
        return await queries.fan_level(tx, fan_id)


async def now(db: Db) -> datetime:
    async with db.merchant("demo") as tx:
        return tx.now


THREE = (("银卡", 500, 200), ("金卡", 2_000, 500), ("铂金", 5_000, 1_000))


async def test_a_fan_rises_by_what_arrives_and_falls_with_the_money(db: Db, drain: Drain) -> None:
    await ladder(db, *THREE)
    fan_id, at = await follower(db), await now(db)
    await say(db, OrderPaid(1, "A", fan_id, 60_000, 1, at), aggregate="order:A")
    await drain()
    assert (await level_of(db, fan_id)).level.name == "普通会员"
    received = OrderReceived(1, "A", fan_id, 60_000, at)
    await say(db, received, received, aggregate="order:A")
    await bought(db, fan_id, "B", 1_500, at)
    await drain()
    found = await level_of(db, fan_id)
    assert (found.level.name, found.growth_fen, found.missing_fen) == ("金卡", 210_000, 290_000)
    assert found.next is not None
    assert found.next.name == "铂金"
    assert {one.order_no for one in found.orders} == {"A", "B"}
    await say(db, OrderRefunded(1, "A", fan_id, 20_000, False, at), aggregate="order:A")
    await drain()
    found = await level_of(db, fan_id)
    assert (found.level.name, found.growth_fen) == ("银卡", 190_000)
    assert found.moves[0].cause is LevelCause.REFUND
    async with db.merchant("demo") as tx:
        shown = await queries.levels(tx)
        assert await tx.scalar(text("SELECT level_id FROM fan")) == found.level.id
    assert [one.fans for one in shown.levels] == [0, 1, 0, 0]
    assert await audit.run(db) == []


async def test_days_alone_take_growth_and_then_the_level(
    db: Db, drain: Drain, travel: Travel
) -> None:
    await ladder(db, *THREE)
    fan_id = await follower(db)
    await bought(db, fan_id, "A", 2_500, await now(db))
    await drain()
    travel.move(timedelta(days=366))
    await review(db)
    short = await level_of(db, fan_id)
    assert (short.level.name, short.growth_fen, short.short_fen) == ("金卡", 0, 200_000)
    assert short.falls_on is not None
    travel.move(timedelta(days=30))
    await review(db)
    assert (await level_of(db, fan_id)).level.name == "银卡"
    assert await audit.run(db) == []


async def test_lists_and_rules_find_fans_by_level(
    db: Db, drain: Drain, staff_client: StaffClient
) -> None:
    await ladder(db, *THREE)
    rich, poor, at = await follower(db, "o1"), await follower(db, "o2"), await now(db)
    await bought(db, rich, "A", 600, at)
    await drain()
    silver = (await level_of(db, rich)).level.id
    desk = await staff_client({"fans.read"})
    for level, fan_id in ((silver, rich), (0, poor)):
        rule = json.dumps({"field": "level_id", "op": "in", "value": [level]})
        for query in ({"level_id": level}, {"rule": rule}):
            found = (await desk.get("/api/console/fans", params=query)).json()["items"]
            assert [(one["id"], one["level_id"]) for one in found] == [(fan_id, level)]


async def review(db: Db) -> None:
    async with db.merchant("demo") as tx:
        while await service.review_due(tx):
            pass


async def test_the_gift_of_a_level_is_given_once_ever(db: Db, drain: Drain) -> None:
    async with db.merchant("demo") as tx:
        gift = await opened(tx, name="升级礼", claimable=False)
    await ladder(db, ("金卡", 100, 500), gift=gift)
    fan_id, at = await follower(db), await now(db)
    await bought(db, fan_id, "A", 150, at)
    await drain()
    await say(db, OrderRefunded(1, "A", fan_id, 15_000, True, at), aggregate="order:A")
    await drain()
    assert (await level_of(db, fan_id)).level.name == "普通会员"
    await bought(db, fan_id, "B", 150, at)
    await drain()
    assert (await level_of(db, fan_id)).level.name == "金卡"
    async with db.merchant("demo") as tx:
        assert await promotion.held_count(tx, fan_id) == 1
    assert await audit.run(db) == []


async def rush(db: Db, fan_id: int, round_: str, at: datetime) -> None:
    """Twelve orders of one fan are told at once, in transactions of their own."""

    async def one(number: int) -> None:
        async with db.merchant("demo") as tx:
            order = f"{round_}{number}"
            await service.note_growth(tx, fan_id, GrowthKind.PAID, order, 10_000, at)
            await asyncio.sleep(0)
            await service.note_growth(tx, fan_id, GrowthKind.RECEIVED, order, 10_000, at)

    await asyncio.gather(*(one(number) for number in range(12)))


async def test_orders_at_once_are_all_counted_and_give_one_gift(db: Db, drain: Drain) -> None:
    async with db.merchant("demo") as tx:
        gift = await opened(tx, name="升级礼", claimable=False)
    await ladder(db, ("金卡", 1_200, 500), gift=gift)
    fan_id = await follower(db)
    await rush(db, fan_id, "R", await now(db))
    await drain()
    found = await level_of(db, fan_id)
    assert (found.growth_fen, found.level.name) == (120_000, "金卡")
    async with db.merchant("demo") as tx:
        assert await promotion.held_count(tx, fan_id) == 1
    assert await audit.run(db) == []


async def test_growth_counted_without_the_lock_is_told_by_the_audit(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: a line that is written after the count."""
    await ladder(db, *THREE)
    fan_id, at = await follower(db), await now(db)

    async def deaf(_tx: Tx, _fans: Sequence[int], **_: Any) -> int:
        return 0

    async with db.merchant("demo") as tx:
        await service.note_growth(tx, fan_id, GrowthKind.PAID, "A", 60_000, at)
        await service.note_growth(tx, fan_id, GrowthKind.RECEIVED, "A", 60_000, at)
    monkeypatch.setattr(placing, "place", deaf)
    async with db.merchant("demo") as tx:
        await service.note_growth(tx, fan_id, GrowthKind.REFUNDED, "A", 60_000, at)
    assert {one.invariant for one in await audit.run(db)} >= {"L1.growth"}


async def test_two_records_of_one_person_add_up_and_come_apart(db: Db, drain: Drain) -> None:
    await ladder(db, *THREE)
    first, second, at = await follower(db, "o1"), await follower(db, "o2"), await now(db)
    await bought(db, first, "A", 1_200, at)
    await bought(db, second, "B", 900, at)
    await drain()
    async with db.merchant("demo") as tx:
        await fans.merge(tx, first, second, reason="同一个人")
        merge_id = await tx.scalar(text("SELECT max(id) FROM fan_merge"))
    await drain()
    for asked in (first, second):
        found = await level_of(db, asked)
        assert (found.level.name, found.growth_fen) == ("金卡", 210_000)
    assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        await fans.part(tx, STAFF, merge_id, "弄错了")
    await drain()
    assert (await level_of(db, first)).growth_fen == 120_000
    found = await level_of(db, second)
    assert (found.level.name, found.growth_fen) == ("银卡", 90_000)
    assert await audit.run(db) == []


async def test_a_lock_by_hand_holds_and_ends(db: Db, drain: Drain, travel: Travel) -> None:
    await ladder(db, *THREE)
    fan_id, at = await follower(db), await now(db)
    async with db.merchant("demo") as tx:
        top = (await queries.levels(tx)).levels[-1].id
        with pytest.raises(LockOver):
            await service.lock_level(tx, STAFF, fan_id, top, at.date(), "贵客")
        until = at.date() + timedelta(days=10)
        await service.lock_level(tx, STAFF, fan_id, top, until, "贵客")
    found = await level_of(db, fan_id)
    assert (found.level.name, found.lock_reason) == ("铂金", "贵客")
    await bought(db, fan_id, "A", 600, at)
    await drain()
    assert (await level_of(db, fan_id)).level.name == "铂金"
    assert await audit.run(db) == []
    travel.move(timedelta(days=12))
    await review(db)
    assert (await level_of(db, fan_id)).locked_until is None
    travel.move(timedelta(days=31))
    await review(db)
    assert (await level_of(db, fan_id)).level.name == "金卡"
    async with db.merchant("demo") as tx:
        until = (tx.now + timedelta(days=90)).date()
        await service.lock_level(tx, STAFF, fan_id, top, until, "贵客")
        await service.unlock_level(tx, STAFF, fan_id, "到期")
    assert (await level_of(db, fan_id)).level.name == "银卡"
    assert await audit.run(db) == []


async def test_the_preview_says_what_saving_then_does(db: Db, drain: Drain) -> None:
    await ladder(db, *THREE)
    people, at = [await follower(db, f"o{one}") for one in range(4)], await now(db)
    for fan_id, yuan in zip(people, (0, 600, 2_100, 6_000), strict=True):
        if yuan:
            await bought(db, fan_id, f"N{fan_id}", yuan, at)
    await drain()
    async with db.merchant("demo") as tx:
        shown = await queries.levels(tx)
        ids = [one.id for one in shown.levels]
        new = [
            replace(one, id=ids[place]) for place, one in enumerate(wanted(*THREE)) if place != 2
        ]
        new[1] = replace(new[1], threshold_fen=300_000)
        told = await service.preview_levels(tx, new, RULES)
        paid = await service.preview_levels(tx, new, replace(RULES, counts=Counts.PAID))
    with pytest.raises(LevelsFall) as refused:
        async with db.merchant("demo") as tx:
            await service.save_levels(tx, STAFF, new, RULES, shown.edits)
    assert refused.value.details == {"fans": 1}, "who saves has not been told of the one who falls"
    async with db.merchant("demo") as tx:
        await service.save_levels(tx, STAFF, new, RULES, shown.edits, falls=told.down)
    assert (told.up, told.down, told.short, told.after) == (0, 1, 1, (2, 1, 1))
    assert paid == told
    await drain()
    async with db.merchant("demo") as tx:
        assert tuple(one.fans for one in (await queries.levels(tx)).levels) == told.after
        with pytest.raises(LevelsEdited):
            await service.save_levels(tx, STAFF, new, RULES, shown.edits)
    assert await audit.run(db) == []


async def test_levels_made_late_count_the_orders_of_before(db: Db, drain: Drain) -> None:
    """Orders that only the timeline knows, as of a shop that had no levels yet."""
    fan_id, at = await follower(db), await now(db)
    data = {"order_no": "A"}
    async with db.merchant("demo") as tx:
        for kind, fen in ((Happening.ORDER_PAID, 70_000), (Happening.ORDER_RECEIVED, 0)):
            await fans.record(tx, fan_id, kind, "order:A", at=at, amount_fen=fen, data=data)
    await ladder(db, *THREE)
    await drain()
    found = await level_of(db, fan_id)
    assert (found.level.name, found.growth_fen) == ("银卡", 70_000)
    await bought(db, fan_id, "A", 700, at)
    await drain()
    assert (await level_of(db, fan_id)).growth_fen == 70_000
    async with db.merchant("demo") as tx:
        assert await service.rebuild_levels(tx) == 0
    assert {one.invariant for one in await audit.run(db)} <= {"F1.counters"}


async def test_a_refund_says_the_level_beforehand(db: Db, drain: Drain) -> None:
    await ladder(db, *THREE)
    fan_id, at = await follower(db), await now(db)
    await bought(db, fan_id, "A", 600, at)
    await drain()
    async with db.merchant("demo") as tx:
        told = await service.level_after_refund(tx, fan_id, "A", 20_000)
        assert told == ("银卡", "普通会员", 60_000, 40_000)
        assert await service.level_after_refund(tx, fan_id, "elsewhere", 100) is None
