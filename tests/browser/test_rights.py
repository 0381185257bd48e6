"""What fans do about themselves, in a real browser: their details, their data, and the friends they bring."""

import json
import zipfile
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, ViewportSize, expect

from tests.browser.conftest import WECHAT, Town
from tests.browser.phone import ask_shop, become, enter_shop, go, shop_in
from tests.browser.test_story import fill_address, turn_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PATIENCE = 60_000
DEVICE: ViewportSize = {"width": 390, "height": 844}


def in_wechat(browser: Browser, fan: int) -> Page:
    """The shop in the hand of one of the sandbox's fans, with a keyboard beside it."""
    context = browser.new_context(
        viewport=DEVICE,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        user_agent=WECHAT,
        extra_http_headers={"X-Sandbox-Fan": str(fan)},
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def console(town: Town, page: Page, method: str, path: str, **body: Any) -> Any:
    """What the owner does at the desk, without looking."""
    origin = {"Origin": town.base}
    signing = {"account": "owner", "password": town.password("owner")}
    api = f"{town.base}/api/console"
    page.request.post(f"{api}/session", data=signing, headers=origin, fail_on_status_code=True)
    answer = page.request.fetch(
        f"{api}/{path}",
        method=method,
        headers=origin | {"Content-Type": "application/json"},
        data=json.dumps(body) if body else None,
        fail_on_status_code=True,
    )
    return answer.json()


def turn(town: Town, page: Page, to: str) -> None:
    """Open a page of the shop as if nothing had been open before."""
    page.goto("about:blank")
    page.goto(f"{town.base}/shop/#/{to}")


def test_details_and_data_of_ones_own(town: Town, browser: Browser) -> None:
    page = in_wechat(browser, 2)
    errors: list[str] = []
    page.context.on("weberror", lambda error: errors.append(str(error.error)))
    fill_in_details(town, page)
    mind_my_data(town, page)
    assert errors == []


def fill_in_details(town: Town, page: Page) -> None:
    """The merchant's own questions, answered by keyboard; what is wrong is said at its field."""
    skin, tall, alias = (
        console(town, page, "POST", "fan-attributes", in_form=True, **one)["key"]
        for one in (
            {"kind": "choice", "label": "发质", "options": ["偏干", "偏油"], "required": True},
            {"kind": "number", "label": "身高", "minimum": 100, "maximum": 230},
            {"kind": "text", "label": "怎么称呼你"},
        )
    )
    page.goto(f"{town.base}/shop/#/mine/details/index")
    height = page.get_by_test_id(f"field-{tall}").locator("input")
    height.focus()
    page.keyboard.type("20")
    page.get_by_test_id("details-save").press("Enter")
    expect(page.get_by_test_id(f"field-{skin}")).to_contain_text("发质")
    expect(page.locator(".problem, [role='alert']").first).to_be_visible()
    page.get_by_test_id(f"option-{skin}-偏油").press(" ")
    expect(page.get_by_test_id(f"option-{skin}-偏油")).to_have_attribute("aria-checked", "true")
    page.get_by_test_id("details-save").press("Enter")
    expect(page.get_by_test_id(f"field-{tall}")).to_contain_text("100")
    height.fill("168")
    page.get_by_test_id(f"field-{alias}").locator("input").fill("小满")
    page.get_by_test_id("details-save").press("Enter")
    expect(page.get_by_text("新品上架")).to_be_visible()
    turn(town, page, "mine/details/index")
    expect(page.get_by_test_id(f"option-{skin}-偏油")).to_have_attribute("aria-checked", "true")
    expect(page.get_by_test_id(f"field-{tall}").locator("input")).to_have_value("168")


def mind_my_data(town: Town, page: Page) -> None:
    """See what is kept, no more offers, a rough place, a copy, an erasure and its taking back."""
    console(town, page, "PUT", "places", kept=True, days=90)
    turn(town, page, "pages/me/index")
    page.get_by_test_id("privacy").click()
    page.get_by_test_id("kept-all").click()
    expect(page.get_by_test_id("kept-fan_identity")).to_be_visible()
    switch = page.get_by_test_id("contact-switch")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.press(" ")
    expect(switch).to_have_attribute("aria-checked", "false")
    place = page.get_by_test_id("place-switch")
    for agreed in ("true", "false", "true"):
        place.press(" ")
        expect(place).to_have_attribute("aria-checked", agreed)
    expect(page.get_by_test_id("place")).to_contain_text("90")

    page.get_by_test_id("copy-ask").click()
    fetch = page.get_by_test_id("copy-fetch")
    expect(fetch).to_be_visible()
    with page.expect_download() as loaded:
        fetch.click()
    folder = zipfile.ZipFile(loaded.value.path())
    told = json.loads(folder.read("data.json"))
    assert told["fan"]
    assert "小满" in folder.read("data.json").decode()

    page.get_by_test_id("erase-ask").click()
    page.locator(".uni-modal").get_by_text("取消").click()
    expect(page.get_by_test_id("erase-state")).to_be_hidden()
    page.get_by_test_id("erase-ask").click()
    page.locator(".uni-modal").get_by_text("申请删除").click()
    expect(page.get_by_test_id("erase-state")).to_contain_text("开始删除")
    page.get_by_test_id("erase-withdraw").click()
    expect(page.get_by_test_id("erase-ask")).to_be_visible()
    expect(page.get_by_test_id("erase-state")).to_be_hidden()


def test_a_friend_buys_and_gives_back(town: Town, browser: Browser) -> None:
    mine = in_wechat(browser, 3)
    desk = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN").new_page()
    errors: list[str] = []
    for page in (mine, desk):
        page.set_default_timeout(PATIENCE)
        page.context.on("weberror", lambda error: errors.append(str(error.error)))
    rules = console(town, desk, "GET", "referral/rules")
    told = rules | {
        "enabled": True,
        "reward_when": "paid",
        "hold_odd": False,
        "who": "never_bought",
    }
    console(town, desk, "PUT", "referral/rules", **told)
    with mine.expect_response("**/api/shop/referral/mine") as answer:
        mine.goto(f"{town.base}/shop/#/mine/referral/index")
    code = str(answer.value.json()["code"])
    before = int(mine.get_by_test_id("rewarded").inner_text())

    friend = desk.context.new_page()
    friend.set_default_timeout(PATIENCE)
    order_no = follow_and_buy(town, friend, code)
    rewarded(town, mine, before + 1)
    give_back(friend)
    agree(town, desk, order_no)
    rewarded(town, mine, before)
    assert errors == []


def follow_and_buy(town: Town, page: Page, code: str) -> str:
    """A stranger follows, opens the link, claims a coupon, buys with it; the order's number."""
    become(town, page, "新来的朋友")
    shop = enter_shop(page)
    go(page, f"#/r/{code}")
    expect(shop.get_by_test_id("arrival")).to_be_visible()
    go(page, "#/coupons")
    shop.get_by_test_id("tab-claim").click()
    claim = shop.locator("[data-testid^='claim-']").filter(has_text="新朋友券")
    claim.get_by_role("button").click()
    expect(claim).to_contain_text("已领")
    go(page, "#/home")
    shop.get_by_text("蜜与果干").first.click()
    shop.get_by_text("秦岭土蜂蜜").first.click()
    shop.get_by_test_id("buy-now").click()
    shop.get_by_test_id("option-500 克").click()
    shop.get_by_test_id("sku-confirm").click()
    shop.get_by_test_id("pick-address").click()
    fill_address(shop, "龙井路 9 号")
    refuse_the_coupon_and_take_it(shop)
    pay_a_part_with_points(town, page, shop)
    shop.get_by_test_id("submit").click()
    expect(page.get_by_test_id("pay-amount")).to_contain_text("88")
    page.get_by_test_id("pay-confirm").click()
    page.get_by_test_id("pay-done").click()
    shop.get_by_test_id("see-order").click()
    expect(shop.get_by_test_id("order-status")).to_contain_text("待发货")
    return shop.locator("body").inner_text().partition("订单编号")[2].split()[0]


def pay_a_part_with_points(town: Town, page: Page, shop: FrameLocator) -> None:
    """The shop gives points away; they come off the price when the fan says so, and stay on."""
    friend = ask_shop(page, "GET", "me")["id"]
    console(town, page, "POST", f"fans/{friend}/points", points=500, reason="欢迎")
    shop.get_by_test_id("pick-coupon").click()  # the price is asked anew, and points are there
    shop.locator("[data-testid^='coupon-']").filter(has_text="新朋友券").click()
    points = shop.get_by_test_id("use-points")
    expect(points).to_have_attribute("aria-checked", "false")
    points.press("Enter")
    expect(points).to_have_attribute("aria-checked", "true")
    expect(shop.get_by_test_id("due")).to_contain_text("88")


def refuse_the_coupon_and_take_it(shop: FrameLocator) -> None:
    """The best coupon is on the order; it can be left off and put on again."""
    shop.get_by_test_id("pick-coupon").click()
    shop.get_by_test_id("coupon-none").click()
    expect(shop.get_by_test_id("due")).to_contain_text("98")
    shop.get_by_test_id("pick-coupon").click()
    shop.locator("[data-testid^='coupon-']").filter(has_text="新朋友券").click()
    expect(shop.get_by_test_id("due")).to_contain_text("93")


def rewarded(town: Town, page: Page, wanted: int) -> None:
    """The referrer's own page says how many rewards they have; it follows within moments."""
    shown = page.get_by_test_id("rewarded")
    for _ in range(20):
        turn(town, page, "mine/referral/index")
        expect(shown).to_be_visible()
        if shown.inner_text() == str(wanted):
            return
    expect(shown).to_have_text(str(wanted))


def give_back(page: Page) -> None:
    """The friend wants the money back."""
    shop = shop_in(page)
    shop.get_by_test_id("refund").first.click()
    shop.get_by_text("不想要了").first.click()
    shop.get_by_test_id("refund-submit").click()
    expect(shop.get_by_test_id("sale-status")).to_be_visible()


def agree(town: Town, page: Page, order_no: str) -> None:
    """Before the yes the desk sees whose reward goes."""
    turn_to(page, town, f"/after-sales?q={order_no}", "售后")
    page.locator("a[href*='/after-sales/A']").first.click()
    told = page.get_by_test_id("consequences")
    expect(told).to_contain_text("收回推荐人的奖励券“老带新礼券”")
    expect(told).to_contain_text("推荐业绩 ¥88.00 → ¥0.00")
    expect(told).to_contain_text("退回已用积分 500")
    page.get_by_test_id("approve").click()
    page.get_by_role("dialog").get_by_role("button").last.click()
    expect(page.get_by_test_id("after-sale-status")).to_contain_text("已退款")
