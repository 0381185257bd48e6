"""After-sales for both sides."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, select

from tiefen.fans import service as fans
from tiefen.fans.values import FanBrief
from tiefen.inventory import service as inventory
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, decode_cursor, page
from tiefen.kernel.money import yuan
from tiefen.orders import rules
from tiefen.orders.errors import AfterSaleMissing
from tiefen.orders.models import AfterSale, AfterSaleLine, Order, OrderLine
from tiefen.orders.schemas import (
    AfterSaleLineOut,
    AfterSaleOut,
    AfterSalePreview,
    Consequence,
    ConsoleAfterSale,
    FanOut,
    say,
)
from tiefen.orders.values import AfterSaleAction, AfterSaleStatus
from tiefen.team import service as team

OPEN_AFTER_SALES = (
    AfterSaleStatus.REQUESTED,
    AfterSaleStatus.REFUNDING,
    AfterSaleStatus.ABNORMAL,
)


async def after_sales(
    tx: Tx, *, status: AfterSaleStatus | None, cursor: str | None, limit: int
) -> Page[ConsoleAfterSale]:
    """After-sales of the merchant, newest first. Four statements."""
    chosen = _with_order()
    if status is not None:
        chosen = chosen.where(AfterSale.status == status)
    found = await _newest(tx, chosen, cursor, limit)
    parts = await after_sale_parts(tx, [one.id for one, _ in found])
    briefs = await fans.brief(tx, {order.fan_id for _, order in found})
    names = await team.actor_names(tx, [one.decided_by for one, _ in found])
    rows = [
        ConsoleAfterSale(
            **after_sale_fields(one, order.order_no, parts[one.id]),
            fan=fan_out(briefs, order.fan_id),
            order_status=order.status,
            refund_id=one.refund_id,
            attempt=one.attempt,
            decided_by=one.decided_by,
            decided_by_name=names.get(one.decided_by, ""),
        )
        for one, order in found
    ]
    return page(rows, limit, *([found[limit - 1][0].id] if len(found) > limit else []))


async def shop_after_sales(
    tx: Tx, fan_id: int, *, cursor: str | None, limit: int
) -> Page[AfterSaleOut]:
    """One fan's after-sales, newest first. Three statements."""
    mine = AfterSale.fan_id.in_(await fans.person_ids(tx, fan_id))
    found = await _newest(tx, _with_order().where(mine), cursor, limit)
    parts = await after_sale_parts(tx, [one.id for one, _ in found])
    rows = [
        AfterSaleOut(**after_sale_fields(one, order.order_no, parts[one.id]))
        for one, order in found
    ]
    return page(rows, limit, *([found[limit - 1][0].id] if len(found) > limit else []))


async def shop_after_sale(tx: Tx, fan_id: int, after_sale_no: str) -> AfterSaleOut:
    """One of the fan's after-sales. Raises AfterSaleMissing."""
    found, order, parts = await _one(tx, after_sale_no, fan_id)
    return AfterSaleOut(**after_sale_fields(found, order.order_no, parts))


async def console_after_sale(tx: Tx, after_sale_no: str) -> ConsoleAfterSale:
    """One after-sale as the console shows it. Raises AfterSaleMissing."""
    found, order, parts = await _one(tx, after_sale_no)
    briefs = await fans.brief(tx, {order.fan_id})
    names = await team.actor_names(tx, [found.decided_by])
    return ConsoleAfterSale(
        **after_sale_fields(found, order.order_no, parts),
        fan=fan_out(briefs, order.fan_id),
        order_status=order.status,
        refund_id=found.refund_id,
        attempt=found.attempt,
        decided_by=found.decided_by,
        decided_by_name=names.get(found.decided_by, ""),
    )


async def preview(
    tx: Tx, after_sale_no: str, *, restock: bool, refund_freight: bool | None
) -> AfterSalePreview:
    """What approving would do, computed from what stands now. Nothing is changed.

    Raises AfterSaleMissing, IllegalStep, FreightTaken.
    """
    found, order, parts = await _one(tx, after_sale_no)
    rules.advance_after_sale(found.status, AfterSaleAction.APPROVE)
    freight_fen = rules.freight_of(
        order.freight_fen, order.freight_claimed_fen, found.freight_fen, refund_freight
    )
    lines = await tx.scalars(
        select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)
    )
    others = await tx.scalar(
        select(AfterSale.id)
        .where(
            AfterSale.order_id == order.id,
            AfterSale.id != found.id,
            AfterSale.status.in_(OPEN_AFTER_SALES),
        )
        .limit(1)
    )
    pieces = [line.pieces for line in lines]
    whole = others is None and not any(rules.left_to_refund(line) for line in pieces)
    to_send = sum(rules.left_to_ship(line) for line in pieces)
    back = {line.sku_id: part.unshipped + (part.shipped if restock else 0) for part, line in parts}
    free = await inventory.available(tx, back)
    return AfterSalePreview(
        after_sale=AfterSaleOut(**after_sale_fields(found, order.order_no, parts)),
        goods_fen=found.goods_fen,
        freight_fen=freight_fen,
        amount_fen=found.goods_fen + freight_fen,
        freight_refundable_fen=order.freight_fen - order.freight_claimed_fen + found.freight_fen,
        whole=whole,
        consequences=[
            *_money(order, found.goods_fen + freight_fen, freight_fen),
            *(_stock(line, back[line.sku_id], free[line.sku_id]) for _, line in parts),
            *_limits(parts),
            _order(to_send, whole=whole),
        ],
    )


