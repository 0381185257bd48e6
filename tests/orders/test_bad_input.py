"""Bad input on every route of catalog, inventory, promotion and orders: a 4xx that names the field."""

import json
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from tests.badinput import odd, spoilt
from tests.catalog.factories import body as product_body
from tests.catalog.factories import product
from tests.conftest import Drain, FanClient, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.catalog import http as catalog_http
from tiefen.inventory import http as inventory_http
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.orders import http as orders_http
from tiefen.orders import queries
from tiefen.promotion import http as promotion_http
from tiefen.team.values import Permission

ALL = [permission.value for permission in Permission]
ROUTERS = (
    catalog_http,
    inventory_http,
    promotion_http,
    orders_http.orders,
    orders_http.after_sales,
)
UPLOADS = {"shipTable", "uploadFile", "uploadAfterSalePicture", "uploadStaffPicture"}


PROMOTION: dict[str, Any] = {
    "kind": "off",
    "name": "双十一",
    "group_id": 2,
    "priority": 1,
    "scope": {"sku_ids": [1]},
    "terms": {"tiers": [{"from_fen": 9_900, "off_fen": 1_000}], "repeat": False},
    "conditions": {"per_fan": 1, "hours": [{"days": [1, 2], "from_minute": 0}]},
}


class World:
    """A shop with one of everything, and a good body for every route that takes one."""

    def __init__(self, ids: dict[str, Any]) -> None:
        sku, line = ids["sku"], ids["line"]
        self.ids = ids
        self.bodies: dict[str, Any] = {
            "createProduct": product_body(
                detail_html="<p>好</p>",
                specs=[{"name": "颜色", "values": ["红"]}],
                skus=[{"values": ["红"], "price_fen": 5, "cost_fen": 2, "market_fen": 9}],
                purchase_limit=3,
                position=1,
            ),
            "saveProduct": product_body(version=1),
            "createCategory": {"name": "奶", "position": 1},
            "saveCategory": {"name": "奶", "position": 1},
            "adjustStock": {"quantity": 1, "reason": "received", "note": "送货单 1"},
            "printPickingList": {"order_nos": [ids["order_no"]]},
            "printLabels": {"order_nos": [ids["order_no"]]},
            "editParcel": {"courier": "顺丰", "tracking_no": "SF123456"},
            "setSafetyStock": {"location_id": 1, "pieces": 2},
            "setStockWarning": {"location_id": 1, "warn_at": 5},
            "setBundleParts": {"parts": [{"sku_id": sku, "quantity": 2}]},
            "startTransfer": {"from_id": 1, "to_id": 2, "lines": [{"sku_id": sku, "quantity": 1}]},
            "arriveTransfer": {"lines": [{"sku_id": sku, "quantity": 1}], "last": False},
            "startCountSheet": {"location_id": 1, "sku_ids": [sku], "note": "月末"},
            "countPieces": {"lines": [{"sku_id": sku, "counted": 5}]},
            "createLocation": {"name": "滨江店", "kind": "store", "region_code": "330108"},
            "saveLocation": {"name": "总仓", "rank": 5},
            "createPromotion": PROMOTION,
            "checkPromotion": PROMOTION,
            "savePromotion": {**PROMOTION, "edits": 1},
            "publishPromotion": {"because": "清库存"},
            "saveStackingGroups": {
                "groups": [{"id": 1, "name": "单品", "target": "item", "mode": "best"}]
            },
            "saveMarginGuard": {
                "pay_fee_bp": 60,
                "shipping_fen": 800,
                "loss_rule": "flag",
                "commission_bp": 1_000,
            },
            "createFreight": {"name": "冷链", "rest": {"first_fen": 800, "free_from_fen": 9_900}},
            "saveFreight": {"rest": {"first_fen": 800, "free_from_fen": 9_900}},
            "saveFreightMix": {"mix": "one_first"},
            "addCartItem": {"sku_id": sku, "quantity": 1},
            "setCartItem": {"quantity": 1},
            "createAddress": make.HOME.model_dump(mode="json"),
            "saveAddress": make.HOME.model_dump(mode="json"),
            "quoteCheckout": {"lines": [{"sku_id": sku, "quantity": 1}]},
            "placeOrder": {
                "lines": [{"sku_id": sku, "quantity": 1}],
                "address_id": ids["address_id"],
                "digest": ids["digest"],
                "note": "放门口",
            },
            "mergeCart": {"lines": [{"sku_id": sku, "quantity": 1}]},
            "createFormField": {"label": "甜度", "kind": "choice", "options": ["少糖"]},
            "saveFormField": {"label": "甜度", "kind": "choice", "options": ["少糖"]},
            "listCheckoutFields": {"product_ids": [1]},
            "requestInvoice": {"kind": "personal", "title": "林小满", "email": "lin@example.com"},
            "reverseInvoice": {"number": "2544"},
            "payOrder": {"client": "jsapi"},
            "previewAfterSaleRequest": {"lines": [{"line_id": line, "quantity": 1}]},
            "requestAfterSale": {
                "kind": "refund",
                "lines": [{"line_id": line, "quantity": 1, "amount_fen": 5}],
                "reason": "other",
                "note": "不要了",
                "pictures": ["demo/AAAAAAAA.webp"],
            },
            "sendBackAfterSale": {"courier": "中通", "tracking_no": "ZT123456"},
            "resendAfterSale": {"courier": "中通", "tracking_no": "ZT123456"},
            "tellMerchant": {"words": "看图", "pictures": ["demo/AAAAAAAA.webp"]},
            "tellFan": {"words": "看图", "pictures": ["demo/AAAAAAAA.webp"]},
            "inspectAfterSale": {
                "lines": [{"line_id": line, "sellable": 1, "damaged": 0, "lost": 0}],
                "answer": "好",
            },
            "changeOrderPrice": {"before_fen": 3_980, "total_fen": 3_000, "reason": "老客"},
            "payInstead": {"answer": "没货了"},
            "returnDeposit": {"reason": "产地绝收"},
            "compensateOrder": {"amount_fen": 100, "reason": "致歉"},
            "saveAfterSalePolicy": {
                "answer_hours": 48,
                "return_days": 7,
                "inspect_days": 7,
                "auto_below_fen": 0,
                "auto_most": 3,
                "second_above_fen": 5_000,
                "return_to": "总仓",
            },
            "shipOrder": {
                "courier": "顺丰",
                "tracking_no": "SF123456",
                "lines": [{"line_id": line, "quantity": 1}],
            },
            "approveAfterSale": {"answer": "好的"},
            "rejectAfterSale": {"answer": "不行"},
            "shelveProduct": {"on": True},
        }

    def url(self, route: APIRoute) -> str:
        """The route's address with ids that exist."""
        return route.path.format(**self.ids)


