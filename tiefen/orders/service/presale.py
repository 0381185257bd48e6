"""Orders paid in two stages (预售): the deposit, the reminders, the deposit's end.

It is one order: stock stays held from placing to the balance, and from the balance on it is an order
like any other.
"""

from datetime import datetime, timedelta

from tiefen.fans import service as fans
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Tx
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.kernel.money import yuan
from tiefen.orders.errors import NoDeposit
from tiefen.orders.models import Order
from tiefen.orders.service.book import lines_of, locked, step
from tiefen.orders.values import CloseReason, OrderAction, OrderStatus
from tiefen.payments import service as payments
from tiefen.wechat import service as wechat
from tiefen.wechat.errors import NotConfigured

LAST_CALL = timedelta(hours=6)
"""How long before the balance's end the fan is reminded once more."""
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
    first = (await lines_of(tx, order))[0]
    words = f"尾款 {first.product_name[:26]}"
    await payments.start(
        tx, order.order_no, order.fan_id, order.due_fen, words, order.balance_until, stage=2
    )
    later(tx, "orders.close_unpaid", run_at=order.balance_until, order_no=order.order_no)
    for at in (order.balance_from, order.balance_until - LAST_CALL):
        if order.balance_from <= at:
            later(tx, "orders.remind_balance", run_at=max(at, tx.now), order_no=order.order_no)


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
