"""Parcels out, goods received."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.catalog import service as catalog
from tiefen.catalog.values import ProductKind
from tiefen.inventory import service as inventory
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.orders import rules
from tiefen.orders.errors import (
    DuplicateLine,
    DuplicateParcel,
    ExtendedBefore,
    OrderMissing,
    TooMuchShipped,
)
from tiefen.orders.errors.travel import NothingTravels
from tiefen.orders.events import OrderNudged, OrderReceived, OrderShipped
from tiefen.orders.models import AfterSale, Order, OrderLine, Parcel, ParcelLine, ShippingUpload
from tiefen.orders.schemas import AfterSalePieceIn, ParcelIn, PieceIn
from tiefen.orders.service.book import lines_of, locked, products_of, step
from tiefen.orders.values import (
    NO_COURIER,
    OPEN_AFTER_SALES,
    Nudge,
    OrderAction,
    OrderStatus,
    ParcelStatus,
    UploadState,
)
from tiefen.payments import service as payments
from tiefen.team import service as team
from tiefen.wechat.values import PayClientKind

ASK_AGAIN = timedelta(days=1)
"""An order in after-sale is not received by itself; look again after this."""
HANDED_OVER = "delivery"
"""Who acted, in the log: nobody; the goods were there with the payment."""
GIVEN_AT_ONCE = frozenset({ProductKind.VIRTUAL, ProductKind.CODES, ProductKind.COURSE})
MOST_WAITING = 200
SHIP = text(
    "UPDATE order_line SET shipped = shipped + :quantity"
    " WHERE id = :line AND shipped + cancelled + :quantity <= quantity RETURNING id"
)
"""The guard that keeps a piece from being both sent and refunded unsent."""


async def ship(tx: Tx, actor: StaffActor, order_no: str, wanted: ParcelIn) -> Parcel:
    """Send a parcel with some pieces, or with all that is left to send.

    Raises OrderMissing, IllegalStep, NothingTravels, BadTracking, TooMuchShipped, DuplicateParcel,
    DuplicateLine, and what `inventory.send` refuses of a location.
    """
    order = await locked(tx, order_no)
    check_sendable(order)
    rules.check_tracking(rules.courier_of(wanted.courier), wanted.tracking_no)
    await _check_new(tx, order, wanted.tracking_no)
    lines = {line.id: line for line in await lines_of(tx, order)}
    chosen = picked(lines, wanted.lines) or {
        line.id: left for line in lines.values() if (left := rules.left_to_ship(line.pieces))
    }
    if not chosen:
        first = next(iter(lines.values()))
        raise TooMuchShipped(name=first.title, left=0)
    rules.check_shipping(
        {line.id: line.title for line in lines.values()},
        {line.id: line.pieces for line in lines.values()},
        chosen,
    )
    actor_name = f"staff:{actor.id}"
    parcel = await _send(tx, order, wanted, chosen, actor_name)
    complete = rules.is_all_shipped([line.pieces for line in await lines_of(tx, order)])
    if complete:
        finish_shipping(tx, order, actor_name)
    else:
        step(tx, order, OrderAction.SHIP_PART, actor_name, wanted.tracking_no)
    await tell_platform(tx, order)
    await team.record_audit(
        tx,
        actor,
        "orders.ship",
        f"order:{order_no}",
        after={"tracking_no": wanted.tracking_no, "pieces": sum(chosen.values())},
    )
    return parcel


def check_sendable(order: Order) -> None:
    """Whether parcels of an order can leave. Raises IllegalStep, NothingTravels."""
    if order.status not in rules.CAN_SHIP:
        rules.advance_order(order.status, OrderAction.SHIP_PART)
    if not order.travels:
        raise NothingTravels


def finish_shipping(tx: Tx, order: Order, actor: str) -> None:
    """Nothing is left to send: the order waits for its receipt."""
    step(tx, order, OrderAction.SHIP_REST, actor)
    order.shipped_at = tx.now
    later(
        tx,
        "orders.receive_shipped",
        run_at=tx.now + rules.RECEIVE_AFTER,
        order_no=order.order_no,
    )
    remind_at = tx.now + rules.RECEIVE_AFTER - rules.REMIND_RECEIPT
    later(tx, "orders.remind_receipt", run_at=remind_at, order_no=order.order_no)
    event = OrderShipped(order.id, order.order_no, order.fan_id, tx.now)
    publish(tx, event, aggregate=f"order:{order.id}")


async def give(tx: Tx, order: Order) -> None:
    """Hand over what needs no parcel, the moment the order is paid: texts, courses, codes.

    Codes are taken from their pool; where it is too small, the line waits for more. Goods and
    services of the order wait for staff. Safe to run twice.
    """
    lines = await lines_of(tx, order)
    kinds = await catalog.unsent_kinds(tx, [line.sku_id for line in lines])
    chosen = {}
    for line in lines:
        left = rules.left_to_ship(line.pieces)
        if not left or kinds.get(line.sku_id) not in GIVEN_AT_ONCE:
            continue
        if kinds[line.sku_id] is ProductKind.CODES:
            pieces = line.shipped + left
            if await catalog.take_codes(tx, order.order_no, line.sku_id, pieces) < pieces:
                continue
        chosen[line.id] = left
    if chosen:
        await hand_over(tx, order, chosen, HANDED_OVER)


async def give_waiting(tx: Tx, sku_id: int) -> None:
    """There are codes again: orders that wait for them get theirs, the oldest first."""
    waiting = await tx.scalars(
        select(Order.order_no)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(
            OrderLine.sku_id == sku_id,
            Order.status.in_(rules.CAN_SHIP),
            OrderLine.shipped + OrderLine.cancelled < OrderLine.quantity,
        )
        .order_by(Order.id)
        .limit(MOST_WAITING)
    )
    for order_no in waiting.all():
        order = await locked(tx, order_no)
        if order.status in rules.CAN_SHIP:
            await give(tx, order)


async def tell_platform(tx: Tx, order: Order) -> None:
    """Have 小程序 told of the parcels of an order that was paid there."""
    parts = await payments.paid_parts(tx, order.order_no)
    if all(part.client is not PayClientKind.MINI for part in parts):
        return
    await tx.execute(
        insert(ShippingUpload)
        .values(order_id=order.id, state=UploadState.WAITING, told=0, error="", updated_at=tx.now)
        .on_conflict_do_update(
            index_elements=["order_id"],
            set_={"state": UploadState.WAITING, "updated_at": tx.now},
        )
    )
    later(tx, "orders.upload_shipping", order_no=order.order_no)


async def reveal_receiver(tx: Tx, actor: StaffActor, order_no: str) -> Order:
    """Somebody looks at who gets the goods, in clear: it is noted who.

    Raises OrderMissing, NothingTravels.
    """
    order = await tx.scalar(select(Order).where(Order.order_no == order_no))
    if order is None:
        raise OrderMissing
    if not order.travels:
        raise NothingTravels
    await team.record_audit(tx, actor, "orders.reveal_receiver", f"order:{order_no}")
    return order


async def receive(tx: Tx, fan_id: int, order_no: str) -> None:
    """The fan has the goods; asking twice is no error. Raises OrderMissing, IllegalStep."""
    order = await locked(tx, order_no, fan_id)
    if order.status is not OrderStatus.RECEIVED:
        await _receive(tx, order, f"fan:{fan_id}")


async def receive_shipped(tx: Tx, order_no: str) -> None:
    """Nobody objected for days: received. An open after-sale puts it off."""
    order = await locked(tx, order_no)
    if order.status is not OrderStatus.SHIPPED:
        return
    due = received_at(order)
    if due and tx.now < due:  # the fan asked for time after this was planned
        later(tx, "orders.receive_shipped", run_at=due, order_no=order_no)
        return
    if await _in_after_sale(tx, order):
        later(tx, "orders.receive_shipped", run_at=tx.now + ASK_AGAIN, order_no=order_no)
        return
    await _receive(tx, order, "system")


def received_at(order: Order) -> datetime | None:
    """When a sent order is received by itself; None: not on its way."""
    if order.status is not OrderStatus.SHIPPED or order.shipped_at is None:
        return None
    more = rules.EXTEND_BY if order.extended_at else timedelta(0)
    return order.shipped_at + rules.RECEIVE_AFTER + more


async def extend_receipt(tx: Tx, fan_id: int, order_no: str) -> None:
    """The fan asks for more time before the order is received by itself; once.

    Raises OrderMissing, ExtendedBefore.
    """
    order = await locked(tx, order_no, fan_id)
    due = received_at(order)
    if due is None or order.extended_at:
        raise ExtendedBefore
    order.extended_at = tx.now
    later(
        tx,
        "orders.remind_receipt",
        run_at=due + rules.EXTEND_BY - rules.REMIND_RECEIPT,
        order_no=order_no,
    )


async def remind_receipt(tx: Tx, order_no: str) -> None:
    """Tell the fan that the order will soon be received by itself."""
    order = await locked(tx, order_no)
    due = received_at(order)
    if due is None or due - tx.now > rules.REMIND_RECEIPT + timedelta(minutes=5):
        return
    await _nudge(tx, order, Nudge.RECEIPT, due)


async def remind_unpaid(tx: Tx) -> int:
    """Remind the fans of orders that close soon, each once; how many there were."""
    found = await tx.scalars(
        select(Order)
        .where(
            Order.status == OrderStatus.UNPAID,
            Order.reminded_at.is_(None),
            Order.pay_until > tx.now,
            Order.pay_until <= tx.now + rules.REMIND_PAY,
        )
        .order_by(Order.id)
        .limit(200)
        .with_for_update(skip_locked=True)
    )
    due = found.all()
    for order in due:
        order.reminded_at = tx.now
        await _nudge(tx, order, Nudge.PAY, order.pay_until)
    return len(due)


async def _nudge(tx: Tx, order: Order, about: Nudge, until: datetime) -> None:
    first = select(OrderLine.product_name).where(OrderLine.order_id == order.id)
    name = await tx.scalar(first.order_by(OrderLine.gift, OrderLine.id).limit(1)) or ""
    event = OrderNudged(
        order.id,
        order.order_no,
        order.fan_id,
        about.value,
        until,
        order.total_fen,
        name,
        tx.now,
    )
    publish(tx, event, aggregate=f"order:{order.id}")


def picked(
    lines: dict[int, OrderLine], wanted: Sequence[PieceIn | AfterSalePieceIn]
) -> dict[int, int]:
    """Line id → pieces, as somebody picked them. Raises DuplicateLine, OrderMissing for a line of
    another order."""
    chosen: dict[int, int] = {}
    for place, piece in enumerate(wanted):
        if piece.line_id not in lines:
            raise OrderMissing(field=f"lines.{place}.line_id")
        if piece.line_id in chosen:
            raise DuplicateLine(field=f"lines.{place}.line_id")
        chosen[piece.line_id] = piece.quantity
    return chosen


async def hand_over(tx: Tx, order: Order, chosen: dict[int, int], actor: str) -> None:
    """Send pieces without a courier; an order that is complete with them is received at once."""
    before = await tx.scalar(select(func.count()).where(Parcel.order_id == order.id))
    number = f"{order.order_no}-{min(chosen)}" + (f"-{before}" if before else "")
    handed = ParcelIn(courier=NO_COURIER, tracking_no=number, lines=[])
    await _send(tx, order, handed, chosen, actor)
    if not order.travels:  # beside goods it is told with their parcel
        await tell_platform(tx, order)
    if not rules.is_all_shipped([line.pieces for line in await lines_of(tx, order)]):
        step(tx, order, OrderAction.SHIP_PART, actor, handed.tracking_no)
        return
    await finish_giving(tx, order, actor)


async def finish_giving(tx: Tx, order: Order, actor: str) -> None:
    """Nothing is left to hand over: the order is done, for nothing is on its way."""
    finish_shipping(tx, order, actor)
    await _receive(tx, order, actor)


async def _check_new(tx: Tx, order: Order, tracking_no: str) -> None:
    known = await tx.scalar(
        select(Parcel.id).where(Parcel.order_id == order.id, Parcel.tracking_no == tracking_no)
    )
    if known is not None:
        raise DuplicateParcel(field="tracking_no", tracking_no=tracking_no)


async def _send(
    tx: Tx, order: Order, wanted: ParcelIn, chosen: dict[int, int], actor: str
) -> Parcel:
    for line_id, quantity in sorted(chosen.items()):
        sent = await tx.scalar(SHIP, {"line": line_id, "quantity": quantity})
        if sent is None:
            raise TooMuchShipped(name=order.order_no, left=0)
    skus = {line.id: line.sku_id for line in await lines_of(tx, order)}
    left_from = await inventory.send(
        tx,
        order.order_no,
        [(skus[line_id], quantity) for line_id, quantity in sorted(chosen.items())],
        actor,
        wanted.location_id,
    )
    failpoint("orders.ship.left")
    courier = rules.courier_of(wanted.courier)
    parcel = Parcel(
        order_id=order.id,
        courier=courier.name if courier else wanted.courier,
        courier_code=courier.code if courier else "",
        location_id=left_from[0] if len(left_from) == 1 else None,
        tracking_no=wanted.tracking_no,
        status=ParcelStatus.SHIPPED,
        shipped_at=tx.now,
    )
    tx.add(parcel)
    await tx.flush()
    tx.add_all(
        ParcelLine(parcel_id=parcel.id, order_line_id=line_id, quantity=quantity)
        for line_id, quantity in chosen.items()
    )
    return parcel


async def _in_after_sale(tx: Tx, order: Order) -> bool:
    open_one = await tx.scalar(
        select(AfterSale.id)
        .where(
            AfterSale.order_id == order.id,
            AfterSale.status.in_(OPEN_AFTER_SALES),
        )
        .limit(1)
    )
    return open_one is not None


async def _receive(tx: Tx, order: Order, actor: str) -> None:
    step(tx, order, OrderAction.RECEIVE, actor)
    order.received_at = tx.now
    await tx.execute(
        update(Parcel)
        .where(Parcel.order_id == order.id, Parcel.status == ParcelStatus.SHIPPED)
        .values(status=ParcelStatus.RECEIVED, received_at=tx.now)
    )
    products = products_of(await lines_of(tx, order))
    event = OrderReceived(order.id, order.order_no, order.fan_id, order.total_fen, tx.now, products)
    publish(tx, event, aggregate=f"order:{order.id}")
