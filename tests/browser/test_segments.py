"""From a question of the merchant's own to a segment and its members, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Town
from tests.browser.test_story import screen, sign_in, turn_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_question_a_tag_and_a_segment(town: Town, browser: Browser) -> None:
    context = screen(browser, 1440, 900)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = context.new_page()
    sign_in(town, page)
    ask_for_the_skin(page, town)
    make_a_tag(page)
    tag_the_newest_fan(page, town)
    look_after_them(page)
    narrow_the_list(page, town)
    find_them_by_a_rule(page, town)
    find_them_by_distance(page, town)
    assert errors == []


def ask_for_the_skin(page: Page, town: Town) -> None:
    """A choice that fans are asked."""
    turn_to(page, town, "/segments/attributes", "人群与标签")
    page.get_by_test_id("attribute-new").click()
    page.get_by_test_id("attribute-label").fill("肤质")
    page.get_by_test_id("attribute-kind").get_by_text("单选").click()
    page.get_by_test_id("attribute-options").fill("干性\n油性")
    page.get_by_test_id("attribute-save").click()
    expect(page.get_by_text("干性 · 油性")).to_be_visible()


def make_a_tag(page: Page) -> None:
    """A word of the merchant's."""
    page.get_by_role("link", name="标签", exact=True).click()
    page.get_by_test_id("tag-new").click()
    page.get_by_test_id("tag-name").fill("浏览器测试")
    page.get_by_test_id("tag-save").click()
    expect(page.get_by_role("link", name="浏览器测试")).to_be_visible()


def tag_the_newest_fan(page: Page, town: Town) -> None:
    """Put on by hand; the chip says why."""
    turn_to(page, town, "/fans", "粉丝")
    page.get_by_role("table").get_by_role("link").first.click()
    page.get_by_test_id("fan-add-tag").click()
    page.get_by_role("option", name="浏览器测试").click()
    expect(page.get_by_label("浏览器测试:")).to_be_visible()


def look_after_them(page: Page) -> None:
    """Somebody of the team, and which contact of 企业微信 they are; the timeline tells the first."""
    page.get_by_test_id("owner-change").click()
    page.get_by_test_id("owner-choice").click()
    page.get_by_role("option", name="店主", exact=True).click()
    page.get_by_test_id("owner-save").click()
    expect(page.get_by_test_id("owner")).to_contain_text("店主")
    expect(page.get_by_text("更换负责人")).to_be_visible()
    page.get_by_test_id("wecom-add").click()
    page.get_by_placeholder("ww…").fill("ww1234567890abcdef")
    page.get_by_placeholder("wm…").fill("wmqfasd1e1927831291723123109rAAA")
    page.get_by_test_id("wecom-save").click()
    expect(page.get_by_role("listitem").filter(has_text="…rAAA")).to_contain_text("企业微信")


def narrow_the_list(page: Page, town: Town) -> None:
    """By who looks after them, and by group of buyers: the list holds them and nobody else."""
    turn_to(page, town, "/fans", "粉丝")
    rows = page.get_by_role("table").locator("tbody tr")
    page.get_by_test_id("fans-owner").click()
    page.get_by_role("option", name="店主", exact=True).click()
    expect(page).to_have_url(re.compile("owner="))
    expect(rows.filter(has_text="店主")).to_have_count(1)
    expect(rows).to_have_count(1)
    everyone = page.request.get(f"{town.base}/api/console/fans?limit=100").json()["items"]
    groups = [one["rfm_group"] for one in everyone if one["rfm_group"]]
    turn_to(page, town, "/fans?rfm=" + groups[0], "粉丝")
    expect(rows).to_have_count(groups.count(groups[0]))


def find_them_by_a_rule(page: Page, town: Town) -> None:
    """One condition, the live count, the saved members and the why."""
    turn_to(page, town, "/segments/new", "新建人群")
    page.get_by_test_id("segment-name").fill("测试人群")
    page.get_by_test_id("add-condition").click()
    page.get_by_role("menuitem", name="标签", exact=True).click()
    page.get_by_test_id("value-tag").click()
    page.get_by_role("option", name="浏览器测试").click()
    expect(page.get_by_test_id("segment-count")).to_have_text("1")
    page.keyboard.press("Escape")
    page.get_by_test_id("segment-save").click()
    page.get_by_role("button", name="为什么").first.click()
    expect(page.get_by_label("满足").first).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_test_id("why-fan").click()
    page.get_by_role("option").last.click()
    expect(page.get_by_role("heading", name="为什么不在这里")).to_be_visible()
    expect(page.get_by_label("不满足").first).to_be_visible()


def find_them_by_distance(page: Page, town: Town) -> None:
    """A store of the merchant's, pasted from a map, and who was last near it."""
    turn_to(page, town, "/segments/places", "人群与标签")
    page.get_by_test_id("point-new").click()
    page.get_by_test_id("point-name").fill("浏览器测试店")
    page.get_by_test_id("point-latitude").fill("116.40, 91")
    page.get_by_test_id("point-save").click()
    expect(page.get_by_text("纬度填 -90 到 90").first).to_be_visible()
    page.get_by_test_id("point-latitude").fill("116.407, 39.904")
    expect(page.get_by_test_id("point-longitude")).to_have_value("116.407")
    page.get_by_test_id("point-save").click()
    expect(page.get_by_role("cell", name="39.90400, 116.40700")).to_be_visible()
    turn_to(page, town, "/segments/new", "新建人群")
    page.get_by_test_id("add-condition").click()
    page.get_by_role("menuitem", name="距离", exact=True).click()
    page.get_by_test_id("near-point").click()
    page.get_by_role("option", name="浏览器测试店").click()
    expect(page.get_by_test_id("segment-count")).to_be_visible()
    page.get_by_test_id("near-km").fill("0.1")
    expect(page.get_by_role("alert").filter(has_text="公里")).to_be_visible()
