"""Buy, ship, return: one order from the cart to the last fen, and the books that must say the same.

What is bought: three honeys of ¥49 and one pack of persimmons of ¥46 with a coupon of ¥5. By hand: the coupon is
shared 3.81 to 1.19, so a honey was paid with (147.00 − 3.81) / 3 = ¥47.73, and two that come back are ¥95.46.
"""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import Town
from tests.browser.keys import escapes, reach, stays_inside
from tests.browser.phone import become, enter_shop, go, shop_in
from tests.browser.test_rights import console
from tests.browser.test_story import fill_address, screen, sign_in, turn_to
from tiefen.kernel.days import CHINA

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAID, BACK, BY_HAND = "188.00", "95.46", "5.00"
HONEY, FRUIT = "秦岭土蜂蜜", "柿饼 富平吊晒"


@dataclass
class Told:
    """What the story has come to."""

    town: Town
    wechat: Page
    desk: Page
    order_no: str = ""
    fan_id: int = 0
    skus: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)

    def api(self, method: str, path: str, **body: Any) -> Any:
        """What the owner does at the desk, without looking."""
        return console(self.town, self.desk, method, path, **body)

    def sandbox(self, method: str, path: str, **body: Any) -> Any:
        """The stand-in's own truth, or a turn of its knobs."""
        answer = self.desk.request.fetch(
            f"{self.town.told['sandbox']['api']}{path}",
            method=method,
            data=json.dumps(body) if body else None,
            headers={"Content-Type": "application/json"},
            fail_on_status_code=True,
        )
        return answer.json()


def test_buy_ship_return(town: Town, browser: Browser) -> None:
    phone, desk = screen(browser, 1440, 900), screen(browser, 1440, 900)
    errors: list[str] = []
    for context in (phone, desk):
        context.on("weberror", lambda error: errors.append(str(error.error)))
    told = Told(town, phone.new_page(), desk.new_page())
    question = prepare(told)
    try:
        buy_two(told, question)
    finally:
        told.api("DELETE", f"form-fields/{question}")
    ship_the_honey_by_keyboard(told)
    ship_the_rest_by_table(told)
    receive_and_ask_for_a_return(told)
    agree_by_keyboard(told)
    send_back(told)
    look_at_what_came_back(told)
    the_pages_say_the_right_numbers(told)
    send_again_on_the_staff_phone(told, browser)
    the_bill_differs(told, browser)
    the_files_add_up(told)
    assert errors == []


def prepare(told: Told) -> int:
    """What lies in stock before, and a question that is asked with the persimmons; its id."""
    sign_in(told.town, told.desk)
    for name, spec in ((HONEY, "250 克"), (FRUIT, "500 克")):
        rows = told.api("GET", f"stock?q={name}")["items"]
        row = next(one for one in rows if one["spec_text"] == spec)
        told.skus[name], told.before[name] = row["sku_id"], row["on_hand"]
        told.before[f"{name} product"] = row["product_id"]
    told.before["used"] = used(told)
    told.before["lost"], told.before["other"] = lost(told), other_today(told)
    made = told.api(
        "POST",
        "form-fields",
        label="贺卡上写什么",
        kind="text",
        product_id=told.before[f"{FRUIT} product"],
    )
    return next(int(one["id"]) for one in made if one["label"] == "贺卡上写什么")


def lost(told: Told) -> int:
    """What was written off so far."""
    accounts = told.api("GET", "ledger/accounts?prefix=expense:write_off")["items"]
    return sum(int(one["balance_fen"]) for one in accounts)


def other_today(told: Told) -> int:
    """What moved today by other ways than payments, refunds, fees and withdrawals."""
    today = datetime.now(CHINA).date().isoformat()
    path = f"money-statement?first={today}&last={today}&by=day"
    return int(told.api("GET", path)["total"]["other_fen"])


def used(told: Told) -> int:
    """How often the coupon for new friends was used."""
    coupons = told.api("GET", "coupons")["items"]
    return next(int(one["used"]) for one in coupons if one["name"] == "新朋友券")


