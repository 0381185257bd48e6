"""The story of a short link: made in the console, opened outside and inside WeChat, seen as a source."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import WECHAT, Town
from tests.browser.phone import become, enter_shop, go
from tests.browser.test_story import PATIENCE, screen, sign_in, turn_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
PHONE = WECHAT.replace(" MicroMessenger/8.0.50", "")


def test_a_link_from_another_platform_to_a_known_fan(town: Town, browser: Browser) -> None:
    console = screen(browser, 1440, 900)
    # A headless browser says so, and would be counted among the programs.
    phone = browser.new_context(user_agent=DESKTOP, locale="zh-CN")
    phone.set_default_timeout(PATIENCE)
    errors: list[str] = []
    for context in (console, phone):
        context.on("weberror", lambda error: errors.append(str(error.error)))
    desk, wechat = console.new_page(), phone.new_page()
    sign_in(town, desk)
    make_a_link(desk, town)
    for agent, width, height in ((DESKTOP, 1440, 900), (PHONE, 390, 844)):
        outside = browser.new_context(
            user_agent=agent, viewport={"width": width, "height": height}, locale="zh-CN"
        )
        open_outside(outside, town)
    come_by_it(wechat, town)
    see_it_counted(desk, town)
    see_the_campaign(desk, town)
    rotate_a_code(desk, town)
    number = follow_another(wechat, town)
    claim(browser, town, desk, number)
    assert errors == []


def make_a_link(page: Page, town: Town) -> None:
    """A link for Weibo with a campaign."""
    turn_to(page, town, "/channels/links/new", "创建短链接")
    page.get_by_test_id("link-name").fill("微博 618 置顶")
    page.get_by_test_id("link-slug").fill("weibo-618")
    page.get_by_test_id("link-campaign").fill("618")
    page.get_by_test_id("link-save").click()
    expect(page.get_by_role("heading", name="微博 618 置顶")).to_be_visible()
    expect(page.get_by_test_id("link-address")).to_contain_text("/l/weibo-618")


def open_outside(context: BrowserContext, town: Town) -> None:
    """Another platform's browser gets a page with a code, whole on the screen."""
    page = context.new_page()
    page.goto(f"{town.base}/l/weibo-618")
    expect(page.get_by_role("img", name="二维码")).to_be_visible()
    expect(page.get_by_role("button", name="复制链接")).to_be_in_viewport()
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    context.close()


def come_by_it(page: Page, town: Town) -> None:
    """A fan who follows opens the link on the sandbox's phone and lands in the shop."""
    become(town, page, "链接来客")
    with page.expect_response("**/api/shop/session/oauth"):
        shop = enter_shop(page)
    browsing = page.get_by_test_id("browser-frame")
    with page.expect_response("**/api/shop/arrivals"):
        # Said from outside: a page that is left by its own words may be gone before they are answered.
        browsing.evaluate(
            "(frame, to) => { frame.contentWindow.location.href = to }", f"{town.base}/l/weibo-618"
        )
    expect(shop.get_by_text("蜜与果干").first).to_be_visible()


def see_it_counted(page: Page, town: Town) -> None:
    """Three people opened it, one of them is known; the list says so too."""
    turn_to(page, town, "/channels/links", "短链接")
    row = page.get_by_role("row", name="微博 618 置顶")
    expect(row.get_by_role("cell").nth(2)).to_have_text("3")
    row.get_by_role("link", name="微博 618 置顶").click()
    expect(page.get_by_test_id("link-address")).to_be_visible()
    page.reload()  # what the page knew when the link was made is kept for a while
    expect(page.get_by_text("1 个认出是粉丝")).to_be_visible()


def see_the_campaign(page: Page, town: Town) -> None:
    """What the link cost is booked on its page; the campaign's row sets it against whom it brought."""
    page.get_by_test_id("cost-add").click()
    page.get_by_test_id("cost-save").click()
    expect(page.get_by_text("填写金额")).to_be_visible()
    page.get_by_test_id("cost-amount").locator("input").fill("300")
    page.get_by_test_id("cost-save").click()
    expect(page.get_by_text("成本已记下")).to_be_visible()
    turn_to(page, town, "/channels/links", "短链接")
    page.get_by_text("按活动看效果").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("来源归因")
    row = page.get_by_role("row", name="618")
    expect(row.get_by_role("cell").nth(1)).to_have_text("3")
    page.get_by_text("金额", exact=True).first.click()
    expect(row).to_contain_text("¥300.00")


def rotate_a_code(page: Page, town: Town) -> None:
    """A code becomes a live one."""
    turn_to(page, town, "/channels", "渠道码")
    page.get_by_role("link", name="小林", exact=True).click()
    page.get_by_test_id("live-edit").click()
    page.get_by_test_id("live-people").click()
    page.get_by_role("option").nth(0).click()
    page.get_by_role("option").nth(1).click()
    page.keyboard.press("Escape")
    page.get_by_test_id("live-save").click()
    expect(page.get_by_text("停止轮换")).to_be_visible()


def follow_another(page: Page, town: Town) -> str:
    """Somebody follows by 阿晨's code; their number, as the shop tells them."""
    become(town, page, "阿晨的客人", "阿晨")
    shop = enter_shop(page)
    go(page, "#/mine/settings/index")
    number = shop.get_by_test_id("fan-number")
    expect(number).to_contain_text("#")
    return number.inner_text().rsplit("#", 1)[1].strip()


def claim(browser: Browser, town: Town, desk: Page, number: str) -> None:
    """小林 says the fan is theirs, takes it back, says it again; the owner looks at the log and grants."""
    context = screen(browser, 390, 844)
    page = context.new_page()
    page.goto(f"{town.base}/phone/#/code")
    page.get_by_test_id("account").fill("xiaolin")
    page.get_by_test_id("password").fill(town.password("xiaolin"))
    page.get_by_test_id("sign-in").click()
    expect(page.get_by_test_id("code-image")).to_be_visible()
    mine = page.get_by_test_id("appeal").first
    for words in ("撤回这一次", "茶博会上是我接待的"):
        page.get_by_test_id("appeal-open").click()
        page.get_by_test_id("appeal-fan").fill(f"#{number}")
        page.get_by_test_id("appeal-reason").fill(words)
        page.get_by_test_id("appeal-send").click()
        expect(mine).to_contain_text("待裁定")
        if words.startswith("撤回"):
            mine.get_by_test_id("appeal-withdraw").click()
            expect(mine).to_contain_text("已撤回")
    turn_to(desk, town, "/sources/appeals", "来源归因")
    desk.get_by_test_id("appeal-decide").first.click()
    expect(desk.get_by_test_id("touches")).to_contain_text("首次来源")
    desk.get_by_placeholder("双方都能看到").fill("签到表上有小林的名字")
    desk.get_by_test_id("appeal-grant").click()
    expect(desk.get_by_text("已裁定").first).to_be_visible()
    page.reload()
    expect(mine).to_contain_text("已改判")
    expect(page.get_by_test_id("fan").filter(has_text=f"#{number}")).to_be_visible()
    context.close()
