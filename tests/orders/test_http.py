"""Orders over HTTP: the whole story, rights, masks, filters, foreign objects."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from tests.conftest import Drain, FanClient, StaffClient
from tests.counting import statements
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tests.team.factories import owner
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.orders import queries
from tiefen.orders.models.tables import IN_AFTER_SALE
from tiefen.orders.queries import OrderFilter, search
from tiefen.orders.values import OrderStatus
from tiefen.team.values import Permission

KEY = {"Idempotency-Key": "checkout-0001"}
CLERK = [Permission.ORDERS_READ, Permission.ORDERS_SHIP, Permission.ORDERS_REFUND]


async def test_a_second_tap_on_pay_never_charges_again(
    db: Db, drain: Drain, wechat: FakeWeChat, fan_client: FanClient
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    buyer, order_no = await make.placed(db, (one, 1))
    fan, order = await fan_client(buyer), f"/api/shop/orders/{order_no}"

    async def tap() -> httpx.Response:
        return await fan.post(f"{order}/pay", json={"client": "jsapi"})

    first = await tap()
    (number,) = wechat.orders
    wechat.pay(number)
    again = (
        await tap()
    )  # WeChat has told nobody yet: the same sheet, which WeChat takes no money for
    assert again.json()["sheet"]["package"] == first.json()["sheet"]["package"]
    assert list(wechat.orders) == [number]
    came = (await fan.get(f"{order}/payment")).json()
    assert came == {"paid": True, "order_status": "unpaid"}, "the money is ahead of its order"
    known = await tap()
    assert (known.status_code, known.json()["error"]["code"]) == (409, "payments.already_paid")
    await drain()
    late = await tap()
    assert (late.status_code, late.json()["error"]["code"]) == (409, "orders.nothing_to_pay")
    assert len(wechat.charges) == 1
    assert await audit.run(db) == []


async def test_from_cart_to_refund(
    db: Db, drain: Drain, wechat: FakeWeChat, fan_client: FanClient, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 5), await make.fan(tx)
    fan, clerk = await fan_client(fan_id), await staff_client(CLERK)
    cart = await fan.post("/api/shop/cart/items", json={"sku_id": one, "quantity": 2})
    assert (cart.status_code, cart.json()["goods_fen"]) == (201, 3_980)
    address = (await fan.post("/api/shop/addresses", json=make.HOME.model_dump(mode="json"))).json()
    assert address["city"] == "杭州市"
    lines = [{"sku_id": one, "quantity": 2}]
    quote = (await fan.post("/api/shop/checkout/quote", json={"lines": lines})).json()
    assert quote["can_place"]
    body = {"lines": lines, "address_id": address["id"], "digest": quote["digest"]}
    placed = (await fan.post("/api/shop/orders", json=body, headers=KEY)).json()
    order = f"/api/shop/orders/{placed['order_no']}"
    assert (await fan.get("/api/shop/cart")).json()["items"] == []
    sheet = (await fan.post(f"{order}/pay", json={"client": "jsapi"})).json()
    assert sheet["sheet"]["pay_sign"]
    (attempt,) = wechat.orders
    wechat.pay(attempt)
    assert (await fan.get(f"{order}/payment")).json()["paid"]  # asked, no notice came
    await drain()
    assert (await fan.get(order)).json()["status"] == "paid"

    console = f"/api/console/orders/{placed['order_no']}"
    seen = (await clerk.get(console)).json()
    assert seen["receiver"]["name"] == "林**"
    assert "13800001234" not in str(seen)
    assert (await clerk.post(f"{console}/receiver")).json()["phone"] == "13800001234"
    shipped = await clerk.post(
        f"{console}/parcels", json={"courier": "顺丰", "tracking_no": "SF0000001"}
    )
    assert (shipped.status_code, shipped.json()["status"]) == (201, "shipped")
    assert (await fan.post(f"{order}/receive")).json()["status"] == "received"

    wanted = {"reason": "damaged", "lines": [{"line_id": seen["lines"][0]["id"], "quantity": 1}]}
    plan = (await fan.post(f"{order}/after-sales/preview", json={"lines": wanted["lines"]})).json()
    assert plan["amount_fen"] == 1_990
    asked = (await fan.post(f"{order}/after-sales", json=wanted)).json()
    after_sale = f"/api/console/after-sales/{asked['after_sale_no']}"
    preview = (await clerk.get(f"{after_sale}/preview")).json()
    texts = " ".join(one["text"] for one in preview["consequences"])
    assert "原路退回 ¥19.90" in texts
    assert "不回库存" in texts
    english = await clerk.get(f"{after_sale}/preview", headers={"Accept-Language": "en"})
    assert "goes back the way it came" in english.text
    approved = await clerk.post(f"{after_sale}/approve", json={})
    assert approved.json()["status"] == "refunding"
    await drain()
    story = (await clerk.get(console)).json()
    assert story["refunded_fen"] == 1_990
    assert [step["after"] for step in story["steps"] if step["subject"] == "order"] == [
        "paid",
        "shipped",
        "received",
    ]
    assert (await fan.get("/api/shop/after-sales")).json()["items"][0]["status"] == "refunded"
    async with db.merchant("demo") as tx:
        looks = await tx.scalar(
            text("SELECT count(*) FROM audit_entry WHERE action = 'orders.reveal_receiver'")
        )
    assert looks == 1
    assert await audit.run(db) == []


async def test_the_story_names_who_took_each_step(
    db: Db, drain: Drain, wechat: FakeWeChat, staff_client: StaffClient
) -> None:
    boss = await owner(db)
    desk, program = await staff_client(staff_id=boss.id), await staff_client(CLERK)
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 2))
    parcel = {"courier": "顺丰", "tracking_no": "SF0000001"}
    await desk.post(f"/api/console/orders/{order_no}/parcels", json=parcel)
    asked = await make.ask(db, fan_id, order_no)
    after_sale = f"/api/console/after-sales/{asked.after_sale_no}"
    assert (await desk.get(after_sale)).json()["decided_by_name"] == ""
    assert (await desk.post(f"{after_sale}/approve", json={})).status_code == 200
    await drain()
    told = (await program.get(f"/api/console/orders/{order_no}")).json()["steps"]
    assert {step["action"]: (step["actor"].split(":")[0], step["actor_name"]) for step in told} == {
        "pay": ("wechat", ""),
        "ship_rest": ("staff", "林老板"),
        "approve": ("staff", "林老板"),
        "settle": ("wechat", ""),
        "refund_rest": ("system", ""),
    }
    listed = (await desk.get("/api/console/after-sales")).json()["items"]
    assert [row["decided_by_name"] for row in listed] == ["林老板"]
    adjusted = await desk.post(
        f"/api/console/stock/{one}/adjust", json={"quantity": 3, "reason": "received"}
    )
    assert adjusted.status_code == 200, adjusted.text
    moves = (await desk.get(f"/api/console/stock/{one}/movements")).json()["items"]
    assert moves[0]["actor_name"] == "林老板"


async def test_another_fans_things_are_missing(
    db: Db, drain: Drain, wechat: FakeWeChat, fan_client: FanClient
) -> None:
    async with db.merchant("demo") as tx:
        one, stranger = await stocked(tx, 5), await make.fan(tx)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 1))
    asked = await make.ask(db, fan_id, order_no)
    async with db.merchant("demo") as tx:
        (address,) = await queries.addresses(tx, fan_id)
    spy = await fan_client(stranger)
    order, after_sale = (
        f"/api/shop/orders/{order_no}",
        f"/api/shop/after-sales/{asked.after_sale_no}",
    )
    answers = [
        await spy.get(order),
        await spy.get(f"{order}/payment"),
        await spy.post(f"{order}/pay", json={"client": "jsapi"}),
        await spy.post(f"{order}/cancel"),
        await spy.post(f"{order}/receive"),
        await spy.post(f"{order}/after-sales", json={"reason": "other"}),
        await spy.post(f"{order}/after-sales/preview", json={}),
        await spy.get(after_sale),
        await spy.post(f"{after_sale}/withdraw"),
        await spy.put(f"/api/shop/addresses/{address.id}", json=make.HOME.model_dump(mode="json")),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert (await spy.delete(f"/api/shop/addresses/{address.id}")).status_code == 200
    async with db.merchant("demo") as tx:
        assert len(await queries.addresses(tx, fan_id)) == 1  # deleting another's is a no-op
    assert (await spy.get("/api/shop/orders")).json()["items"] == []
    assert (await spy.get("/api/shop/after-sales")).json()["items"] == []


async def test_another_merchants_order_is_missing(
    db: Db, drain: Drain, wechat: FakeWeChat, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 1))
    asked = await make.ask(db, fan_id, order_no)
    other = await staff_client(CLERK, merchant="other")
    assert (await other.get(f"/api/console/orders/{order_no}")).status_code == 404
    assert (await other.get("/api/console/orders")).json()["items"] == []
    refused = await other.post(f"/api/console/after-sales/{asked.after_sale_no}/approve", json={})
    assert refused.status_code == 404


async def test_each_act_needs_its_own_permission(
    db: Db, drain: Drain, wechat: FakeWeChat, staff_client: StaffClient, client: httpx.AsyncClient
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 2))
    asked = await make.ask(db, fan_id, order_no)
    order, after_sale = (
        f"/api/console/orders/{order_no}",
        f"/api/console/after-sales/{asked.after_sale_no}",
    )
    parcel = {"courier": "顺丰", "tracking_no": "SF0000001"}
    reader = await staff_client([Permission.ORDERS_READ])
    shipper = await staff_client([Permission.ORDERS_READ, Permission.ORDERS_SHIP])
    assert (await reader.get(order)).status_code == 200
    assert (await reader.post(f"{order}/receiver")).status_code == 403
    assert (await reader.post(f"{order}/parcels", json=parcel)).status_code == 403
    assert (await shipper.post(f"{after_sale}/approve", json={})).status_code == 403
    assert (await shipper.post(f"{after_sale}/reject", json={"answer": "不"})).status_code == 403
    assert (await client.get(order)).status_code == 401
    assert (await client.get(f"/api/shop/orders/{order_no}")).status_code == 401


async def test_a_parcel_sent_twice_with_its_key_is_one_parcel(
    db: Db, drain: Drain, wechat: FakeWeChat, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    _, order_no = await make.paid(db, wechat, drain, (one, 2))
    clerk = await staff_client(CLERK)
    body = {"courier": "顺丰", "tracking_no": "SF0000001"}
    answers = [
        await clerk.post(f"/api/console/orders/{order_no}/parcels", json=body, headers=KEY)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len(answers[1].json()["parcels"]) == 1
    again = await clerk.post(f"/api/console/orders/{order_no}/parcels", json=body)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "orders.illegal_step")


async def test_the_console_finds_orders_in_every_way(
    db: Db,
    drain: Drain,
    wechat: FakeWeChat,
    staff_client: StaffClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with db.merchant("demo") as tx:
        tea, jam = await stocked(tx, 9, name="龙井茶"), await stocked(tx, 9, name="草莓酱")
    buyer, first = await make.paid(db, wechat, drain, (tea, 1))
    _, second = await make.placed(db, (jam, 1))
    third = (await make.placed(db, (tea, 1), (jam, 2), fan_id=buyer))[1]
    await make.ask(db, buyer, first)
    clerk = await staff_client(CLERK)

    async def found(**params: str) -> list[str]:
        answer = await clerk.get("/api/console/orders", params=params)
        assert answer.status_code == 200, answer.text
        return [row["order_no"] for row in answer.json()["items"]]

    placed_at = (await make.order(db, second)).placed_at
    assert await found() == [third, second, first]
    assert await found(status="paid") == [first]
    assert await found(fan_id=str(buyer)) == [third, first]
    assert await found(q="龙井") == [third, first]
    assert await found(q="草莓 龙井") == [third]
    assert await found(q=second) == [second]
    assert await found(q="13800001234") == [third, second, first]
    assert await found(q="13899999999") == []
    assert await found(in_after_sale="true") == [first]
    assert await found(placed_from=placed_at.isoformat()) == [third, second]
    assert await found(placed_until=placed_at.isoformat()) == [first]
    assert await found(q="' OR '1'='1") == []
    page = (await clerk.get("/api/console/orders", params={"limit": 2})).json()
    assert [row["order_no"] for row in page["items"]] == [third, second]
    assert await found(cursor=page["next"], limit="2") == [first]
    for looked_at in (1, 2, 20_000):  # by the newest, by the index of words, by both
        monkeypatch.setattr(search, "LOOKED_AT", looked_at)
        monkeypatch.setattr(search, "FEW_NAMES", looked_at - 1)
        assert await found(q="龙井") == [third, first]
        assert await found(q="草莓 龙井") == [third]
        worded = {"q": "龙井", "limit": "1"}
        page = (await clerk.get("/api/console/orders", params=worded)).json()
        assert [row["order_no"] for row in page["items"]] == [third]
        assert await found(cursor=page["next"], **worded) == [first]
        assert await found(q="龙井", status="paid") == [first]
    assert (await clerk.get("/api/console/orders", params={"cursor": "x!"})).status_code == 422


async def test_lists_cost_the_same_at_any_length(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    async with db.merchant("demo") as tx:
        one, two, fan_id = await stocked(tx, 99), await stocked(tx, 99), await make.fan(tx)

    async def cost(more: int) -> tuple[int, int, int]:
        for _ in range(more):
            _, order_no = await make.paid(db, wechat, drain, (one, 1), (two, 1), fan_id=fan_id)
            await make.ask(db, fan_id, order_no)
        counts = []
        async with db.merchant("demo") as tx:
            for read in (
                queries.console_orders(tx, OrderFilter(), cursor=None, limit=50),
                queries.shop_orders(tx, fan_id, states=[], cursor=None, limit=50),
                queries.after_sales(tx, status=None, cursor=None, limit=50),
            ):
                with statements(db) as seen:
                    await read
                counts.append(len(seen))
        return counts[0], counts[1], counts[2]

    few = await cost(1)
    assert await cost(3) == few
    assert few == (4, 3, 3)


async def test_regions_are_the_standard_ones(
    client: httpx.AsyncClient, db: Db, fan_client: FanClient
) -> None:
    answer = await client.get("/api/shop/regions")
    tree = {one["code"]: one for one in answer.json()}
    assert len(tree) == 34
    assert "max-age" in answer.headers["cache-control"]
    hangzhou = next(one for one in tree["330000"]["children"] if one["code"] == "330100")
    assert {"code": "330106", "name": "西湖区", "children": []} in hangzhou["children"]
    async with db.merchant("demo") as tx:
        fan = await fan_client(await make.fan(tx))
    for code, status in [("330106", 201), ("441900", 201), ("330100", 422), ("999999", 422)]:
        body = {**make.HOME.model_dump(mode="json"), "region_code": code}
        assert (await fan.post("/api/shop/addresses", json=body)).status_code == status, code


@pytest.mark.parametrize("status", list(OrderStatus))
async def test_a_deadline_is_on_the_databases_clock(
    db: Db, fan_client: FanClient, status: OrderStatus
) -> None:
    """Whatever an order's state, a fan is shown only what can really be done with it."""
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 5), await make.fan(tx)
        order_no = (await make.place(tx, fan_id, (one, 1))).order_no
    async with db.merchant("demo") as tx:
        await tx.execute(
            text("UPDATE orders SET status = :status, received_at = :at"),
            {"status": status, "at": tx.now - timedelta(days=1)},
        )
    seen = (await (await fan_client(fan_id)).get(f"/api/shop/orders/{order_no}")).json()
    assert seen["can"] == {
        "pay": status in (OrderStatus.UNPAID, OrderStatus.DEPOSITED),
        "cancel": status in (OrderStatus.UNPAID, OrderStatus.DEPOSITED),
        "receive": status is OrderStatus.SHIPPED,
        "refund": status
        in {
            OrderStatus.PAID,
            OrderStatus.PARTLY_SHIPPED,
            OrderStatus.SHIPPED,
            OrderStatus.RECEIVED,
        },
        "urge": status in (OrderStatus.PAID, OrderStatus.PARTLY_SHIPPED),
        "extend": status is OrderStatus.SHIPPED,
    }


