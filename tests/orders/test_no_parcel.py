"""Orders of what needs no parcel: no address is asked for, none is kept, and nothing speaks of sending."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain, FanClient, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.orders.test_parcels import Platform, platform
from tests.payments.factories import FakeWeChat
from tests.promotion.test_service import publish, wanted
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.orders import queries, rules, service
from tiefen.orders.errors.travel import NothingTravels
from tiefen.orders.schemas import PlaceIn
from tiefen.orders.service import dispatching, printing
from tiefen.orders.values import AfterSaleKind
from tiefen.promotion.values import Quote
from tiefen.team.values import Permission

__all__ = ["platform"]

CLERK = [Permission.ORDERS_READ, Permission.ORDERS_SHIP, Permission.ORDERS_REFUND]
SERVICE = {"kind": "service", "service_uses": 2, "service_days": 30}


async def ordered(
    fan: httpx.AsyncClient, key: str, *sku_ids: int, **more: object
) -> httpx.Response:
    """An order of one piece each, as the checkout page makes it from its quote."""
    lines = [{"sku_id": one, "quantity": 1} for one in sorted(sku_ids)]
    quote = (await fan.post("/api/shop/checkout/quote", json={"lines": lines})).json()
    body = {"lines": lines, "digest": quote["digest"], **more}
    return await fan.post("/api/shop/orders", json=body, headers={"Idempotency-Key": key})


async def address(fan: httpx.AsyncClient) -> int:
    made = await fan.post("/api/shop/addresses", json=make.HOME.model_dump(mode="json"))
    return int(made.json()["id"])


async def served(db: Db, wechat: FakeWeChat, drain: Drain, quantity: int = 1) -> tuple[int, str]:
    """A paid order of a service, placed without an address."""
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 5, **SERVICE), await make.fan(tx)
        quote = await queries.checkout(tx, fan_id, [(one, quantity)])
        form = PlaceIn.model_validate(
            {"lines": [{"sku_id": one, "quantity": quantity}], "digest": quote.digest}
        )
        order_no = (await service.place(tx, fan_id, f"no-address-{fan_id}", form)).order_no
    await make.tell(db, await make.money(db, wechat, fan_id, order_no))
    await drain()
    return fan_id, order_no


async def kept(db: Db, order_no: str) -> tuple[str, str, str, int | None]:
    """What the order's row says of who gets it."""
    async with db.merchant("demo") as tx:
        row = await tx.execute(
            text(
                "SELECT region, region_code, phone_blind, receiver_key FROM orders"
                " WHERE order_no = :no"
            ),
            {"no": order_no},
        )
        return tuple(row.one())


async def test_only_what_travels_needs_an_address(
    db: Db, wechat: FakeWeChat, drain: Drain, fan_client: FanClient
) -> None:
    async with db.merchant("demo") as tx:
        text_, card = await stocked(tx, 5, kind="virtual"), await stocked(tx, 5, **SERVICE)
        tea, fan_id = await stocked(tx, 5), await make.fan(tx)
    fan = await fan_client(fan_id)
    for needs, skus in ((False, (text_,)), (False, (text_, card)), (True, (card, tea))):
        lines = [{"sku_id": one, "quantity": 1} for one in sorted(skus)]
        quote = await fan.post("/api/shop/checkout/quote", json={"lines": lines})
        assert quote.json()["needs_address"] is needs
    refused = await ordered(fan, "mixed-0001", card, tea)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["field"]) == (
        422, "orders.address_needed", "address_id",
    )  # fmt: skip
    foreign = await ordered(fan, "foreign-01", text_, address_id=987_654)
    assert foreign.status_code == 404, "an address that is named must be the fan's own"
    placed = await ordered(fan, "virtual-01", text_)
    assert placed.status_code == 201, placed.text
    home = await address(fan)
    again = await ordered(fan, "virtual-02", text_, address_id=home)
    for made in (placed, again):  # what is not needed is not kept
        order_no = made.json()["order_no"]
        shown = (await fan.get(f"/api/shop/orders/{order_no}")).json()
        assert (shown["receiver"], shown["travels"], shown["freight_fen"]) == (None, False, 0)
        assert await kept(db, order_no) == ("", "", "", None)
    same = await ordered(fan, "virtual-01", text_)
    assert same.json() == placed.json(), "one key, one order, one answer"
    whole = await ordered(fan, "mixed-0002", card, tea, address_id=home)
    assert whole.status_code == 201
    shown = (await fan.get(f"/api/shop/orders/{whole.json()['order_no']}")).json()
    assert (shown["receiver"]["name"], shown["travels"]) == ("林小满", True)
    assert await audit.run(db) == []


