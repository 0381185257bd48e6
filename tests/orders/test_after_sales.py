"""The five kinds of after-sales, their way back, their time limits, and what they take back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.inventory import service as inventory
from tiefen.inventory.errors import StockShort
from tiefen.kernel import audit
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.orders import queries, service
from tiefen.orders.errors import (
    AfterSaleMissing,
    BadInspection,
    IllegalStep,
    NoAmountHere,
    SecondNeeded,
    TooMuchMoney,
    TooMuchRefunded,
)
from tiefen.orders.schemas import ApproveIn, CompensateIn, MessageIn
from tiefen.orders.values import (
    AfterSaleKind,
    AfterSalePolicy,
    AfterSaleReason,
    AfterSaleStatus,
    OrderStatus,
)
from tiefen.promotion import service as promotion

PRICE = 1_990


async def free(db: Db, sku_id: int) -> int:
    async with db.merchant("demo") as tx:
        return (await inventory.available(tx, [sku_id]))[sku_id]


async def clean(db: Db) -> None:
    assert await audit.run(db) == []


async def rule(db: Db, **changes: Any) -> None:
    async with db.merchant("demo") as tx:
        await service.save_policy(tx, STAFF, AfterSalePolicy(**changes))


async def sent(
    db: Db, wechat: FakeWeChat, drain: Drain, pieces: int = 2, stock: int = 5
) -> tuple[int, str, int, int]:
    """A sent order of one line: (fan, number, SKU, line)."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, stock)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, pieces))
    await make.ship(db, order_no)
    (line,) = (await make.order(db, order_no)).lines
    return fan_id, order_no, sku_id, line.id


