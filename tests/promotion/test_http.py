"""Freight, promotions and what fans see of them, over HTTP."""

from sqlalchemy import text

from tests.conftest import Drain, FanClient, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.catalog import service as catalog
from tiefen.kernel.db import Db
from tiefen.orders import service as orders
from tiefen.team.values import Permission


async def test_the_freight_rule_is_saved_with_a_trace(db: Db, staff_client: StaffClient) -> None:
    reader = await staff_client([Permission.GOODS_READ])
    writer = await staff_client([Permission.GOODS_READ, Permission.GOODS_WRITE])
    (default,) = (await reader.get("/api/console/freight")).json()["items"]
    assert (default["rest"]["first_fen"], default["zones"], default["products"]) == (0, [], 0)
    rule = {"rest": {"first_fen": 800, "free_from_fen": 9_900}}
    assert (await reader.put("/api/console/freight/1", json=rule)).status_code == 403
    (saved,) = (await writer.put("/api/console/freight/1", json=rule)).json()["items"]
    assert (saved["rest"]["first_fen"], saved["rest"]["free_from_fen"]) == (800, 9_900)
    async with db.merchant("demo") as tx:
        trail = await tx.scalar(
            text("SELECT count(*) FROM audit_entry WHERE action = 'promotion.save_freight'")
        )
    assert trail == 1


async def test_from_a_draft_to_a_partial_refund(
    db: Db,
    drain: Drain,
    wechat: FakeWeChat,
    staff_client: StaffClient,
    fan_client: FanClient,
) -> None:
    """The merchant publishes 满 99 减 10; a fan sees it, buys, asks why, gives one piece back."""
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 50, skus=[{"price_fen": 3_333, "cost_fen": 100}])
        product_id = (await catalog.skus(tx, [one]))[one].product_id
        fan_id = await make.fan(tx)
        address_id = (await orders.add_address(tx, fan_id, make.HOME)).id
    staff = await staff_client([Permission.PROMOTIONS_READ, Permission.PROMOTIONS_WRITE])
    fan = await fan_client(fan_id)
    form = {
        "kind": "off",
        "name": "双十一",
        "group_id": 2,
        "scope": {"product_ids": [product_id]},
        "terms": {"tiers": [{"from_fen": 9_900, "off_fen": 1_000}]},
        "conditions": {"per_fan": 1},
    }
    tried = (await staff.post("/api/console/promotions/check", json=form)).json()
    assert tried["sentence"] == "指定商品满 ¥99 减 ¥10，每人 1 次"
    assert tried["verdict"]["below"] == 0
    made = (await staff.post("/api/console/promotions", json=form)).json()
    offers = f"/api/shop/products/{product_id}/offers"
    assert (await fan.get(offers)).json()["tags"] == []
    done = await staff.post(f"/api/console/promotions/{made['id']}/publish", json={})
    assert (done.json()["status"], done.json()["running"]) == ("published", True)
    assert [tag["label"] for tag in (await fan.get(offers)).json()["tags"]] == ["满 ¥99 减 ¥10"]

    lines = [{"sku_id": one, "quantity": 3}]
    quote = (await fan.post("/api/shop/checkout/quote", json={"lines": lines})).json()
    assert (quote["discount_fen"], quote["total_fen"]) == (1_000, 8_999)
    assert quote["lines"][0]["offers"][0]["name"] == "双十一"
    placed = await fan.post(
        "/api/shop/orders",
        json={"lines": lines, "address_id": address_id, "digest": quote["digest"]},
        headers={"Idempotency-Key": "flow-000001"},
    )
    order_no = placed.json()["order_no"]
    await make.tell(db, await make.money(db, wechat, fan_id, order_no))
    await drain()
    shown = (await fan.get(f"/api/shop/orders/{order_no}")).json()
    assert shown["trace"][-1]["text"] == "双十一：满 ¥99.00 减 ¥10.00"
    line_id = shown["lines"][0]["id"]
    back = []
    for quantity in (1, 2):
        asked = await make.ask(db, fan_id, order_no, (line_id, quantity))
        await make.approve(db, asked.after_sale_no)
        await drain()
        back.append(asked.amount_fen)
    assert (back, sum(back)) == ([3_000, 5_999], 8_999)
    given = (await staff.get(f"/api/console/promotions/{made['id']}/performance")).json()
    assert (given["orders"], given["given_back"]) == (0, 1)
    ended = await staff.post(f"/api/console/promotions/{made['id']}/end")
    assert ended.json()["status"] == "ended"


async def test_publishing_a_loss_over_http(db: Db, staff_client: StaffClient) -> None:
    async with db.merchant("demo") as tx:
        await stocked(tx, 1, skus=[{"price_fen": 1_000, "cost_fen": 990}])
    writer = await staff_client([Permission.PROMOTIONS_READ, Permission.PROMOTIONS_WRITE])
    form = {
        "kind": "limited",
        "name": "清仓",
        "group_id": 1,
        "scope": {"all": True},
        "terms": {"off_bp": 1_000},
        "conditions": {},
    }
    made = (await writer.post("/api/console/promotions", json=form)).json()
    path = f"/api/console/promotions/{made['id']}/publish"
    refused = (await writer.post(path, json={})).json()["error"]
    assert (refused["code"], refused["details"]["count"]) == ("promotion.loses_money", 1)
    assert (await writer.post(path, json={"because": "清库存"})).status_code == 403
    bad = await writer.post("/api/console/promotions", json={**form, "group_id": 99})
    assert (bad.status_code, bad.json()["error"]["field"]) == (422, "group_id")
    assert (await writer.get("/api/console/promotions/99")).status_code == 404
    risks = (await writer.get("/api/console/margin-guard/skus")).json()
    assert (risks["below"], risks["worst"][0]["by"]) == (1, ["清仓"])
