"""The grid worked like a spreadsheet, and a table of goods imported, in a real browser."""

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser.conftest import Town
from tests.browser.test_story import screen, sign_in, turn_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASTE = """
(box, text) => {
    const data = new DataTransfer()
    data.setData('text/plain', text)
    box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
}
"""
TABLE = (
    "商品编码,商品名称,规格名1,规格值1,售价\r\nB-1,浏览器茶,规格,小罐,12.50\r\n"
    "B-1,,规格,大罐,25\r\nB-2,坏茶,,,十元\r\n"
)


def test_the_grid_and_an_import(town: Town, browser: Browser) -> None:
    context = screen(browser, 1440, 900)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = context.new_page()
    sign_in(town, page)
    fill_the_grid(page, town)
    import_a_table(page, town)
    assert errors == []


def fill_the_grid(page: Page, town: Town) -> None:
    """Two properties, a block pasted by values, a cell mended, a column filled down, saved."""
    turn_to(page, town, "/goods/new", "发布商品")
    page.get_by_test_id("product-name").fill("表格茶")
    for spec, (name, values) in enumerate((("颜色", "红,蓝"), ("尺码", "S,M,L"))):
        page.get_by_role("button", name="添加规格").click()
        page.get_by_label("规格名").nth(spec).fill(name)
        typing = page.get_by_placeholder("输入后按回车添加").nth(spec)
        typing.fill(values)
        typing.press("Enter")
    grid = page.get_by_test_id("sku-grid")
    grid.evaluate(PASTE, "蓝\tL\t30\t\t\t\t\tB-L\n红\tS\t10\t\t\t\t\tR-S\n红\tM\t十一\t\t\t\t\tR-S")
    faults = page.get_by_test_id("sku-faults")
    expect(faults).to_contain_text("有 2 格需要修改")
    expect(faults).to_contain_text("「十一」读不懂")
    faults.get_by_role("button").first.click()
    page.keyboard.type("11")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("cell-1-price_fen")).to_have_text("11.00")
    page.get_by_test_id("cell-1-code").dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("R-M")
    page.keyboard.press("Enter")
    expect(faults).to_be_hidden()
    page.get_by_test_id("cell-1-price_fen").click()
    page.get_by_test_id("cell-5-price_fen").click(modifiers=["Shift"])
    page.keyboard.press("Control+d")
    expect(page.get_by_test_id("cell-5-price_fen")).to_have_text("11.00")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("编辑商品")
    page.reload()
    expect(page.get_by_test_id("cell-5-code")).to_have_text("B-L")
    expect(page.get_by_test_id("cell-4-price_fen")).to_have_text("11.00")


def import_a_table(page: Page, town: Town) -> None:
    """Tried out first, then worked off; the wrong line is named."""
    turn_to(page, town, "/goods/imports", "导入与导出")
    table = FilePayload(name="goods.csv", mimeType="text/csv", buffer=TABLE.encode())
    page.get_by_test_id("import-file").set_input_files(files=table)
    expect(page.get_by_test_id("import-state")).to_have_text("待确认")
    expect(page.get_by_text("售价“十元”不是金额")).to_be_visible()
    page.get_by_test_id("import-run").click()
    expect(page.get_by_test_id("import-state")).to_have_text("已完成")
    turn_to(page, town, "/goods?q=浏览器茶", "商品")
    expect(page.get_by_role("link", name="浏览器茶")).to_be_visible()
