"""Purchases from before come in through the page, and the page of who comes back shows them."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Town
from tests.browser.test_story import screen, sign_in, turn_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FILE = """订单编号,付款时间,实付金额,买家手机号
P1,2026-01-05 10:00:00,30.00,13900000001
P2,2026-01-20 10:00:00,45.50,13900000001
P3,昨天,45.50,13900000002
""".encode()


def test_a_file_comes_in_and_who_came_back_is_shown(town: Town, browser: Browser) -> None:
    context = screen(browser, 1440, 900)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = context.new_page()
    sign_in(town, page)
    turn_to(page, town, "/fans/purchases", "导入以前的购买")
    page.get_by_test_id("past-file").set_input_files(
        {"name": "orders.csv", "mimeType": "text/csv", "buffer": FILE}
    )
    page.get_by_test_id("past-source").click()
    page.get_by_role("option", name="有赞").click()
    page.get_by_test_id("past-check").click()
    expect(page.get_by_text("时间读不懂")).to_be_visible(timeout=30_000)
    page.get_by_test_id("past-run").click()
    expect(page.get_by_test_id("past-undo")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("1 位以前的顾客（2 次购买）")).to_be_visible()
    turn_to(page, town, "/rfm", "复购与 RFM")
    expect(page.get_by_test_id("repeat")).to_be_visible(timeout=30_000)
    expect(page.get_by_test_id("cohorts").get_by_text("2026-01")).to_be_visible()
    assert errors == []
