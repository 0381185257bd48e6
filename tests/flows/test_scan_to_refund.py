"""The main job, end to end on WeChat's wire: scan, follow, talk, buy, ship, receive, refund."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tiefen.demo.doors import Doors
from tiefen.demo.goods import GOODS
from tiefen.demo.living import Life
from tiefen.demo.phones import get_phones
from tiefen.demo.plan import Person
from tiefen.demo.shopkeeping import OWNER, WELCOME, Shop

FAN = Person("林晓雨", "13812345678", ("330106", "浙江省", "杭州市", "西湖区"), "文三路 8 号 3 室")
HONEY = 0
"""The only product of the story's shop."""
PRICE = next(one for one in GOODS if one.label == "土蜂蜜").variants[1].price_fen
FREIGHT = 1000


@pytest.fixture
async def life(doors: Doors, shop: Shop) -> Life:
    """One fan with a phone."""
    return Life(doors, shop, [FAN], await get_phones(doors, [FAN]), seed=1)


async def chat(life: Life) -> list[dict[str, Any]]:
    """The fan's thread with the account."""
    answer = await life.doors.phone("GET", f"fans/{life.phones.ids[0]}/chats/{life.doors.app_id}")
    items: list[dict[str, Any]] = answer["items"]
    return items


async def tap(life: Life, what: str, **body: Any) -> None:
    """The fan does something in the thread; the worker does its part."""
    await life.phones.tap(0, what, **body)
    await life.doors.work()


async def follow_lin(life: Life) -> None:
    """Scan 小林's code and follow."""
    await tap(life, "follow", scene=life.shop.codes[0]["scene"])


async def the_fan(life: Life) -> dict[str, Any]:
    """The fan of the story, as the console lists it (the manager follows too)."""
    rows = (await life.doors.console(OWNER, "GET", "fans"))["items"]
    (found,) = [row for row in rows if row["source"]]
    row: dict[str, Any] = found
    return row


async def buy(life: Life, quantity: int = 1, outcome: str = "success") -> str:
    """Honey to the door; returns the order number."""
    doors = life.doors
    await life.phones.enter(0)
    address = await life.phones.address(0)
    lines = [{"sku_id": life.shop.skus[HONEY, 1], "quantity": quantity}]
    quote = await doors.shop(0, "POST", "checkout/quote", lines=lines)
    order = await doors.shop(
        0, "POST", "orders", key=f"key-{doors.clock.now.timestamp()}",
        lines=lines, address_id=address, digest=quote["digest"],
    )  # fmt: skip
    number: str = order["order_no"]
    paying = await doors.shop(0, "POST", f"orders/{number}/pay", client="jsapi")
    await life.phones.pay(0, paying["sheet"], outcome)
    await doors.work()
    return number


@pytest.mark.slow
async def test_a_scan_becomes_a_fan_with_a_source_and_a_welcome(life: Life) -> None:
    await follow_lin(life)
    texts = [message.get("text", "") for message in await chat(life)]
    assert any("我是小林" in text for text in texts)
    assert not any(WELCOME[:8] in text for text in texts)
    fan = await the_fan(life)
    assert fan["source"]["name"] == "小林"
    assert fan["following"]
    code = await life.doors.console(OWNER, "GET", f"channel-codes/{life.shop.codes[0]['id']}")
    assert (code["follows"], code["fans"], code["orders"]) == (1, 1, 0)


@pytest.mark.slow
async def test_a_keyword_gets_the_full_answer_and_the_unknown_is_listed(life: Life) -> None:
    await follow_lin(life)
    await tap(life, "text", content="龙井怎么泡")
    await tap(life, "text", content="可以开发票吗")
    texts = [message.get("text", "") for message in await chat(life)]
    assert any("85 度" in text for text in texts)
    unanswered = (await life.doors.console(OWNER, "GET", "unanswered"))["items"]
    assert ["可以开发票吗" in str(one) for one in unanswered] == [True]


