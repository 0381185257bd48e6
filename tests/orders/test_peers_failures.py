"""What peers' users published against their shops, each tried on ours.

Named after the report; the answers are in product terms. Those of single rooms (uploads, XML,
signatures, coupons, stock) stand with their rooms' tests.
"""

import ast
import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain, FanClient, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.orders.stepping import Orders, Verb, watcher
from tests.payments.factories import FakeWeChat
from tiefen.inventory import service as inventory
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.orders import service
from tiefen.orders.schemas import ApproveIn, PriceIn
from tiefen.orders.schemas.after_sales import AskedKind
from tiefen.orders.values import AfterSaleKind, AfterSaleStatus, OrderStatus
from tiefen.promotion import service as promotion
from tiefen.wechat.values import PayClientKind, RefundStatus


async def free(db: Db, sku_id: int) -> int:
    async with db.merchant("demo") as tx:
        return (await inventory.available(tx, [sku_id]))[sku_id]


async def clean(db: Db) -> None:
    assert await audit.run(db) == []


async def test_yudao_a_small_partial_refund_restores_only_its_pieces(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    """There it gave the whole line's stock, points and commission back."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9, purchase_limit=9)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 5))
    (line,) = (await make.order(db, order_no)).lines
    asked = await make.ask(db, fan_id, order_no, (line.id, 1))
    await make.approve(db, asked.after_sale_no)
    await drain()
    assert await free(db, sku_id) == 5
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT quantity FROM purchase_count")) == 4
    await clean(db)


async def test_yudao_a_refund_after_delivery_puts_nothing_on_sale_that_never_came_back(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 2))
    await make.ship(db, order_no)
    asked = await make.ask(db, fan_id, order_no)
    await make.approve(db, asked.after_sale_no)
    await drain()
    assert await free(db, sku_id) == 3
    await clean(db)


async def test_yudao_several_claims_stand_on_one_line(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    """There a line takes one claim for ever."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 3))
    await make.ship(db, order_no)
    (line,) = (await make.order(db, order_no)).lines
    kinds: tuple[AskedKind, ...] = (
        AfterSaleKind.REFUND,
        AfterSaleKind.RETURN,
        AfterSaleKind.EXCHANGE,
    )
    asked = [await make.ask(db, fan_id, order_no, (line.id, 1), kind=kind) for kind in kinds]
    assert {one.status for one in asked} == {AfterSaleStatus.REQUESTED}
    await clean(db)


async def test_crmeb_a_refund_that_is_rolled_back_and_tried_again_has_one_number(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    """There the number is random and sent inside the transaction: a retry refunds twice."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 1))
    asked = await make.ask(db, fan_id, order_no)
    with pytest.raises(RuntimeError):
        async with db.merchant("demo") as tx:
            await service.approve(tx, STAFF, asked.after_sale_no, ApproveIn())
            raise RuntimeError("rolled back")
    await drain()
    assert wechat.refunds == {}
    await make.approve(db, asked.after_sale_no)
    await drain()
    assert len(wechat.refunds) == 1
    async with db.merchant("demo") as tx:
        reference = await tx.scalar(text("SELECT reference FROM payment_refund"))
    assert reference == f"{asked.after_sale_no}-1"
    await clean(db)


async def test_vendure_4811_a_refund_does_not_spread_the_discount_anew(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    """Also vendure#3885, #2393: what a line brings is what was paid for it."""
    async with db.merchant("demo") as tx:
        one, two = await stocked(tx, 9), await stocked(tx, 9)
    fan_id, order_no = await make.placed(db, (one, 1), (two, 1))
    async with db.merchant("demo") as tx:
        wanted = PriceIn(before_fen=3_980, total_fen=3_333, reason="减")
        await service.reprice(tx, STAFF, order_no, wanted)
    await make.tell(db, await make.money(db, wechat, fan_id, order_no))
    await drain()
    first, second = (await make.order(db, order_no)).lines
    asked = await make.ask(db, fan_id, order_no, (first.id, 1))
    assert asked.amount_fen == first.pay_fen
    await make.approve(db, asked.after_sale_no)
    await drain()
    (_, left) = (await make.order(db, order_no)).lines
    assert (left.pay_fen, left.refunded_fen) == (second.pay_fen, 0)
    await clean(db)


async def test_medusa_522_the_freight_of_an_order_that_was_never_sent_goes_back(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        await promotion.save_freight(tx, STAFF, make.flat_freight(800, None))
        sku_id = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 1))
    assert (await make.ask(db, fan_id, order_no)).freight_fen == 800
    await clean(db)


async def test_best_pay_28_an_unheard_refund_stays_open_until_the_provider_says_so(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    """Also: no answer of the provider makes a refund done, or gives its money free."""
    wechat.refund_status = RefundStatus.PROCESSING
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 1))
    asked = await make.ask(db, fan_id, order_no)
    await make.approve(db, asked.after_sale_no)
    await drain()
    found = await make.order(db, order_no)
    assert (found.status, found.refunding_fen) == (OrderStatus.PAID, 1_990)
    assert (await make.after_sale(db, asked.after_sale_no)).status is AfterSaleStatus.REFUNDING
    await clean(db)


