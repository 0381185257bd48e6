"""Points on the database: lots, refunds, debts, joins, races; each promise seen to break."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.catalog.factories import BOSS, STAFF
from tests.conftest import Drain
from tests.fans.factories import follower, say
from tiefen.fans.errors import FanMissing
from tiefen.fans.events import FansMerged, FansParted
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db, Tx
from tiefen.members import queries, service
from tiefen.members.errors import PointsEdited, PointsShort
from tiefen.members.rules import after_refund
from tiefen.members.schemas import FanPointsOut
from tiefen.members.service import Paid, pointbook
from tiefen.members.values import PointsLine, PointsPart, PointsRules
from tiefen.orders.events import OrderPaid, OrderReceived

ON = PointsRules(earning=True)


async def rule(db: Db, rules: PointsRules = ON) -> None:
    async with db.merchant("demo") as tx:
        edits = (await queries.points_settings(tx)).edits
        await service.save_points_rules(tx, BOSS, rules, edits, because="试一试")


async def has(db: Db, fan_id: int) -> FanPointsOut:
    async with db.merchant("demo") as tx:
        return await queries.fan_points(tx, fan_id)


async def held(db: Db, fan_id: int) -> tuple[int, int, int]:
    found = await has(db, fan_id)
    return found.available, found.frozen, found.debt


async def due(db: Db) -> None:
    looked_at = 1
    while looked_at:
        async with db.merchant("demo") as tx:
            looked_at = await service.points_due(tx)


async def give(db: Db, fan_id: int, points: int) -> None:
    async with db.merchant("demo") as tx:
        await service.move_by_hand(tx, STAFF, fan_id, points, "补发")


async def bought(db: Db, drain: Drain, fan_id: int, no: str, *lines: tuple[int, int, int]) -> None:
    """An order paid and received: lines are (sku, pieces, fen)."""
    async with db.merchant("demo") as tx:
        at = tx.now
    total = sum(line[2] for line in lines)
    told = tuple((sku, sku, pieces, fen) for sku, pieces, fen in lines)
    paid = OrderPaid(1, no, fan_id, total, 1, at, (), "", told)
    await say(db, paid, paid, OrderReceived(1, no, fan_id, total, at), aggregate=f"order:{no}")
    await drain()


async def spend(tx: Tx, fan_id: int, no: str, *points: int) -> None:
    lines = [(Paid(place + 1, place + 1, 4, 0), one) for place, one in enumerate(points)]
    await service.spend_points(tx, fan_id, no, lines)


async def refund(
    db: Db, fan_id: int, no: str, reference: str, *parts: PointsPart, whole: bool = False
) -> None:
    async with db.merchant("demo") as tx:
        planned = await service.points_after_refund(tx, fan_id, no, parts, whole=whole)
        found = await service.refund_points(tx, fan_id, no, reference, parts, whole=whole)
        assert found == replace(planned, waits=False)
        again = await service.refund_points(tx, fan_id, no, reference, parts, whole=whole)
        assert (again.returned, again.taken) == (0, 0)


async def test_points_wait_for_the_window_are_spent_and_end(
    db: Db, drain: Drain, travel: Travel
) -> None:
    fan_id = await follower(db)
    await bought(db, drain, fan_id, "A", (1, 1, 10_000))
    assert await held(db, fan_id) == (0, 0, 0)
    await rule(db, PointsRules(earning=True, per_100=150, without_product_ids=(9,)))
    await bought(db, drain, fan_id, "B", (1, 1, 9_999), (9, 1, 50_000))
    assert await held(db, fan_id) == (0, 149, 0)
    travel.move(timedelta(days=6))
    await due(db)
    assert await held(db, fan_id) == (0, 149, 0)
    travel.move(timedelta(days=1, minutes=1))
    await due(db)
    assert await held(db, fan_id) == (149, 0, 0)
    async with db.merchant("demo") as tx:
        with pytest.raises(PointsShort):
            await spend(tx, fan_id, "C", 150)
        await spend(tx, fan_id, "C", 40)
        await spend(tx, fan_id, "C", 40)
    assert await held(db, fan_id) == (109, 0, 0)
    travel.move(timedelta(days=340))
    soon = await has(db, fan_id)
    assert (soon.ending, soon.worth_fen) == (109, 109)
    travel.move(timedelta(days=26))
    async with db.merchant("demo") as tx:
        with pytest.raises(PointsShort):  # they have run out, though no cron has come by
            await spend(tx, fan_id, "D", 1)
    await due(db)
    assert await held(db, fan_id) == (0, 0, 0)
    async with db.merchant("demo") as tx:
        kinds = [
            one.kind.value for one in (await queries.moves_of(tx, 9, None, fan_id=fan_id)).items
        ]
        report = await queries.points_report(tx)
    assert kinds == ["expired", "spent", "freed", "earned"]
    assert sum(month.expired for month in report.months) == 109
    assert await audit.run(db) == []


async def test_a_refund_returns_what_was_spent_and_takes_what_was_earned(
    db: Db, drain: Drain, travel: Travel
) -> None:
    await rule(db)
    fan_id = await follower(db)
    await give(db, fan_id, 1_000)
    async with db.merchant("demo") as tx:
        await spend(tx, fan_id, "A", 300, 99)
    await bought(db, drain, fan_id, "A", (1, 4, 20_000), (2, 4, 3_001))
    assert await held(db, fan_id) == (601, 230, 0)
    await refund(db, fan_id, "A", "S1", PointsPart(2, 1, 750))
    assert await held(db, fan_id) == (601 + 24, 230 - 7, 0)
    travel.move(timedelta(days=8))
    await due(db)
    await give(db, fan_id, -(await held(db, fan_id))[0])
    await refund(db, fan_id, "A", "S2", whole=True)
    assert await held(db, fan_id) == (399 - 24 - 223, 0, 0)
    lines = await _lines(db)
    assert all(line[0] == line[1] and line[2] == line[3] for line in lines)
    assert await audit.run(db) == []


async def _lines(db: Db) -> Sequence[tuple[int, int, int, int]]:
    async with db.merchant("demo") as tx:
        rows = await tx.execute(
            text("SELECT earned, earned_back, spent, spent_back FROM points_line")
        )
        return [tuple(row) for row in rows]


async def test_what_cannot_be_taken_back_is_a_debt_that_later_points_pay(
    db: Db, drain: Drain, travel: Travel
) -> None:
    await rule(db)
    fan_id = await follower(db)
    await bought(db, drain, fan_id, "A", (1, 1, 30_000))
    travel.move(timedelta(days=8))
    await due(db)
    async with db.merchant("demo") as tx:
        await spend(tx, fan_id, "B", 300)
    await refund(db, fan_id, "A", "S1", whole=True)
    assert await held(db, fan_id) == (0, 0, 300)
    await bought(db, drain, fan_id, "C", (1, 1, 50_000))
    travel.move(timedelta(days=8))
    await due(db)
    assert await held(db, fan_id) == (200, 0, 0)
    async with db.merchant("demo") as tx:
        await service.release_points(tx, fan_id, "B")
        await service.release_points(tx, fan_id, "B")
    assert await held(db, fan_id) == (500, 0, 0)
    assert await audit.run(db) == []


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted"])
async def test_64_orders_at_once_spend_the_last_points_once(
    db: Db, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    """The planted one asks nothing (yudao's defect): the table itself refuses then."""
    fan_id = await follower(db)
    await give(db, fan_id, 100)
    if not guarded:
        plain = pointbook._CHANGE.text.partition("AND available")[0]
        monkeypatch.setattr(
            pointbook, "_CHANGE", text(f"{plain} RETURNING fan_id, available, frozen, debt")
        )

    async def one(number: int) -> type[Exception] | None:
        try:
            async with db.merchant("demo") as tx:
                await spend(tx, fan_id, f"N{number}", 100)
        except (PointsShort, IntegrityError) as error:
            return type(error)
        return None

    done = await asyncio.gather(*(one(number) for number in range(64)))
    assert done.count(None) == 1
    assert {*done} == {None, PointsShort if guarded else IntegrityError}
    assert await held(db, fan_id) == (0, 0, 0)
    assert await audit.run(db) == []


async def test_a_refund_asked_twice_at_once_is_one(db: Db) -> None:
    fan_id = await follower(db)
    await give(db, fan_id, 100)
    async with db.merchant("demo") as tx:
        await spend(tx, fan_id, "A", 80)

    async def one() -> None:
        async with db.merchant("demo") as tx:
            await service.refund_points(tx, fan_id, "A", "S1", [PointsPart(1, 4, 0)], whole=False)

    await asyncio.gather(*(one() for _ in range(16)))
    assert await held(db, fan_id) == (100, 0, 0)
    assert await audit.run(db) == []


@pytest.mark.parametrize("seed", range(6))
async def test_any_history_adds_up(db: Db, drain: Drain, travel: Travel, seed: int) -> None:
    """Earn, spend, refund, run out, give and take in any order: never below zero, sums exact."""
    chance = random.Random(seed)
    await rule(db, PointsRules(earning=True, hold_days=2, live_days=chance.choice([0, 5])))
    fan_id = await follower(db)
    orders: list[str] = []
    for step in range(25):
        do = chance.randrange(6)
        no = f"N{step}"
        if do == 0:
            await bought(db, drain, fan_id, no, (1, 4, chance.randrange(1, 90_000)), (2, 4, 777))
            orders.append(no)
        elif do == 1:
            try:
                async with db.merchant("demo") as tx:
                    await spend(tx, fan_id, no, chance.randrange(1, 400), chance.randrange(90))
                orders.append(no)
            except PointsShort:
                pass
        elif do == 2 and orders:
            part = PointsPart(chance.choice([1, 2]), chance.randrange(3), chance.randrange(40_000))
            await refund(
                db, fan_id, chance.choice(orders), f"S{step}", part, whole=chance.random() < 0.3
            )
        elif do == 3:
            travel.move(timedelta(days=chance.randrange(4)))
            await due(db)
        elif do == 4:
            await give(db, fan_id, chance.randrange(1, 300))
        else:
            travel.move(timedelta(hours=30))
    assert min(await held(db, fan_id)) >= 0
    for place, no in enumerate(orders):
        await refund(db, fan_id, no, f"E{place}", whole=True)
    assert all(line[0] == line[1] and line[2] == line[3] for line in await _lines(db))
    assert await audit.run(db) == []


async def test_joined_records_have_one_account_and_part_with_what_is_left(
    db: Db, drain: Drain
) -> None:
    await rule(db)
    one, other = await follower(db), await follower(db, "o2")
    await give(db, one, 100)
    await give(db, other, 50)
    async with db.merchant("demo") as tx:
        at = tx.now
    await say(db, FansMerged(one, other, at))
    await drain()
    assert await held(db, one) == (150, 0, 0)
    async with db.merchant("demo") as tx:
        await spend(tx, one, "A", 120)
    await say(db, FansParted(one, other, at, at))
    await drain()
    assert (await held(db, one), await held(db, other)) == ((0, 0, 0), (30, 0, 0))


async def test_points_by_hand_need_a_fan_and_rules_one_editor(db: Db) -> None:
    with pytest.raises(FanMissing):
        await give(db, 987_654, 5)
    await rule(db)
    async with db.merchant("demo") as tx:
        with pytest.raises(PointsEdited):
            await service.save_points_rules(tx, STAFF, ON, 0)


@pytest.mark.parametrize(
    ("broken", "names"),
    [
        ("UPDATE points_account SET available = available + 1", {"C3.balance", "C3.log"}),
        ("UPDATE points_lot SET remaining = remaining - 1", {"C3.balance", "C3.lots"}),
        ("UPDATE points_account SET debt = 5", {"C3.log", "C3.debt"}),
        (
            "INSERT INTO points_line VALUES ('A', 1, 1, 100, 5, 0, 0, 0, 0, 0)",
            {"C3.once"},
        ),
    ],
)
async def test_the_audit_sees_what_is_broken(db: Db, broken: str, names: set[str]) -> None:
    fan_id = await follower(db)
    await give(db, fan_id, 100)
    assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        await tx.execute(text(broken))
    assert {one.invariant for one in await audit.run(db)} == names


def test_refunds_in_parts_end_where_one_of_all_ends() -> None:
    chance = random.Random(5)
    for _ in range(2_000):
        pieces = chance.randrange(1, 9)
        paid = chance.randrange(0, 100_000)
        line = PointsLine(
            1, pieces, paid, chance.randrange(0, 900) if paid else 0, chance.randrange(900)
        )
        now = [line]
        for _ in range(pieces):
            part = PointsPart(1, 1, chance.randrange(0, paid + 1))
            after = after_refund(now, [part], whole=False)
            assert now[0].spent_back <= after[0].spent_back <= line.spent
            assert now[0].earned_back <= after[0].earned_back <= line.earned
            now = after
        assert now[0].spent_back == line.spent
        (end,) = after_refund(now, [], whole=True)
        assert (end.spent_back, end.earned_back) == (line.spent, line.earned)


async def test_a_refund_faster_than_the_event_leaves_nothing_to_earn(db: Db, drain: Drain) -> None:
    await rule(db)
    fan_id = await follower(db)
    half = PointsPart(1, 2, 5_000, 4, 10_000)
    await refund(db, fan_id, "A", "S1", half)
    await bought(db, drain, fan_id, "A", (1, 4, 10_000))
    assert await held(db, fan_id) == (0, 50, 0)
    await refund(db, fan_id, "A", "S2", half)
    assert await held(db, fan_id) == (0, 0, 0)
    assert await audit.run(db) == []