async def test_a_return_pays_only_after_the_goods_were_looked_at(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    fan_id, order_no, sku_id, _ = await sent(db, wechat, drain)
    asked = await make.ask(db, fan_id, order_no, kind=AfterSaleKind.RETURN)
    no = asked.after_sale_no
    with pytest.raises(IllegalStep):
        await make.back(db, fan_id, no)  # not before the merchant's yes
    await make.approve(db, no)
    assert (await make.after_sale(db, no)).status is AfterSaleStatus.RETURNING
    await make.back(db, fan_id, no)
    await make.back(db, fan_id, no)  # the number was wrong: entered again
    await drain()
    assert wechat.refunds == {}
    with pytest.raises(BadInspection):
        await make.inspect(db, no, (1, 0, 0))
    await make.inspect(db, no, (1, 1, 0))
    await make.inspect(db, no, (2, 0, 0))  # the second time does nothing
    await drain()
    found = await make.after_sale(db, no)
    assert (found.status, found.restock) == (AfterSaleStatus.REFUNDED, True)
    assert [(one.sellable, one.damaged, one.lost) for one in found.lines] == [(1, 1, 0)]
    assert (await make.order(db, order_no)).status is OrderStatus.REFUNDED
    assert await free(db, sku_id) == 4
    assert len(wechat.refunds) == 1
    await clean(db)


async def test_what_came_back_bad_is_paid_less_and_nothing_else_brings_the_rest(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    fan_id, order_no, _, line_id = await sent(db, wechat, drain)
    first = await make.ask(db, fan_id, order_no, (line_id, 1), kind=AfterSaleKind.RETURN)
    await make.approve(db, first.after_sale_no)
    await make.back(db, fan_id, first.after_sale_no)
    with pytest.raises(TooMuchMoney):
        await make.inspect(db, first.after_sale_no, amount_fen=PRICE + 1)
    await make.inspect(db, first.after_sale_no, (0, 1, 0), amount_fen=1_000)
    second = await make.ask(db, fan_id, order_no, (line_id, 1), kind=AfterSaleKind.REFUND)
    assert second.amount_fen == PRICE
    await make.approve(db, second.after_sale_no)
    await drain()
    found = await make.order(db, order_no)
    assert (found.refunded_fen, found.status) == (1_000 + PRICE, OrderStatus.REFUNDED)
    await clean(db)


async def test_goods_that_do_not_come_as_said_are_refused_and_everything_is_free_again(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    fan_id, order_no, sku_id, line_id = await sent(db, wechat, drain)
    asked = await make.ask(db, fan_id, order_no, kind=AfterSaleKind.RETURN)
    await make.approve(db, asked.after_sale_no)
    await make.back(db, fan_id, asked.after_sale_no)
    async with db.merchant("demo") as tx:
        await service.reject(tx, STAFF, asked.after_sale_no, "寄回的不是本店商品")
    assert await free(db, sku_id) == 3
    again = await make.ask(db, fan_id, order_no, (line_id, 2))
    assert again.amount_fen == 2 * PRICE
    await clean(db)


async def test_an_exchange_holds_the_other_goods_and_leaves_pieces_and_money_as_they_were(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    fan_id, order_no, sku_id, line_id = await sent(db, wechat, drain)
    asked = await make.ask(db, fan_id, order_no, (line_id, 1), kind=AfterSaleKind.EXCHANGE)
    assert asked.amount_fen == 0
    rest = await make.ask(db, fan_id, order_no, (line_id, 1), kind=AfterSaleKind.RETURN)
    assert rest.amount_fen == PRICE  # the exchanged piece's money is held
    no = asked.after_sale_no
    await make.approve(db, no)
    assert await free(db, sku_id) == 2
    await make.back(db, fan_id, no)
    await make.inspect(db, no)
    assert (await make.after_sale(db, no)).status is AfterSaleStatus.RESENDING
    assert await free(db, sku_id) == 3
    await make.resend(db, no)
    await make.resend(db, no)
    found = await make.after_sale(db, no)
    assert found.status is AfterSaleStatus.DONE
    assert found.resent_tracking_no
    await make.approve(db, rest.after_sale_no)
    await make.back(db, fan_id, rest.after_sale_no)
    await make.inspect(db, rest.after_sale_no)
    last = await make.ask(db, fan_id, order_no, (line_id, 1))  # the exchanged piece may go too
    await make.approve(db, last.after_sale_no)
    await drain()
    order = await make.order(db, order_no)
    assert (order.refunded_fen, order.status) == (2 * PRICE, OrderStatus.REFUNDED)
    await clean(db)


async def test_a_resend_needs_stock_or_becomes_a_refund(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    fan_id, order_no, sku_id, _ = await sent(db, wechat, drain, pieces=2, stock=3)
    asked = await make.ask(
        db, fan_id, order_no, kind=AfterSaleKind.RESEND, reason=AfterSaleReason.NOT_RECEIVED
    )
    with pytest.raises(StockShort):
        await make.approve(db, asked.after_sale_no)
    assert (await make.after_sale(db, asked.after_sale_no)).status is AfterSaleStatus.REQUESTED
    async with db.merchant("demo") as tx:
        await inventory.restock(tx, [(sku_id, 3)], "DN-1")
    await make.approve(db, asked.after_sale_no)
    assert await free(db, sku_id) == 2
    async with db.merchant("demo") as tx:
        await service.pay_instead(tx, STAFF, asked.after_sale_no, "没货了，退款给您")
    await drain()
    assert await free(db, sku_id) == 4
    found = await make.order(db, order_no)
    assert (found.refunded_fen, found.status) == (2 * PRICE, OrderStatus.REFUNDED)
    await clean(db)


async def test_a_replacement_that_was_held_too_long_is_taken_anew(
    db: Db, drain: Drain, wechat: FakeWeChat, travel: Travel
) -> None:
    fan_id, order_no, sku_id, _ = await sent(db, wechat, drain)
    asked = await make.ask(db, fan_id, order_no, kind=AfterSaleKind.RESEND)
    await make.approve(db, asked.after_sale_no)
    travel.move(timedelta(days=61))
    async with db.merchant("demo") as tx:
        assert await inventory.release_overdue(tx) == 1
    await make.resend(db, asked.after_sale_no)
    assert await free(db, sku_id) == 1
    async with db.merchant("demo") as tx:
        names = [breach.invariant for breach in await audit.run(db)]
    assert names == []


async def test_money_alone_and_less_than_all_are_held_within_what_is_left(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    fan_id, order_no, _, line_id = await sent(db, wechat, drain)
    with pytest.raises(TooMuchMoney):
        await make.ask(db, fan_id, order_no, (line_id, 1), amounts={line_id: PRICE + 1})
    with pytest.raises(NoAmountHere):
        await make.ask(db, fan_id, order_no, (line_id, 0))
    with pytest.raises(NoAmountHere):
        await make.ask(
            db, fan_id, order_no, (line_id, 1), kind=AfterSaleKind.RESEND, amounts={line_id: 5}
        )
    alone = await make.ask(db, fan_id, order_no, (line_id, 0), amounts={line_id: 500})
    await make.approve(db, alone.after_sale_no)
    await drain()
    assert (await make.order(db, order_no)).refunded_fen == 500
    rest = await make.ask(db, fan_id, order_no)
    assert rest.amount_fen == 2 * PRICE - 500
    await make.approve(db, rest.after_sale_no)
    await drain()
    order = await make.order(db, order_no)
    assert (order.refunded_fen, order.status) == (order.total_fen, OrderStatus.REFUNDED)
    await clean(db)


async def test_large_compensation_needs_a_second_pair_of_eyes(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    await rule(db, second_above_fen=1_000)
    _, order_no, _, _ = await sent(db, wechat, drain)
    async with db.merchant("demo") as tx:
        small = CompensateIn(amount_fen=1_000, reason="延误致歉")
        made = await service.compensate(tx, STAFF, order_no, small)
        assert made.status is AfterSaleStatus.REFUNDING
    async with db.merchant("demo") as tx:
        large = await service.compensate(
            tx, STAFF, order_no, CompensateIn(amount_fen=1_001, reason="破损")
        )
        assert large.status is AfterSaleStatus.REQUESTED
    with pytest.raises(SecondNeeded):
        await make.approve(db, large.after_sale_no)
    other = StaffActor(STAFF.id + 1, "另一位", STAFF.permissions)
    async with db.merchant("demo") as tx:
        await service.approve(tx, other, large.after_sale_no, ApproveIn())
    await drain()
    order = await make.order(db, order_no)
    assert order.refunded_fen == 2_001
    with pytest.raises(TooMuchMoney):
        async with db.merchant("demo") as tx:
            await service.compensate(
                tx, STAFF, order_no, CompensateIn(amount_fen=2 * PRICE, reason="太多")
            )
    await clean(db)


async def test_nobody_answers_and_it_is_approved_nobody_sends_back_and_it_lapses(
    db: Db, drain: Drain, wechat: FakeWeChat, travel: Travel
) -> None:
    await rule(db, answer_hours=48, return_days=3, inspect_days=2)
    fan_id, order_no, sku_id, line_id = await sent(db, wechat, drain)
    refund = await make.ask(db, fan_id, order_no, (line_id, 1))
    back = await make.ask(db, fan_id, order_no, (line_id, 1), kind=AfterSaleKind.RETURN)
    travel.move(timedelta(hours=47))
    await overdue(db, drain)
    assert (await make.after_sale(db, refund.after_sale_no)).status is AfterSaleStatus.REQUESTED
    travel.move(timedelta(hours=1))
    await overdue(db, drain)
    found = await make.after_sale(db, refund.after_sale_no)
    assert (found.status, found.decided_by) == (AfterSaleStatus.REFUNDED, "system")
    assert (await make.after_sale(db, back.after_sale_no)).status is AfterSaleStatus.RETURNING
    travel.move(timedelta(days=3))
    await overdue(db, drain)
    assert (await make.after_sale(db, back.after_sale_no)).status is AfterSaleStatus.LAPSED
    again = await make.ask(db, fan_id, order_no, (line_id, 1), kind=AfterSaleKind.RETURN)
    await make.approve(db, again.after_sale_no)
    await make.back(db, fan_id, again.after_sale_no)
    travel.move(timedelta(days=2))
    await overdue(db, drain)
    found = await make.after_sale(db, again.after_sale_no)
    assert (found.status, found.restock) == (AfterSaleStatus.REFUNDED, False)
    assert await free(db, sku_id) == 3  # nobody saw it: nothing is on sale again
    await clean(db)


async def overdue(db: Db, drain: Drain) -> None:
    """What the cron line does each minute."""
    async with db.merchant("demo") as tx:
        await service.overdue(tx)
    await drain()


async def test_an_unanswered_resend_without_stock_waits_another_day(
    db: Db, drain: Drain, wechat: FakeWeChat, travel: Travel
) -> None:
    fan_id, order_no, _, _ = await sent(db, wechat, drain, pieces=2, stock=2)
    asked = await make.ask(db, fan_id, order_no, kind=AfterSaleKind.RESEND)
    travel.move(timedelta(hours=73))
    await overdue(db, drain)
    found = await make.after_sale(db, asked.after_sale_no)
    assert found.status is AfterSaleStatus.REQUESTED
    assert found.due_at is not None
    assert found.due_at - found.requested_at > timedelta(hours=96)
    await clean(db)


async def test_a_small_refund_of_unsent_goods_answers_itself_unless_the_fan_asks_often(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    await rule(db, auto_below_fen=PRICE, auto_most=1)
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 3))
    (line,) = (await make.order(db, order_no)).lines
    first = await make.ask(db, fan_id, order_no, (line.id, 1))
    assert first.status is AfterSaleStatus.REFUNDING
    second = await make.ask(db, fan_id, order_no, (line.id, 1))
    assert second.status is AfterSaleStatus.REQUESTED  # once in ninety days
    await drain()
    assert await free(db, sku_id) == 7
    other, large = await make.paid(db, wechat, drain, (sku_id, 2))
    assert (await make.ask(db, other, large)).status is AfterSaleStatus.REQUESTED  # too much
    await clean(db)


@pytest.mark.parametrize(
    ("reason", "freight"), [(AfterSaleReason.CHANGED_MIND, 0), (AfterSaleReason.DAMAGED, 800)]
)
async def test_after_sending_freight_goes_back_when_it_is_our_fault(
    db: Db, drain: Drain, wechat: FakeWeChat, reason: AfterSaleReason, freight: int
) -> None:
    async with db.merchant("demo") as tx:
        await promotion.save_freight(tx, STAFF, make.flat_freight(800, None))
    fan_id, order_no, _, line_id = await sent(db, wechat, drain)
    part = await make.ask(db, fan_id, order_no, (line_id, 1), reason=reason)
    assert part.freight_fen == 0  # the other piece came with it
    async with db.merchant("demo") as tx:
        await service.withdraw(tx, fan_id, part.after_sale_no)
    whole = await make.ask(db, fan_id, order_no, kind=AfterSaleKind.RETURN, reason=reason)
    assert whole.freight_fen == freight
    await clean(db)


async def test_both_sides_talk_with_pictures_and_words_are_sealed(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    fan_id, order_no, _, _ = await sent(db, wechat, drain)
    asked = await make.ask(db, fan_id, order_no, kind=AfterSaleKind.RETURN)
    picture = "demo/abcdefgh12345678.webp"
    async with db.merchant("demo") as tx:
        await service.tell_merchant(
            tx, fan_id, asked.after_sale_no, MessageIn(words="盒子压坏了", pictures=[picture])
        )
        await service.tell_fan(
            tx, STAFF, asked.after_sale_no, MessageIn(words="请寄回", pictures=[])
        )
        stranger = await make.fan(tx)
        with pytest.raises(AfterSaleMissing):
            await service.tell_merchant(
                tx, stranger, asked.after_sale_no, MessageIn(words="看看", pictures=[])
            )
        await tx.flush()
        log = (await queries.shop_after_sale(tx, fan_id, asked.after_sale_no)).log
        kept = await tx.scalars(text("SELECT words FROM after_sale_message"))
        assert not any("盒子" in words for words in kept)
    assert [(one.side.value, one.words) for one in log] == [
        ("fan", "盒子压坏了"),
        ("staff", "请寄回"),
    ]
    assert log[0].picture_urls == [f"/files/{picture}"]


async def test_only_sent_pieces_come_back_and_none_twice(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 3))
    (line,) = (await make.order(db, order_no)).lines
    with pytest.raises(TooMuchRefunded):
        await make.ask(db, fan_id, order_no, (line.id, 1), kind=AfterSaleKind.RETURN)
    await make.ship(db, order_no, (line.id, 2))
    await make.ask(db, fan_id, order_no, (line.id, 1), kind=AfterSaleKind.RETURN)
    with pytest.raises(TooMuchRefunded):
        await make.ask(db, fan_id, order_no, (line.id, 2), kind=AfterSaleKind.EXCHANGE)
    refund = await make.ask(db, fan_id, order_no, (line.id, 2))
    assert [(one.unshipped, one.shipped) for one in refund.lines] == [(1, 1)]
    await clean(db)
