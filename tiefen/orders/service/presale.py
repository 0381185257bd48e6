"""Orders paid in two stages (预售): the deposit, the reminders, the deposit's end.

It is one order: stock stays held from placing to the balance, and from the balance on it is an order
like any other.
"""

from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import service as fans
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.kernel.money import yuan
from tiefen.orders.errors import NoDeposit
from tiefen.orders.models import Order, ShippingUpload
from tiefen.orders.service.book import lines_of, locked, step
from tiefen.orders.values import CloseReason, OrderAction, OrderStatus, UploadState
from tiefen.payments import service as payments
from tiefen.wechat import service as wechat
from tiefen.wechat.errors import ApiError, NotConfigured, Retry
from tiefen.wechat.values import PayClientKind

LAST_CALL = timedelta(hours=6)
"""How long before the balance's end the fan is reminded once more."""
USUAL, MOST = timedelta(days=15), timedelta(days=330)
"""小程序 expects parcels within the first, and lets a later day be announced up to the second."""
BALANCE_DUE = "balance_due"
"""Key of the template: thing1 goods, amount2 balance, time3 until when, thing4 words."""

_links = {"public": "http://127.0.0.1:8000"}


def configure(*, public_url: str) -> None:
    """Where the links we send lead to. Set once at composition."""
    _links["public"] = public_url.rstrip("/")


async def take_deposit(tx: Tx, order: Order, payment_id: int, paid_at: datetime) -> None:
    """The deposit came: the order waits for its balance, and its stock stays held."""
    assert order.balance_from, "a deposit has its window"
    assert order.balance_until, "a deposit has its window"
    step(tx, order, OrderAction.PAY_DEPOSIT, "wechat")
    order.paid_fen = order.deposit_fen
    order.deposit_payment_id = payment_id
    order.deposit_paid_at = paid_at
    failpoint("orders.deposit.taken")
    tell_of_late(tx, order, paid_at, stage=1)
    first = (await lines_of(tx, order))[0]
    words = f"尾款 {first.product_name[:26]}"
    await payments.start(
        tx, order.order_no, order.fan_id, order.due_fen, words, order.balance_until, stage=2
    )
    later(tx, "orders.close_unpaid", run_at=order.balance_until, order_no=order.order_no)
    for at in (order.balance_from, order.balance_until - LAST_CALL):
        if order.balance_from <= at:
            later(tx, "orders.remind_balance", run_at=max(at, tx.now), order_no=order.order_no)


def ships_late(ships_by: date | None, paid_at: datetime) -> datetime | None:
    """The end of the promised day, where it is so far off that 小程序 wants to know; else None."""
    if ships_by is None:
        return None
    until = datetime.combine(ships_by, time(23, 59, 59), CHINA)
    return until if USUAL < until - paid_at <= MOST else None


def tell_of_late(tx: Tx, order: Order, paid_at: datetime, *, stage: int) -> None:
    """Have 小程序 told that what was just paid is sent late (特殊发货报备), where it must be."""
    if ships_late(order.ships_by, paid_at):
        later(tx, "orders.report_presale", order_no=order.order_no, stage=stage)


async def report_late(db: Db, merchant: str, order_no: str, stage: int) -> None:
    """Tell 小程序 until when a payment's goods are sent. Safe to run twice.

    Goods paid elsewhere, sent or given back meanwhile are not told of. A refusal that waiting does
    not heal is kept with the order, where staff see it.
    """
    async with db.merchant(merchant) as tx:
        order = await tx.scalar(select(Order).where(Order.order_no == order_no))
        parts = await payments.paid_parts(tx, order_no)
        part = next((one for one in parts if one.stage == stage), None)
        if order is None or part is None or part.client is not PayClientKind.MINI:
            return
        paid_at = order.deposit_paid_at if order.deposit_fen and stage == 1 else order.paid_at
        until = ships_late(order.ships_by, paid_at) if paid_at else None
        if until is None or order.status not in (OrderStatus.DEPOSITED, OrderStatus.PAID):
            return
        order_id = order.id
    try:
        await wechat.report_presale(db, merchant, part.transaction_id, until)
    except ApiError as refused:
        if refused.retry is not Retry.FINAL:
            raise
        error = f"{refused.errmsg} ({refused.errcode})"
        async with db.merchant(merchant) as tx:
            said = {"state": UploadState.FAILED, "error": error, "updated_at": tx.now}
            row = insert(ShippingUpload).values(order_id=order_id, told=0, **said)
            await tx.execute(row.on_conflict_do_update(index_elements=["order_id"], set_=said))


async def end_deposit(tx: Tx, order: Order, reason: CloseReason) -> None:
    """The order was closed after its deposit: it is forfeited, or goes back, as was agreed."""
    if order.forfeits and reason is CloseReason.BALANCE_UNPAID:
        await payments.forfeit(tx, order.order_no)
        return
    assert order.deposit_payment_id is not None
    order.paid_fen = 0
    reference = f"{order.order_no}-deposit"
    await payments.request_refund(
        tx, order.deposit_payment_id, order.deposit_fen, reference, "预售取消，定金退回"
    )


async def remind_balance(tx: Tx, order_no: str) -> bool:
    """Tell the fan that the balance can be paid, and until when; False: nobody was told.

    It is about their own money, so a wish for quiet does not keep it back; only who cannot be
    reached is not told.
    """
    order = await locked(tx, order_no)
    if order.status is not OrderStatus.DEPOSITED:
        return False
    try:
        app_id = await wechat.own_app_id(tx)
    except NotConfigured:
        return False
    openid = await fans.openid_of(tx, order.fan_id, app_id)
    if not openid:
        return False
    first = (await lines_of(tx, order))[0]
    words = "超时未付，定金不退" if order.forfeits else "超时未付，定金原路退回"
    data = {
        "thing1": first.product_name[:20],
        "amount2": yuan(order.due_fen),
        "time3": order.deadline.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
        "thing4": words,
    }
    url = f"{_links['public']}/m/{tx.merchant}/shop/#/orders/{order.order_no}"
    await wechat.send_template(tx, openid, BALANCE_DUE, data, url)
    return True


def check_deposit(order: Order) -> None:
    """Raises NoDeposit unless a deposit waits for its balance."""
    if order.status is not OrderStatus.DEPOSITED:
        raise NoDeposit
