"""From a question of the merchant's own to a segment and its members, in a real browser."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Town
from tests.browser.test_story import screen, sign_in, turn_to

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("town")]


def test_a_question_a_tag_and_a_segment(town: Town, browser: Browser) -> None:
    context = screen(browser, 1440, 900)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = context.new_page()
    sign_in(town, page)
    ask_for_the_skin(page, town)
    make_a_tag(page)
    tag_the_newest_fan(page, town)
    find_them_by_a_rule(page, town)
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
