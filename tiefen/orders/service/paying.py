"""From placed to paid, or to closed. Closing asks the provider first: money may have been faster."""

from dataclasses import dataclass
from datetime import datetime

from tiefen.fans import service as fans
from tiefen.inventory import service as inventory
from tiefen.inventory.errors import ReservationEnded, StockShort
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import publish
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.members import service as members
from tiefen.orders import rules
from tiefen.orders.errors import AlreadyPaid, BalanceNotYet, DepositKept, NothingToPay, PayExpired
from tiefen.orders.events import OrderClosed, OrderPaid
from tiefen.orders.models import Order
from tiefen.orders.service import presale
from tiefen.orders.service.book import lines_of, locked, products_of, seen, step
from tiefen.orders.service.fulfilling import give
from tiefen.orders.service.ticketing import issue
from tiefen.orders.values import CloseReason, OrderAction, OrderStatus
from tiefen.payments import service as payments
from tiefen.payments.values import PaymentState, PayParams
from tiefen.promotion import service as promotion
from tiefen.team import service as team
from tiefen.wechat import service as wechat
from tiefen.wechat.values import PayClientKind


async def pay(
    db: Db, merchant: str, fan_id: int, order_no: str, client: PayClientKind
) -> PayParams:
    """What the fan's face needs to open the pay sheet (or show the code).

    The payer is the fan's own identity in the app of `client`, never a parameter. Deadlines are
    judged on the database's clock. Raises OrderMissing, NothingToPay, PayExpired, and what
    `payments.begin` refuses.
    """
    app_id = (await wechat.pay_client(db, merchant)).app_id(client)
    async with db.merchant(merchant) as tx:
        order = await seen(tx, order_no, fan_id)
        check_payable(tx, order)
        openid = await fans.openid_of(tx, fan_id, app_id)
    return await payments.begin(db, merchant, order_no, client, openid)


def check_payable(tx: Tx, order: Order) -> None:
    """Whether something of an order can be paid now. Raises NothingToPay, PayExpired, BalanceNotYet."""
    if order.status not in rules.PAYABLE:
        raise NothingToPay(status=str(order.status))
    if tx.now >= order.deadline:
        raise PayExpired
    opens_at = order.balance_from
    if order.status is OrderStatus.DEPOSITED and opens_at and tx.now < opens_at:
        raise BalanceNotYet(at=f"{opens_at.astimezone(CHINA):%Y-%m-%d %H:%M}")


async def poll(db: Db, merchant: str, fan_id: int, order_no: str) -> PaymentState | None:
    """Whether the money has come, asking the provider if need be; None: nothing was to be paid."""
    async with db.merchant(merchant) as tx:
        order = await seen(tx, order_no, fan_id)
        if not order.total_fen:
            return None
    return (await payments.poll(db, merchant, order_no)).state


@dataclass(frozen=True, slots=True)
class CounterCode:
    """What a fan scans at the counter."""

    url: str
    total_fen: int
    expires_at: datetime


async def counter_code(db: Db, merchant: str, actor: StaffActor, order_no: str) -> CounterCode:
    """A Native code for what is due of an order, shown by staff; asked for again it is the same one.

    Raises OrderMissing, NothingToPay, PayExpired, BalanceNotYet, and what `payments.begin` refuses.
    """
    async with db.merchant(merchant) as tx:
        order = await locked(tx, order_no)
        check_payable(tx, order)
        total_fen = order.due_fen
        await team.record_audit(tx, actor, "orders.show_pay_code", f"order:{order_no}")
    params = await payments.begin(db, merchant, order_no, PayClientKind.NATIVE)
    return CounterCode(params.code_url or "", total_fen, params.expires_at)


async def counter_state(db: Db, merchant: str, order_no: str) -> PaymentState | None:
    """As `poll`, for the staff who show the code. Raises OrderMissing."""
    async with db.merchant(merchant) as tx:
        order = await locked(tx, order_no)
        if not order.total_fen:
            return None
    return (await payments.poll(db, merchant, order_no)).state


async def mark_paid(
    tx: Tx, order_no: str, payment_id: int, amount_fen: int, paid_at: datetime
) -> None:
    """Verified money came for an order: it becomes real, or the money goes back. Safe to run twice.

    The stock is still held, or taken anew if a clean-up gave it back. If it is gone, or the order
    was closed, the whole amount is refunded: money never stays without goods.
    """
    order = await locked(tx, order_no)
    if order.status not in (*rules.PAYABLE, OrderStatus.CLOSED):
        return
    if payment_id == order.deposit_payment_id:
        return
    if amount_fen != order.due_fen:
        raise ValueError(f"{order_no} costs {order.due_fen} fen now, {amount_fen} were paid")
    if order.status is OrderStatus.UNPAID and order.deposit_fen:
        await presale.take_deposit(tx, order, payment_id, paid_at)
        return
    if order.status in rules.PAYABLE:
        try:
            await become_paid(tx, order, payment_id, paid_at)
            return
        except ReservationEnded:
            if await _hold_again(tx, order):
                await become_paid(tx, order, payment_id, paid_at)
                return
        await _close(tx, order, CloseReason.SOLD_OUT, "system")
    late = f"{order_no}-late-balance" if order.deposit_payment_id else f"{order_no}-late"
    await payments.request_refund(tx, payment_id, amount_fen, late, "订单已关闭，原路退款")