@pytest.fixture
async def world(db: Db, drain: Drain, wechat: FakeWeChat) -> World:
    """One of everything."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 50)
        made = await product(tx, name="另一个")
        fan_id = await make.fan(tx)
        wanted = await make.form(tx, fan_id, (sku_id, 1))
    _, order_no = await make.paid(db, wechat, drain, (sku_id, 2), fan_id=fan_id)
    asked = await make.ask(db, fan_id, order_no, ((await make.order(db, order_no)).lines[0].id, 1))
    return World(
        {
            "fan": fan_id,
            "sku": sku_id,
            "sku_id": sku_id,
            "product_id": made.id,
            "location_id": 1,
            "parcel_id": 1,
            "transfer_no": "D2026040100000000000",
            "sheet_no": "C2026040100000000000",
            "category_id": 1,
            "promotion_id": 1,
            "field_id": 1,
            "invoice_id": 1,
            "address_id": wanted.address_id,
            "digest": wanted.digest,
            "order_no": order_no,
            "after_sale_no": asked.after_sale_no,
            "line": (await make.order(db, order_no)).lines[0].id,
            "merchant": "demo",
            "name": "AAAAAAAA.webp",
        }
    )


def routes() -> list[APIRoute]:
    """All routes of the four rooms."""
    return [
        route for module in ROUTERS for route in module.router.routes if isinstance(route, APIRoute)
    ]


def body_routes() -> list[APIRoute]:
    """Those that take a JSON body."""
    return [route for route in routes() if route.body_field and route.operation_id not in UPLOADS]


async def send(client: httpx.AsyncClient, route: APIRoute, url: str, body: Any) -> httpx.Response:
    """Send a body that JSON allows but a decent client would never send."""
    return await client.request(
        next(iter(route.methods or ())),
        url,
        content=json.dumps(body),
        headers={"Content-Type": "application/json", "Idempotency-Key": "bad-input-1"},
    )


@pytest.mark.slow
async def test_every_body_refuses_bad_leaves_and_names_them(
    world: World, staff_client: StaffClient, fan_client: FanClient, db: Db
) -> None:
    staff, fan = await staff_client(ALL), await fan_client(world.ids["fan"])
    tried = 0
    for route in body_routes():
        client = staff if "/console/" in route.path else fan
        good = world.bodies[str(route.operation_id)]
        for field, bad in spoilt(good, frozenset({"position"})):
            answer = await send(client, route, world.url(route), bad)
            where = (route.operation_id, field, str(bad)[:200], answer.text[:300])
            assert 400 <= answer.status_code < 500, where
            if answer.status_code == 422:
                named = {one["field"] for one in answer.json()["error"]["fields"]}
                assert any(name.startswith(field) or field.startswith(name) for name in named), (
                    where
                )
            tried += 1
    assert tried > 500
    assert await audit.run(db) == []


@pytest.mark.slow
async def test_odd_texts_break_nothing(
    world: World, staff_client: StaffClient, fan_client: FanClient, db: Db
) -> None:
    staff, fan = await staff_client(ALL), await fan_client(world.ids["fan"])
    for route in body_routes():
        client = staff if "/console/" in route.path else fan
        for body in odd(world.bodies[str(route.operation_id)]):
            answer = await send(client, route, world.url(route), body)
            assert answer.status_code < 500, (route.operation_id, body, answer.text)
    assert await audit.run(db) == []


@pytest.mark.slow
async def test_paths_and_queries_refuse_what_is_no_id(
    world: World, staff_client: StaffClient, fan_client: FanClient
) -> None:
    staff, fan = await staff_client(ALL), await fan_client(world.ids["fan"])
    bad_ids = ["0", "-1", "9223372036854775808", "1.5", "abc", "%00", "１２", "' OR 1=1--"]
    for route in routes():
        client = staff if "/console/" in route.path else fan
        for name in (param.name for param in route.dependant.path_params):
            for bad in bad_ids:
                url = route.path.format(**{**world.ids, name: bad})
                answer = await send(client, route, url, world.bodies.get(str(route.operation_id)))
                assert 400 <= answer.status_code < 500, (route.operation_id, bad, answer.text)
        if "GET" in (route.methods or ()):
            for param in route.dependant.query_params:
                for bad in ("\x00", "-1", "9" * 30, "'", "x" * 5_000, "\ud83d"):
                    query = {param.name: bad.encode("utf-8", "surrogatepass").decode("latin-1")}
                    answer = await client.get(world.url(route), params=query)
                    assert answer.status_code < 500, (route.operation_id, param.name, bad)


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/api/shop/checkout/quote", [{"sku_id": 1, "quantity": 1}] * 2),
        ("/api/shop/checkout/quote", [{"sku_id": n, "quantity": 1} for n in range(1, 10_001)]),
        ("/api/shop/checkout/quote", []),
        ("/api/shop/checkout/quote", [{"sku_id": 1, "quantity": 0}]),
        ("/api/shop/checkout/quote", [{"sku_id": 1, "quantity": 1}, {"sku_id": 2, "quantity": -5}]),
    ],
)
async def test_odd_carts_are_refused(
    db: Db, fan_client: FanClient, path: str, lines: list[dict[str, int]]
) -> None:
    async with db.merchant("demo") as tx:
        fan_id = await make.fan(tx)
    answer = await (await fan_client(fan_id)).post(path, json={"lines": lines})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"].startswith("lines")


async def test_nothing_of_an_order_is_taken_from_the_client(
    world: World, fan_client: FanClient, db: Db
) -> None:
    """Price, owner, status … sent along are refused, and change nothing (peers' CVEs)."""
    fan = await fan_client(world.ids["fan"])
    good = world.bodies["placeOrder"]
    tampered = {
        "total_fen": 1, "price_fen": 1, "freight_fen": 0, "discount_fen": 9_999, "user_id": 1,
        "fan_id": 1, "merchant_id": 2, "status": "paid", "paid_fen": 1, "level": 9, "referrer": 1,
        "payment_id": 1, "created_at": "2020-01-01T00:00:00Z",
    }  # fmt: skip
    for name, value in tampered.items():
        answer = await fan.post(
            "/api/shop/orders", json={**good, name: value}, headers={"Idempotency-Key": "tamper-01"}
        )
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, name)
    forged = {**good, "digest": good["digest"][:-4] + "AAAA"}
    answer = await fan.post(
        "/api/shop/orders", json=forged, headers={"Idempotency-Key": "tamper-02"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "orders.quote_changed")
    async with db.merchant("demo") as tx:
        page = await queries.shop_orders(tx, world.ids["fan"], states=[], cursor=None, limit=9)
    assert len(page.items) == 1


async def test_a_checkout_that_says_one_thing_twice_is_refused(
    world: World, fan_client: FanClient, db: Db
) -> None:
    """One reader would see the first quantity or address, another the last."""
    fan = await fan_client(world.ids["fan"])
    good = json.dumps(world.bodies["placeOrder"])
    headers = {"Idempotency-Key": "twice-0001", "Content-Type": "application/json"}
    for name in ("quantity", "sku_id", "address_id", "digest", "lines"):
        (place,) = [good.index(f'"{name}":')]
        twice = f'{good[:place]}"{name}": 1, {good[place:]}'
        answer = await fan.post("/api/shop/orders", content=twice, headers=headers)
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, name)
    quote = b'{"lines": [{"sku_id": 1, "quantity": 1, "quantity": 9}]}'
    answer = await fan.post("/api/shop/checkout/quote", content=quote, headers=headers)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "quantity")
    async with db.merchant("demo") as tx:
        page = await queries.shop_orders(tx, world.ids["fan"], states=[], cursor=None, limit=9)
    assert len(page.items) == 1, "the one that was there"


async def test_an_order_needs_a_key(world: World, fan_client: FanClient) -> None:
    fan = await fan_client(world.ids["fan"])
    answer = await fan.post("/api/shop/orders", json=world.bodies["placeOrder"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "orders.key_missing")