async def test_from_scan_to_refund(life: Life) -> None:
    doors = life.doors
    await follow_lin(life)
    number = await buy(life, quantity=2)

    order = await doors.console(OWNER, "GET", f"orders/{number}")
    assert order["status"] == "paid"
    assert order["total_fen"] == PRICE * 2
    fan = await the_fan(life)
    assert (fan["orders"], fan["paid_fen"]) == (1, PRICE * 2)
    code = await doors.console(OWNER, "GET", f"channel-codes/{life.shop.codes[0]['id']}")
    assert (code["orders"], code["paid_fen"]) == (1, PRICE * 2)

    await doors.console(
        "dazhuang",
        "POST",
        f"orders/{number}/parcels",
        courier="顺丰速运",
        tracking_no="SF1234567890",
    )
    doors.at(doors.clock.now + timedelta(days=3))
    await life.after.receive(0, number)
    await doors.work()
    assert (await doors.shop(0, "GET", f"orders/{number}"))["status"] == "received"

    line = (await doors.shop(0, "GET", f"orders/{number}"))["lines"][0]
    asked = await doors.shop(
        0, "POST", f"orders/{number}/after-sales",
        lines=[{"line_id": line["id"], "quantity": 1}], reason="damaged", note="漏了",
    )  # fmt: skip
    after_sale = asked["after_sale_no"]
    preview = await doors.console("sujie", "GET", f"after-sales/{after_sale}/preview")
    assert preview["amount_fen"] == PRICE
    assert {one["kind"] for one in preview["consequences"]} >= {"money"}
    await doors.console("sujie", "POST", f"after-sales/{after_sale}/approve")
    await doors.work()

    done = await doors.console(OWNER, "GET", f"after-sales/{after_sale}")
    assert done["status"] == "refunded"
    fan = await the_fan(life)
    assert (fan["paid_fen"], fan["refunded_fen"]) == (PRICE * 2, PRICE)
    code = await doors.console(OWNER, "GET", f"channel-codes/{life.shop.codes[0]['id']}")
    assert code["refunded_fen"] == PRICE
    charges = (await doors.phone("GET", "charges"))["items"]
    refunds = (await doors.phone("GET", "refunds"))["items"]
    assert [one["amount_fen"] for one in charges] == [PRICE * 2]
    assert [one["amount_fen"] for one in refunds] == [PRICE]


@pytest.mark.slow
async def test_approving_twice_refunds_once(life: Life) -> None:
    doors = life.doors
    await follow_lin(life)
    number = await buy(life)
    line = (await doors.shop(0, "GET", f"orders/{number}"))["lines"][0]
    asked = await doors.shop(
        0, "POST", f"orders/{number}/after-sales",
        lines=[{"line_id": line["id"], "quantity": 1}], reason="changed_mind",
    )  # fmt: skip
    path = f"after-sales/{asked['after_sale_no']}/approve"
    for _ in range(2):
        await doors.console("sujie", "POST", path)
    await doors.work()
    refunds = (await doors.phone("GET", "refunds"))["items"]
    assert [one["amount_fen"] for one in refunds] == [PRICE + FREIGHT]
    assert (await doors.shop(0, "GET", f"orders/{number}"))["status"] == "refunded"


@pytest.mark.slow
async def test_an_unpaid_order_closes_and_gives_its_stock_back(life: Life) -> None:
    doors = life.doors
    await follow_lin(life)

    async def available() -> int:
        rows = (await doors.console(OWNER, "GET", "stock?limit=100"))["items"]
        return int(next(r["available"] for r in rows if r["sku_id"] == life.shop.skus[HONEY, 1]))

    before = await available()
    number = await buy(life, outcome="cancel")
    assert await available() == before - 1
    doors.at(doors.clock.now + timedelta(hours=3))
    await doors.work()
    assert (await doors.shop(0, "GET", f"orders/{number}"))["status"] == "closed"
    assert await available() == before


@pytest.mark.slow
async def test_the_manager_gets_the_order_on_the_phone(life: Life) -> None:
    doors = life.doors
    made = await doors.phone("POST", "fans", fans=[{"key": "staff-manager"}])
    manager = made["items"][0]
    await follow_lin(life)
    number = await buy(life)
    notices = (await doors.phone("GET", f"fans/{manager['id']}/notifications"))["items"]
    urls = [str(one) for one in notices]
    assert any(f"/phone/#/orders/{number}" in one for one in urls)


@pytest.mark.slow
async def test_leaving_and_coming_back_keeps_the_first_source(life: Life) -> None:
    await follow_lin(life)
    await tap(life, "unfollow")
    assert not (await the_fan(life))["following"]
    await tap(life, "follow", scene=life.shop.codes[1]["scene"])
    fan = await the_fan(life)
    assert fan["following"]
    assert fan["source"]["name"] == "小林"


@pytest.mark.slow
async def test_the_overview_counts_what_happened(life: Life) -> None:
    await follow_lin(life)
    await life.phones.visit(0, (HONEY,))
    await buy(life)
    overview = await life.doors.console(OWNER, "GET", "overview")
    assert overview["as_of"]
    assert str(overview).count("'") > 0
    loop = await life.doors.console(OWNER, "GET", "overview/loop")
    assert loop


async def test_a_push_is_stored_at_the_time_of_whoever_caused_it(life: Life) -> None:
    """In a demo world fans act side by side, each at a time of their own; one task stores them all."""
    theirs = life.doors.clock.now + timedelta(hours=3)
    with life.doors.clock.own(theirs):
        await life.phones.tap(0, "follow", how="search")
    async with life.doors.db.merchant("demo") as tx:
        kept = await tx.scalar(
            text("SELECT received_at FROM wechat_inbox WHERE kind = 'event.subscribe' AND id > 1")
        )
    assert kept == theirs
    assert life.doors.clock.now < theirs
    life.doors.at(theirs)