def _money(order: Order, amount_fen: int, freight_fen: int) -> list[Consequence]:
    before, after = order.refunded_fen, order.refunded_fen + amount_fen
    words = say(
        f"原路退回 {yuan(amount_fen)}（实付 {yuan(order.paid_fen)}，累计已退 {yuan(after)}）",
        f"{yuan(amount_fen)} goes back the way it came"
        f" (paid {yuan(order.paid_fen)}, refunded then {yuan(after)})",
    )
    freight = say("运费不退", "the freight is kept")
    if freight_fen:
        freight = say(f"其中运费 {yuan(freight_fen)}", f"of it freight {yuan(freight_fen)}")
    counted = say(
        f"粉丝累计退款增加 {yuan(amount_fen)}", f"the fan's refunds grow by {yuan(amount_fen)}"
    )
    return [
        Consequence(kind="money", text=words, sku_id=None, before=before, after=after),
        Consequence(kind="freight", text=freight, sku_id=None, before=None, after=freight_fen),
        Consequence(kind="counters", text=counted, sku_id=None, before=None, after=amount_fen),
    ]


def _stock(line: OrderLine, back: int, free: int) -> Consequence:
    words = say(f"“{line.title}”不回库存", f"{line.title}: nothing back on sale")
    if back:
        words = say(f"“{line.title}”回到可售库存 {back} 件", f"{line.title}: {back} back on sale")
    return Consequence(kind="stock", text=words, sku_id=line.sku_id, before=free, after=free + back)


def _limits(parts: Sequence[tuple[AfterSaleLine, OrderLine]]) -> list[Consequence]:
    return [
        Consequence(
            kind="limit",
            text=say(
                f"“{line.product_name}”限购名额退回 {freed} 件",
                f"{line.product_name}: {freed} may be bought again under the limit",
            ),
            sku_id=line.sku_id,
            before=line.limit_held,
            after=line.limit_held - freed,
        )
        for part, line in parts
        if (freed := min(line.limit_held, part.unshipped + part.shipped))
    ]


def _order(to_send: int, *, whole: bool) -> Consequence:
    words = say(
        f"订单继续，还有 {to_send} 件待发货", f"the order goes on, {to_send} pieces to send"
    )
    if whole:
        words = say("退款成功后订单变为“已退款”", "once the money is back the order is refunded")
    return Consequence(kind="order", text=words, sku_id=None, before=None, after=None)


def fan_out(briefs: Mapping[int, FanBrief], fan_id: int) -> FanOut:
    """Whose order it is; a fan nobody knows any more has no name."""
    brief = briefs.get(fan_id)
    return FanOut(
        id=fan_id,
        name=brief.name if brief else "",
        avatar_url=brief.avatar_url if brief else "",
    )


async def after_sale_parts(
    tx: Tx, after_sale_ids: Sequence[int]
) -> dict[int, list[tuple[AfterSaleLine, OrderLine]]]:
    """After-sale → its parts with their order lines. One statement."""
    found = await tx.execute(
        select(AfterSaleLine, OrderLine)
        .join(OrderLine, OrderLine.id == AfterSaleLine.order_line_id)
        .where(AfterSaleLine.after_sale_id.in_(after_sale_ids))
        .order_by(AfterSaleLine.order_line_id)
    )
    parts: dict[int, list[tuple[AfterSaleLine, OrderLine]]] = {one: [] for one in after_sale_ids}
    for part, line in found:
        parts[part.after_sale_id].append((part, line))
    return parts


def after_sale_fields(
    found: AfterSale, order_no: str, parts: Sequence[tuple[AfterSaleLine, OrderLine]]
) -> dict[str, Any]:
    """What both sides see of an after-sale."""
    return {
        "after_sale_no": found.after_sale_no,
        "order_no": order_no,
        "status": found.status,
        "reason": found.reason,
        "note": found.note,
        "goods_fen": found.goods_fen,
        "freight_fen": found.freight_fen,
        "amount_fen": found.amount_fen,
        "quantity": found.quantity,
        "answer": found.answer,
        "restock": found.restock,
        "requested_at": found.requested_at,
        "decided_at": found.decided_at,
        "settled_at": found.settled_at,
        "lines": [
            AfterSaleLineOut(
                line_id=line.id,
                sku_id=line.sku_id,
                product_name=line.product_name,
                spec_text=line.spec_text,
                image_url=line.image_url,
                quantity=part.unshipped + part.shipped,
                unshipped=part.unshipped,
                shipped=part.shipped,
                amount_fen=part.amount_fen,
            )
            for part, line in parts
        ],
    }


def _with_order() -> Select[AfterSale, Order]:
    return select(AfterSale, Order).join(Order, Order.id == AfterSale.order_id)


async def _newest(
    tx: Tx, chosen: Select[AfterSale, Order], cursor: str | None, limit: int
) -> Sequence[Row[AfterSale, Order]]:
    if cursor:
        (last,) = decode_cursor(cursor, tuple[int])
        chosen = chosen.where(AfterSale.id < last)
    return (await tx.execute(chosen.order_by(AfterSale.id.desc()).limit(limit + 1))).all()


async def _one(
    tx: Tx, after_sale_no: str, fan_id: int | None = None
) -> tuple[AfterSale, Order, list[tuple[AfterSaleLine, OrderLine]]]:
    chosen = _with_order().where(AfterSale.after_sale_no == after_sale_no)
    if fan_id is not None:
        chosen = chosen.where(AfterSale.fan_id.in_(await fans.person_ids(tx, fan_id)))
    row = (await tx.execute(chosen.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise AfterSaleMissing
    return row[0], row[1], (await after_sale_parts(tx, [row[0].id]))[row[0].id]
