"""Reviews: by who received the goods, once a line, with stars that always add up."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.conftest import Drain, FanClient, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.catalog import rules
from tiefen.catalog.service import reviews as verbs
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.orders import service
from tiefen.team.values import Permission

GOOD = {
    "stars": 5,
    "words": "很香，客服 13812345678 很好",
    "images": ["demo/AAAAAAAAAAAAAAAA.webp"],
}
WRITE = [Permission.GOODS_READ, Permission.GOODS_WRITE]


async def bought(db: Db, wechat: FakeWeChat, drain: Drain, *, received: bool = True) -> Any:
    """(fan, order, line, product) of one piece on its way or received."""
    async with db.merchant("demo") as tx:
        sku = await stocked(tx, 9)
    buyer, order_no = await make.paid(db, wechat, drain, (sku, 1))
    await make.ship(db, order_no)
    if received:
        async with db.merchant("demo") as tx:
            await service.receive(tx, buyer, order_no)
    line = (await make.order(db, order_no)).lines[0]
    return buyer, order_no, line.id, line.product_id


async def say(fan: httpx.AsyncClient, order_no: str, line: int, **changes: Any) -> httpx.Response:
    return await fan.post(
        f"/api/shop/orders/{order_no}/lines/{line}/review", json={**GOOD, **changes}
    )


async def test_who_received_the_goods_reviews_them_once(
    db: Db, wechat: FakeWeChat, drain: Drain, fan_client: FanClient, client: httpx.AsyncClient
) -> None:
    buyer, order_no, line, product = await bought(db, wechat, drain, received=False)
    mine, other = await fan_client(buyer), await fan_client(buyer + 99_999)
    early = await say(mine, order_no, line)
    assert early.json()["error"]["code"] == "orders.not_received"
    async with db.merchant("demo") as tx:
        await service.receive(tx, buyer, order_no)
    assert (await say(other, order_no, line)).status_code == 404
    assert (await say(mine, order_no, line + 99_999)).status_code == 404
    foreign = await say(mine, order_no, line, images=["other/AAAAAAAAAAAAAAAA.webp"])
    assert foreign.status_code == 422
    assert (await say(mine, order_no, line, stars=6)).status_code == 422
    assert (await say(mine, order_no, line)).json() == [{"line_id": line, "stars": 5}]
    assert (await say(mine, order_no, line)).json()["error"]["code"] == "catalog.reviewed_already"
    (shown,) = (await client.get(f"/api/shop/products/{product}/reviews")).json()["items"]
    assert shown["words"] == "很香，客服 138****5678 很好"
    assert "fan_id" not in shown
    assert shown["author"].endswith("*")
    page = (await client.get(f"/api/shop/products/{product}")).json()
    assert (page["rating_count"], page["rating_sum"]) == (1, 5)
    assert await audit.run(db) == []


async def test_a_reply_is_read_and_a_hidden_review_is_not(
    db: Db,
    wechat: FakeWeChat,
    drain: Drain,
    fan_client: FanClient,
    staff_client: StaffClient,
    client: httpx.AsyncClient,
) -> None:
    buyer, order_no, line, product = await bought(db, wechat, drain)
    await say(await fan_client(buyer), order_no, line, stars=2)
    staff = await staff_client(WRITE)
    (row,) = (await staff.get("/api/console/reviews?unanswered=true")).json()["items"]
    path = f"/api/console/reviews/{row['id']}"
    await staff.post(f"{path}/reply", json={"words": "抱歉，已为您补发"})
    assert (await staff.get("/api/console/reviews?unanswered=true")).json()["items"] == []
    reviews = f"/api/shop/products/{product}/reviews"
    assert (await client.get(reviews)).json()["items"][0]["reply"] == "抱歉，已为您补发"
    assert (await staff.post(f"{path}/hide", json={"reason": ""})).status_code == 422
    for _ in range(2):
        await staff.post(f"{path}/hide", json={"reason": "辱骂他人"})
    assert (await client.get(reviews)).json()["items"] == []
    assert await audit.run(db) == []
    hidden = (await staff.get("/api/console/reviews?hidden=true")).json()["items"]
    assert hidden[0]["hide_reason"] == "辱骂他人"
    for _ in range(2):
        await staff.post(f"{path}/show")
    assert len((await client.get(reviews)).json()["items"]) == 1
    assert await audit.run(db) == []
    reader = await staff_client([Permission.GOODS_READ])
    assert (await reader.post(f"{path}/show")).status_code == 403


async def test_taps_at_once_make_one_review(
    db: Db, wechat: FakeWeChat, drain: Drain, fan_client: FanClient
) -> None:
    buyer, order_no, line, _ = await bought(db, wechat, drain)
    fan = await fan_client(buyer)
    answers = await asyncio.gather(*(say(fan, order_no, line) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
    assert await audit.run(db) == []


async def test_stars_that_are_not_counted_are_noticed(
    db: Db,
    wechat: FakeWeChat,
    drain: Drain,
    fan_client: FanClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The promise can go red: a review that moves no sum breaks it."""
    buyer, order_no, line, _ = await bought(db, wechat, drain)
    monkeypatch.setattr(
        verbs,
        "_COUNT",
        text("SELECT CAST(:sign AS int), CAST(:stars AS int), CAST(:product AS bigint)"),
    )
    await say(await fan_client(buyer), order_no, line)
    assert {breach.invariant for breach in await audit.run(db)} == {"B1-rating"}


@given(st.text("0123456789 一二,abc", max_size=40))
def test_no_phone_number_stays_in_a_review(words: str) -> None:
    shown = rules.masked_words(f"{words} 13912345678 {words}")
    assert "13912345678" not in shown
    assert rules.masked_words(shown) == shown
