"""A presale paid off, an order bought again, a cart that joins on signing in, a place nothing is sent to, and
what needs no address at all."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.browser.conftest import Town
from tests.browser.phone import ask_shop, enter_shop, go
from tests.browser.test_rights import console
from tests.browser.test_story import screen

pytestmark = [pytest.mark.browser, pytest.mark.slow]
COURSE, CRAB, CROCK, HAM = "手冲咖啡入门课", "开湖大闸蟹礼盒", "头道酱油 整缸", "柴火腊味"
VISIT = """(frame, lines) => {
  const key = Object.keys(localStorage).find(key => key.startsWith('tiefen.token:') && key.endsWith(`:${frame.name}`))
  localStorage.removeItem(key)
  localStorage.setItem(key.replace('token', 'cart'), JSON.stringify({ type: 'object', data: lines }))
  frame.contentWindow.location.reload()
}"""
"""A device nobody is signed in on, with what was picked on it."""


def test_a_presale_is_paid_off_and_a_cart_joins(town: Town, browser: Browser) -> None:
    page = screen(browser, 1440, 900).new_page()
    errors: list[str] = []
    page.context.on("weberror", lambda error: errors.append(str(error.error)))
    order_no, buyer = due(town, page)
    become(town, page, console(town, page, "GET", f"fans/{buyer['id']}"))
    shop = enter_shop(page)
    pay_the_balance(page, shop, order_no)
    buy_it_again(page, shop, order_no)
    join_as_a_visitor(town, page, shop)
    be_told_where_nothing_is_sent(page, shop)
    take_a_course_without_an_address(town, page, shop)
    assert errors == []


def become(town: Town, page: Page, fan: dict[str, Any]) -> None:
    """Take up the buyer's phone, and follow again if they have left."""
    (known,) = (one for one in fan["identities"] if one["platform"] == "official")
    found = page.request.get(f"{town.told['sandbox']['api']}/fans?q={fan['name']}").json()
    tail = known["openid_tail"]
    number = next(
        one["id"]
        for one in found["items"]
        if one["openids"].get(known["app_id"], "").endswith(tail)
    )
    page.goto(f"{town.base}/sandbox/")
    page.get_by_test_id("fan-picker").click()
    page.get_by_test_id("fan-search").fill(fan["name"])
    page.get_by_test_id(f"fan-{number}").click()
    page.locator(f"[data-testid='chat-open'][data-app='{known['app_id']}']").click()
    if not known["following"]:
        page.get_by_role("button", name="关注后才能发消息").click()
        page.get_by_test_id("follow").click()


def due(town: Town, page: Page) -> tuple[str, dict[str, Any]]:
    """An order whose balance may be paid now, and its buyer."""
    now = datetime.now(UTC)
    for row in console(town, page, "GET", "orders?status=deposited")["items"]:
        order = console(town, page, "GET", f"orders/{row['order_no']}")
        if datetime.fromisoformat(order["presale"]["balance_from"]) < now:
            return row["order_no"], row["fan"]
    raise AssertionError("the demo has a balance to pay")


def pay_the_balance(page: Page, shop: FrameLocator, order_no: str) -> None:
    """Both payments stand on the page; no invoice before the second."""
    go(page, f"#/orders/{order_no}")
    expect(shop.get_by_test_id("order-status")).to_contain_text("待付尾款")
    expect(shop.get_by_test_id("presale")).to_contain_text("尾款")
    expect(shop.get_by_test_id("invoice")).to_be_hidden()
    pay = shop.get_by_test_id("pay")
    amount = re.search(r"\d+(\.\d+)?", pay.inner_text())
    assert amount
    pay.click()
    expect(page.get_by_test_id("pay-amount")).to_contain_text(amount[0])
    page.get_by_test_id("pay-confirm").click()
    page.get_by_test_id("pay-done").click()
    shop.get_by_test_id("see-order").click()
    expect(shop.get_by_test_id("order-status")).to_contain_text("待发货")
    expect(shop.get_by_test_id("invoice")).to_contain_text("申请")


def buy_it_again(page: Page, shop: FrameLocator, order_no: str) -> None:
    """The window is open, so what was sold ahead goes in the cart like anything else."""
    go(page, f"#/orders/{order_no}")
    shop.get_by_test_id("again").click()
    expect(shop.get_by_test_id("cart")).to_contain_text(HAM)


def join_as_a_visitor(town: Town, page: Page, shop: FrameLocator) -> None:
    """What was picked before signing in joins the cart; what has gone off the shelf is named."""
    skus = [sku_of(town, page, name) for name in (COURSE, CROCK, CRAB)]
    lines = [{"sku_id": sku_id, "quantity": 1} for sku_id in skus]
    page.get_by_test_id("browser-frame").evaluate(VISIT, lines)
    told = shop.locator("uni-modal")
    expect(told).to_contain_text(f"{CRAB} (已下架")
    told.get_by_text("确定").click()
    go(page, "#/home")
    go(page, "#/cart")
    for name in (COURSE, CROCK, HAM):
        expect(shop.get_by_test_id("cart")).to_contain_text(name)


def sku_of(town: Town, page: Page, name: str) -> int:
    """The only SKU of a product of the shop."""
    rows = console(town, page, "GET", f"products?q={name}")["items"]
    product = next(row for row in rows if row["name"] == name)
    (sku,) = console(town, page, "GET", f"products/{product['id']}")["skus"]
    return int(sku["id"])


def be_told_where_nothing_is_sent(page: Page, shop: FrameLocator) -> None:
    """The heavy crock does not go to the island, and the page says so before anything is ordered."""
    island = {
        "name": "林晓雨", "phone": "13812345678", "region_code": "460105", "detail": "海边路 1 号",
        "is_default": True,
    }  # fmt: skip
    ask_shop(page, "POST", "addresses", island)
    shop.get_by_test_id("settle").click()
    expect(shop.get_by_test_id("pick-address")).to_contain_text("海边路 1 号")
    expect(shop.get_by_test_id("problems")).to_contain_text(CROCK)
    expect(shop.get_by_test_id("submit")).to_be_disabled()


def take_a_course_without_an_address(town: Town, page: Page, shop: FrameLocator) -> None:
    """What needs no parcel asks for no address and speaks of no sending: it is there when it is paid."""
    rows = console(town, page, "GET", f"products?q={COURSE}")["items"]
    go(page, f"#/products/{next(row['id'] for row in rows if row['name'] == COURSE)}")
    shop.get_by_test_id("buy-now").click()
    shop.get_by_test_id("sku-confirm").click()
    expect(shop.get_by_test_id("submit")).to_be_enabled()
    expect(shop.get_by_test_id("pick-address")).to_have_count(0)
    shop.get_by_test_id("submit").click()
    page.get_by_test_id("pay-confirm").click()
    page.get_by_test_id("pay-done").click()
    shop.get_by_test_id("see-order").click()
    expect(shop.get_by_test_id("order-status")).to_contain_text("已完成")
    expect(shop.get_by_test_id("given")).to_contain_text("六节短课")
    expect(shop.get_by_text("发货", exact=False)).to_have_count(0)
