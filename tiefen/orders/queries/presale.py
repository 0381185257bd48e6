"""What both sides read of an order's two payments, and when it should have been sent."""

from datetime import datetime

from sqlalchemy import ColumnElement, or_

from tiefen.kernel.days import day_of
from tiefen.orders import rules
from tiefen.orders.models import Order
from tiefen.orders.schemas import AgreedPresale
from tiefen.orders.values import OrderStatus


def presale_of(order: Order) -> AgreedPresale | None:
    """The order's presale; None: it was, or is to be, paid at once."""
    if not (order.deposit_fen and order.balance_from and order.balance_until and order.ships_by):
        return None
    return AgreedPresale(
        deposit_fen=order.deposit_fen,
        balance_fen=order.total_fen - order.deposit_fen,
        deposit_paid_at=order.deposit_paid_at,
        balance_from=order.balance_from,
        balance_until=order.balance_until,
        ships_by=order.ships_by,
        forfeits=order.forfeits,
    )


def can_pay(order: Order, now: datetime) -> bool:
    """Something is due, and now."""
    open_now = order.status is OrderStatus.UNPAID or (order.balance_from or now) <= now
    return order.status in rules.PAYABLE and open_now and now < order.deadline


def can_cancel(order: Order) -> bool:
    """The fan may end it without asking the merchant."""
    kept = order.status is OrderStatus.DEPOSITED and order.forfeits
    return order.status in rules.PAYABLE and not kept


def is_late(order: Order, now: datetime) -> bool:
    """Paid long ago, past any day that was promised, and not all of it is sent. A service is used when
    its buyer comes: it is never late."""
    if order.status not in rules.CAN_SHIP or order.paid_at is None or not order.travels:
        return False
    promised = order.ships_by
    return now >= order.paid_at + rules.SHIP_WITHIN and (promised is None or promised < day_of(now))


def waits_too_long(now: datetime) -> ColumnElement[bool]:
    """`is_late` for statements about orders that are to be sent."""
    late = or_(Order.ships_by.is_(None), Order.ships_by < day_of(now))
    return (Order.paid_at <= now - rules.SHIP_WITHIN) & late & (Order.region_code != "")
