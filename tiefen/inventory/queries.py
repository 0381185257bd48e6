"""Reads of inventory for its own HTTP."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select

from tiefen.catalog import service as catalog
from tiefen.catalog.values import SkuBrief
from tiefen.inventory.errors import LocationMissing, SkuUnknown
from tiefen.inventory.models import BundlePart, Location, Movement, Reservation, Stock
from tiefen.inventory.schemas import AvailableOut, LocationOut, MovementRow, PlaceRow, StockRow
from tiefen.inventory.values import ReservationState
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, decode_cursor, page
from tiefen.team import service as team

SHOWN_AT_MOST = 999
"""A fan is never told exactly how much lies in the store beyond this."""
_AVAILABLE = """
    SELECT w.sku_id, min(coalesce(f.free, 0) / coalesce(b.quantity, 1)) AS free
    FROM unnest($1::bigint[]) AS w(sku_id)
    LEFT JOIN bundle_part b ON b.bundle_id = w.sku_id
    LEFT JOIN LATERAL (
        SELECT sum(greatest(s.on_hand - s.reserved - s.safety, 0))::bigint AS free
        FROM stock s JOIN location l ON l.id = s.location_id
        WHERE s.sku_id = coalesce(b.part_id, w.sku_id) AND l.sells AND l.active
    ) f ON true
    GROUP BY w.sku_id
"""
"""A bundle is as free as the part that runs out first."""


async def available(tx: Tx, sku_ids: Iterable[int]) -> dict[int, int]:
    """Pieces the shop may sell now, over all its locations, for each SKU (0 for unknown ones)."""
    wanted = sorted(set(sku_ids))
    rows = await tx.rows(_AVAILABLE, wanted)
    return dict.fromkeys(wanted, 0) | {sku_id: int(free) for sku_id, free in rows}


async def stock(
    tx: Tx,
    *,
    q: str,
    product_id: int | None,
    low: int | None,
    cursor: str | None,
    limit: int,
    location_id: int | None = None,
) -> Page[StockRow]:
    """A page of stock by SKU; `low` keeps SKUs with at most so many free. Five statements or six."""
    on_hand, reserved = func.sum(Stock.on_hand), func.sum(Stock.reserved)
    chosen = select(Stock.sku_id, on_hand, reserved).group_by(Stock.sku_id).order_by(Stock.sku_id)
    if q.strip():
        chosen = chosen.where(Stock.sku_id.in_(await catalog.find_skus(tx, q)))
    if product_id is not None:
        chosen = chosen.where(Stock.sku_id.in_(await catalog.all_sku_ids_of(tx, product_id)))
    if location_id is not None:
        chosen = chosen.where(Stock.location_id == location_id)
    if low is not None:
        chosen = chosen.having(on_hand - reserved <= low)
    if cursor:
        (last,) = decode_cursor(cursor, tuple[int])
        chosen = chosen.where(Stock.sku_id > last)
    found = (await tx.execute(chosen.limit(limit + 1))).all()
    sku_ids = [row[0] for row in found]
    briefs = await catalog.skus(tx, sku_ids)
    places = await _places(tx, sku_ids, location_id)
    sellable = await available(tx, sku_ids)
    bundles = set(
        await tx.scalars(
            select(BundlePart.bundle_id).where(BundlePart.bundle_id.in_(sku_ids)).distinct()
        )
    )
    rows = [
        _row(briefs[sku_id], places[sku_id], sellable[sku_id], bundle=sku_id in bundles)
        for sku_id in sku_ids
    ]
    return page(rows, limit, *([rows[limit - 1].sku_id] if len(rows) > limit else []))


async def movements(
    tx: Tx, sku_id: int, *, cursor: str | None, limit: int, location_id: int | None = None
) -> Page[MovementRow]:
    """What happened to one SKU's stock, newest first."""
    if sku_id not in await catalog.skus(tx, [sku_id]):
        raise SkuUnknown
    chosen = (
        select(Movement, Location.name)
        .join(Location, Location.id == Movement.location_id)
        .where(Movement.sku_id == sku_id)
        .order_by(Movement.id.desc())
    )
    if location_id is not None:
        chosen = chosen.where(Movement.location_id == location_id)
    if cursor:
        (last,) = decode_cursor(cursor, tuple[int])
        chosen = chosen.where(Movement.id < last)
    found = (await tx.execute(chosen.limit(limit + 1))).all()
    names = await team.actor_names(tx, [movement.actor for movement, _ in found])
    rows = [
        MovementRow(
            id=movement.id,
            location_id=movement.location_id,
            location_name=place,
            quantity=movement.quantity,
            on_hand_after=movement.on_hand_after,
            reason=movement.reason,
            reference=movement.reference,
            actor=movement.actor,
            actor_name=names.get(movement.actor, ""),
            note=movement.note,
            at=movement.at,
        )
        for movement, place in found
    ]
    return page(rows, limit, *([rows[limit - 1].id] if len(rows) > limit else []))


