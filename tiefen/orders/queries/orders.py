"""Orders for the fan and for the console."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from tiefen.fans import service as fans
from tiefen.kernel import crypto
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, paged
from tiefen.kernel.money import yuan
from tiefen.orders import rules
from tiefen.orders.errors import OrderMissing
from tiefen.orders.models import (
    AfterSale,
    Order,
    OrderLine,
    OrderTransition,
    Parcel,
    ParcelLine,
    PriceChange,
    Replay,
)
from tiefen.orders.queries.after_sales import after_sale_fields, after_sale_parts, fan_out
from tiefen.orders.queries.narrowing import OrderFilter, after, asked_back, narrowed, newest
from tiefen.orders.queries.parcels import unsent_of, upload_of
from tiefen.orders.queries.presale import can_cancel, can_pay, is_late, presale_of
from tiefen.orders.queries.search import searched
from tiefen.orders.schemas import (
    AfterSaleOut,
    Can,
    ConsoleLineOut,
    ConsoleOrder,
    ConsoleOrderRow,
    OfferOut,
    ParcelLineOut,
    ParcelOut,
    PriceChangeOut,
    ReceiverOut,
    ReplayLine,
    ReplayOut,
    ShopLineOut,
    ShopOrder,
    ShopOrderRow,
    StepOut,
    TraceOut,
    applied,
    missed,
    say,
)
from tiefen.orders.values import NO_COURIER, OPEN_AFTER_SALES, OrderStatus
from tiefen.team import service as team


async def shop_orders(
    tx: Tx, fan_id: int, *, states: Sequence[OrderStatus], cursor: str | None, limit: int
) -> Page[ShopOrderRow]:
    """The fan's orders in any of the states (none named: in all), newest first. Three statements."""
    chosen = select(Order).where(Order.fan_id.in_(await fans.person_ids(tx, fan_id)))
    if states:
        chosen = chosen.where(Order.status.in_(states))
    orders = (
        await tx.scalars(newest(after(chosen, cursor, Order.placed_at, Order.id), limit))
    ).all()
    lines = await _lines(tx, [order.id for order in orders])
    rows = [ShopOrderRow(**_shop_row(tx, order, lines[order.id])) for order in orders]
    return paged(rows, orders, limit, _place)


async def shop_order(tx: Tx, fan_id: int, order_no: str) -> ShopOrder:
    """One of the fan's orders in full. Raises OrderMissing."""
    mine = Order.fan_id.in_(await fans.person_ids(tx, fan_id))
    order = await _one(tx, select(Order).where(Order.order_no == order_no, mine))
    lines = (await _lines(tx, [order.id]))[order.id]
    return ShopOrder(
        **_shop_row(tx, order, lines),
        goods_fen=order.goods_fen,
        freight_fen=order.freight_fen,
        discount_fen=order.discount_fen,
        paid_fen=order.paid_fen,
        refunding_fen=order.refunding_fen,
        note=order.note,
        receiver=receiver(order) if order.travels else None,
        **(await _story(tx, order, lines)),
    )


def receiver(order: Order) -> ReceiverOut:
    """Who gets the goods, in clear."""
    whom = order.receiver_value
    return ReceiverOut(name=whom.name, phone=whom.phone, region=order.region, detail=whom.detail)


async def console_orders(
    tx: Tx, wanted: OrderFilter, *, cursor: str | None, limit: int
) -> Page[ConsoleOrderRow]:
    """The merchant's orders, newest first. Four statements, and some more when they are searched."""
    chosen = after(narrowed(wanted, tx.now), cursor, Order.placed_at, Order.id)
    if wanted.q.strip():
        found = await searched(tx, wanted, chosen, cursor, limit)
        chosen = newest(select(Order).where(Order.id.in_(found)), limit)
    elif wanted.in_after_sale and wanted.fan_id is None:
        chosen = asked_back(wanted, tx.now, cursor, limit)
    else:
        chosen = newest(chosen, limit)
    orders = (await tx.scalars(chosen)).all()
    rows = await _console_rows(tx, orders)
    return paged([ConsoleOrderRow(**row) for row in rows], orders, limit, _place)


def _place(order: Order) -> tuple[datetime, int]:
    """Where an order stands among all, for the page after it."""
    return order.placed_at, order.id


async def console_order(tx: Tx, order_no: str) -> ConsoleOrder:
    """One order in full, the receiver masked. Raises OrderMissing."""
    order = await _one(tx, select(Order).where(Order.order_no == order_no))
    (row,) = await _console_rows(tx, [order])
    lines = (await _lines(tx, [order.id]))[order.id]
    story = await _story(tx, order, lines)
    return ConsoleOrder(
        **row,
        goods_fen=order.goods_fen,
        freight_fen=order.freight_fen,
        discount_fen=order.discount_fen,
        note=order.note,
        payment_id=order.payment_id,
        steps=await _steps(tx, order),
        pay_until=order.deadline,
        margin_fen=order.quote.get("margin_fen"),
        unsent=await unsent_of(tx, order),
        upload=await upload_of(tx, order),
        **{name: value for name, value in story.items() if name != "paid_at"},
    )