async def become_paid(tx: Tx, order: Order, payment_id: int | None, paid_at: datetime) -> None:
    """The order is paid, or costs nothing: its stock leaves."""
    await inventory.convert(tx, order.order_no)
    failpoint("orders.paid.converted")
    step(tx, order, OrderAction.PAY, "wechat" if payment_id else "system")
    order.paid_fen = order.total_fen
    order.payment_id = payment_id
    order.paid_at = paid_at
    lines = await lines_of(tx, order)
    event = OrderPaid(
        order.id,
        order.order_no,
        order.fan_id,
        order.total_fen,
        order.quantity,
        paid_at,
        products_of(lines),
        order.region_code,
        tuple(
            (one.sku_id, one.product_id, one.quantity, one.pay_fen) for one in lines if not one.gift
        ),
    )
    publish(tx, event, aggregate=f"order:{order.id}")
    presale.tell_of_late(tx, order, paid_at, stage=2 if order.deposit_fen else 1)
    await issue(tx, order)
    await give(tx, order)


async def cancel(tx: Tx, fan_id: int, order_no: str) -> None:
    """The fan does not want the order any more. Asking twice is no error.

    A deposit that is forfeited when the balance is not paid cannot be taken back so; any other goes
    back. The payment ends here in the same commit; money that still comes is late and goes back by
    itself. Raises OrderMissing, IllegalStep, DepositKept, AlreadyPaid (the
    money was faster).
    """
    order = await locked(tx, order_no, fan_id)
    if order.status is OrderStatus.CLOSED:
        return
    rules.advance_order(order.status, OrderAction.CLOSE)
    if order.status is OrderStatus.DEPOSITED and order.forfeits:
        raise DepositKept
    if await payments.stop(tx, order_no) is PaymentState.PAID:
        raise AlreadyPaid
    await _close(tx, order, CloseReason.CANCELLED, f"fan:{fan_id}")


async def return_deposit(tx: Tx, actor: StaffActor, order_no: str, reason: str) -> None:
    """The merchant gives a deposit back before its balance, whatever was agreed: the order closes.

    Raises OrderMissing, NoDeposit, AlreadyPaid (the balance was faster).
    """
    order = await locked(tx, order_no)
    if order.close_reason == CloseReason.DEPOSIT_RETURNED:
        return
    presale.check_deposit(order)
    if await payments.stop(tx, order_no) is PaymentState.PAID:
        raise AlreadyPaid
    await _close(tx, order, CloseReason.DEPOSIT_RETURNED, f"staff:{actor.id}")
    await team.record_audit(
        tx,
        actor,
        "orders.return_deposit",
        f"order:{order_no}",
        after={"deposit_fen": order.deposit_fen},
        reason=reason,
    )


async def close_unpaid(db: Db, merchant: str, order_no: str) -> None:
    """Close an order whose deadline has passed; one that was paid meanwhile stays. Repeatable."""
    async with db.merchant(merchant) as tx:
        order = await locked(tx, order_no)
        if order.status not in rules.PAYABLE:
            return
        if tx.now < order.deadline:
            if order.status is OrderStatus.UNPAID:  # a deposit has queued its own
                later(tx, "orders.close_unpaid", run_at=order.deadline, order_no=order_no)
            return
    if await payments.close(db, merchant, order_no) is PaymentState.PAID:
        return
    failpoint("orders.close.asked")
    async with db.merchant(merchant) as tx:
        order = await locked(tx, order_no)
        if order.status is OrderStatus.UNPAID:
            await _close(tx, order, CloseReason.UNPAID, "system")
        elif order.status is OrderStatus.DEPOSITED and tx.now >= order.deadline:
            await _close(tx, order, CloseReason.BALANCE_UNPAID, "system")


async def _close(tx: Tx, order: Order, reason: CloseReason, actor: str) -> None:
    step(tx, order, OrderAction.CLOSE, actor, reason)
    order.closed_at = tx.now
    order.close_reason = reason
    lines = await lines_of(tx, order)
    if (order.quote.get("points") or {}).get("used"):  # persons before limits, as in placing
        await members.release_points(tx, order.fan_id, order.order_no)
    await promotion.give_back_limits(
        tx, order.fan_id, [(line.product_id, line.limit_held) for line in lines]
    )
    await promotion.give_back_uses(tx, order.order_no)
    for line in lines:
        line.limit_held = 0
    await inventory.release(tx, order.order_no)
    if order.deposit_payment_id is not None:
        await presale.end_deposit(tx, order, reason)
    event = OrderClosed(order.id, order.order_no, order.fan_id, reason, tx.now)
    publish(tx, event, aggregate=f"order:{order.id}")


async def _hold_again(tx: Tx, order: Order) -> bool:
    """Take stock that was given back too early once more; False when somebody else has it now."""
    wanted: dict[int, int] = {}
    for line in await lines_of(tx, order):
        wanted[line.sku_id] = wanted.get(line.sku_id, 0) + line.quantity
    lines = sorted(wanted.items())
    try:
        async with tx.begin_nested():
            await inventory.reserve(tx, order.order_no, lines, tx.now, order.region_code)
    except StockShort:
        return False
    return True
