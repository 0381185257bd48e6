"""预售: a deposit now, the balance in its window; one order, two payments, nothing lost between them."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.cases import cases
from tests.catalog.factories import STAFF
from tests.conftest import Drain
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import APP_ID, FakeWeChat
from tiefen.catalog.values import Presale
from tiefen.inventory import service as inventory
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Db, Tx
from tiefen.ledger import service as ledger
from tiefen.orders import queries, service
from tiefen.orders.errors import (
    BalanceNotYet,
    DepositKept,
    NoDeposit,
    NotYetPaid,
    PayExpired,
    PresaleAlone,
    PresalePrice,
)
from tiefen.orders.models import Order
from tiefen.orders.schemas import InvoiceIn, PriceIn
from tiefen.orders.service import invoicing
from tiefen.orders.values import InvoiceState, OrderStatus, TitleKind
from tiefen.payments import service as payments
from tiefen.payments.errors import CloseLater
from tiefen.payments.values import PaidBy, PaymentState
from tiefen.promotion import rules as promotion
from tiefen.promotion import service as prices
from tiefen.promotion.values import Basis, BasisLine, Costs, Freight, Step
from tiefen.wechat import service as wechat_service
from tiefen.wechat.errors import WeChatAway, api_error
from tiefen.wechat.values import PayClientKind, RefundStatus, ShippingNotice

PRICE, DEPOSIT, WORTH = 10_000, 2_000, 3_000
FAR = datetime(2030, 1, 1, tzinfo=UTC)


def terms(now: Any, **changes: Any) -> dict[str, Any]:
    """Deposit ¥20 that counts for ¥30 of ¥100; the balance from day 3 to day 5."""
    return {
        "deposit_fen": DEPOSIT,
        "worth_fen": WORTH,
        "balance_from": (now + timedelta(days=3)).isoformat(),
        "balance_until": (now + timedelta(days=5)).isoformat(),
        "ships_by": (now + timedelta(days=15)).date().isoformat(),
        "forfeits": True,
        **changes,
    }


async def sold(tx: Tx, pieces: int = 10, **changes: Any) -> int:
    skus = [{"price_fen": PRICE, "cost_fen": 4_000}]
    return await stocked(tx, pieces, skus=skus, presale=terms(tx.now, **changes))


async def deposited(
    db: Db, wechat: FakeWeChat, drain: Drain, quantity: int = 1, **changes: Any
) -> tuple[int, str, int]:
    """An order whose deposit is paid: (fan, order number, SKU)."""
    async with db.merchant("demo") as tx:
        sku_id = await sold(tx, **changes)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, quantity))
    return fan_id, order_no, sku_id


async def balance(db: Db, wechat: FakeWeChat, drain: Drain, fan_id: int, order_no: str) -> None:
    await make.tell(db, await make.money(db, wechat, fan_id, order_no))
    await drain()


async def held(db: Db, account: str) -> int:
    async with db.merchant("demo") as tx:
        return (await ledger.balance(tx, account)).balance_fen


async def free(db: Db, sku_id: int) -> int:
    async with db.merchant("demo") as tx:
        return (await inventory.available(tx, [sku_id]))[sku_id]


async def breaches(db: Db) -> list[str]:
    return sorted({breach.invariant for breach in await audit.run(db)})


# ── the price ────────────────────────────────────────────────────────────────────────────────


@cases(5_000)
@given(data=st.data())
def test_deposit_and_balance_are_the_total_whatever_the_terms(data: st.DataObject) -> None:
    price = data.draw(st.integers(0, 50_000))
    fixed = data.draw(st.booleans())
    deposit = data.draw(st.integers(1, 60_000)) if fixed else 0
    line = BasisLine(
        sku_id=1,
        product_id=1,
        product_name="茶",
        spec_text="",
        image_url="",
        quantity=data.draw(st.integers(1, 50)),
        price_fen=price,
        cost_fen=None,
        purchase_limit=None,
        presale=Presale(
            deposit_fen=deposit,
            deposit_bp=0 if fixed else data.draw(st.integers(1, 9_000)),
            worth_fen=data.draw(st.integers(0, 70_000)) if fixed else 0,
            balance_from=FAR,
            balance_until=FAR,
            ships_by=FAR.date(),
            forfeits=True,
        ),
    )
    freight = Freight(data.draw(st.integers(0, 2_000)), None)
    found = promotion.quote(Basis(promotion.VERSION, (line,), freight))
    assert found.total_fen == found.goods_fen + found.freight_fen - found.discount_fen >= 0
    assert sum(one.pay_fen for one in found.lines) + found.freight_fen == found.total_fen
    if found.total_fen > 1:
        assert 0 < found.deposit_fen < found.total_fen, "both payments ask for something"
    else:
        assert found.deposit_fen == 0
    steps = {step.step: step.numbers for step in found.trace}
    if found.deposit_fen:
        shown = steps[Step.DEPOSIT]
        assert shown["deposit_fen"] + shown["balance_fen"] == found.total_fen
    off = -sum(step.amount_fen for step in found.trace if step.step is Step.PRESALE_BONUS)
    assert off == found.discount_fen, "the trace says what the deposit takes off"
    assert promotion.replay(promotion.stored(found)).digest == found.digest


async def test_the_price_explains_both_payments_and_the_guard_counts_what_is_taken_off(
    db: Db,
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await sold(tx)
        fan_id = await make.fan(tx)
        quote = await service_quote(tx, fan_id, sku_id)
    assert (quote.total_fen, quote.deposit_fen, quote.discount_fen) == (9_000, 2_000, 1_000)
    assert promotion.margin(quote, Costs()) == 9_000 - 4_000 - 54
    world = promotion.World([], Freight(0, None), Costs(), {}, {}, PRICE, PRICE)
    floor = promotion.floor(quote.basis.lines[0], [], world, quote.basis.at)
    assert floor is not None
    assert floor.pay_fen == 9_000, "the guard knows that the deposit counts for more than it is"


async def service_quote(tx: Tx, fan_id: int, sku_id: int, quantity: int = 1) -> Any:
    return await prices.quote(tx, fan_id, [(sku_id, quantity)], tx.now)


# ── the life of an order in presale ──────────────────────────────────────────────────────────


async def test_a_deposit_then_the_balance_is_an_order_like_any_other(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel
) -> None:
    fan_id, order_no, sku_id = await deposited(db, wechat, drain, 2)
    order = await make.order(db, order_no)
    assert (order.status, order.paid_fen, order.total_fen) == (
        OrderStatus.DEPOSITED, 4_000, 18_000,
    )  # fmt: skip
    assert [step.text for step in order.trace][-2:] == [
        "定金 ¥40.00 抵 ¥60.00",
        "现在付定金 ¥40.00，之后付尾款 ¥140.00",
    ]
    assert await free(db, sku_id) == 8, "the stock stays held"
    assert await held(db, "orders:unearned") == 4_000, "a deposit is owed until it is earned"
    with pytest.raises(BalanceNotYet):
        await service.pay(db, "demo", fan_id, order_no, PayClientKind.JSAPI)
    with pytest.raises(BalanceNotYet):
        await service.counter_code(db, "demo", STAFF, order_no)
    travel.move(timedelta(days=3, hours=1))
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.DEPOSITED
    assert (await service.counter_code(db, "demo", STAFF, order_no)).total_fen == 14_000
    await balance(db, wechat, drain, fan_id, order_no)
    order = await make.order(db, order_no)
    assert (order.status, order.paid_fen, order.overdue) == (OrderStatus.PAID, 18_000, False)
    travel.move(timedelta(days=3))
    assert not (await make.order(db, order_no)).overdue, "a later day was promised"
    assert await breaches(db) == []
    await make.ship(db, order_no)
    async with db.merchant("demo") as tx:
        await service.receive(tx, fan_id, order_no)
    await drain()
    assert (await held(db, "orders:unearned"), await held(db, "revenue:goods")) == (0, 18_000)
    assert await breaches(db) == []


async def test_what_is_paid_in_part_is_not_invoiced(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel
) -> None:
    """A request made with the presale waits for its balance; a forfeited deposit sold nothing."""

    async def to_write() -> list[tuple[str, int]]:
        async with db.merchant("demo") as tx:
            rows = await queries.invoices(tx, state=InvoiceState.REQUESTED, cursor=None, limit=9)
            assert len(await queries.invoice_lines(tx)) == len(rows.items)
        return [(row.order_no, row.payable_fen) for row in rows.items]

    fan_id, order_no, _ = await deposited(db, wechat, drain)
    _, lapsed, _ = await deposited(db, wechat, drain)
    wanted = InvoiceIn(kind=TitleKind.PERSONAL, title="张三", tax_no="", email="z@example.com")
    async with db.merchant("demo") as tx:
        with pytest.raises(NotYetPaid):
            await service.request_invoice(tx, fan_id, order_no, wanted)
        assert not (await queries.paperwork(tx, order_no, fan_id)).can_invoice
        rows = await tx.execute(select(Order.id, Order.fan_id))
        # As it is asked at checkout.
        await invoicing.keep_invoices(tx, {row.id: (row.fan_id, wanted) for row in rows})
    assert await to_write() == []
    travel.move(timedelta(days=3, hours=1))
    await balance(db, wechat, drain, fan_id, order_no)
    whole = PRICE - WORTH + DEPOSIT
    assert await to_write() == [(order_no, whole)]
    travel.move(timedelta(days=2))
    await drain()
    closed = await make.order(db, lapsed)
    assert (closed.status, closed.paid_fen) == (OrderStatus.CLOSED, DEPOSIT)
    assert await to_write() == [(order_no, whole)]


@pytest.mark.parametrize("forfeits", [True, False])
async def test_a_balance_that_never_comes_costs_the_deposit_or_gives_it_back(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel, *, forfeits: bool
) -> None:
    fan_id, order_no, sku_id = await deposited(db, wechat, drain, forfeits=forfeits)
    travel.move(timedelta(days=5, minutes=1))
    with pytest.raises(PayExpired):
        await service.pay(db, "demo", fan_id, order_no, PayClientKind.JSAPI)
    await drain()
    order = await make.order(db, order_no)
    assert (order.status, order.close_reason) == (OrderStatus.CLOSED, "balance_unpaid")
    assert await free(db, sku_id) == 10
    assert order.paid_fen == (DEPOSIT if forfeits else 0)
    kept = (await held(db, "revenue:other"), await held(db, "orders:unearned"))
    assert kept == ((DEPOSIT, 0) if forfeits else (0, 0))
    assert len(wechat.refunds) == (0 if forfeits else 1)
    assert await breaches(db) == []


async def test_who_may_take_a_deposit_back_and_who_may_give_it(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    fan_id, kept, _ = await deposited(db, wechat, drain)
    async with db.merchant("demo") as tx:
        with pytest.raises(DepositKept):
            await service.cancel(tx, fan_id, kept)
    async with db.merchant("demo") as tx:
        await service.return_deposit(tx, STAFF, kept, "协商退定金")
    async with db.merchant("demo") as tx:
        await service.return_deposit(tx, STAFF, kept, "协商退定金")  # twice is once
    await drain()
    buyer, free_no, _ = await deposited(db, wechat, drain, forfeits=False)
    async with db.merchant("demo") as tx:
        await service.cancel(tx, buyer, free_no)
    await drain()
    assert [one.refund_fen for one in wechat.refunds.values()] == [DEPOSIT, DEPOSIT]
    async with db.merchant("demo") as tx:
        with pytest.raises(NoDeposit):
            await service.return_deposit(tx, STAFF, free_no, "再退一次")
    assert await breaches(db) == []


async def test_presale_goods_are_ordered_alone_and_keep_their_price(db: Db) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await sold(tx)
        other = await stocked(tx, 5, skus=[{"price_fen": 500}])
        fan_id = await make.fan(tx)
        order_no = (await make.place(tx, fan_id, (sku_id, 1))).order_no
        wanted = await make.form(tx, fan_id, (sku_id, 1), (other, 1))
        with pytest.raises(PresaleAlone):
            await service.place(tx, fan_id, "key-together", wanted)
        lower = PriceIn(before_fen=9_000, total_fen=8_000, reason="老客")
        with pytest.raises(PresalePrice):
            await service.reprice(tx, STAFF, order_no, lower)


async def test_after_the_window_opens_the_product_sells_as_usual(db: Db, travel: Travel) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await sold(tx)
        fan_id = await make.fan(tx)
    travel.move(timedelta(days=3))
    async with db.merchant("demo") as tx:
        quote = await service_quote(tx, fan_id, sku_id)
    assert (quote.deposit_fen, quote.total_fen) == (0, PRICE)


# ── money back ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("parts", [(3,), (1, 1, 1), (1, 2), (2, 1)])
async def test_giving_everything_back_returns_exactly_what_was_paid_from_both_payments(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel, parts: tuple[int, ...]
) -> None:
    fan_id, order_no, _ = await deposited(db, wechat, drain, 3)
    travel.move(timedelta(days=3, hours=1))
    await balance(db, wechat, drain, fan_id, order_no)
    line = (await make.order(db, order_no)).lines[0].id
    for quantity in parts:
        asked = await make.ask(db, fan_id, order_no, (line, quantity))
        await make.approve(db, asked.after_sale_no)
        await drain()
    order = await make.order(db, order_no)
    assert (order.status, order.refunded_fen) == (OrderStatus.REFUNDED, 27_000)
    assert sum(one.refund_fen or 0 for one in wechat.refunds.values()) == 27_000
    assert await held(db, "orders:unearned") == 0
    assert await breaches(db) == []


async def test_a_share_that_fails_is_asked_for_again_and_the_other_is_not(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel
) -> None:
    fan_id, order_no, _ = await deposited(db, wechat, drain)
    travel.move(timedelta(days=3, hours=1))
    await balance(db, wechat, drain, fan_id, order_no)
    wechat.refund_status = RefundStatus.PROCESSING
    asked = await make.ask(db, fan_id, order_no)
    await make.approve(db, asked.after_sale_no)
    await drain()
    first, second = (f"{asked.after_sale_no}-1{end}" for end in ("", "-deposit"))
    async with db.merchant("demo") as tx:
        await service.refund_settled(tx, first, success=True)
        await service.refund_settled(tx, first, success=True)
        await service.refund_settled(tx, second, success=False, reason="closed")
    seen = await make.after_sale(db, asked.after_sale_no)
    assert str(seen.status) == "abnormal", "half of it is not all of it"


# ── races ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@pytest.mark.parametrize("planted", [False, True])
async def test_64_notices_and_closes_of_a_balance_are_one_payment_or_one_end(
    db: Db,
    wechat: FakeWeChat,
    drain: Drain,
    travel: Travel,
    monkeypatch: pytest.MonkeyPatch,
    *,
    planted: bool,
) -> None:
    """Planted: the close does not ask the provider whether the money was faster."""
    fan_id, order_no, sku_id = await deposited(db, wechat, drain)
    travel.move(timedelta(days=4))
    paid = await make.money(db, wechat, fan_id, order_no)
    travel.move(timedelta(days=1, minutes=1))
    if planted:
        monkeypatch.setattr("tiefen.orders.service.paying.payments.close", nobody_paid)

    async def one(place: int) -> None:
        if place % 2:
            await make.tell(db, paid)
        else:
            await service.close_unpaid(db, "demo", order_no)

    answers = await asyncio.gather(*(one(place) for place in range(64)), return_exceptions=True)
    odd = [answer for answer in answers if answer and not isinstance(answer, CloseLater)]
    await drain()
    order = await make.order(db, order_no)
    kept = (odd, order.status, order.paid_fen, await free(db, sku_id), await breaches(db))
    right: Any = ([], OrderStatus.PAID, 9_000, 9, [])
    assert (kept == right) is not planted, kept


async def nobody_paid(*_: Any) -> PaymentState:
    return PaymentState.CLOSED


# ── what 小程序 and the fan are told ────────────────────────────────────────────────────────────


class Platform:
    """小程序 as it hears of parcels; `away` numbers get no answer once."""

    def __init__(self) -> None:
        self.told: list[ShippingNotice] = []
        self.away: set[str] = set()

    async def upload(self, db: Db, merchant: str, notice: ShippingNotice) -> None:
        if notice.transaction_id in self.away:
            self.away.remove(notice.transaction_id)
            raise WeChatAway
        self.told.append(notice)


async def shipped_in_mini(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, Platform]:
    """An order whose deposit and balance were paid in the mini program, sent in one parcel."""
    platform = Platform()
    parts = payments.paid_parts

    async def in_mini(tx: Tx, order_no: str) -> list[PaidBy]:
        return [replace(one, client=PayClientKind.MINI) for one in await parts(tx, order_no)]

    monkeypatch.setattr(payments, "paid_parts", in_mini)
    monkeypatch.setattr(wechat_service, "upload_shipping", platform.upload)
    fan_id, order_no, _ = await deposited(db, wechat, drain)
    travel.move(timedelta(days=3, minutes=1))
    await balance(db, wechat, drain, fan_id, order_no)
    await make.ship(db, order_no)
    return order_no, platform


@pytest.mark.parametrize("refused", [False, True])
async def test_a_presale_sent_late_is_announced_once_a_payment(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel, monkeypatch: pytest.MonkeyPatch,
    refused: bool,
) -> None:  # fmt: skip
    """40 days after the deposit, 15 days after the balance: only the deposit's payment must be told of."""
    told: list[tuple[str, datetime]] = []
    parts = payments.paid_parts

    async def in_mini(tx: Tx, order_no: str) -> list[PaidBy]:
        return [replace(one, client=PayClientKind.MINI) for one in await parts(tx, order_no)]

    async def report(db: Db, merchant: str, transaction_id: str, until: datetime) -> None:
        told.append((transaction_id, until))
        if refused:
            raise api_error(10060014, "param")

    monkeypatch.setattr(payments, "paid_parts", in_mini)
    monkeypatch.setattr(wechat_service, "report_presale", report)
    async with db.merchant("demo") as tx:
        day = (tx.now.astimezone(CHINA) + timedelta(days=40)).date()
        opens = tx.now + timedelta(days=26)
    fan_id, order_no, _ = await deposited(
        db, wechat, drain, ships_by=str(day), balance_from=opens.isoformat(),
        balance_until=(opens + timedelta(days=2)).isoformat(),
    )  # fmt: skip
    travel.move(timedelta(days=26, minutes=1))
    await balance(db, wechat, drain, fan_id, order_no)
    deposit, _ = await numbers(db, order_no)
    end = datetime.combine(day, time(23, 59, 59), CHINA)
    assert told == [(deposit, end)]
    upload = (await make.order(db, order_no)).upload
    assert (upload.error if upload else "") == ("param (10060014)" if refused else "")