async def _one(tx: Tx, chosen: Select[Order]) -> Order:
    order = await tx.scalar(chosen.execution_options(populate_existing=True))
    if order is None:
        raise OrderMissing
    return order


async def _lines(tx: Tx, order_ids: Sequence[int]) -> dict[int, list[OrderLine]]:
    found = await tx.scalars(
        select(OrderLine)
        .where(OrderLine.order_id.in_(order_ids))
        .order_by(OrderLine.id)
        .execution_options(populate_existing=True)
    )
    lines: dict[int, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    for line in found:
        lines[line.order_id].append(line)
    return lines


def _shop_line(line: OrderLine, *, open_to_refund: bool, travels: bool) -> dict[str, Any]:
    return {
        "id": line.id,
        "sku_id": line.sku_id,
        "product_id": line.product_id,
        "product_name": line.product_name,
        "spec_text": line.spec_text,
        "image_url": line.image_url,
        "unit_price_fen": line.unit_price_fen,
        "quantity": line.quantity,
        "list_fen": line.list_fen,
        "discount_fen": line.discount_fen,
        "pay_fen": line.pay_fen,
        "gift": line.gift,
        "shipped": line.shipped,
        "refundable": rules.left_to_refund(line.pieces) if open_to_refund else 0,
        "returnable": rules.left_to_return(line.pieces) if open_to_refund and travels else 0,
        "refunded_fen": line.refunded_fen,
        "refunding_fen": line.refunding_fen,
    }


def _shop_row(tx: Tx, order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    asks = order.status in rules.CAN_ASK_BACK
    late = order.received_at is not None and (tx.now >= order.received_at + rules.AFTER_SALE_WITHIN)
    left = any(rules.left_to_refund(line.pieces) for line in lines)
    return {
        "order_no": order.order_no,
        "status": order.status,
        "total_fen": order.total_fen,
        "refunded_fen": order.refunded_fen,
        "quantity": order.quantity,
        "lines": [
            ShopLineOut(**_shop_line(line, open_to_refund=asks and not late, travels=order.travels))
            for line in lines
        ],
        "placed_at": order.placed_at,
        "pay_until": order.deadline,
        "presale": presale_of(order),
        "travels": order.travels,
        "can": Can(
            pay=can_pay(order, tx.now),
            cancel=can_cancel(order),
            receive=order.status is OrderStatus.SHIPPED,
            refund=asks and not late and left,
            urge=order.travels
            and order.status in rules.CAN_SHIP
            and (order.urged_at is None or tx.now >= order.urged_at + rules.URGE_AGAIN),
            extend=order.status is OrderStatus.SHIPPED and order.extended_at is None,
        ),
    }


async def _story(tx: Tx, order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    """What happened to an order: parcels, after-sales, price, times."""
    parcels = (
        await tx.scalars(select(Parcel).where(Parcel.order_id == order.id).order_by(Parcel.id))
    ).all()
    contents = await tx.scalars(
        select(ParcelLine).where(ParcelLine.parcel_id.in_([parcel.id for parcel in parcels]))
    )
    inside: dict[int, list[ParcelLineOut]] = {parcel.id: [] for parcel in parcels}
    for content in contents:
        inside[content.parcel_id].append(
            ParcelLineOut(line_id=content.order_line_id, quantity=content.quantity)
        )
    asked = (
        await tx.scalars(
            select(AfterSale).where(AfterSale.order_id == order.id).order_by(AfterSale.id.desc())
        )
    ).all()
    parts = await after_sale_parts(tx, [one.id for one in asked])
    changed = await tx.scalars(
        select(PriceChange).where(PriceChange.order_id == order.id).order_by(PriceChange.id)
    )
    changes = [PriceChangeOut.model_validate(one) for one in changed]
    return {
        "parcels": [
            ParcelOut(
                id=parcel.id,
                courier=parcel.courier,
                courier_code=parcel.courier_code,
                location_id=parcel.location_id,
                tracking_no=parcel.tracking_no,
                handed_over=parcel.courier == NO_COURIER,
                status=parcel.status,
                shipped_at=parcel.shipped_at,
                received_at=parcel.received_at,
                lines=inside[parcel.id],
            )
            for parcel in parcels
        ],
        "after_sales": [
            AfterSaleOut(**after_sale_fields(one, order.order_no, parts[one.id])) for one in asked
        ],
        "reduced_fen": order.reduced_fen,
        "price_changes": changes,
        "trace": applied(order.quote["trace"]) + _by_hand(order, changes),
        "missed": missed(order.quote["trace"]),
        "offers": _offers(order, lines),
        "paid_at": order.paid_at,
        "shipped_at": order.shipped_at,
        "received_at": order.received_at,
        "closed_at": order.closed_at,
        "close_reason": order.close_reason,
    }


def _by_hand(order: Order, changes: Sequence[PriceChangeOut]) -> list[TraceOut]:
    """The step of the price that the merchant added."""
    if not order.reduced_fen:
        return []
    amount, reason = yuan(order.reduced_fen), changes[-1].reason if changes else ""
    words = say(
        f"商家改价，减 {amount}（{reason}）", f"lowered by the merchant: {amount} ({reason})"
    )
    return [
        TraceOut(
            step="price_change",
            sku_id=None,
            amount_fen=-order.reduced_fen,
            text=words,
            promotion_id=0,
        )
    ]


def _offers(order: Order, lines: Sequence[OrderLine]) -> dict[int, list[OfferOut]]:
    """By line what promotions took off it, as the stored quote says; old quotes say nothing."""
    known = {
        (line["sku_id"], line.get("gift", False)): line.get("offers", [])
        for line in order.quote["lines"]
    }
    return {
        line.id: [OfferOut(**offer) for offer in known.get((line.sku_id, line.gift), [])]
        for line in lines
    }


async def _steps(tx: Tx, order: Order) -> list[StepOut]:
    steps = (
        await tx.scalars(
            select(OrderTransition)
            .where(OrderTransition.order_id == order.id)
            .order_by(OrderTransition.id)
        )
    ).all()
    names = await team.actor_names(tx, [step.actor for step in steps])
    return [
        StepOut(
            subject=step.subject,
            action=step.action,
            before=step.before,
            after=step.after,
            actor=step.actor,
            actor_name=names.get(step.actor, ""),
            reason=step.reason,
            at=step.at,
        )
        for step in steps
    ]


async def _console_rows(tx: Tx, orders: Sequence[Order]) -> list[dict[str, Any]]:
    order_ids = [order.id for order in orders]
    lines = await _lines(tx, order_ids)
    counts = await tx.execute(
        select(AfterSale.order_id, func.count())
        .where(AfterSale.order_id.in_(order_ids), AfterSale.status.in_(OPEN_AFTER_SALES))
        .group_by(AfterSale.order_id)
    )
    asked: dict[int, int] = dict(counts.all())
    briefs = await fans.brief(tx, {order.fan_id for order in orders})
    return [
        {
            "order_no": order.order_no,
            "status": order.status,
            "fan": fan_out(briefs, order.fan_id),
            "total_fen": order.total_fen,
            "paid_fen": order.paid_fen,
            "refunding_fen": order.refunding_fen,
            "refunded_fen": order.refunded_fen,
            "quantity": order.quantity,
            "lines": [_console_line(order, line) for line in lines[order.id]],
            "receiver": _masked(order) if order.travels else None,
            "open_after_sales": asked.get(order.id, 0),
            "placed_at": order.placed_at,
            "paid_at": order.paid_at,
            "urged_at": order.urged_at,
            "overdue": is_late(order, tx.now),
            "presale": presale_of(order),
        }
        for order in orders
    ]


def _console_line(order: Order, line: OrderLine) -> ConsoleLineOut:
    return ConsoleLineOut(
        **_shop_line(line, open_to_refund=True, travels=order.travels),
        cost_fen=line.cost_fen,
        left_to_ship=rules.left_to_ship(line.pieces) if order.travels else 0,
        cancelled=line.cancelled,
        returned=line.returned,
    )


def _masked(order: Order) -> ReceiverOut:
    whom = order.receiver_value
    return ReceiverOut(
        name=crypto.mask_name(whom.name),
        phone=crypto.mask_phone(whom.phone),
        region=order.region,
        detail=crypto.mask_address(whom.detail),
    )


async def replay(tx: Tx, promotion_id: int) -> ReplayOut | None:
    """The newest replay of a promotion, if there was one."""
    row = await tx.scalar(
        select(Replay)
        .where(Replay.promotion_id == promotion_id)
        .order_by(Replay.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    if row is None:
        return None
    names = ("order_no", "before_fen", "after_fen")
    listed: dict[str, Any] = {
        name: [ReplayLine(**dict(zip(names, one, strict=True))) for one in getattr(row, name)]
        for name in ("winners", "losers")
    }
    plain = {name: getattr(row, name) for name in ReplayOut.model_fields if name not in listed}
    return ReplayOut(**{**plain, **listed})