async def locations(tx: Tx) -> list[LocationOut]:
    """All warehouses and stores with what lies there, those in use first."""
    lies = (
        select(
            Stock.location_id,
            func.count().filter(Stock.on_hand > 0).label("skus"),
            func.sum(Stock.on_hand).label("on_hand"),
        )
        .group_by(Stock.location_id)
        .subquery()
    )
    found = await tx.execute(
        select(Location, lies.c.skus, lies.c.on_hand)
        .outerjoin(lies, lies.c.location_id == Location.id)
        .order_by(Location.active.desc(), Location.rank, Location.id)
        .execution_options(populate_existing=True)
    )
    names = [name for name in LocationOut.model_fields if name not in ("skus", "on_hand")]
    return [
        LocationOut(
            **{name: getattr(place, name) for name in names},
            skus=skus or 0,
            on_hand=int(on_hand or 0),
        )
        for place, skus, on_hand in found
    ]


async def location(tx: Tx, location_id: int) -> LocationOut:
    """One of them. Raises LocationMissing."""
    for one in await locations(tx):
        if one.id == location_id:
            return one
    raise LocationMissing


async def shop_stock(tx: Tx, product_id: int) -> list[AvailableOut]:
    """What a fan may still buy of a product; empty when it is not on the shelf."""
    sku_ids = await catalog.sku_ids_of(tx, product_id)
    free = await available(tx, sku_ids)
    return [
        AvailableOut(sku_id=sku_id, available=min(free[sku_id], SHOWN_AT_MOST))
        for sku_id in sku_ids
    ]


async def _places(
    tx: Tx, sku_ids: Sequence[int], location_id: int | None
) -> dict[int, list[PlaceRow]]:
    """By SKU what lies where, with what is sold and not yet sent. Two statements."""
    waiting = await tx.execute(
        select(
            Reservation.sku_id,
            Reservation.location_id,
            func.sum(Reservation.quantity - Reservation.sent - Reservation.back),
        )
        .where(
            Reservation.sku_id.in_(sku_ids),
            Reservation.state == ReservationState.CONVERTED,
            Reservation.sent + Reservation.back < Reservation.quantity,
        )
        .group_by(Reservation.sku_id, Reservation.location_id)
    )
    unsent = {(sku_id, at): int(pieces) for sku_id, at, pieces in waiting}
    chosen = (
        select(Stock)
        .join(Location, Location.id == Stock.location_id)
        .where(Stock.sku_id.in_(sku_ids))
        .order_by(Location.rank, Location.id)
        .execution_options(populate_existing=True)
    )
    if location_id is not None:
        chosen = chosen.where(Stock.location_id == location_id)
    found: dict[int, list[PlaceRow]] = {sku_id: [] for sku_id in sku_ids}
    for row in await tx.scalars(chosen):
        found[row.sku_id].append(
            PlaceRow(
                location_id=row.location_id,
                on_hand=row.on_hand,
                reserved=row.reserved,
                available=row.on_hand - row.reserved,
                safety=row.safety,
                unsent=unsent.get((row.sku_id, row.location_id), 0),
            )
        )
    return found


def _row(brief: SkuBrief, places: Sequence[PlaceRow], sellable: int, *, bundle: bool) -> StockRow:
    on_hand = sum(place.on_hand for place in places)
    reserved = sum(place.reserved for place in places)
    return StockRow(
        sku_id=brief.id,
        product_id=brief.product_id,
        product_name=brief.product_name,
        spec_text=brief.spec_text,
        code=brief.code,
        image_url=brief.image_url,
        on_shelf=brief.on_shelf,
        on_hand=on_hand,
        reserved=reserved,
        available=on_hand - reserved,
        sellable=sellable,
        unsent=sum(place.unsent for place in places),
        bundle=bundle,
        places=list(places),
    )