async def test_abp_payment_74_paid_after_cancel_goes_back(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 5)
    fan_id, order_no = await make.placed(db, (sku_id, 1))
    transaction = await make.money(db, wechat, fan_id, order_no)
    async with db.merchant("demo") as tx:
        await service.cancel(tx, fan_id, order_no)
    await make.tell(db, transaction)
    await drain()
    assert [one.refund_fen for one in wechat.refunds.values()] == [1_990]
    assert (await make.order(db, order_no)).status is OrderStatus.CLOSED
    assert await free(db, sku_id) == 5
    await clean(db)


@pytest.mark.parametrize(
    ("report", "path", "body"),
    [
        ("mall#613 client says paid", "/api/shop/orders/{no}/paid", {}),
        ("newbee#100 client says paid", "/api/shop/orders/{no}/pay", {"client": "paid"}),
        ("mall#998 client sets the amount", "/api/shop/orders/{no}/pay",
         {"client": "jsapi", "amount_fen": 1}),
        ("newbee#127 negative pieces", "/api/shop/cart/items", {"sku_id": 1, "quantity": -1}),
        ("bookstore#20 zero pieces", "/api/shop/cart/items", {"sku_id": 1, "quantity": 0}),
        ("fan compensates themselves", "/api/console/orders/{no}/compensation",
         {"amount_fen": 1, "reason": "x"}),
        ("fan sets the price", "/api/console/orders/{no}/price",
         {"before_fen": 1_990, "total_fen": 1, "reason": "x"}),
        ("refund more than paid", "/api/shop/orders/{no}/after-sales",
         {"reason": "other", "lines": [{"line_id": 1, "quantity": 1, "amount_fen": -5}]}),
    ],
)  # fmt: skip
async def test_a_client_never_says_what_was_paid_or_what_it_costs(
    db: Db, fan_client: FanClient, report: str, path: str, body: dict[str, Any]
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 5)
    fan_id, order_no = await make.placed(db, (sku_id, 1))
    fan = await fan_client(fan_id)
    answer = await fan.post(path.format(no=order_no), json=body)
    assert answer.status_code in (401, 403, 404, 405, 422), (report, answer.text)
    found = await make.order(db, order_no)
    assert (found.status, found.total_fen, found.paid_fen) == (OrderStatus.UNPAID, 1_990, 0)
    await clean(db)


async def test_mall_925_and_cve_2026_111354_nobody_reaches_anothers_order_or_after_sale(
    db: Db, drain: Drain, wechat: FakeWeChat, fan_client: FanClient
) -> None:
    """Also Exrick/xmall#100, mall4j#13 and newbee-plus#41: reading, cancelling, refunding."""
    async with db.merchant("demo") as tx:
        sku_id, stranger = await stocked(tx, 5), await make.fan(tx)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 1))
    asked = await make.ask(db, fan_id, order_no)
    other = await fan_client(stranger)
    order, sale = f"/api/shop/orders/{order_no}", f"/api/shop/after-sales/{asked.after_sale_no}"
    tries = [
        await other.get(order),
        await other.post(f"{order}/cancel"),
        await other.post(f"{order}/after-sales", json={"reason": "other"}),
        await other.get(sale),
        await other.post(f"{sale}/withdraw"),
        await other.post(f"{sale}/messages", json={"words": "看看"}),
        await other.post(f"{sale}/parcel", json={"courier": "中通", "tracking_no": "ZT1234"}),
    ]
    assert {answer.status_code for answer in tries} == {404}
    assert (await make.after_sale(db, asked.after_sale_no)).status is AfterSaleStatus.REQUESTED