async def test_orders_in_after_sale_come_newest_first_each_once_page_by_page(
    db: Db, drain: Drain, wechat: FakeWeChat, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        tea = await stocked(tx, 50)
    made = [await make.paid(db, wechat, drain, (tea, 2)) for _ in range(5)]
    asked = [made[0], made[2], made[4]]
    requests = []
    for fan_id, order_no in asked:
        (line,) = (await make.order(db, order_no)).lines
        for _ in range(2):  # two requests of one order are one row
            requests.append(await make.ask(db, fan_id, order_no, (line.id, 1)))
    wanted = [order_no for _, order_no in reversed(asked)]
    clerk = await staff_client(CLERK)

    async def pages(**more: str) -> list[str]:
        found, cursor = [], ""
        while cursor is not None:
            params = {"in_after_sale": "true", "limit": "1", **more}
            page = await clerk.get(
                "/api/console/orders", params=params | ({"cursor": cursor} if cursor else {})
            )
            found += [row["order_no"] for row in page.json()["items"]]
            cursor = page.json()["next"]
        return found

    assert await pages() == wanted
    assert await pages(status="paid") == wanted
    assert await pages(status="closed") == []
    assert await pages(fan_id=str(made[2][0])) == [made[2][1]]
    assert await pages(q=made[2][1]) == [made[2][1]]
    await make.approve(db, requests[-1].after_sale_no)
    await drain()
    assert await pages() == wanted, "its other request is still open"
    async with db.merchant("demo") as tx:
        await tx.execute(text("SET LOCAL enable_seqscan = off"))
        open_ones = f"SELECT DISTINCT order_id FROM after_sale WHERE {IN_AFTER_SALE}"
        plan = await tx.execute(text(f"EXPLAIN {open_ones} ORDER BY order_id DESC"))
        assert "ix_after_sale_open" in " ".join(row[0] for row in plan)
