"""After-sales for both sides."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, select

from tiefen.fans import service as fans
from tiefen.fans.values import FanBrief
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, newest, paged
from tiefen.orders import rules
from tiefen.orders.errors import AfterSaleMissing
from tiefen.orders.models import (
    AfterSale,
    AfterSaleLine,
    AfterSaleMessage,
    AfterSaleRules,
    Order,
    OrderLine,
    OrderTransition,
)
from tiefen.orders.schemas import (
    AfterSaleLineOut,
    AfterSaleOut,
    ConsoleAfterSale,
    ConsoleAfterSaleDetail,
    FanOut,
    LogOut,
    PolicyOut,
    ShopAfterSaleDetail,
)
from tiefen.orders.values import AfterSaleKind, AfterSalePolicy, AfterSaleStatus, Speaker
from tiefen.team import service as team


async def after_sales(
    tx: Tx,
    *,
    status: AfterSaleStatus | None,
    kind: AfterSaleKind | None = None,
    cursor: str | None,
    limit: int,
) -> Page[ConsoleAfterSale]:
    """After-sales of the merchant, newest first. Four statements."""
    chosen = _with_order()
    if status is not None:
        chosen = chosen.where(AfterSale.status == status)
    if kind is not None:
        chosen = chosen.where(AfterSale.kind == kind)
    found = await _newest(tx, chosen, cursor, limit)
    parts = await after_sale_parts(tx, [one.id for one, _ in found])
    briefs = await fans.brief(tx, {order.fan_id for _, order in found})
    names = await team.actor_names(
        tx, [actor for one, _ in found for actor in (one.decided_by, one.requested_by)]
    )
    rows = [
        ConsoleAfterSale(
            **after_sale_fields(one, order.order_no, parts[one.id]),
            fan=fan_out(briefs, order.fan_id),
            order_status=order.status,
            refund_id=one.refund_id,
            attempt=one.attempt,
            decided_by=one.decided_by,
            decided_by_name=names.get(one.decided_by, ""),
            requested_by_name=names.get(one.requested_by, ""),
        )
        for one, order in found
    ]
    return paged(rows, found, limit, lambda one: (one[0].id,))


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
    return paged(rows, found, limit, lambda one: (one[0].id,))


async def shop_after_sale(tx: Tx, fan_id: int, after_sale_no: str) -> ShopAfterSaleDetail:
    """One of the fan's after-sales. Raises AfterSaleMissing."""
    found, order, parts = await _one(tx, after_sale_no, fan_id)
    awaited = found.status in (AfterSaleStatus.RETURNING, AfterSaleStatus.SENT_BACK)
    return ShopAfterSaleDetail(
        **after_sale_fields(found, order.order_no, parts),
        log=[line.model_copy(update={"name": ""}) for line in await _log(tx, found)],
        return_to=(await policy(tx)).return_to if awaited else "",
    )


async def console_after_sale(tx: Tx, after_sale_no: str) -> ConsoleAfterSaleDetail:
    """One after-sale as the console shows it. Raises AfterSaleMissing."""
    found, order, parts = await _one(tx, after_sale_no)
    briefs = await fans.brief(tx, {order.fan_id})
    names = await team.actor_names(tx, [found.decided_by, found.requested_by])
    return ConsoleAfterSaleDetail(
        log=await _log(tx, found),
        **after_sale_fields(found, order.order_no, parts),
        fan=fan_out(briefs, order.fan_id),
        order_status=order.status,
        refund_id=found.refund_id,
        attempt=found.attempt,
        decided_by=found.decided_by,
        decided_by_name=names.get(found.decided_by, ""),
        requested_by_name=names.get(found.requested_by, ""),
    )


async def policy(tx: Tx) -> PolicyOut:
    """How the merchant handles after-sales."""
    row = await tx.get(AfterSaleRules, 1)
    return PolicyOut.model_validate(row.value if row else AfterSalePolicy())


async def _log(tx: Tx, found: AfterSale) -> list[LogOut]:
    """What was done and said, oldest first. Three statements."""
    steps = await tx.scalars(
        select(OrderTransition)
        .where(
            OrderTransition.order_id == found.order_id,
            OrderTransition.subject == found.after_sale_no,
        )
        .order_by(OrderTransition.id)
    )
    said = await tx.scalars(
        select(AfterSaleMessage)
        .where(AfterSaleMessage.after_sale_id == found.id)
        .order_by(AfterSaleMessage.id)
    )
    nothing: list[str] = []
    entries = [(one.at, one.actor, one.action, one.reason, nothing) for one in steps]
    entries += [(one.at, one.actor, "", one.words, one.pictures) for one in said]
    names = await team.actor_names(tx, [actor for _, actor, *_ in entries])
    return [
        LogOut(
            side=_side(actor),
            name=names.get(actor, ""),
            action=action,
            words=words,
            picture_urls=[picture_url(key) for key in pictures],
            at=at,
        )
        for at, actor, action, words, pictures in sorted(entries, key=lambda one: one[0])
    ]


def _side(actor: str) -> Speaker:
    if actor.startswith("fan:"):
        return Speaker.FAN
    return Speaker.STAFF if actor.startswith("staff:") else Speaker.SYSTEM


def picture_url(key: str) -> str:
    """Where a stored picture is served."""
    return f"/files/{key}"


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
    pays = found.kind not in rules.SENDS
    same = (
        "due_at",
        "back_courier",
        "back_tracking_no",
        "sent_back_at",
        "inspected_at",
        "resent_courier",
        "resent_tracking_no",
        "resent_at",
    )
    return {
        **{name: getattr(found, name) for name in same},
        "our_fault": found.reason in rules.OUR_FAULT,
        "after_sale_no": found.after_sale_no,
        "order_no": order_no,
        "kind": found.kind,
        "status": found.status,
        "reason": found.reason,
        "note": found.note,
        "goods_fen": found.goods_fen if pays else 0,
        "freight_fen": found.freight_fen,
        "amount_fen": found.refund_fen,
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
                amount_fen=part.amount_fen if pays else 0,
                kept_fen=part.kept_fen,
                sellable=part.sellable,
                damaged=part.damaged,
                lost=part.lost,
                replacement_id=part.replacement_id,
            )
            for part, line in parts
        ],
    }


def _with_order() -> Select[AfterSale, Order]:
    return select(AfterSale, Order).join(Order, Order.id == AfterSale.order_id)


async def _newest(
    tx: Tx, chosen: Select[AfterSale, Order], cursor: str | None, limit: int
) -> Sequence[Row[AfterSale, Order]]:
    return (await tx.execute(newest(chosen, AfterSale.id, cursor, limit))).all()


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
