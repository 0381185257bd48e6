"""An order that travels in two parcels, and a jar that is changed for another: no money moves, the stock does."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Town
from tests.browser.phone import become, enter_shop, go, shop_in
from tests.browser.test_return import Told, again, again_at_the_sale
from tests.browser.test_story import fill_address, screen, sign_in, turn_to

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("town")]
HONEY, FRUIT = ("秦岭土蜂蜜", "500 克"), ("柿饼 富平吊晒", "1 千克")


def test_two_parcels_and_an_exchange(town: Town, browser: Browser) -> None:
    phone, desk = screen(browser, 1440, 900), screen(browser, 1440, 900)
    errors: list[str] = []
    for context in (phone, desk):
        context.on("weberror", lambda error: errors.append(str(error.error)))
    told = Told(town, phone.new_page(), desk.new_page())
    sign_in(town, told.desk)
    buy_both(told)
    receive_one_by_one(told)
    ask_for_another_jar(told)
    agree_and_send_back(told)
    change_the_jar(told)
    assert errors == []


def on_hand(told: Told, of: tuple[str, str]) -> int:
    """Pieces of a SKU that lie in stock; its ids are kept."""
    name, spec = of
    rows = told.api("GET", f"stock?q={name}")["items"]
    row = next(one for one in rows if one["spec_text"] == spec)
    told.skus[name], told.before[f"{name} product"] = row["sku_id"], row["product_id"]
    return int(row["on_hand"])


def buy_both(told: Told) -> None:
    """A new fan pays for one piece of each."""
    page = told.wechat
    told.before = {name: on_hand(told, (name, spec)) for name, spec in (HONEY, FRUIT)} | told.before
    become(told.town, page, "何换换")
    shop = enter_shop(page)
    for name, spec in (HONEY, FRUIT):
        go(page, f"#/products/{told.before[f'{name} product']}")
        expect(shop.get_by_test_id("product-name")).to_have_text(name)
        shop.get_by_test_id("add-to-cart").click()
        shop.get_by_test_id(f"option-{spec}").click()
        shop.get_by_test_id("sku-confirm").click()
        expect(shop.get_by_test_id("sku-confirm")).to_be_hidden()
    go(page, "#/cart")
    shop.get_by_test_id("settle").click()
    shop.get_by_test_id("pick-address").click()
    fill_address(shop, "换货路 9 号")
    expect(shop.get_by_test_id("pick-address")).to_contain_text("换货路 9 号")
    shop.get_by_test_id("submit").click()
    page.get_by_test_id("pay-confirm").click()
    page.get_by_test_id("pay-done").click()
    shop.get_by_test_id("see-order").click()
    expect(shop.get_by_test_id("order-status")).to_contain_text("待发货")
    found = re.search(r"O\d{19}", shop.locator("body").inner_text())
    assert found
    told.order_no = found[0]


def send(told: Told, name: str, tracking_no: str) -> None:
    """One line of the order leaves in a parcel of its own."""
    lines = told.api("GET", f"orders/{told.order_no}")["lines"]
    line = next(one["id"] for one in lines if one["product_name"] == name)
    told.api(
        "POST",
        f"orders/{told.order_no}/parcels",
        courier="顺丰速运",
        tracking_no=tracking_no,
        lines=[{"line_id": line, "quantity": 1}],
    )
    again(told)


def receive_one_by_one(told: Told) -> None:
    """Each parcel has its card; the order is received when both have been sent, never before."""
    shop = shop_in(told.wechat)
    send(told, HONEY[0], "SF0000000011")
    expect(shop.get_by_test_id("order-status")).to_contain_text("部分发货")
    expect(shop.get_by_test_id("parcel-1")).to_contain_text("SF0000000011")
    expect(shop.get_by_test_id("parcel-1")).to_contain_text("运输中")
    expect(shop.get_by_test_id("receive")).to_have_count(0)
    send(told, FRUIT[0], "SF0000000012")
    expect(shop.get_by_test_id("order-status")).to_contain_text("待收货")
    expect(shop.get_by_test_id("parcel-2")).to_contain_text("SF0000000012")
    shop.get_by_test_id("receive").click()
    shop.get_by_text(re.compile("^(确认收货|确定|已收到|确认)$")).last.click()
    expect(shop.get_by_test_id("order-status")).to_contain_text("已完成")
    for place in (1, 2):
        expect(shop.get_by_test_id(f"parcel-{place}")).to_contain_text("已签收")


def ask_for_another_jar(told: Told) -> None:
    """Pieces and a reason are asked for, no sum is promised."""
    shop = shop_in(told.wechat)
    shop.get_by_test_id("refund").click()
    shop.get_by_test_id("kind-exchange").click()
    shop.get_by_test_id("refund-submit").click()
    expect(shop.get_by_test_id("refund-problem")).to_be_visible()
    shop.get_by_test_id(f"take-{told.skus[HONEY[0]]}").get_by_test_id("more").click()
    shop.get_by_test_id("reason-damaged").click()
    expect(shop.get_by_test_id("refund-amount")).to_have_count(0)
    shop.get_by_test_id("refund-submit").click()
    expect(shop.get_by_test_id("sale-status")).to_contain_text("等待商家处理")


def agree_and_send_back(told: Told) -> None:
    """Staff find it by the order, agree, and the fan notes the parcel; a bad number is refused."""
    page = told.desk
    turn_to(page, told.town, f"/after-sales?q={told.order_no}", "售后")
    row = page.get_by_role("row").filter(has_text=told.order_no)
    row.locator("a[href*='/after-sales/A']").click()
    status = page.get_by_test_id("after-sale-status")
    expect(status).to_have_text("待处理")
    expect(page.get_by_test_id("approve")).to_contain_text("同意换货")
    page.get_by_test_id("approve").click()
    expect(status).to_have_text("待寄回")
    again_at_the_sale(told)
    shop = shop_in(told.wechat)
    shop.get_by_test_id("back-courier").locator("input").fill("圆通速递")
    tracking = shop.get_by_test_id("back-tracking").locator("input")
    tracking.fill("不是单号")
    shop.get_by_test_id("back-send").click()
    expect(shop.get_by_test_id("send-back").get_by_role("alert")).to_be_visible()
    tracking.fill("YT0000000013")
    shop.get_by_test_id("back-send").click()
    expect(shop.get_by_test_id("sale-status")).to_contain_text("等待商家验货")


def change_the_jar(told: Told) -> None:
    """What came back is broken and stays off the shelf; another jar leaves; nobody is paid."""
    page, shop = told.desk, shop_in(told.wechat)
    page.reload()
    card = page.get_by_role("region", name="验货")
    expect(card).to_contain_text("YT0000000013")
    card.get_by_role("spinbutton", name="破损").press("ArrowUp")
    expect(page.get_by_test_id(f"sellable-{told.skus[HONEY[0]]}")).to_have_text("0")
    page.get_by_test_id("inspect").click()
    status = page.get_by_test_id("after-sale-status")
    expect(status).to_have_text("待补发")
    parcel = page.get_by_role("region", name="补发")
    parcel.get_by_label("快递公司").fill("顺丰速运")
    page.get_by_test_id("resend").click()
    expect(parcel).to_contain_text("单号")
    parcel.get_by_label("快递单号").fill("SF0000000014")
    page.get_by_test_id("resend").click()
    expect(status).to_have_text("已补发")
    again_at_the_sale(told)
    expect(shop.get_by_test_id("sale-status")).to_contain_text("商家已补发")
    expect(shop.get_by_text("SF0000000014").first).to_be_visible()
    order = told.api("GET", f"orders/{told.order_no}")
    assert (order["status"], order["refunded_fen"]) == ("received", 0)
    assert on_hand(told, HONEY) == told.before[HONEY[0]] - 2
    assert on_hand(told, FRUIT) == told.before[FRUIT[0]] - 1
