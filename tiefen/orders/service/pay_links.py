"""A link by which anybody pays one order, in a browser outside WeChat or from another person's phone.

There is no sign-in outside WeChat, so the link itself is what opens the order: signed, for one
payment of one order, good as long as that payment may be made. It shows what is paid for and how
much, never to whom it goes.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest

from sqlalchemy import select

from tiefen.fans import service as fans
from tiefen.kernel.crypto import sign
from tiefen.kernel.db import Db, Tx
from tiefen.orders import rules
from tiefen.orders.errors import NothingToPay, OrderMissing, PayExpired
from tiefen.orders.models import Order
from tiefen.orders.schemas.pay_links import LinkedLineOut, LinkedOrderOut, LinkState, PayLinkOut
from tiefen.orders.service.book import lines_of, seen
from tiefen.orders.service.paying import check_payable
from tiefen.orders.values import OrderStatus
from tiefen.payments import service as payments
from tiefen.payments.values import PayParams
from tiefen.team import service as team
from tiefen.wechat import service as wechat
from tiefen.wechat.values import PayClientKind

SIGNED = 32
MOST_SHOWN = 20


async def pay_link(tx: Tx, fan_id: int, order_no: str) -> PayLinkOut:
    """A link to what the fan's order asks for now. Raises OrderMissing, NothingToPay, PayExpired,
    BalanceNotYet."""
    order = await seen(tx, order_no, fan_id)
    check_payable(tx, order)
    until = int(order.deadline.timestamp())
    token = _token(tx.merchant, order_no, _stage(order), until)
    return PayLinkOut(token=token, until=order.deadline)


async def linked_order(tx: Tx, token: str) -> LinkedOrderOut:
    """What a link asks for and where that stands. Raises OrderMissing for a link we did not make."""
    opened, order = await _open(tx, token)
    lines = [
        LinkedLineOut(title=line.title, quantity=line.quantity)
        for line in await lines_of(tx, order)
    ]
    return LinkedOrderOut(
        merchant_name=await team.merchant_name(tx),
        amount_fen=_asked(order, opened.stage),
        lines=lines[:MOST_SHOWN],
        more=max(len(lines) - MOST_SHOWN, 0),
        state=_state(tx, order, opened),
        until=opened.until,
    )


async def pay_by_link(
    db: Db, merchant: str, token: str, client: PayClientKind, *, payer_ip: str, fan_id: int = 0
) -> PayParams:
    """Let whoever holds the link pay: by H5 or a code without a name, in WeChat as themselves.

    Raises OrderMissing, NothingToPay, PayExpired, and what `payments.begin` refuses.
    """
    named = client in (PayClientKind.JSAPI, PayClientKind.MINI)
    app_id = (await wechat.pay_client(db, merchant)).app_id(client)
    async with db.merchant(merchant) as tx:
        opened, order = await _open(tx, token)
        state = _state(tx, order, opened)
        if state is LinkState.PAID:
            raise NothingToPay(status=str(order.status))
        if state is LinkState.OVER:
            raise PayExpired
        check_payable(tx, order)
        openid = await fans.openid_of(tx, fan_id, app_id) if named else None
    return await payments.begin(db, merchant, order.order_no, client, openid, payer_ip=payer_ip)


async def poll_link(db: Db, merchant: str, token: str) -> LinkState:
    """Where the link's payment stands; asks WeChat when its notice is late. Raises OrderMissing."""
    async with db.merchant(merchant) as tx:
        opened, order = await _open(tx, token)
        state = _state(tx, order, opened)
    if state is not LinkState.OPEN:
        return state
    found = await payments.poll(db, merchant, order.order_no)
    # Money shows here first: the order follows within a second.
    return LinkState.PAID if found.paid_at else state


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a link says, once its signature was found good."""

    order_no: str
    stage: int
    until: datetime


async def _open(tx: Tx, token: str) -> tuple[_Opened, Order]:
    order_no, stage, until = _said(token)
    if not compare_digest(token.encode(), _token(tx.merchant, order_no, stage, until).encode()):
        raise OrderMissing
    order = await tx.scalar(select(Order).where(Order.order_no == order_no))
    if order is None:
        raise OrderMissing
    return _Opened(order_no, stage, datetime.fromtimestamp(until, UTC)), order


def _said(token: str) -> tuple[str, int, int]:
    """Number, stage and end as the token states them, not to be believed yet."""
    order_no, *rest = token.split("-")
    if len(rest) != 3 or not all(part.isascii() and part.isdigit() for part in rest[:2]):
        raise OrderMissing
    if len(rest[0]) != 1 or len(rest[1]) > 11:
        raise OrderMissing
    return order_no, int(rest[0]), int(rest[1])


def _token(merchant: str, order_no: str, stage: int, until: int) -> str:
    signature = sign("orders.pay_link", f"{merchant}:{order_no}:{stage}:{until}")[:SIGNED]
    return f"{order_no}-{stage}-{until}-{signature}"


def _stage(order: Order) -> int:
    return 2 if order.status is OrderStatus.DEPOSITED else 1


def _asked(order: Order, stage: int) -> int:
    if not order.deposit_fen:
        return order.total_fen
    return order.deposit_fen if stage == 1 else order.total_fen - order.deposit_fen


def _state(tx: Tx, order: Order, opened: _Opened) -> LinkState:
    if order.status not in rules.PAYABLE or _stage(order) > opened.stage:
        paid = order.deposit_payment_id if opened.stage == 1 else None
        return LinkState.PAID if order.payment_id or paid else LinkState.OVER
    return LinkState.OPEN if tx.now < min(opened.until, order.deadline) else LinkState.OVER
