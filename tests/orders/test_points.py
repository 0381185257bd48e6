"""Points of a real order: earned with its payment, told in the preview, taken back with the money."""

import asyncio
from itertools import count

import pytest
from sqlalchemy.exc import DBAPIError

from tests.conftest import Drain, StaffClient
from tests.inventory.factories import stocked
from tests.members.test_points import give, held, rule
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.fans import service as fans
from tiefen.kernel import audit
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.together import Dropped
from tiefen.members import service as members
from tiefen.members.errors import PointsShort
from tiefen.members.values import PointsRules
from tiefen.orders import queries, service
from tiefen.orders.errors import QuoteChanged
from tiefen.orders.schemas import PlaceIn
from tiefen.orders.service import placing, writing
from tiefen.promotion import service as promotion
from tiefen.team.values import Permission


@pytest.mark.parametrize("early", [False, True], ids=["earned", "before it was earned"])
async def test_a_refund_tells_and_takes_points(
    db: Db, drain: Drain, wechat: FakeWeChat, *, early: bool
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 50, skus=[{"price_fen": 30_000, "cost_fen": 100}])
        fan_id = await make.fan(tx)
    if not early:
        await rule(db)
    _, order_no = await make.paid(db, wechat, drain, (sku_id, 2), fan_id=fan_id)
    await drain()
    if early:  # what is paid before points are switched on brings none, and owes none
        await rule(db)
    assert await held(db, fan_id) == (0, 0 if early else 600, 0)
    asked = await make.ask(db, fan_id, order_no)
    async with db.merchant("demo") as tx:
        told = (await service.preview(tx, asked.after_sale_no)).model_dump_json()
    assert ("退掉的部分不再得积分" if early else "扣回所得积分 600") in told
    await make.approve(db, asked.after_sale_no)
    await drain()
    assert await held(db, fan_id) == (0, 0, 0)
    assert await audit.run(db) == []


_keys = count(1)
SPENDING = PointsRules(spending=True, worth_fen=100, cap_bp=5_000)


async def buyer_with(db: Db, points: int, pieces: int = 50) -> tuple[int, int]:
    """(fan, SKU at ¥100) where points may be spent."""
    await rule(db, SPENDING)
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, pieces, skus=[{"price_fen": 10_000, "cost_fen": 100}])
        fan_id = await make.fan(tx)
    if points:
        await give(db, fan_id, points)
    return fan_id, sku_id


async def form(tx: Tx, fan_id: int, *lines: tuple[int, int]) -> PlaceIn:
    """An order form that pays with points."""
    plain = await make.form(tx, fan_id, *lines)
    quote = await queries.checkout(tx, fan_id, sorted(lines), use_points=True)
    return plain.model_copy(update={"digest": quote.digest, "use_points": True})