def buy_two(told: Told, question: int) -> None:
    """A new fan claims a coupon, fills the cart with two things, is asked something, pays."""
    page = told.wechat
    become(told.town, page, "周一诺")
    shop = enter_shop(page)
    go(page, "#/coupons")
    shop.get_by_test_id("tab-claim").click()
    claim = shop.locator("[data-testid^='claim-']").filter(has_text="新朋友券")
    claim.get_by_role("button").click()
    expect(claim).to_contain_text("已领")
    for name, spec, more in ((HONEY, "250 克", 2), (FRUIT, "500 克", 0)):
        go(page, f"#/products/{told.before[f'{name} product']}")
        expect(shop.get_by_test_id("product-name")).to_have_text(name)
        shop.get_by_test_id("add-to-cart").click()
        shop.get_by_test_id(f"option-{spec}").click()
        for _ in range(more):
            shop.get_by_test_id("more").click()
        shop.get_by_test_id("sku-confirm").click()
        expect(shop.get_by_test_id("sku-confirm")).to_be_hidden()
    go(page, "#/cart")
    shop.get_by_test_id("settle").click()
    shop.get_by_test_id("pick-address").click()
    fill_address(shop, "龙井路 18 号")
    expect(shop.get_by_test_id("pick-address")).to_contain_text("龙井路 18 号")
    expect(shop.get_by_test_id("due")).to_contain_text("188")
    shop.get_by_test_id("submit").click()
    expect(shop.get_by_test_id("checkout-problem")).to_contain_text("贺卡上写什么")
    shop.get_by_test_id(f"field-{question}").locator("input").fill("生日快乐")
    shop.get_by_test_id("submit").click()
    expect(page.get_by_test_id("pay-amount")).to_contain_text("188")
    page.get_by_test_id("pay-confirm").click()
    page.get_by_test_id("pay-done").click()
    shop.get_by_test_id("see-order").click()
    expect(shop.get_by_test_id("order-status")).to_contain_text("待发货")
    found = re.search(r"O\d{19}", shop.locator("body").inner_text())
    assert found
    told.order_no = found[0]


