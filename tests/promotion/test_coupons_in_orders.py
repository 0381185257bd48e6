"""Coupons on orders: taken once, given back rightly, counted in cost and margin."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain, FanClient, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tests.promotion.coupons import opened, template
from tiefen.catalog import service as catalog
from tiefen.fans import service as fans
from tiefen.fans.values import Author
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.kernel.errors import Refusal
from tiefen.orders import queries as order_queries
from tiefen.orders import service as orders
from tiefen.orders.errors import QuoteChanged
from tiefen.orders.schemas import PlaceIn
from tiefen.promotion import queries, service
from tiefen.promotion.errors import CouponTaken, LosesMoney
from tiefen.promotion.service import uses
from tiefen.promotion.values import CouponStatus
from tiefen.team.values import Permission

HANDS, ROUNDS = 64, 20


async def world(db: Db, **more: Any) -> tuple[int, int, int]:
    """(a fan with one coupon, a SKU at ¥60, the kind of coupon)."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 500, skus=[{"price_fen": 6_000, "cost_fen": 100}])
        one = await opened(tx, **more)
        fan_id = await make.fan(tx)
        await service.give_coupon(tx, fan_id, one, "first", "")
    return fan_id, sku_id, one


async def state(db: Db) -> tuple[str, str | None, int]:
    async with db.merchant("demo") as tx:
        row = (await tx.execute(text("SELECT status, order_no, saved_fen FROM coupon"))).one()
        return row.status, row.order_no, row.saved_fen


async def test_the_best_is_taken_and_shown_with_the_reasons_of_the_others(db: Db) -> None:
    fan_id, sku_id, _ = await world(db)
    async with db.merchant("demo") as tx:
        more = await opened(tx, name="满 100 减 30", terms={"off_fen": 3_000, "from_fen": 10_000})
        await service.claim_coupon(tx, fan_id, more)
    async with db.merchant("demo") as tx:
        quote = await order_queries.checkout(tx, fan_id, [(sku_id, 1)])
        assert (quote.total_fen, quote.coupon_saved_fen) == (5_000, 1_000)
        first, second = quote.coupons
        assert (first.usable, first.coupon_id) == (True, quote.best_coupon_id)
        assert (second.usable, second.message) == (False, "还差 ¥40.00 可用")
        none = await order_queries.checkout(tx, fan_id, [(sku_id, 1)], 0)
        assert (none.total_fen, none.coupon_id) == (6_000, 0)
        unfit = await order_queries.checkout(tx, fan_id, [(sku_id, 1)], second.coupon_id)
        assert (unfit.total_fen, unfit.coupon_id) == (6_000, 0)
        two = await order_queries.checkout(tx, fan_id, [(sku_id, 2)])
        assert (two.total_fen, two.coupon_id) == (9_000, second.coupon_id)
        placed = await make.place(tx, fan_id, (sku_id, 2))
        assert placed.total_fen == 9_000
        shown = await order_queries.console_order(tx, placed.order_no)
        assert [step.text for step in shown.trace][-1] == "满 100 减 30：满 ¥100.00 减 ¥30.00"
        again = await service.replay(tx, await _stored(tx, placed.order_no))
        assert again.total_fen == 9_000
        kind = await queries.coupon(tx, more)
        assert (kind.used, kind.spent_fen, kind.held) == (1, 3_000, 0)
    assert await audit.run(db) == []


async def _stored(tx: Any, order_no: str) -> dict[str, Any]:
    kept: dict[str, Any] = await tx.scalar(
        text("SELECT quote FROM orders WHERE order_no = :no"), {"no": order_no}
    )
    return kept