async def test_crmeb_java_12_words_of_a_fan_stay_words_in_the_console(
    db: Db,
    drain: Drain,
    wechat: FakeWeChat,
    fan_client: FanClient,
    staff_client: StaffClient,
) -> None:
    """Also likeshop#13, newbee#64: what is said is text in JSON, and a picture is only a stored key."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 1))
    asked = await make.ask(db, fan_id, order_no)
    fan, clerk = await fan_client(fan_id), await staff_client(["orders.read"])
    sale = f"/api/shop/after-sales/{asked.after_sale_no}/messages"
    words = "<script>alert(1)</script>"
    assert (await fan.post(sale, json={"words": words})).status_code == 200
    for key in ("https://evil.test/x.webp", "demo/../../etc/passwd", "javascript:alert(1)"):
        assert (await fan.post(sale, json={"pictures": [key]})).status_code == 422
    seen = await clerk.get(f"/api/console/after-sales/{asked.after_sale_no}")
    assert seen.headers["content-type"] == "application/json"
    assert seen.json()["log"][0]["words"] == words


async def test_yudao_1152_paid_in_two_tabs_is_one_order_and_one_refund(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    """Also ps_checkout#1546: the second money of one order goes back by itself."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 5)
    fan_id, order_no = await make.placed(db, (sku_id, 1))
    sheet = await service.pay(db, "demo", fan_id, order_no, PayClientKind.JSAPI)
    code = await service.pay(db, "demo", fan_id, order_no, PayClientKind.NATIVE)
    for number in (sheet.out_trade_no, code.out_trade_no):
        await make.tell(db, wechat.pay(number))
        await drain()
    found = await make.order(db, order_no)
    assert (found.status, found.paid_fen) == (OrderStatus.PAID, 1_990)
    assert [one.refund_fen for one in wechat.refunds.values()] == [1_990]
    assert await free(db, sku_id) == 4
    await clean(db)


async def test_saleor_543_vendure_3508_check_and_take_of_the_last_piece_never_come_apart(
    db: Db,
) -> None:
    """Also mall#185, #353, #885, shopxo#38, django-shop#888: two buyers, every order of their steps."""
    numbers = itertools.count()

    async def prepare() -> tuple[Verb, Verb]:
        async with db.merchant("demo") as tx:
            sku_id = await stocked(tx, 1)
            fans = [await make.fan(tx) for _ in range(2)]
            forms = [await make.form(tx, fan_id, (sku_id, 1)) for fan_id in fans]

        def buy(place: int) -> Verb:
            async def verb() -> None:
                async with db.merchant("demo") as tx:
                    await service.place(tx, fans[place], f"last-{next(numbers):06d}", forms[place])

            return verb

        return buy(0), buy(1)

    async with watcher(db) as admin:
        orders = Orders(admin)
        found = {frozenset(both) async for both in orders.each(prepare, most=30)}
    assert found == {frozenset({"done", "inventory.stock_short"})}
    assert orders.runs >= 4
    assert orders.stuck == 0
    await clean(db)


ROOT = Path(__file__).parents[2]


_NODE = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")


def _unknown(text: str) -> list[str]:
    """What a page names as a test in its tables, and pytest would not find under that name."""
    known: dict[str, set[str]] = {}
    missing = []
    for row in re.findall(r"^\| .*$", text, re.MULTILINE):
        for named in re.findall(r"`(tests/[^`]*)`", row):
            node = _NODE.fullmatch(named)
            if node is None or not (ROOT / node[1]).is_file():
                missing.append(named)
                continue
            if node[1] not in known:
                body = ast.parse((ROOT / node[1]).read_bytes()).body
                kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
                known[node[1]] = {one.name for one in body if isinstance(one, kinds)}
            if node[2] not in known[node[1]]:
                missing.append(named)
    return missing


@pytest.mark.parametrize(("page", "least"), [("peers-failures", 30), ("faults", 45)])
def test_every_row_of_the_page_names_tests_that_exist(page: str, least: int) -> None:
    """The pages are the index of this module's kind; a test that is renamed must be renamed there."""
    text = (ROOT / "docs" / "domain" / f"{page}.md").read_text()
    assert len(re.findall(r"^\| .*`tests/", text, re.MULTILINE)) >= least
    assert _unknown(text) == []


def test_control_a_name_that_is_not_a_whole_one_is_seen() -> None:
    here = "tests/orders/test_peers_failures.py"
    wrong = [
        f"{here}::test_every_row_of_the_page_names_tests",  # the beginning of one
        f"{here}::free",  # no test
        f"{here}:test_control_a_name_that_is_not_a_whole_one_is_seen",
        "tests/orders/test_gone.py::test_every_row_of_the_page_names_tests_that_exist",
        "tests/kernel/test_http.py::test_control_a_name_that_is_not_a_whole_one_is_seen",
    ]
    good = f"{here}::test_control_a_name_that_is_not_a_whole_one_is_seen"
    assert _unknown("".join(f"| 1 | `{good}`, `{one}` |\n" for one in wrong)) == wrong
