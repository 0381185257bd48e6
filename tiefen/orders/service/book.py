"""The order book: finding, locking and stepping orders. Every verb starts by locking its order."""

from collections.abc import Sequence

from sqlalchemy import select, text

from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.orders import rules
from tiefen.orders.errors import OrderMissing
from tiefen.orders.events import AfterSaleMoved
from tiefen.orders.models import AfterSale, Order, OrderLine, OrderTransition
from tiefen.orders.values import AfterSaleAction, OrderAction, OrderStatus, Refunded

_REFUNDED = text(
    """
    SELECT refunded_fen, status = 'refunded' AS whole FROM orders WHERE order_no = :order_no
    FOR SHARE
    """
)
_SAME_RECEIVER = text(
    """
    SELECT EXISTS (SELECT FROM orders o JOIN orders p ON p.phone_blind = o.phone_blind
        WHERE o.order_no = :order_no AND o.phone_blind <> '' AND p.fan_id = ANY(:fans))
    """
)


async def locked(tx: Tx, order_no: str, fan_id: int | None = None) -> Order:
    """The order, locked until the end of the transaction. Raises OrderMissing, also for a foreign
    fan's order."""
    chosen = select(Order).where(Order.order_no == order_no).with_for_update()
    if fan_id is not None:
        chosen = chosen.where(Order.fan_id.in_(await fans.person_ids(tx, fan_id)))
    order = await tx.scalar(chosen.execution_options(populate_existing=True))
    if order is None:
        raise OrderMissing
    return order


async def seen(tx: Tx, order_no: str, fan_id: int) -> Order:
    """The fan's order as it stands, not locked. Raises OrderMissing."""
    mine = Order.fan_id.in_(await fans.person_ids(tx, fan_id))
    order = await tx.scalar(select(Order).where(Order.order_no == order_no, mine))
    if order is None:
        raise OrderMissing
    return order


async def lines_of(tx: Tx, order: Order) -> Sequence[OrderLine]:
    """The lines of a locked order, read anew."""
    found = await tx.scalars(
        select(OrderLine)
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.id)
        .execution_options(populate_existing=True)
    )
    return found.all()


def products_of(lines: Sequence[OrderLine]) -> tuple[tuple[int, str], ...]:
    """The products of some lines, each once, with the names they were sold under."""
    return tuple({line.product_id: line.product_name for line in lines}.items())


def step(tx: Tx, order: Order, action: OrderAction, actor: str, reason: str = "") -> OrderStatus:
    """Take one step of the order's table and note it. Raises IllegalStep."""
    before, after = order.status, rules.advance_order(order.status, action)
    order.status = after
    _note(tx, order.id, "order", action, before, after, actor, reason)
    return after


def step_after_sale(
    tx: Tx, after_sale: AfterSale, action: AfterSaleAction, actor: str, reason: str = ""
) -> None:
    """Take one step of the after-sale's table and note it. Raises IllegalStep."""
    before, after = after_sale.status, rules.advance_after_sale(after_sale.status, action)
    after_sale.status = after
    _note(tx, after_sale.order_id, after_sale.after_sale_no, action, before, after, actor, reason)
    announce(tx, after_sale, action)


def announce(tx: Tx, after_sale: AfterSale, action: str) -> None:
    """Say what happened to an after-sale; `request` is how each begins."""
    moved = AfterSaleMoved(
        after_sale.id,
        after_sale.after_sale_no,
        after_sale.fan_id,
        str(action),
        str(after_sale.status),
        after_sale.refund_fen,
        tx.now,
    )
    publish(tx, moved, aggregate=f"order:{after_sale.order_id}")


def _note(
    tx: Tx,
    order_id: int,
    subject: str,
    action: str,
    before: str,
    after: str,
    actor: str,
    reason: str,
) -> None:
    tx.add(
        OrderTransition(
            order_id=order_id,
            subject=subject,
            action=str(action),
            before=str(before),
            after=str(after),
            actor=actor,
            reason=reason,
            at=tx.now,
        )
    )


async def refunded(tx: Tx, order_no: str) -> Refunded:
    """What of an order went back, under a lock that refunds wait for; nothing of an unknown one."""
    row = (await tx.execute(_REFUNDED, {"order_no": order_no})).one_or_none()
    return Refunded(row.refunded_fen, row.whole) if row else Refunded(0, False)


async def same_receiver(tx: Tx, order_no: str, fan_ids: Sequence[int]) -> bool:
    """Whether an order goes to a phone that an order of these fans went to."""
    found: bool = await tx.scalar(_SAME_RECEIVER, {"order_no": order_no, "fans": list(fan_ids)})
    return found