@pytest.mark.parametrize("planted", [False, True])
async def test_one_coupon_serves_one_of_many_orders(
    db: Db, monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    """Planted: nobody asks whether it is still held."""
    fan_id, sku_id, kind = await world(db)
    if planted:
        careless = str(uses._USE_COUPONS).replace("AND c.status = 'held' AND", "AND")
        monkeypatch.setattr(uses, "_USE_COUPONS", text(careless))
    used: set[str] = set()
    for turn in range(1 if planted else ROUNDS):
        async with db.merchant("demo") as tx:
            if turn:
                await service.give_coupon(tx, fan_id, kind, f"turn-{turn}", "")
            form = await make.form(tx, fan_id, (sku_id, 1))
        assert form.coupon_id

        async def order(place: int, form: PlaceIn = form, turn: int = turn) -> object:
            try:
                async with db.merchant("demo") as tx:
                    key = f"race-{turn:03d}-{place:03d}"
                    return (await orders.place(tx, fan_id, key, form)).order_no
            except Refusal as refusal:
                return refusal

        answers = await asyncio.gather(*(order(place) for place in range(HANDS)))
        placed = [answer for answer in answers if isinstance(answer, str)]
        if planted:
            assert len(placed) > 1 or await audit.run(db) != []
            return
        assert len(placed) == 1
        assert {type(answer) for answer in answers} <= {str, CouponTaken, QuoteChanged}
        used.add(placed[0])
    async with db.merchant("demo") as tx:
        rows = await tx.execute(text("SELECT status, order_no, saved_fen FROM coupon"))
        assert {tuple(row) for row in rows} == {("used", one, 1_000) for one in used}
    assert await audit.run(db) == []


async def test_a_coupon_of_another_is_worth_nothing(db: Db) -> None:
    fan_id, sku_id, _ = await world(db)
    async with db.merchant("demo") as tx:
        other = await make.fan(tx)
        mine = (await make.form(tx, fan_id, (sku_id, 1))).coupon_id
        form = await make.form(tx, other, (sku_id, 1))
        stolen = form.model_copy(update={"coupon_id": mine})
        placed = await orders.place(tx, other, "thief-000001", stolen)
        assert placed.total_fen == 6_000
        mine_digest = (await make.form(tx, fan_id, (sku_id, 1))).digest
        cheaper = stolen.model_copy(update={"digest": mine_digest})
        with pytest.raises(QuoteChanged):
            await orders.place(tx, other, "thief-000002", cheaper)
    assert (await state(db))[0] == "held"
    assert await audit.run(db) == []


async def test_records_of_one_person_share_their_coupons(db: Db) -> None:
    fan_id, sku_id, _ = await world(db)
    async with db.merchant("demo") as tx:
        other = await make.fan(tx)
        await fans.merge(tx, other, fan_id, reason="同一个人")
    async with db.merchant("demo") as tx:
        assert (await make.place(tx, other, (sku_id, 1))).total_fen == 5_000
    assert await audit.run(db) == []


@pytest.mark.parametrize("fate", ["held", "expired", "taken_back"])
async def test_a_closed_order_gives_its_coupon_back(db: Db, fate: str) -> None:
    fan_id, sku_id, _ = await world(db)
    _, order_no = await make.placed(db, (sku_id, 1), fan_id=fan_id)
    assert await state(db) == ("used", order_no, 1_000)
    async with db.merchant("demo") as tx:
        if fate == "expired":
            await tx.execute(text("UPDATE coupon SET ends_at = now() - interval '1 second'"))
        if fate == "taken_back":
            answer = await service.take_back_coupon(tx, "first")
            assert (answer.status, answer.owed_fen) == (CouponStatus.USED, 1_000)
            assert answer.order_no == order_no
    async with db.merchant("demo") as tx:
        await orders.cancel(tx, fan_id, order_no)
    async with db.merchant("demo") as tx:
        await service.give_back_uses(tx, order_no)
        shown = await queries.mine(tx, fan_id, "over" if fate == "expired" else "held")
    assert (await state(db))[:2] == (fate, None)
    notes = {"expired": f"订单 {order_no} 退回时券已过期", "held": f"订单 {order_no} 已退回"}
    assert [one.note for one in shown.items] == ([notes[fate]] if fate in notes else [])
    assert await audit.run(db) == []


async def test_a_partial_refund_keeps_the_coupon_and_the_last_one_brings_it_back(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    fan_id, sku_id, one = await world(db)
    _, order_no = await make.paid(db, wechat, drain, (sku_id, 2), fan_id=fan_id)
    (line,) = (await make.order(db, order_no)).lines
    back = []
    for status in ("used", "held"):
        asked = await make.ask(db, fan_id, order_no, (line.id, 1))
        await make.approve(db, asked.after_sale_no)
        await drain()
        back.append(asked.amount_fen)
        assert (await state(db))[0] == status
    assert back == [5_500, 5_500]
    async with db.merchant("demo") as tx:
        kind = await queries.coupon(tx, one)
        assert (kind.used, kind.spent_fen, kind.held) == (0, 0, 1)
    assert await audit.run(db) == []


async def test_a_coupon_below_cost_needs_approval(db: Db) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 5, skus=[{"price_fen": 6_000, "cost_fen": 5_500}])
        assert sku_id
        made = await service.create_template(tx, STAFF, template())
        with pytest.raises(LosesMoney) as refused:
            await service.open_template(tx, STAFF, made.id, "")
        assert refused.value.details["count"] == 1
        found = await service.at_risk(tx, with_drafts=True)
        assert [one.floor.by for one in found.worst] == [(-made.id,)]
        assert (await service.at_risk(tx, with_drafts=False)).below == 0


async def test_from_the_editor_to_the_order(
    db: Db,
    drain: Drain,
    staff_client: StaffClient,
    fan_client: FanClient,
) -> None:
    """Staff write a coupon and give it; a fan takes one, uses it, and everybody sees how it went."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 50, skus=[{"price_fen": 6_000, "cost_fen": 100}])
        product_id = (await catalog.skus(tx, [sku_id]))[sku_id].product_id
        fan_id, other = await make.fan(tx), await make.fan(tx)
        address_id = (await orders.add_address(tx, fan_id, make.HOME)).id
    staff = await staff_client([Permission.PROMOTIONS_READ, Permission.PROMOTIONS_WRITE])
    fan = await fan_client(fan_id)
    form = {
        "kind": "amount",
        "name": "满 50 减 10",
        "terms": {"off_fen": 1_000, "from_fen": 5_000, "scope": {"product_ids": [product_id]}},
        "days": 30,
        "claimable": True,
        "stock": 2,
        "per_fan": 1,
    }
    root = "/api/console/coupons"
    tried = (await staff.post(f"{root}/check", json=form)).json()
    assert (tried["sentence"], tried["verdict"]["below"]) == ("满 ¥50 减 ¥10", 0)
    made = (await staff.post(root, json=form)).json()
    one = f"{root}/{made['id']}"
    assert (await fan.get("/api/shop/coupons")).json()["items"] == []
    assert (await staff.post(f"{one}/open", json={})).json()["status"] == "open"
    (there,) = (await fan.get("/api/shop/coupons")).json()["items"]
    assert (there["can_claim"], there["left"], there["mine"]) == (True, 2, 0)
    assert (await fan.post(f"/api/shop/coupons/{made['id']}/claim")).status_code == 200
    again = await fan.post(f"/api/shop/coupons/{made['id']}/claim")
    assert again.json()["error"]["message"] == "“满 50 减 10”每人限领 1 张"
    gift = (
        await staff.post(f"{one}/gifts", json={"fan_ids": [fan_id, other], "reason": "回访"})
    ).json()
    assert (gift["total"], gift["state"]) == (2, "running")
    await drain()
    (gift,) = (await staff.get(f"{one}/gifts")).json()["items"]
    assert (gift["state"], gift["given"], gift["done"]) == ("done", 1, 2)
    mine = (await fan.get("/api/shop/my-coupons")).json()
    assert (mine["held"], mine["items"][0]["product_id"]) == (1, product_id)
    lines = [{"sku_id": sku_id, "quantity": 1}]
    quote = (await fan.post("/api/shop/checkout/quote", json={"lines": lines})).json()
    assert (quote["total_fen"], quote["coupon_id"]) == (5_000, mine["items"][0]["id"])
    placed = await fan.post(
        "/api/shop/orders",
        json={
            "lines": lines,
            "address_id": address_id,
            "digest": quote["digest"],
            "coupon_id": quote["coupon_id"],
        },
        headers={"Idempotency-Key": "coupon-000001"},
    )
    assert placed.json()["total_fen"] == 5_000
    full = (await staff.get(one)).json()
    assert (full["issued"], full["used"], full["spent_fen"], full["held"]) == (2, 1, 1_000, 1)
    assert full["promised_fen"] == 1_000
    holders = (await staff.get(f"{one}/holders")).json()["items"]
    assert [(row["fan_id"], row["status"], row["way"]) for row in holders] == [
        (other, "held", "staff"),
        (fan_id, "used", "claim"),
    ]
    results = (await staff.get(f"{one}/results")).json()
    assert results["ways"] == {"claim": 1, "staff": 1}
    assert results["days"][0]["saved_fen"] == 1_000
    path = f"/api/console/held-coupons/{holders[0]['id']}/take-back"
    assert (await staff.post(path, json={"reason": "发错了"})).status_code == 200
    codes = (await staff.post(f"{one}/codes", json={"count": 2})).json()["codes"]
    gone = await (await fan_client(other)).post("/api/shop/coupons/redeem", json={"code": codes[0]})
    assert gone.json()["error"]["code"] == "promotion.coupon_gone"
    assert len((await staff.get(f"{one}/codes")).json()["items"]) == 2
    assert (await staff.post(f"{one}/end")).json()["status"] == "ended"
    assert (await staff.post(f"{one}/copy")).json()["status"] == "draft"
    page = (await staff.get(root, params={"q": "减 10", "status": "ended"})).json()
    assert [row["id"] for row in page["items"]] == [made["id"]]
    assert await audit.run(db) == []


async def test_a_gift_to_all_who_wear_a_tag(
    db: Db, drain: Drain, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        one = await opened(tx, stock=3)
        fan_ids = [await make.fan(tx) for _ in range(5)]
        tag = await fans.make_tag(tx, STAFF, "老客")
        await fans.tag_fans(tx, tag, fan_ids, author=Author.STAFF, reason="", staff=STAFF)
    staff = await staff_client([Permission.PROMOTIONS_READ, Permission.PROMOTIONS_WRITE])
    url = f"/api/console/coupons/{one}/gifts"
    made = (await staff.post(url, json={"tag_id": tag.id, "reason": "谢谢"})).json()
    assert made["total"] == 5
    await drain()
    (gift,) = (await staff.get(url)).json()["items"]
    assert (gift["state"], gift["given"]) == ("done", 3)
    assert "已领完" in gift["trouble"], "two of them went without, and it says why"
    nobody = await staff.post(url, json={"fan_ids": [], "reason": "谢谢"})
    assert nobody.status_code == 422
    stopped = await staff.post(f"/api/console/coupon-gifts/{gift['id']}/stop")
    assert stopped.json()["state"] == "done"
    assert await audit.run(db) == []
