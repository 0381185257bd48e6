"""Reads of inventory for its own HTTP."""

from sqlalchemy import func, select

from tiefen.catalog import service as catalog
from tiefen.inventory.errors import SkuUnknown
from tiefen.inventory.models import Movement, Stock
from tiefen.inventory.schemas import AvailableOut, MovementRow, StockRow
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, decode_cursor, page
from tiefen.team import service as team

SHOWN_AT_MOST = 999
"""A fan is never told exactly how much lies in the store beyond this."""


async def stock(
    tx: Tx,
    *,
    q: str,
    product_id: int | None,
    low: int | None,
    cursor: str | None,
    limit: int,
) -> Page[StockRow]:
    """A page of stock by SKU; `low` keeps SKUs with at most so many free. Three statements."""
    on_hand, reserved = func.sum(Stock.on_hand), func.sum(Stock.reserved)
    chosen = select(Stock.sku_id, on_hand, reserved).group_by(Stock.sku_id).order_by(Stock.sku_id)
    if q.strip():
        chosen = chosen.where(Stock.sku_id.in_(await catalog.find_skus(tx, q)))
    if product_id is not None:
        chosen = chosen.where(Stock.sku_id.in_(await catalog.all_sku_ids_of(tx, product_id)))
    if low is not None:
        chosen = chosen.having(on_hand - reserved <= low)
    if cursor:
        (last,) = decode_cursor(cursor, tuple[int])
        chosen = chosen.where(Stock.sku_id > last)
    found = (await tx.execute(chosen.limit(limit + 1))).all()
    briefs = await catalog.skus(tx, [row[0] for row in found])
    rows = [
        StockRow(
            sku_id=sku_id,
            product_id=briefs[sku_id].product_id,
            product_name=briefs[sku_id].product_name,
            spec_text=briefs[sku_id].spec_text,
            code=briefs[sku_id].code,
            image_url=briefs[sku_id].image_url,
            on_shelf=briefs[sku_id].on_shelf,
            on_hand=have,
            reserved=held,
            available=have - held,
        )
        for sku_id, have, held in found
    ]
    return page(rows, limit, *([rows[limit - 1].sku_id] if len(rows) > limit else []))


async def movements(tx: Tx, sku_id: int, *, cursor: str | None, limit: int) -> Page[MovementRow]:
    """What happened to one SKU's stock, newest first."""
    if sku_id not in await catalog.skus(tx, [sku_id]):
        raise SkuUnknown
    chosen = select(Movement).where(Movement.sku_id == sku_id).order_by(Movement.id.desc())
    if cursor:
        (last,) = decode_cursor(cursor, tuple[int])
        chosen = chosen.where(Movement.id < last)
    found = (await tx.scalars(chosen.limit(limit + 1))).all()
    names = await team.actor_names(tx, [movement.actor for movement in found])
    rows = [
        MovementRow(
            id=movement.id,
            quantity=movement.quantity,
            on_hand_after=movement.on_hand_after,
            reason=movement.reason,
            reference=movement.reference,
            actor=movement.actor,
            actor_name=names.get(movement.actor, ""),
            note=movement.note,
            at=movement.at,
        )
        for movement in found
    ]
    return page(rows, limit, *([rows[limit - 1].id] if len(rows) > limit else []))


async def shop_stock(tx: Tx, product_id: int) -> list[AvailableOut]:
    """What a fan may still buy of a product; empty when it is not on the shelf."""
    sku_ids = await catalog.sku_ids_of(tx, product_id)
    rows = await tx.execute(
        select(Stock.sku_id, func.sum(Stock.on_hand - Stock.reserved))
        .where(Stock.sku_id.in_(sku_ids))
        .group_by(Stock.sku_id)
    )
    free: dict[int, int] = {sku_id: int(pieces) for sku_id, pieces in rows}
    return [
        AvailableOut(sku_id=sku_id, available=max(0, min(free.get(sku_id, 0), SHOWN_AT_MOST)))
        for sku_id in sku_ids
    ]