def ship_the_honey_by_keyboard(told: Told) -> None:
    """List, order, dialog, parcel: no mouse, and Enter pressed twice sends one parcel."""
    page = told.desk
    turn_to(page, told.town, "/orders", "订单")
    skip = page.locator("a.skip")
    page.keyboard.press("Tab")
    if not skip.evaluate("e => e === document.activeElement"):
        reach(page, skip, "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    reach(page, page.get_by_role("link", name=told.order_no, exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(told.order_no)
    expect(page.get_by_text("生日快乐")).to_be_visible()
    dialog = page.get_by_role("dialog")
    opener = page.get_by_test_id("ship")
    escapes(page, opener, dialog)
    page.keyboard.press("Enter")
    stays_inside(page, dialog, 1)
    reach(page, dialog.get_by_label("快递公司"))
    page.keyboard.type("顺丰速运")
    reach(page, dialog.get_by_label("快递单号"))
    page.keyboard.type("SF0000000001")
    fruit = dialog.get_by_label(re.compile(FRUIT))
    reach(page, fruit)
    page.keyboard.press("Control+A")
    page.keyboard.type("0")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.method) if "/parcels" in one.url else None)
    reach(page, dialog.get_by_label("快递单号"), "Shift+Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_test_id("order-status")).to_contain_text("部分发货")
    assert sent == ["POST"]


def ship_the_rest_by_table(told: Told) -> None:
    """The second parcel comes from a table; the fan sees both."""
    page = told.desk
    turn_to(page, told.town, "/orders/ship-table", "批量发货")
    table = f"订单号,快递公司,运单号\n{told.order_no},中通快递,ZT0000000002\n".encode()
    page.locator("input[type=file]").set_input_files(
        {"name": "parcels.csv", "mimeType": "text/csv", "buffer": table}
    )
    page.get_by_role("button", name="发货 1 单").click()
    expect(page.get_by_text("已发 1 单").first).to_be_visible()
    again(told)
    shop = shop_in(told.wechat)
    expect(shop.get_by_test_id("order-status")).to_contain_text("待收货")
    expect(shop.get_by_text("SF0000000001")).to_be_visible()
    expect(shop.get_by_text("ZT0000000002")).to_be_visible()


def again(told: Told) -> None:
    """The fan opens the page once more."""
    told.wechat.get_by_test_id("browser-frame").evaluate(
        "frame => frame.contentWindow.location.reload()"
    )


def receive_and_ask_for_a_return(told: Told) -> None:
    """Two of three honeys go back, with a picture."""
    page, shop = told.wechat, shop_in(told.wechat)
    shop.get_by_test_id("receive").first.click()
    shop.get_by_text(re.compile("^(确认收货|确定|已收到|确认)$")).last.click()
    expect(shop.get_by_test_id("order-status")).to_contain_text("已完成")
    shop.get_by_test_id("refund").first.click()
    shop.get_by_test_id("kind-return").click()
    take = shop.get_by_test_id(f"take-{told.skus[HONEY]}").get_by_test_id("more")
    take.click()
    take.click()
    shop.get_by_test_id("reason-damaged").click()
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "#b5651d").save(picture, "PNG")
    with page.expect_file_chooser() as chooser:
        shop.get_by_test_id("add-picture").click()
    chooser.value.set_files(
        {"name": "jar.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    expect(shop.get_by_role("button", name="去掉这张图片")).to_be_visible()
    expect(shop.get_by_test_id("refund-amount")).to_contain_text(BACK)
    shop.get_by_test_id("refund-submit").click()
    expect(shop.get_by_test_id("sale-status")).to_contain_text("等待商家处理")


def agree_by_keyboard(told: Told) -> None:
    """The picture and the consequences are looked at, a refusal is begun and left, then it is a yes."""
    page = told.desk
    turn_to(page, told.town, f"/after-sales?q={told.order_no}", "售后")
    reach(page, page.locator("a[href*='/after-sales/A']").first)
    page.keyboard.press("Enter")
    status = page.get_by_test_id("after-sale-status")
    expect(status).to_have_text("待处理")
    expect(page.get_by_test_id("log").locator("img")).to_have_count(1)
    promised = page.get_by_test_id("consequences")
    expect(promised).to_contain_text(f"¥{BACK}")
    expect(promised).to_contain_text("退回的 2 件重新上架")
    escapes(page, page.get_by_test_id("reject"), page.get_by_role("dialog"))
    reach(page, page.get_by_test_id("approve"))
    page.keyboard.press("Enter")
    expect(status).to_have_text("待寄回")


def send_back(told: Told) -> None:
    """The fan writes down the parcel that goes back."""
    again_at_the_sale(told)
    shop = shop_in(told.wechat)
    for name, text in (("back-courier", "圆通速递"), ("back-tracking", "YT0000000003")):
        shop.get_by_test_id(name).locator("input").fill(text)
    shop.get_by_test_id("back-send").click()
    expect(shop.get_by_test_id("sale-status")).to_contain_text("等待商家验货")


def again_at_the_sale(told: Told) -> None:
    again(told)
    expect(shop_in(told.wechat).get_by_test_id("sale-status")).to_be_visible()


def look_at_what_came_back(told: Told) -> None:
    """One jar is fit for sale, one is damaged; by keyboard to the refund, which the provider confirms."""
    page = told.desk
    page.reload()
    card = page.get_by_role("region", name="验货")
    expect(card).to_contain_text("YT0000000003")
    reach(page, card.get_by_role("spinbutton", name="破损"))
    page.keyboard.press("ArrowUp")
    expect(page.get_by_test_id(f"sellable-{told.skus[HONEY]}")).to_have_text("1")
    yes = page.get_by_test_id("inspect")
    expect(yes).to_contain_text(BACK)
    sure = page.get_by_role("dialog")
    escapes(page, yes, sure)
    page.keyboard.press("Enter")
    reach(page, sure.get_by_role("button", name="验收通过"))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("after-sale-status")).to_have_text("已退款")
    again_at_the_sale(told)
    expect(shop_in(told.wechat).get_by_test_id("sale-status")).to_contain_text("退款成功")
    charge = told.sandbox("GET", f"/charges?out_trade_no={trade_no(told)}")["items"][0]
    assert (charge["amount_fen"], charge["refunded_fen"]) == (18800, 9546)


def trade_no(told: Told) -> str:
    """The order's number at the provider."""
    charges = told.sandbox("GET", "/charges?limit=200")["items"]
    mine = [one for one in charges if one["amount_fen"] == 18800]
    return str(mine[-1]["out_trade_no"])


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure of a page: where it stands, what it must be, and which answer of the server it comes from."""

    address: str
    place: Callable[[Page], Locator]
    right: str
    door: str
    name: str


def bend(found: Any, names: set[str]) -> Any:
    """The same answer with the named figures one too high."""
    if isinstance(found, list):
        return [bend(one, names) for one in found]
    if isinstance(found, dict):
        return {
            key: value + 1 if key in names and isinstance(value, int) else bend(value, names)
            for key, value in found.items()
        }
    return found


def bender(names: set[str]) -> Callable[[Route], None]:
    """Stands between the page and the server."""
    return lambda route: route.fulfill(json=bend(route.fetch().json(), names))


def read(told: Told, *readings: Reading) -> None:
    """Pages say what is right; told another figure they say another, so that none is painted on."""
    page, base = told.desk, f"{told.town.base}/console/#"
    doors: dict[str, set[str]] = {}
    for one in readings:
        doors.setdefault(one.door, set()).add(one.name)
    for door, names in doors.items():
        page.route(door, bender(names))
    for one in readings:
        page.goto(base + one.address)
        expect(one.place(page)).to_have_text(re.compile(r"\d"))
        expect(one.place(page)).not_to_have_text(one.right)
    for door in doors:
        page.unroute(door)
    page.goto("about:blank")
    for one in readings:
        page.goto(base + one.address)
        expect(one.place(page)).to_have_text(one.right)


def figure(label: str) -> Callable[[Page], Locator]:
    """The figure that stands under a label of a strip or a list of facts."""
    return lambda page: page.locator(f"dt:text-is('{label}') + dd").first


def cell(table: str, row: str, at: int) -> Callable[[Page], Locator]:
    """The cell of a table, in the row that has the text."""
    return lambda page: (
        page.get_by_role("table", name=table)
        .get_by_role("row")
        .filter(has_text=row)
        .first.get_by_role("cell")
        .nth(at)
    )


def the_pages_say_the_right_numbers(told: Told) -> None:
    """Order, ledger, stock, coupon and the fan's counters."""
    no = told.order_no
    order = told.api("GET", f"orders/{no}")
    fan, sale = order["fan"]["id"], order["after_sales"][0]["after_sale_no"]
    ledger, moved = "**/ledger/transfers?*", "/money/transfers?reference="
    stock, on_hand = "**/api/console/stock?*", "库存"
    honey, fruit = told.before[HONEY] - 2, told.before[FRUIT] - 1
    times = cell("优惠券", "新朋友券", 4)
    read(
        told,
        Reading(f"/orders/{no}", figure("已退款"), f"¥{BACK}", f"**/orders/{no}", "refunded_fen"),
        Reading(moved + no, cell("分录", "收款", 3), f"¥{PAID}", ledger, "amount_fen"),
        Reading(f"{moved}{sale}-1", cell("分录", "退款", 3), f"¥{BACK}", ledger, "amount_fen"),
        Reading(f"/stock?q={HONEY}", cell(on_hand, "250 克", 2), str(honey), stock, "on_hand"),
        Reading(f"/stock?q={FRUIT}", cell(on_hand, "500 克", 2), str(fruit), stock, "on_hand"),
        Reading("/coupons", times, str(told.before["used"] + 1), "**/console/coupons?*", "used"),
        Reading(f"/fans/{fan}", figure("已退款"), f"¥{BACK}", f"**/fans/{fan}", "refunded_fen"),
        Reading(f"/fans/{fan}", figure("实付"), f"¥{PAID}", f"**/fans/{fan}", "paid_fen"),
    )


def send_again_on_the_staff_phone(told: Told, browser: Browser) -> None:
    """The persimmons never came: the manager agrees and sends them once more."""
    page, shop = told.wechat, shop_in(told.wechat)
    go(page, f"#/orders/{told.order_no}")
    shop.get_by_test_id("refund").first.click()
    shop.get_by_test_id("kind-resend").click()
    shop.get_by_test_id(f"take-{told.skus[FRUIT]}").get_by_test_id("more").click()
    shop.get_by_test_id("reason-not_received").click()
    shop.get_by_test_id("refund-submit").click()
    expect(shop.get_by_test_id("sale-status")).to_contain_text("等待商家处理")
    context = screen(browser, 390, 844)
    hand = context.new_page()
    hand.goto(f"{told.town.base}/phone/#/after-sales")
    hand.get_by_test_id("account").fill("manager")
    hand.get_by_test_id("password").fill(told.town.password("manager"))
    hand.get_by_test_id("sign-in").click()
    sales = told.api("GET", f"orders/{told.order_no}")["after_sales"]
    sale = next(one["after_sale_no"] for one in sales if one["status"] == "requested")
    hand.get_by_test_id(f"sale-{sale}").click()
    hand.get_by_test_id("approve").click()
    hand.get_by_test_id("courier").fill("顺丰速运")
    hand.get_by_test_id("tracking").fill("SF0000000004")
    hand.get_by_test_id("resend").click()
    expect(hand.get_by_test_id("status")).to_have_text("已补发")
    context.close()
    again_at_the_sale(told)
    expect(shop.get_by_test_id("sale-status")).to_contain_text("商家已补发")
    rows = told.api("GET", f"stock?q={FRUIT}")["items"]
    row = next(one for one in rows if one["sku_id"] == told.skus[FRUIT])
    assert row["on_hand"] == told.before[FRUIT] - 2


def the_bill_differs(told: Told, browser: Browser) -> None:
    """Somebody gives ¥5 back past the system: the bill finds it, one owns it, two settle it."""
    charge = told.sandbox("GET", f"/charges?out_trade_no={trade_no(told)}")["items"][0]
    told.sandbox("POST", f"/charges/{charge['transaction_id']}/refund", amount_fen=500)
    paid_on = told.api("GET", f"payments?order_no={told.order_no}")["items"][0]["paid_at"]
    day = console_day(paid_on)
    page = told.desk
    turn_to(page, told.town, "/money/bills", "资金")
    expect(page.get_by_text("没有差异").first).to_be_visible()
    page.get_by_test_id("bill-day").fill(day)
    page.get_by_test_id("bill-fetch").click()
    expect(page.get_by_text("次日 10 点以后").first).to_be_visible()
    told.sandbox("POST", "/clock", move=2 * 86400)
    try:
        page.get_by_test_id("bill-fetch").click()
        row = page.get_by_role("table", name="差异").get_by_role("row").filter(has_text="我方没有")
        expect(row).to_have_count(1)
    finally:
        told.sandbox("POST", "/clock", move=-2 * 86400)
    expect(row).to_contain_text(f"¥{BY_HAND}")
    expect(row).to_contain_text("无人负责")
    decide = row.get_by_role("button", name="处理")
    decide.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="说明").fill("客服在商户平台手工退的")
    dialog.get_by_role("button", name="由我跟进").click()
    expect(row).to_contain_text("客服在商户平台手工退的")
    decide.click()
    dialog.get_by_role("button", name="申请核销或调整").click()
    dialog.get_by_role("textbox", name="原因").fill("客服补偿, 记为损失")
    dialog.get_by_role("button", name="提交复核").click()
    expect(dialog).to_be_hidden()
    second_person(told, browser)
    turn_to(page, told.town, "/money/bills", "资金")
    page.reload()
    expect(page.get_by_text("没有差异").first).to_be_visible()
    where = "/money/ledger?prefix=expense:write_off"
    place, door = cell("账本", "expense:write_off", 4), "**/ledger/accounts?*"
    right = f"¥{(told.before['lost'] + 500) / 100:.2f}"
    read(told, Reading(where, place, right, door, "balance_fen"))


