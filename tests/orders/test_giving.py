"""Goods without a parcel: codes out of a pool, texts after paying, services ticked off."""

import asyncio

import httpx
import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF, sku
from tests.conftest import Drain, FanClient, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.catalog import service as catalog
from tiefen.catalog.service import codes as pool
from tiefen.inventory import service as inventory
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.team.values import Permission

RACERS = 64
LOOKED_THEN_TOOK = """
    WITH picked AS MATERIALIZED (
        SELECT id FROM card_code
        WHERE sku_id = $2 AND order_no IS NULL AND voided_at IS NULL ORDER BY id LIMIT $3)
    UPDATE card_code c SET order_no = $1, taken_at = $4 FROM picked WHERE c.id = picked.id
    RETURNING c.id
"""
"""The planted bug: a code is looked for first and taken a moment later."""


async def loaded(db: Db, drain: Drain, *codes: str, sku_id: int = 0) -> int:
    """A SKU with these codes in its pool."""
    async with db.merchant("demo") as tx:
        made = sku_id or await sku(tx, kind="codes", given_html="<p>在官网兑换</p>")
    await drain()
    async with db.merchant("demo") as tx:
        await catalog.add_codes(tx, STAFF, made, codes)
    await drain()
    return made


async def given(fan: httpx.AsyncClient, order_no: str) -> list[dict[str, object]]:
    return list((await fan.get(f"/api/shop/orders/{order_no}/given")).json())


async def test_codes_are_stock_and_reach_their_buyer_with_the_payment(
    db: Db, wechat: FakeWeChat, drain: Drain, fan_client: FanClient
) -> None:
    card = await loaded(db, drain, "AAA-1", "AAA-2", "AAA-1")
    async with db.merchant("demo") as tx:
        assert (await inventory.available(tx, [card]))[card] == 2
        kept = list(await tx.scalars(text("SELECT code FROM card_code")))
    assert not any("AAA" in one for one in kept)
    buyer, order_no = await make.placed(db, (card, 2))
    mine, other = await fan_client(buyer), await fan_client(buyer + 99_999)
    assert await given(mine, order_no) == []
    await make.tell(db, await make.money(db, wechat, buyer, order_no))
    await drain()
    (line,) = await given(mine, order_no)
    assert (line["codes"], line["html"]) == (["AAA-1", "AAA-2"], "<p>在官网兑换</p>")
    assert (await other.get(f"/api/shop/orders/{order_no}/given")).status_code == 404
    found = await make.order(db, order_no)
    assert (found.status, found.parcels[0].courier) == ("received", "无需物流")
    assert await audit.run(db) == []


async def test_an_order_that_finds_too_few_codes_waits_for_more(
    db: Db, wechat: FakeWeChat, drain: Drain, fan_client: FanClient
) -> None:
    card = await loaded(db, drain, "B-1")
    async with db.merchant("demo") as tx:
        await inventory.take_in(tx, card, 1, "counted wrong")
    buyer, order_no = await make.paid(db, wechat, drain, (card, 2))
    fan = await fan_client(buyer)
    assert (await make.order(db, order_no)).status == "paid"
    await loaded(db, drain, "B-2", sku_id=card)
    assert (await make.order(db, order_no)).status == "received"
    assert (await given(fan, order_no))[0]["codes"] == ["B-1", "B-2"]


async def test_codes_that_were_paid_back_are_nobodys(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    card = await loaded(db, drain, "C-1")
    _, order_no = await make.paid(db, wechat, drain, (card, 1))
    async with db.merchant("demo") as tx:
        await catalog.void_codes(tx, order_no)
    async with db.merchant("demo") as tx:
        assert await catalog.codes_of(tx, order_no) == {}
        assert await catalog.codes_left(tx, [card]) == {}
        assert await catalog.take_codes(tx, "O2", card, 1) == 0
    assert await audit.run(db) == []


async def taken(db: Db, card: int) -> int:
    """How many of 64 orders believe they have the last code."""

    async def one(number: int) -> int:
        async with db.merchant("demo") as tx:
            return await catalog.take_codes(tx, f"O-{number}", card, 1)

    return sum(await asyncio.gather(*(one(number) for number in range(RACERS))))


async def test_the_last_code_goes_to_one_of_sixty_four(db: Db, drain: Drain) -> None:
    assert await taken(db, await loaded(db, drain, "LAST")) == 1


async def taken_by_two(db: Db, card: int) -> int:
    """How many of two orders have the last code, the second coming before the first has ended."""

    async def second() -> int:
        async with db.merchant("demo") as tx:
            return await catalog.take_codes(tx, "O-2", card, 1)

    async with db.merchant("demo") as tx:
        first = await catalog.take_codes(tx, "O-1", card, 1)
        later = asyncio.create_task(second())
        while not later.done():
            await asyncio.wait({later}, timeout=0.05)
            if await tx.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                break
    return first + await later


async def test_without_its_guard_the_last_code_is_sold_twice(
    db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The promise can go red: a taking that looks first and then writes gives one code to two."""
    assert await taken_by_two(db, await loaded(db, drain, "LAST-1")) == 1
    monkeypatch.setattr(pool, "TAKE", LOOKED_THEN_TOOK)
    assert await taken_by_two(db, await loaded(db, drain, "LAST-2")) == 2


async def test_a_course_opens_at_once_and_goods_beside_it_wait_for_their_parcel(
    db: Db, wechat: FakeWeChat, drain: Drain, fan_client: FanClient
) -> None:
    async with db.merchant("demo") as tx:
        course = await stocked(tx, 9, kind="course", given_html="<h3>第一课</h3>")
        book = await stocked(tx, 9)
    buyer, order_no = await make.paid(db, wechat, drain, (course, 1), (book, 1))
    assert (await make.order(db, order_no)).status == "partly_shipped"
    assert (await given(await fan_client(buyer), order_no))[0]["html"] == "<h3>第一课</h3>"
    await make.ship(db, order_no)
    assert (await make.order(db, order_no)).status == "shipped"
    assert await audit.run(db) == []


async def test_a_service_is_done_when_staff_say_so(
    db: Db, wechat: FakeWeChat, drain: Drain, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        massage, goods = await stocked(tx, 9, kind="service"), await stocked(tx, 9)
    _, order_no = await make.paid(db, wechat, drain, (massage, 1))
    assert (await make.order(db, order_no)).status == "paid"
    staff = await staff_client([Permission.ORDERS_SHIP, Permission.ORDERS_READ])
    path = f"/api/console/orders/{order_no}/serve"
    assert (await staff.post(path)).status_code == 200
    assert (await staff.post(path)).status_code == 200
    assert (await make.order(db, order_no)).status == "received"
    _, plain = await make.paid(db, wechat, drain, (goods, 1))
    refused = await staff.post(f"/api/console/orders/{plain}/serve")
    assert refused.json()["error"]["code"] == "orders.nothing_to_serve"
    assert await audit.run(db) == []