@pytest.mark.parametrize("planted", [False, True])
async def test_a_gift_that_travels_needs_an_address_too(
    db: Db, fan_client: FanClient, monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    async with db.merchant("demo") as tx:
        card, tea = await stocked(tx, 5, **SERVICE), await stocked(tx, 5)
        fan_id = await make.fan(tx)
        gift = {"from_pieces": 1, "gifts": [{"sku_id": tea, "quantity": 1}]}
        await publish(tx, wanted("gift", {"tiers": [gift]}, 3, name="买课送茶"))
    if planted:  # the planted bug: only what was bought is looked at
        bought = property(lambda quote: any(line.template_id for line in quote.basis.lines))
        monkeypatch.setattr(Quote, "needs_parcel", bought)
    placed = await ordered(await fan_client(fan_id), "with-gift-1", card)
    assert placed.status_code == (201 if planted else 422), placed.text


async def test_nobody_sends_packs_or_waits_for_a_service(
    db: Db,
    wechat: FakeWeChat,
    drain: Drain,
    travel: Travel,
    fan_client: FanClient,
    staff_client: StaffClient,
) -> None:
    fan_id, order_no = await served(db, wechat, drain)
    async with db.merchant("demo") as tx:
        tea = await stocked(tx, 5)
    sent_no = (await make.paid(db, wechat, drain, (tea, 1)))[1]
    travel.move(rules.SHIP_WITHIN + timedelta(hours=1))
    fan, clerk = await fan_client(fan_id), await staff_client(CLERK)
    console = f"/api/console/orders/{order_no}"
    found = (await clerk.get(console)).json()
    assert (found["receiver"], found["status"], found["overdue"]) == (None, "paid", False)
    assert found["lines"][0]["left_to_ship"] == 0
    late = (await clerk.get("/api/console/orders?waiting_longest=true")).json()["items"]
    assert [row["order_no"] for row in late] == [sent_no]
    parcel = {"courier": "顺丰", "tracking_no": "SF0000001"}
    for refused in (
        await clerk.post(f"{console}/parcels", json=parcel),
        await clerk.post(f"{console}/receiver"),
        await fan.post(f"/api/shop/orders/{order_no}/urge"),
    ):
        assert (refused.status_code, refused.json()["error"]["code"]) == (
            409, "orders.nothing_travels",
        )  # fmt: skip
    can = (await fan.get(f"/api/shop/orders/{order_no}")).json()["can"]
    assert (can["urge"], can["refund"]) == (False, True)
    async with db.merchant("demo") as tx:
        rows = [list(dispatching.COLUMNS), [order_no, "顺丰", "SF0000002"]]
        tried = await service.ship_table(tx, STAFF, rows, dry=True)
        packs = await printing._packs(tx, [order_no, sent_no])
        assert (await service.waiting(tx)).to_ship == 1
    assert [line.state for line in tried.lines] == ["wrong"]
    assert [pack.order.order_no for pack in packs] == [sent_no]
    assert await audit.run(db) == []


async def test_two_orders_without_a_receiver_do_not_go_to_the_same_one(
    db: Db, wechat: FakeWeChat, drain: Drain, staff_client: StaffClient
) -> None:
    """Referral asks this: nobody's phone is not the same phone."""
    one, other = await served(db, wechat, drain), await served(db, wechat, drain)
    async with db.merchant("demo") as tx:
        assert not await service.same_receiver(tx, one[1], [other[0]])
    clerk = await staff_client(CLERK)
    for q in (make.HOME.phone, make.HOME.name):
        assert (await clerk.get("/api/console/orders", params={"q": q})).json()["items"] == []
    named = await clerk.get("/api/console/orders", params={"q": one[1]})
    assert [row["receiver"] for row in named.json()["items"]] == [None]


async def test_what_was_not_used_is_paid_back_and_nothing_is_sent_back(
    db: Db, wechat: FakeWeChat, drain: Drain, staff_client: StaffClient
) -> None:
    fan_id, order_no = await served(db, wechat, drain)
    for kind in (AfterSaleKind.RETURN, AfterSaleKind.EXCHANGE, AfterSaleKind.RESEND):
        with pytest.raises(NothingTravels):
            await make.ask(db, fan_id, order_no, kind=kind)
    asked = await make.ask(db, fan_id, order_no)
    clerk = await staff_client(CLERK)
    preview = await clerk.get(f"/api/console/after-sales/{asked.after_sale_no}/preview")
    words = " ".join(one["text"] for one in preview.json()["consequences"])
    assert "1 件不再提供" in words
    assert "发货" not in words
    await make.approve(db, asked.after_sale_no)
    await drain()
    assert (await make.order(db, order_no)).status == "refunded"
    assert await audit.run(db) == []


async def test_the_rest_of_a_service_is_paid_back_and_the_order_is_done(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    """Of two cards one is begun and the other given back: nothing is on its way to anybody."""
    fan_id, order_no = await served(db, wechat, drain, quantity=2)
    async with db.merchant("demo") as tx:
        (ticket,) = await queries.shop_tickets(tx, fan_id, order_no)
        await service.use(tx, STAFF, ticket.code, 1)
    begun = await make.order(db, order_no)
    asked = await make.ask(db, fan_id, order_no, (begun.lines[0].id, 1))
    await make.approve(db, asked.after_sale_no)
    await drain()
    done = await make.order(db, order_no)
    assert (begun.status, done.status) == ("partly_shipped", "received")
    assert await audit.run(db) == []


async def test_the_platform_is_told_once_that_nothing_travels(
    db: Db, wechat: FakeWeChat, drain: Drain, platform: Platform
) -> None:
    fan_id, order_no = await served(db, wechat, drain)
    async with db.merchant("demo") as tx:
        (ticket,) = await queries.shop_tickets(tx, fan_id, order_no)
    for _ in range(2):
        async with db.merchant("demo") as tx:
            await service.use(tx, STAFF, ticket.code, 1)
        await drain()
    (told,) = platform.told
    assert (told.travels, told.whole, len(told.items)) == (False, True, 1)
