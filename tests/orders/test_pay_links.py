"""Pay links: one payment of one order, opened by whoever holds the link, and nothing more."""

from datetime import timedelta

import httpx

from tests.conftest import Drain, FanClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.orders.values import OrderStatus

LINKS = "/api/shop/pay-links"


async def linked(db: Db, fan_client: FanClient) -> tuple[str, str]:
    """A fan's unpaid order and a link to pay it."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9)
    fan_id, order_no = await make.placed(db, (sku_id, 2))
    fan = await fan_client(fan_id)
    made = await fan.post(f"/api/shop/orders/{order_no}/pay-link")
    assert made.status_code == 200, made.text
    return order_no, made.json()["token"]


async def test_whoever_holds_the_link_sees_the_goods_and_pays_in_a_browser(
    db: Db, wechat: FakeWeChat, client: httpx.AsyncClient, fan_client: FanClient, drain: Drain
) -> None:
    order_no, token = await linked(db, fan_client)
    shown = (await client.get(f"{LINKS}/{token}")).json()
    assert (shown["amount_fen"], shown["state"]) == (3_980, "open")
    assert [line["quantity"] for line in shown["lines"]] == [2]
    assert not {"receiver", "note", "phone"} & set(shown)
    begun = (await client.post(f"{LINKS}/{token}/pay", json={"client": "h5"})).json()
    assert begun["h5_url"].startswith("https://")
    (_, number) = wechat.calls[-1]
    assert wechat.orders[number]["payer_ip"] == "127.0.0.1", "the payer's own address"
    wechat.pay(number, openid="o-a-friend")
    came_back = (await client.get(f"{LINKS}/{token}/payment")).json()
    assert came_back == {"state": "paid"}
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.PAID
    assert (await client.get(f"{LINKS}/{token}")).json()["state"] == "paid"
    late = await client.post(f"{LINKS}/{token}/pay", json={"client": "h5"})
    assert late.status_code == 409


async def test_a_screen_shows_a_code_and_a_friend_in_wechat_pays_as_themselves(
    db: Db, wechat: FakeWeChat, client: httpx.AsyncClient, fan_client: FanClient
) -> None:
    _, token = await linked(db, fan_client)
    code = (await client.post(f"{LINKS}/{token}/pay", json={"client": "native"})).json()
    assert code["picture"].startswith("data:image/svg+xml")
    stranger = await client.post(f"{LINKS}/{token}/pay-as-myself", json={"client": "jsapi"})
    assert stranger.status_code == 401
    async with db.merchant("demo") as tx:
        friend = await make.fan(tx)
    friendly = await fan_client(friend)
    begun = await friendly.post(f"{LINKS}/{token}/pay-as-myself", json={"client": "jsapi"})
    assert begun.json()["sheet"]["package"].startswith("prepay_id=")


async def test_a_link_that_was_changed_opens_nothing(
    db: Db, wechat: FakeWeChat, client: httpx.AsyncClient, fan_client: FanClient
) -> None:
    order_no, token = await linked(db, fan_client)
    number, stage, until, signature = token.split("-")
    other = "O" + "1" * 19
    for forged in (
        f"{other}-{stage}-{until}-{signature}",
        f"{number}-2-{until}-{signature}",
        f"{number}-{stage}-{int(until) + 86_400}-{signature}",
        f"{number}-{stage}-{until}-{'0' * 32}",
    ):
        assert (await client.get(f"{LINKS}/{forged}")).status_code == 404, forged
        assert (await client.get(f"{LINKS}/{forged}/payment")).status_code == 404
    foreign = await fan_client(987_654)
    assert (await foreign.post(f"/api/shop/orders/{order_no}/pay-link")).status_code == 404
    elsewhere = await client.get(f"/m/other{LINKS}/{token}")
    assert elsewhere.status_code == 404, "another merchant's shop does not open it"


async def test_a_link_ends_with_the_time_to_pay(
    db: Db, wechat: FakeWeChat, client: httpx.AsyncClient, fan_client: FanClient, travel: Travel
) -> None:
    _, token = await linked(db, fan_client)
    travel.move(timedelta(minutes=31))
    assert (await client.get(f"{LINKS}/{token}")).json()["state"] == "over"
    late = await client.post(f"{LINKS}/{token}/pay", json={"client": "h5"})
    assert late.json()["error"]["code"] == "orders.pay_expired"
    assert wechat.calls == []