async def test_points_pay_a_part_and_come_back(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    fan_id, sku_id = await buyer_with(db, 3_000)
    async with db.merchant("demo") as tx:
        offered = await queries.checkout(tx, fan_id, [(sku_id, 2)])
        assert offered.points is not None
        assert (offered.points.points, offered.points.off_fen) == (3_000, 3_000)
        assert (offered.points.used, offered.total_fen) == (False, 20_000)
        wanted = await form(tx, fan_id, (sku_id, 2))
        placed = await service.place(tx, fan_id, "points-1", wanted)
        again = await service.place(tx, fan_id, "points-1", wanted)
    assert again == placed
    assert placed.total_fen == 17_000
    assert await held(db, fan_id) == (0, 0, 0)
    assert await audit.run(db) == []
    shown = await make.order(db, placed.order_no)
    assert "使用 3000 积分" in [step.text for step in shown.trace]
    async with db.merchant("demo") as tx:
        await service.cancel(tx, fan_id, placed.order_no)
        await service.cancel(tx, fan_id, placed.order_no)
    assert await held(db, fan_id) == (3_000, 0, 0)
    assert await audit.run(db) == []

    async with db.merchant("demo") as tx:
        wanted = await form(tx, fan_id, (sku_id, 2))
        order_no = (await service.place(tx, fan_id, "points-2", wanted)).order_no
    await make.tell(db, await make.money(db, wechat, fan_id, order_no))
    await drain()
    asked = await make.ask(db, fan_id, order_no)
    async with db.merchant("demo") as tx:
        told = (await service.preview(tx, asked.after_sale_no)).model_dump_json()
    assert "退回已用积分 3000" in told
    await make.approve(db, asked.after_sale_no)
    await drain()
    assert await held(db, fan_id) == (3_000, 0, 0)
    assert await audit.run(db) == []


async def test_points_gone_since_the_quote_are_another_price(db: Db) -> None:
    fan_id, sku_id = await buyer_with(db, 3_000)
    async with db.merchant("demo") as tx:
        wanted = await form(tx, fan_id, (sku_id, 1))
    await give(db, fan_id, -2_000)
    async with db.merchant("demo") as tx:
        with pytest.raises(QuoteChanged) as changed:
            await service.place(tx, fan_id, "points-3", wanted)
    assert changed.value.details["quote"]["points"] == {
        "points": 1_000, "off_fen": 1_000, "used": True,
    }  # fmt: skip


async def test_who_has_none_is_asked_nothing(db: Db) -> None:
    fan_id, sku_id = await buyer_with(db, 0)
    async with db.merchant("demo") as tx:
        wanted = await form(tx, fan_id, (sku_id, 1))
        placed = await service.place(tx, fan_id, "points-4", wanted)
        assert (await queries.checkout(tx, fan_id, [(sku_id, 1)])).points is None
    assert placed.total_fen == 10_000


async def orders_at_once(db: Db, fan_id: int, sku_id: int, number: int) -> int:
    """So many orders at the same moment, each for all the points there are; how many were placed."""
    async with db.merchant("demo") as tx:
        wanted = await form(tx, fan_id, (sku_id, 1))
    ends = await asyncio.gather(
        *(
            service.checkout(db, "demo", fan_id, f"race-{next(_keys):06d}", wanted)
            for _ in range(number)
        ),
        return_exceptions=True,
    )
    refused = [one for one in ends if isinstance(one, BaseException)]
    assert all(isinstance(one, PointsShort | QuoteChanged) for one in refused), refused
    return number - len(refused)


async def test_of_many_orders_with_the_same_points_one_is_placed(db: Db) -> None:
    fan_id, sku_id = await buyer_with(db, 5_000)
    for _ in range(5):
        assert await orders_at_once(db, fan_id, sku_id, 8) == 1
        assert await held(db, fan_id) == (0, 0, 0)
        await give(db, fan_id, 5_000)
    assert await audit.run(db) == []


async def test_control_orders_that_take_no_points_are_seen(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> dict[str, Refusal]:
        return {}

    monkeypatch.setattr(placing, "_spend", nothing)
    fan_id, sku_id = await buyer_with(db, 5_000)
    assert await orders_at_once(db, fan_id, sku_id, 4) > 1
    assert "C3-orders" in {one.invariant for one in await audit.run(db)}


async def test_two_fans_at_once_from_both_sides_do_not_wait_in_a_ring(db: Db) -> None:
    """Batches take persons in one order, whatever the order of the forms in them."""
    one, sku_id = await buyer_with(db, 5_000)
    async with db.merchant("demo") as tx:
        other = await make.fan(tx)
    await give(db, other, 5_000)
    async with db.merchant("demo") as tx:
        first, second = [await form(tx, fan_id, (sku_id, 1)) for fan_id in (one, other)]

    async def batch(forms: list[writing.Form]) -> None:
        async with db.merchant("demo") as tx:
            await placing.place_all(tx, forms)

    ends = await asyncio.gather(
        batch(
            [writing.Form(one, "ring-a-0001", first), writing.Form(other, "ring-a-0002", second)]
        ),
        batch(
            [writing.Form(other, "ring-b-0001", second), writing.Form(one, "ring-b-0002", first)]
        ),
        return_exceptions=True,
    )
    assert all(end is None or isinstance(end, Dropped) for end in ends), ends
    assert [await held(db, one), await held(db, other)] == [(0, 0, 0)] * 2
    assert await audit.run(db) == []


@pytest.mark.parametrize("limits_first", [False, True], ids=["as it is", "planted"])
async def test_closing_and_ordering_take_rows_in_one_order(
    db: Db, monkeypatch: pytest.MonkeyPatch, *, limits_first: bool
) -> None:
    """A fan cancels one order with points and places another: persons come before limits in both.

    Planted: limits go back first. Then each holds what the other wants.
    """
    await rule(db, SPENDING)
    async with db.merchant("demo") as tx:
        skus = [{"price_fen": 10_000, "cost_fen": 100}]
        sku_id = await stocked(tx, 50, skus=skus, purchase_limit=5)
        fan_id = await make.fan(tx)
    await give(db, fan_id, 3_000)
    async with db.merchant("demo") as tx:
        wanted = await form(tx, fan_id, (sku_id, 1))
        first = (await service.place(tx, fan_id, "turn-0001", wanted)).order_no
    await give(db, fan_id, 3_000)
    async with db.merchant("demo") as tx:
        second = await form(tx, fan_id, (sku_id, 1))
    limits_back, asks, holds = asyncio.Event(), asyncio.Event(), asyncio.Event()
    release, uses = members.release_points, promotion.give_back_uses
    hold = fans.hold_people

    async def not_yet(*_: object) -> None:
        pass

    async def in_the_middle(tx: Tx, order_no: str) -> None:
        limits_back.set()
        await (holds if limits_first else asks).wait()
        await uses(tx, order_no)
        if limits_first:
            await release(tx, fan_id, order_no)

    async def noted(tx: Tx, people: set[int]) -> None:
        asks.set()
        await hold(tx, people)
        holds.set()

    monkeypatch.setattr(promotion, "give_back_uses", in_the_middle)
    if limits_first:
        monkeypatch.setattr(members, "release_points", not_yet)

    async def close() -> None:
        async with db.merchant("demo") as tx:
            await service.cancel(tx, fan_id, first)

    async def order() -> None:
        await limits_back.wait()
        monkeypatch.setattr(fans, "hold_people", noted)
        async with db.merchant("demo") as tx:
            await service.place(tx, fan_id, "turn-0002", second)

    ends = await asyncio.gather(close(), order(), return_exceptions=True)
    assert any(isinstance(end, DBAPIError) for end in ends) == limits_first, ends
    if not limits_first:
        assert list(ends) == [None, None]
        assert await audit.run(db) == []


async def test_control_points_that_never_come_back_are_seen(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> None:
        pass

    fan_id, sku_id = await buyer_with(db, 3_000)
    async with db.merchant("demo") as tx:
        wanted = await form(tx, fan_id, (sku_id, 1))
        order_no = (await service.place(tx, fan_id, "kept-0001", wanted)).order_no
    monkeypatch.setattr(members, "release_points", nothing)
    async with db.merchant("demo") as tx:
        await service.cancel(tx, fan_id, order_no)
    assert "C3-returned" in {one.invariant for one in await audit.run(db)}


async def test_switching_points_on_below_cost_takes_a_reason(
    db: Db, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        await stocked(tx, 5, skus=[{"price_fen": 10_000, "cost_fen": 9_000}])
    writer = await staff_client([Permission.MEMBERS_READ, Permission.MEMBERS_WRITE])
    rights = [Permission.MEMBERS_READ, Permission.MEMBERS_WRITE, Permission.PROMOTIONS_APPROVE]
    boss = await staff_client(rights)
    rules = (await writer.get("/api/console/points-rules")).json()
    wanted = rules | {"spending": True, "cap_bp": 5_000}
    refused = await boss.put("/api/console/points-rules", json=wanted)
    assert refused.json()["error"]["code"] == "promotion.loses_money"
    assert refused.json()["error"]["field"] == "because"
    told = wanted | {"because": "清仓"}
    assert (await writer.put("/api/console/points-rules", json=told)).status_code == 403
    saved = await boss.put("/api/console/points-rules", json=told)
    assert saved.status_code == 200
    less = saved.json() | {"cap_bp": 4_000}
    assert (await writer.put("/api/console/points-rules", json=less)).status_code == 200