async def numbers(db: Db, order_no: str) -> list[str]:
    """WeChat's numbers of both payments, the deposit's first."""
    async with db.merchant("demo") as tx:
        return [one.transaction_id for one in await payments.paid_parts(tx, order_no)]


async def test_both_payments_are_told_of_the_parcel_each_once(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_no, platform = await shipped_in_mini(db, wechat, drain, travel, monkeypatch)
    deposit, rest = await numbers(db, order_no)
    platform.away = {rest}  # the balance's call is lost, after the deposit's went through
    await drain()
    travel.move(timedelta(minutes=30))
    await drain()
    assert [one.transaction_id for one in platform.told] == [deposit, rest]
    assert all(one.whole and one.last for one in platform.told)
    upload = (await make.order(db, order_no)).upload
    assert upload is not None
    assert upload.state == "done"


async def test_a_reminder_says_what_is_due_until_when_and_only_while_it_is(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, dict[str, Any], str]] = []

    async def send(tx: Tx, openid: str, key: str, data: dict[str, Any], url: str) -> None:
        sent.append((openid, data, url))

    async def app_id(tx: Tx) -> str:
        return APP_ID

    monkeypatch.setattr(wechat_service, "send_template", send)
    monkeypatch.setattr(wechat_service, "own_app_id", app_id)
    fan_id, order_no, _ = await deposited(db, wechat, drain)
    assert sent == [], "nothing is due yet"
    travel.move(timedelta(days=3, minutes=1))
    await drain()
    ((openid, data, url),) = sent
    assert openid
    assert (data["amount2"], data["thing4"]) == ("¥70.00", "超时未付，定金不退")
    assert url.endswith(f"/m/demo/shop/#/orders/{order_no}")
    await balance(db, wechat, drain, fan_id, order_no)
    travel.move(timedelta(days=3))
    await drain()
    assert len(sent) == 1, "who has paid is not reminded of it"