def second_person(told: Told, browser: Browser) -> None:
    """Who asked cannot approve; the manager can."""
    page = told.desk
    turn_to(page, told.town, "/money/moves", "资金")
    mine = page.get_by_role("row").filter(has_text="客服补偿, 记为损失")
    expect(mine.get_by_role("button", name="撤回")).to_be_visible()
    expect(mine.get_by_role("button", name="复核", exact=True)).to_have_count(0)
    context = screen(browser, 1440, 900)
    other = context.new_page()
    sign_in(told.town, other, "manager")
    turn_to(other, told.town, "/money/moves", "资金")
    asked = other.get_by_role("row").filter(has_text="客服补偿, 记为损失")
    asked.get_by_role("button", name="复核", exact=True).click()
    dialog = other.get_by_role("dialog")
    expect(dialog).to_contain_text(f"¥{BY_HAND}")
    dialog.get_by_role("textbox", name="说明").fill("已与客服核实")
    dialog.get_by_role("button", name="同意并记账").click()
    expect(asked).to_contain_text("已同意")
    context.close()


def console_day(moment: str) -> str:
    """The merchant's day of a time the server tells."""
    return datetime.fromisoformat(moment).astimezone(CHINA).date().isoformat()


def taken(page: Page, link: Locator) -> list[list[str]]:
    """The cells of the table that a link downloads."""
    with page.expect_download() as loaded:
        link.click()
    sheet = load_workbook(io.BytesIO(loaded.value.path().read_bytes())).worksheets[0]
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.values]


