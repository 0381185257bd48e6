"""What lists of orders are narrowed by, and in which order they are read."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVarTuple, Unpack

from sqlalchemy import Select, or_, select, text, tuple_

from tiefen.kernel.http import decode_cursor
from tiefen.orders import rules
from tiefen.orders.models import AfterSale, Order
from tiefen.orders.models.tables import IN_AFTER_SALE
from tiefen.orders.queries.presale import waits_too_long
from tiefen.orders.values import OrderStatus

Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What the console's list is narrowed by."""

    status: OrderStatus | None = None
    fan_id: int | None = None
    placed_from: datetime | None = None
    placed_until: datetime | None = None
    q: str = ""
    """A number of an order or a parcel, a whole phone, a receiver's whole name, a fan's name, or words
    of what was ordered."""
    in_after_sale: bool = False
    waiting_longest: bool = False
    """To be sent and overdue, or asked for by the fan: the oldest paid first would be all of them."""

    @property
    def narrow(self) -> bool:
        """Whether anything but time and words narrows."""
        return bool(self.status or self.fan_id or self.in_after_sale or self.waiting_longest)


def narrowed(wanted: OrderFilter, now: datetime) -> Select[Order]:
    """Orders as the filters say, the words aside."""
    chosen = select(Order)
    if wanted.status is not None:
        chosen = chosen.where(Order.status == wanted.status)
    if wanted.fan_id is not None:
        chosen = chosen.where(Order.fan_id == wanted.fan_id)
    if wanted.placed_from is not None:
        chosen = chosen.where(Order.placed_at >= wanted.placed_from)
    if wanted.placed_until is not None:
        chosen = chosen.where(Order.placed_at < wanted.placed_until)
    if wanted.in_after_sale:
        chosen = chosen.where(Order.id.in_(select(AfterSale.order_id).where(text(IN_AFTER_SALE))))
    if wanted.waiting_longest:
        late = waits_too_long(now)
        chosen = chosen.where(
            Order.status.in_(rules.CAN_SHIP), or_(late, Order.urged_at.is_not(None))
        )
    return chosen


def asked_back(wanted: OrderFilter, now: datetime, cursor: str | None, limit: int) -> Select[Order]:
    """Orders in after-sale, the newest first: read along the open after-sales, so that a page costs
    the page. By the orders' numbers, which grow with time; the cursor is that of every list."""
    rest = narrowed(replace(wanted, in_after_sale=False), now)
    number = AfterSale.order_id
    asked = select(number).where(text(IN_AFTER_SALE)).distinct().order_by(number.desc())
    if cursor is not None:
        asked = asked.where(number < decode_cursor(cursor, tuple[datetime, int])[1])
    found = asked.subquery()
    rest = rest.join(found, found.c.order_id == Order.id)
    return rest.order_by(found.c.order_id.desc()).limit(limit + 1)


def after(
    chosen: Select[Unpack[Ts]], cursor: str | None, placed_at: Any, order_id: Any
) -> Select[Unpack[Ts]]:
    """Those behind a cursor."""
    if cursor is None:
        return chosen
    return chosen.where(tuple_(placed_at, order_id) < decode_cursor(cursor, tuple[datetime, int]))


def newest(chosen: Select[Unpack[Ts]], limit: int) -> Select[Unpack[Ts]]:
    """The newest, one more than `limit`."""
    return chosen.order_by(Order.placed_at.desc(), Order.id.desc()).limit(limit + 1)
