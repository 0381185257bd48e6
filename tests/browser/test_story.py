"""The main job as people do it, in a real browser: scan, follow, talk, buy, ship, receive, refund."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from tests.browser.conftest import Town
from tests.browser.phone import become, enter_shop, shop_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PATIENCE = 60_000
"""Milliseconds; test machines are slow and shared."""

expect.set_options(timeout=PATIENCE)


def screen(browser: Browser, width: int, height: int) -> BrowserContext:
    """A window with patience."""
    made = browser.new_context(
        viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    made.set_default_timeout(PATIENCE)
    return made


def test_from_scan_to_refund(town: Town, browser: Browser) -> None:
    phone, console = screen(browser, 1440, 900), screen(browser, 1440, 900)
    errors: list[str] = []
    for context in (phone, console):
        context.on("weberror", lambda error: errors.append(str(error.error)))
    wechat, desk = phone.new_page(), console.new_page()

    follow_lin(town, wechat)
    ask(wechat)
    order_no = buy(wechat)
    sign_in(town, desk)
    find_the_fan(desk, town)
    ship(desk, town, order_no)
    receive_and_ask_for_a_refund(wechat)
    approve(desk, town)
    see_the_channel(desk, town)
    open_on_the_staff_phone(town, browser, order_no)
    assert errors == []


def follow_lin(town: Town, page: Page) -> None:
    """A new fan scans 小林's code and follows; the welcome comes."""
    become(town, page, "林晓雨")
    expect(page.get_by_text("我是小林").first).to_be_visible()


def ask(page: Page) -> None:
    """A keyword gets the whole answer."""
    page.get_by_test_id("message-input").fill("龙井怎么泡")
    page.get_by_test_id("send").click()
    expect(page.get_by_text("85 度").first).to_be_visible()


def buy(page: Page) -> str:
    """From the menu to a paid order; returns its number."""
    shop = enter_shop(page)
    shop.get_by_text("蜜与果干").first.click()
    shop.get_by_text("秦岭土蜂蜜").first.click()
    shop.get_by_test_id("buy-now").click()
    shop.get_by_test_id("option-500 克").click()
    shop.get_by_test_id("sku-confirm").click()
    shop.get_by_test_id("pick-address").click()
    fill_address(shop, "龙井路 1 号")  # the first one: straight to the form, straight back
    chosen = shop.get_by_test_id("pick-address")
    expect(chosen).to_contain_text("龙井路 1 号")
    chosen.click()
    shop.get_by_test_id("add-address").first.click()
    fill_address(shop, "文三路 8 号 3 室")  # a further one: past the list, chosen
    expect(chosen).to_contain_text("文三路 8 号 3 室")
    shop.get_by_test_id("submit").click()
    expect(page.get_by_test_id("pay-amount")).to_contain_text("98")
    page.get_by_test_id("pay-confirm").click()
    page.get_by_test_id("pay-done").click()
    shop.get_by_test_id("see-order").click()
    expect(shop.get_by_test_id("order-status")).to_contain_text("待发货")
    found = re.search(r"O\d{19}", shop.locator("body").inner_text())
    assert found
    return found[0]


def fill_address(shop: FrameLocator, street: str) -> None:
    """Name, phone, region from the wheels, street."""
    for field, text in (
        ("address-name", "林晓雨"),
        ("address-phone", "13812345678"),
        ("address-detail", street),
    ):
        shop.get_by_test_id(field).locator("input, textarea").first.fill(text)
    shop.get_by_test_id("address-region").click()
    shop.get_by_test_id("region-ok").click()
    shop.get_by_test_id("address-save").click()


def sign_in(town: Town, page: Page, account: str = "owner") -> None:
    """Somebody at the desk, by keyboard."""
    page.goto(f"{town.base}/console/")
    page.get_by_label("账号").fill(account)
    page.get_by_label("密码", exact=True).fill(town.password(account))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="概况")).to_be_visible()


def turn_to(page: Page, town: Town, path: str, heading: str) -> None:
    """Go to another page of the console and wait until it is the one that is shown.

    The router changes pages in place: until the new one has come, locators find the old one's rows.
    """
    page.goto(f"{town.base}/console/#{path}")
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def find_the_fan(page: Page, town: Town) -> None:
    """The fan stands in the list with the source 小林 and what was spent."""
    spent = page.get_by_role("row").filter(has_text="98.00").filter(has_text="小林").first
    turn_to(page, town, "/fans", "粉丝")
    for _ in range(10):  # the counters follow within moments; the page shows them when it is opened
        expect(page.get_by_role("row").nth(1)).to_be_visible()
        if spent.is_visible():
            break
        page.reload()
    expect(spent).to_be_visible()


def ship(page: Page, town: Town, order_no: str) -> None:
    """The parcel leaves."""
    page.goto(f"{town.base}/console/#/orders/{order_no}")
    page.get_by_test_id("ship").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("input").nth(0).fill("顺丰速运")
    dialog.locator("input").nth(1).fill("SF1234567890")
    page.get_by_test_id("ship-confirm").click()
    expect(page.get_by_test_id("order-status")).to_contain_text("待收货")


def receive_and_ask_for_a_refund(page: Page) -> None:
    """The fan confirms receipt and wants the money back."""
    shop = shop_in(page)
    page.get_by_test_id("browser-frame").evaluate("frame => frame.contentWindow.location.reload()")
    shop.get_by_test_id("receive").first.click()
    shop.get_by_text(re.compile("^(确认收货|确定|已收到|确认)$")).last.click()
    expect(shop.get_by_test_id("order-status")).to_contain_text("已完成")
    shop.get_by_test_id("refund").first.click()
    shop.get_by_text("商品破损").first.click()
    shop.get_by_test_id("refund-submit").click()
    expect(shop.get_by_test_id("sale-status")).to_be_visible()


def approve(page: Page, town: Town) -> None:
    """What would change is shown, then it is approved; the sandbox pays back at once."""
    turn_to(page, town, "/after-sales", "售后")
    page.locator("a[href*='/after-sales/A']").first.click()
    expect(page.get_by_test_id("consequences")).to_contain_text("¥")
    page.get_by_test_id("approve").click()
    sure = page.get_by_role("dialog").get_by_role("button", name=re.compile("退款|同意|确定"))
    sure.last.click()
    expect(page.get_by_test_id("after-sale-status")).to_contain_text(re.compile("已退款"))


def see_the_channel(page: Page, town: Town) -> None:
    """小林's code shows the scan, the order and the money."""
    turn_to(page, town, "/channels", "渠道码")
    row = page.get_by_role("row", name=re.compile("小林")).first
    expect(row).to_contain_text("¥")


def open_on_the_staff_phone(town: Town, browser: Browser, order_no: str) -> None:
    """The manager opens the order on the staff phone."""
    context = screen(browser, 390, 844)
    page = context.new_page()
    page.goto(f"{town.base}/phone/#/orders/{order_no}")
    page.get_by_test_id("account").fill("manager")
    page.get_by_test_id("password").fill(town.password("manager"))
    page.get_by_test_id("sign-in").click()
    expect(page.get_by_text(order_no).first).to_be_visible()
    context.close()