def fen(cell: str) -> int:
    """A cell's yuan as fen; an empty one is nothing."""
    return round(Decimal(cell.replace(",", "")) * 100) if cell else 0


def ends_of(rows: list[list[str]]) -> tuple[int, int]:
    """Where the opening and the closing balance stand; between them is what moved."""
    return rows[0].index("期初余额"), rows[0].index("期末余额")


def faults_of_statement(rows: list[list[str]]) -> list[str]:
    """Where a line does not add up, or does not begin where the one before ended."""
    found, before = [], None
    first, last = ends_of(rows)
    for row in rows[1:-1]:
        figures = [fen(cell) for cell in row[first : last + 1]]
        if sum(figures[:-1]) != figures[-1]:
            found.append(f"{row[0]} does not add up")
        if before is not None and figures[0] != before:
            found.append(f"{row[0]} begins elsewhere")
        before = figures[-1]
    for at in range(first + 1, last):
        if sum(fen(row[at]) for row in rows[1:-1]) != fen(rows[-1][at]):
            found.append(f"the total of {rows[0][at]}")
    return found


def faults_of_journal(rows: list[list[str]]) -> list[str]:
    """Where debit and credit are not the same, in an entry or in the whole."""
    end = rows.index(next(row for row in rows if not any(row)))
    entries: dict[str, int] = {}
    for row in rows[1:end]:
        entries[row[1]] = entries.get(row[1], 0) + fen(row[5]) - fen(row[6])
    found = [f"entry {number}" for number, apart in entries.items() if apart]
    said = next(row for row in rows[end:] if row[0] == "借方合计")
    if {fen(said[1]), fen(said[3])} != {sum(fen(row[5]) for row in rows[1:end])}:
        found.append("the sums of the note")
    return found


