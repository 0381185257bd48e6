"""The life of an order on a real database."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.catalog import service as catalog
from tiefen.catalog.schemas import ProductInput
from tiefen.inventory import service as inventory
from tiefen.inventory.errors import StockShort
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db, Tx
from tiefen.orders import queries, service
from tiefen.orders.errors import (
    AddressMissing,
    AlreadyPaid,
    CheckoutKeyReused,
    DuplicateParcel,
    FreightTaken,
    IllegalStep,
    LineGone,
    NothingToPay,
    OrderMissing,
    PayExpired,
    QuoteChanged,
    TooLate,
    TooMuchRefunded,
    TooMuchShipped,
)
from tiefen.orders.schemas import AfterSaleIn, ApproveIn, ParcelIn, RefundLinesIn
from tiefen.orders.values import (
    AfterSaleKind,
    AfterSaleReason,
    AfterSaleStatus,
    CartState,
    CloseReason,
    OrderStatus,
)
from tiefen.promotion import service as promotion
from tiefen.promotion.errors import LimitReached
from tiefen.wechat.values import PayClientKind, RefundStatus


async def breaches(db: Db) -> list[audit.Breach]:
    return await audit.run(db)


async def free(db: Db, sku_id: int) -> int:
    async with db.merchant("demo") as tx:
        return (await inventory.available(tx, [sku_id]))[sku_id]


async def with_freight(db: Db, fee_fen: int = 800, free_from_fen: int | None = None) -> None:
    async with db.merchant("demo") as tx:
        await promotion.save_freight(tx, STAFF, make.flat_freight(fee_fen, free_from_fen))


async def reprice(tx: Tx, sku_id: int, price_fen: int) -> None:
    brief = (await catalog.skus(tx, [sku_id]))[sku_id]
    product = await tx.execute(
        text("SELECT version FROM product WHERE id = :id"), {"id": brief.product_id}
    )
    from_editor = {
        "name": brief.product_name,
        "images": ["demo/AAAAAAAAAAAAAAAA.webp"],
        "skus": [{"id": sku_id, "price_fen": price_fen}],
        "version": product.scalar_one(),
    }
    await catalog.save_product(
        tx, STAFF, brief.product_id, ProductInput.model_validate(from_editor)
    )
    await tx.flush()


# ── placing ──────────────────────────────────────────────────────────────────────────────────


async def test_an_order_holds_stock_at_the_quoted_price(db: Db) -> None:
    await with_freight(db)
    async with db.merchant("demo") as tx:
        one, two = await stocked(tx, 5), await stocked(tx, 5, skus=[{"price_fen": 333}])
        fan_id = await make.fan(tx)
        await service.add_to_cart(tx, fan_id, one, 2)
        answer = await make.place(tx, fan_id, (one, 2), (two, 3))
    assert (answer.status, answer.total_fen) == (OrderStatus.UNPAID, 2 * 1_990 + 999 + 800)
    assert answer.pay_until
    assert (await free(db, one), await free(db, two)) == (3, 2)
    async with db.merchant("demo") as tx:
        found = await queries.shop_order(tx, fan_id, answer.order_no)
        assert (await queries.cart(tx, fan_id)).items == []
        kept = await tx.scalar(text("SELECT quote FROM orders"))
        assert (await promotion.replay(tx, kept)).total_fen == answer.total_fen
    assert found.receiver
    assert found.receiver.name == "林小满"
    assert [step.text for step in found.trace] == [
        "单价 ¥19.90 × 2",
        "单价 ¥3.33 × 3",
        "运费 ¥8.00",
    ]
    assert await breaches(db) == []


async def test_the_key_gives_the_same_order_ever_after(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 5), await make.fan(tx)
        wanted = await make.form(tx, fan_id, (one, 1))
        first = await service.place(tx, fan_id, "the-same-key", wanted)
    async with db.merchant("demo") as tx:
        await reprice(tx, one, 2_500)  # the answer stays, though the price has changed
        again = await service.place(tx, fan_id, "the-same-key", wanted)
        other = await make.place(tx, await make.fan(tx), (one, 1), key="the-same-key")
    assert again == first
    async with db.merchant("demo") as tx:
        wanted = await make.form(tx, fan_id, (one, 2))
        await reprice(tx, one, 9_999)
        with pytest.raises(CheckoutKeyReused):
            await service.place(tx, fan_id, "the-same-key", wanted)
    assert other.order_no != first.order_no
    assert await free(db, one) == 3
    assert await breaches(db) == []


async def test_another_price_is_told_not_charged(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 5), await make.fan(tx)
        wanted = await make.form(tx, fan_id, (one, 1))
    async with db.merchant("demo") as tx:
        await reprice(tx, one, 2_500)
    with pytest.raises(QuoteChanged) as refused:
        async with db.merchant("demo") as tx:
            await service.place(tx, fan_id, "some-key-1", wanted)
    details = refused.value.details
    assert details["quote"]["total_fen"] == 2_500
    assert {(c["what"], c["before"], c["after"]) for c in details["changes"]} == {
        ("price", 1_990, 2_500),
        ("total", 1_990, 2_500),
    }
    assert await free(db, one) == 5


async def test_what_cannot_be_ordered_is_refused_and_nothing_stays(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one, two, fan_id = await stocked(tx, 1), await stocked(tx, 5), await make.fan(tx)
        stranger = await make.fan(tx)
        short = await make.form(tx, fan_id, (two, 1), (one, 2))
        theirs = await make.form(tx, stranger, (two, 1))
        fine = await make.form(tx, fan_id, (two, 1))
    with pytest.raises(StockShort):
        async with db.merchant("demo") as tx:
            await service.place(tx, fan_id, "some-key-1", short)
    with pytest.raises(AddressMissing):
        async with db.merchant("demo") as tx:
            await service.place(tx, fan_id, "some-key-2", theirs)
    async with db.merchant("demo") as tx:
        brief = (await catalog.skus(tx, [two]))[two]
        await catalog.shelve(tx, STAFF, brief.product_id, on=False)
    with pytest.raises(LineGone):
        async with db.merchant("demo") as tx:
            await service.place(tx, fan_id, "some-key-3", fine)
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM orders")) == 0
        assert await tx.scalar(text("SELECT count(*) FROM reservation")) == 0


async def test_a_free_order_skips_the_provider(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 3, skus=[{"price_fen": 0}]), await make.fan(tx)
        answer = await make.place(tx, fan_id, (one, 1))
    assert (answer.status, answer.pay_until) == (OrderStatus.PAID, None)
    with pytest.raises(NothingToPay):
        await service.pay(db, "demo", fan_id, answer.order_no, PayClientKind.JSAPI)
    await drain()
    after_sale = await make.ask(db, fan_id, answer.order_no)
    await make.approve(db, after_sale.after_sale_no)
    found = await make.order(db, answer.order_no)
    assert found.status is OrderStatus.REFUNDED
    assert wechat.calls == []
    assert await free(db, one) == 3
    assert await breaches(db) == []


async def test_a_limit_counts_over_orders_and_is_given_back(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 9, purchase_limit=3), await make.fan(tx)
    _, first = await make.paid(db, wechat, drain, (one, 2), fan_id=fan_id)
    async with db.merchant("demo") as tx:
        quote = await queries.checkout(tx, fan_id, [(one, 2)])
        assert not quote.can_place
        assert (quote.problems[0].kind, quote.problems[0].available) == (CartState.LIMITED, 1)
    with pytest.raises(LimitReached) as refused:
        await make.placed(db, (one, 2), fan_id=fan_id)
    assert refused.value.details["left"] == 1
    _, second = await make.placed(db, (one, 1), fan_id=fan_id)
    async with db.merchant("demo") as tx:
        await service.cancel(tx, fan_id, second)
    after_sale = await make.ask(db, fan_id, first)
    await make.approve(db, after_sale.after_sale_no)
    await drain()
    await make.placed(db, (one, 3), fan_id=fan_id)
    assert await breaches(db) == []


async def test_the_cart_explains_what_happened_to_its_lines(db: Db) -> None:
    async with db.merchant("demo") as tx:
        kept, short = await stocked(tx, 5), await stocked(tx, 5)
        gone, dearer = await stocked(tx, 5), await stocked(tx, 5)
        limited, fan_id = await stocked(tx, 9, purchase_limit=1), await make.fan(tx)
        for sku_id in (kept, short, gone, dearer, limited):
            await service.add_to_cart(tx, fan_id, sku_id, 2)
        await make.place(tx, await make.fan(tx), (short, 4))
        brief = (await catalog.skus(tx, [gone]))[gone]
        await catalog.shelve(tx, STAFF, brief.product_id, on=False)
        await reprice(tx, dearer, 2_000)
        cart = await queries.cart(tx, fan_id)
    states = {item.sku_id: (item.state, item.available, item.message) for item in cart.items}
    assert states[kept] == (CartState.OK, 5, "")
    assert states[short] == (CartState.SHORT, 1, "库存不足，只剩 1 件")
    assert states[gone][0] is CartState.GONE
    assert states[limited][:2] == (CartState.LIMITED, 1)
    assert states[dearer][0] is CartState.OK
    assert states[dearer][2] == "价格有变化"
    assert cart.goods_fen == 2 * 1_990 + 2 * 2_000
    async with db.merchant("demo") as tx:
        await service.set_in_cart(tx, fan_id, short, 1)
        await service.remove_from_cart(tx, fan_id, [gone, gone])
        assert len((await queries.cart(tx, fan_id)).items) == 4


# ── paying and closing ───────────────────────────────────────────────────────────────────────


async def test_money_makes_the_order_real_once(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.placed(db, (one, 2))
    transaction = await make.money(db, wechat, fan_id, order_no)
    assert [await make.tell(db, transaction) for _ in range(3)] == ["applied", "already", "already"]
    await drain()
    found = await make.order(db, order_no)
    assert (found.status, found.paid_fen) == (OrderStatus.PAID, 3_980)
    async with db.merchant("demo") as tx:
        events = await tx.scalar(
            text("SELECT count(*) FROM platform.event WHERE name = 'orders.paid'")
        )
    assert events == 1
    assert await free(db, one) == 3
    with pytest.raises(NothingToPay):
        await service.pay(db, "demo", fan_id, order_no, PayClientKind.JSAPI)
    assert await breaches(db) == []


async def test_an_unpaid_order_closes_at_its_deadline(
    db: Db, drain: Drain, wechat: FakeWeChat, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.placed(db, (one, 2))
    await service.close_unpaid(db, "demo", order_no)
    assert (await make.order(db, order_no)).status is OrderStatus.UNPAID
    travel.move(timedelta(minutes=30))
    with pytest.raises(PayExpired):
        await service.pay(db, "demo", fan_id, order_no, PayClientKind.JSAPI)
    await drain()
    found = await make.order(db, order_no)
    assert (found.status, found.close_reason) == (OrderStatus.CLOSED, CloseReason.UNPAID)
    assert await free(db, one) == 5
    assert await breaches(db) == []


async def test_money_that_was_faster_than_the_close_wins(
    db: Db, drain: Drain, wechat: FakeWeChat, travel: Travel
) -> None:
    """WeChat answers ORDERPAID to the close: the order becomes paid."""
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.placed(db, (one, 1))
    await make.money(db, wechat, fan_id, order_no)
    travel.move(timedelta(minutes=31))
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.PAID
    assert await breaches(db) == []


async def test_a_fan_cancels_and_late_money_goes_back(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.placed(db, (one, 1))
    transaction = await make.money(db, wechat, fan_id, order_no)
    async with db.merchant("demo") as tx:
        await service.cancel(tx, fan_id, order_no)
        await service.cancel(tx, fan_id, order_no)
    assert await make.tell(db, transaction) == "doubted"  # and asked for at WeChat
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.CLOSED
    assert len(wechat.refunds) == 1
    assert await free(db, one) == 5
    assert await breaches(db) == []


async def test_a_paid_order_cannot_be_cancelled(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.placed(db, (one, 1))
    await make.tell(db, await make.money(db, wechat, fan_id, order_no))
    with pytest.raises(AlreadyPaid):  # the money is settled, the order has not heard of it yet
        async with db.merchant("demo") as tx:
            await service.cancel(tx, fan_id, order_no)
    await drain()
    with pytest.raises(IllegalStep):
        async with db.merchant("demo") as tx:
            await service.cancel(tx, fan_id, order_no)
    assert (await make.order(db, order_no)).status is OrderStatus.PAID


@pytest.mark.parametrize("others", [0, 5])
async def test_money_after_the_stock_was_swept_gets_goods_or_goes_back(
    db: Db, drain: Drain, wechat: FakeWeChat, others: int
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.placed(db, (one, 1))
    transaction = await make.money(db, wechat, fan_id, order_no)
    async with db.merchant("demo") as tx:
        await inventory.release(tx, order_no)
    if others:
        await make.placed(db, (one, others))
    await make.tell(db, transaction)
    await drain()
    found = await make.order(db, order_no)
    if others:
        assert (found.status, found.close_reason) == (OrderStatus.CLOSED, CloseReason.SOLD_OUT)
        assert [refund.refund_fen for refund in wechat.refunds.values()] == [1_990]
    else:
        assert found.status is OrderStatus.PAID
    assert await breaches(db) == []


# ── sending and receiving ────────────────────────────────────────────────────────────────────


async def test_parcels_by_quantity_until_nothing_is_left(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one, two = await stocked(tx, 5), await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 3), (two, 1))
    first, second = (await make.order(db, order_no)).lines
    with pytest.raises(TooMuchShipped):
        await make.ship(db, order_no, (first.id, 4))
    await make.ship(db, order_no, (first.id, 2))
    assert (await make.order(db, order_no)).status is OrderStatus.PARTLY_SHIPPED
    with pytest.raises(IllegalStep):
        async with db.merchant("demo") as tx:
            await service.receive(tx, fan_id, order_no)
    await make.ship(db, order_no)
    found = await make.order(db, order_no)
    assert found.status is OrderStatus.SHIPPED
    assert [(p.lines[0].line_id, p.lines[0].quantity) for p in found.parcels] == [
        (first.id, 2),
        (first.id, 1),
    ]
    assert {part.line_id for part in found.parcels[1].lines} == {first.id, second.id}
    async with db.merchant("demo") as tx:
        await service.receive(tx, fan_id, order_no)
        await service.receive(tx, fan_id, order_no)
    assert (await make.order(db, order_no)).status is OrderStatus.RECEIVED
    assert await breaches(db) == []


async def test_a_tracking_number_counts_once(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    _, order_no = await make.paid(db, wechat, drain, (one, 2))
    (line,) = (await make.order(db, order_no)).lines
    wanted = ParcelIn.model_validate(
        {
            "courier": "中通",
            "tracking_no": "ZT-1234",
            "lines": [{"line_id": line.id, "quantity": 1}],
        }
    )
    async with db.merchant("demo") as tx:
        await service.ship(tx, STAFF, order_no, wanted)
    with pytest.raises(DuplicateParcel):
        async with db.merchant("demo") as tx:
            await service.ship(tx, STAFF, order_no, wanted)


async def test_goods_are_received_by_themselves_unless_in_after_sale(
    db: Db, drain: Drain, wechat: FakeWeChat, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 2))
    await make.ship(db, order_no)
    (line,) = (await make.order(db, order_no)).lines
    after_sale = await make.ask(db, fan_id, order_no, (line.id, 1))
    travel.move(timedelta(days=7))
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.SHIPPED
    async with db.merchant("demo") as tx:
        await service.reject(tx, STAFF, after_sale.after_sale_no, "请先联系客服")
    travel.move(timedelta(days=1))
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.RECEIVED
    travel.move(timedelta(days=15))
    with pytest.raises(TooLate):
        await make.ask(db, fan_id, order_no)


# ── after-sales ──────────────────────────────────────────────────────────────────────────────


async def test_a_whole_refund_before_sending_gives_all_back(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    await with_freight(db)
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 3))
    after_sale = await make.ask(db, fan_id, order_no)
    assert (after_sale.amount_fen, after_sale.freight_fen) == (3 * 1_990 + 800, 800)
    async with db.merchant("demo") as tx:
        preview = await service.preview(tx, after_sale.after_sale_no)
    assert preview.whole
    assert {(c.kind, c.before, c.after) for c in preview.consequences} >= {
        ("money", 0, 6_770),
        ("stock", 2, 5),
        ("freight", 0, 800),
    }
    await make.approve(db, after_sale.after_sale_no)
    assert (await make.order(db, order_no)).status is OrderStatus.PAID  # until the provider's word
    await drain()
    found = await make.order(db, order_no)
    assert (found.status, found.refunded_fen, found.refunding_fen) == (
        OrderStatus.REFUNDED,
        6_770,
        0,
    )
    assert await free(db, one) == 5
    assert await breaches(db) == []


async def test_parts_in_any_order_return_exactly_what_was_paid(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    await with_freight(db)
    async with db.merchant("demo") as tx:
        one, two = await stocked(tx, 9, skus=[{"price_fen": 333}]), await stocked(tx, 9)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 3), (two, 2))
    first, second = (await make.order(db, order_no)).lines
    for pieces in ([(second.id, 1)], [(first.id, 2)], []):
        after_sale = await make.ask(db, fan_id, order_no, *pieces)
        await make.approve(db, after_sale.after_sale_no)
        await drain()
    found = await make.order(db, order_no)
    assert found.refunded_fen == found.total_fen
    assert sum(refund.refund_fen or 0 for refund in wechat.refunds.values()) == found.total_fen
    assert found.status is OrderStatus.REFUNDED
    assert await breaches(db) == []


async def test_a_request_keeps_its_pieces_from_being_sent(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 3))
    (line,) = (await make.order(db, order_no)).lines
    asked = await make.ask(db, fan_id, order_no, (line.id, 2))
    with pytest.raises(TooMuchShipped) as refused:
        await make.ship(db, order_no, (line.id, 2))
    assert refused.value.details["left"] == 1
    with pytest.raises(TooMuchRefunded):
        await make.ask(db, fan_id, order_no, (line.id, 2))
    await make.ship(db, order_no)
    assert (await make.order(db, order_no)).status is OrderStatus.PARTLY_SHIPPED
    async with db.merchant("demo") as tx:
        await service.withdraw(tx, fan_id, asked.after_sale_no)
        await service.withdraw(tx, fan_id, asked.after_sale_no)
    await make.ship(db, order_no)
    assert (await make.order(db, order_no)).status is OrderStatus.SHIPPED
    assert await breaches(db) == []


async def test_approving_the_rest_of_a_partly_sent_order_completes_it(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 3))
    (line,) = (await make.order(db, order_no)).lines
    await make.ship(db, order_no, (line.id, 1))
    asked = await make.ask(db, fan_id, order_no, (line.id, 2))
    await make.approve(db, asked.after_sale_no)
    await drain()
    found = await make.order(db, order_no)
    assert (found.status, found.refunded_fen) == (OrderStatus.SHIPPED, 2 * 1_990)
    assert await free(db, one) == 4
    assert await breaches(db) == []


@pytest.mark.parametrize(("sellable", "expected"), [(0, 2), (3, 5)])
async def test_sent_goods_go_back_on_sale_only_as_far_as_they_were_found_fit(
    db: Db, drain: Drain, wechat: FakeWeChat, sellable: int, expected: int
) -> None:
    await with_freight(db)
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 3))
    await make.ship(db, order_no)
    after_sale = await make.ask(db, fan_id, order_no, kind=AfterSaleKind.RETURN)
    assert after_sale.freight_fen == 0
    await make.approve(db, after_sale.after_sale_no, refund_freight=True)
    await make.inspect(db, after_sale.after_sale_no, (sellable, 3 - sellable, 0))
    await drain()
    found = await make.order(db, order_no)
    assert (found.refunded_fen, found.status) == (found.total_fen, OrderStatus.REFUNDED)
    assert await free(db, one) == expected
    assert await breaches(db) == []


async def test_freight_goes_back_once_and_only_with_a_word(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    await with_freight(db)
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 2))
    (line,) = (await make.order(db, order_no)).lines
    await make.ship(db, order_no)
    first = await make.ask(db, fan_id, order_no, (line.id, 1))
    second = await make.ask(db, fan_id, order_no, (line.id, 1))
    await make.approve(db, first.after_sale_no, refund_freight=True)
    with pytest.raises(FreightTaken):
        await make.approve(db, second.after_sale_no, refund_freight=True)
    await make.approve(db, second.after_sale_no)
    await drain()
    assert (await make.order(db, order_no)).refunded_fen == 2 * 1_990 + 800
    assert await breaches(db) == []


async def test_approving_twice_is_one_refund(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 2))
    after_sale = await make.ask(db, fan_id, order_no)
    for _ in range(2):
        await make.approve(db, after_sale.after_sale_no)
    await drain()
    await make.approve(db, after_sale.after_sale_no)
    assert len(wechat.refunds) == 1
    with pytest.raises(IllegalStep):
        async with db.merchant("demo") as tx:
            await service.reject(tx, STAFF, after_sale.after_sale_no, "不行")
    assert await breaches(db) == []


async def test_only_the_providers_word_ends_a_refund(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    wechat.refund_status = RefundStatus.CLOSED
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 2))
    after_sale = await make.ask(db, fan_id, order_no)
    await make.approve(db, after_sale.after_sale_no)
    await drain()
    async with db.merchant("demo") as tx:
        found = await queries.console_after_sale(tx, after_sale.after_sale_no)
    assert found.status is AfterSaleStatus.ABNORMAL
    assert (await make.order(db, order_no)).refunding_fen == 3_980
    wechat.refund_status = RefundStatus.SUCCESS
    async with db.merchant("demo") as tx:
        await service.retry_refund(tx, STAFF, after_sale.after_sale_no)
    await drain()
    async with db.merchant("demo") as tx:
        found = await queries.console_after_sale(tx, after_sale.after_sale_no)
    assert (found.status, found.attempt) == (AfterSaleStatus.REFUNDED, 2)
    assert (await make.order(db, order_no)).status is OrderStatus.REFUNDED
    assert await breaches(db) == []


async def test_a_foreign_fan_reaches_nothing(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    async with db.merchant("demo") as tx:
        one, stranger = await stocked(tx, 5), await make.fan(tx)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 1))
    asked = await make.ask(db, fan_id, order_no)
    wanted = AfterSaleIn(reason=AfterSaleReason.OTHER, lines=[], pictures=[])
    async with db.merchant("demo") as tx:
        for verb in (
            service.cancel(tx, stranger, order_no),
            service.receive(tx, stranger, order_no),
            service.request_after_sale(tx, stranger, order_no, wanted),
            service.plan_after_sale(tx, stranger, order_no, RefundLinesIn(lines=[])),
            queries.shop_order(tx, stranger, order_no),
        ):
            with pytest.raises(OrderMissing):
                await verb
        with pytest.raises(Exception, match="after_sale_missing"):
            await service.withdraw(tx, stranger, asked.after_sale_no)


async def test_addresses_are_sealed_and_have_one_default(db: Db) -> None:
    async with db.merchant("demo") as tx:
        fan_id = await make.fan(tx)
        first = await service.add_address(tx, fan_id, make.HOME)
        second = await service.add_address(
            tx, fan_id, make.HOME.model_copy(update={"is_default": True, "region_code": "441900"})
        )
        listed = await queries.addresses(tx, fan_id)
        assert [(one.id, one.is_default) for one in listed] == [
            (second.id, True),
            (first.id, False),
        ]
        assert (listed[0].province, listed[0].city, listed[0].district) == ("广东省", "东莞市", "")
        raw = (await tx.execute(text("SELECT name, phone, detail FROM address LIMIT 1"))).one()
        assert not any("林" in value or "138" in value for value in raw)


async def test_approve_reads_nothing_from_the_client_but_its_choices() -> None:
    assert set(ApproveIn.model_fields) == {"refund_freight", "answer"}
