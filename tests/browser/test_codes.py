"""Many channel codes at once, on paper, and a batch of bottle codes, in a real browser."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Town
from tests.browser.test_story import screen, sign_in, turn_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_many_codes_sheets_and_bottles(town: Town, browser: Browser) -> None:
    context = screen(browser, 1440, 900)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = context.new_page()
    sign_in(town, page)
    make_a_series(page, town)
    print_them(page)
    make_bottles(page, town)
    assert errors == []


def make_a_series(page: Page, town: Town) -> None:
    """Twenty numbered stands, drawn by the sandbox."""
    turn_to(page, town, "/channels/batches/new", "批量创建渠道码")
    page.get_by_text("按编号", exact=True).click()
    page.get_by_test_id("batch-prefix").fill("浏览器展架 ")
    expect(page.get_by_text("浏览器展架 01")).to_be_visible()
    page.get_by_test_id("batch-save").click()
    expect(page.get_by_role("link", name="浏览器展架 20")).to_be_visible()
    expect(page.get_by_text("已完成").first).to_be_visible(timeout=60_000)


def print_them(page: Page) -> None:
    """Two of them as stickers; the file can be fetched."""
    page.get_by_label("选择 浏览器展架 20").check(force=True)
    page.get_by_label("选择 浏览器展架 19").check(force=True)
    page.get_by_test_id("codes-print").click()
    page.get_by_test_id("layout-sheet_24").click()
    page.get_by_test_id("print-start").click()
    part = page.get_by_test_id("print-part").first
    expect(part).to_be_visible(timeout=60_000)
    with page.expect_download() as loaded:
        part.click()
    assert loaded.value.suggested_filename.endswith(".pdf")


def make_bottles(page: Page, town: Town) -> None:
    """A batch, its print file, and a range that is handed out."""
    turn_to(page, town, "/bottles/new", "新建瓶身码批次")
    page.get_by_test_id("bottles-name").fill("浏览器批次")
    page.get_by_test_id("bottles-sku").click()
    page.get_by_role("option").first.click()
    page.get_by_test_id("bottles-save").click()
    expect(page.get_by_role("heading", name="浏览器批次")).to_be_visible()
    with page.expect_download() as loaded:
        page.get_by_test_id("bottles-print").click()
    lines = loaded.value.path().read_text("utf-8").splitlines()
    assert len(lines) == 10_001
    page.get_by_test_id("hand-out").click()
    page.get_by_test_id("hand-out-dealer").fill("老周")
    page.get_by_test_id("hand-out-save").click()
    expect(page.get_by_role("cell", name="老周")).to_be_visible()