def bent(rows: list[list[str]], line: int, at: int) -> list[list[str]]:
    """The same table with one cell a fen too high."""
    cell = f"{(fen(rows[line][at]) + 1) / 100:.2f}"
    return [
        [*row[:at], cell, *row[at + 1 :]] if number == line else row
        for number, row in enumerate(rows)
    ]


def the_files_add_up(told: Told) -> None:
    """Statement and journal are taken from the page; they agree with themselves and each other."""
    page = told.desk
    turn_to(page, told.town, "/money/statement", "资金")
    expect(page.get_by_role("table", name="对账单").get_by_role("row").nth(1)).to_contain_text(
        f"-¥{(500 - told.before['other']) / 100:.2f}"
    )
    statement = taken(page, page.get_by_test_id("statement-xlsx"))
    assert faults_of_statement(statement) == []
    first, last = ends_of(statement)
    line, total = len(statement) - 2, statement[-1]
    assert all(faults_of_statement(bent(statement, line, at)) for at in range(first, last + 1))
    other = statement[0].index("其他")
    assert fen(statement[line][other]) == told.before["other"] - 500, (
        "what was written off today stands there"
    )
    journal = taken(page, page.get_by_role("link", name="会计凭证"))
    assert faults_of_journal(journal) == []
    lines = [number for number, row in enumerate(journal) if "wechat:clearing" in "".join(row)]
    assert faults_of_journal(bent(journal, lines[0], 5))
    held = sum(fen(journal[one][5]) - fen(journal[one][6]) for one in lines)
    assert held == fen(total[last]) - fen(total[first])
