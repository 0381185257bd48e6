"""Reads of inventory for its own HTTP."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select

from tiefen.catalog import service as catalog
from tiefen.catalog.values import SkuBrief
from tiefen.inventory import rules
from tiefen.inventory.errors import LocationMissing, SheetMissing, SkuUnknown, TransferMissing
from tiefen.inventory.models import (
    BundlePart,
    CountLine,
    CountSheet,
    Location,
    LowStock,
    Movement,
    Reservation,
    Stock,
    StockPace,
    StockTransfer,
    StockTransferLine,
)
from tiefen.inventory.schemas import (
    AvailableOut,
    BundlePartOut,
    LocationOut,
    MovementRow,
    PlaceRow,
    SheetLineOut,
    SheetOut,
    SheetRow,
    StockRow,
    StockTransferLineOut,
    StockTransferOut,
)
from tiefen.inventory.values import ReservationState, TransferState
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, last_id, newest, paged
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
    warned: bool = False,
) -> Page[StockRow]:
    """A page of stock by SKU; `low` keeps SKUs with at most so many free, `warned` those under
    their line. A constant number of statements."""
    on_hand, reserved = func.sum(Stock.on_hand), func.sum(Stock.reserved)
    chosen = select(Stock.sku_id, on_hand, reserved).group_by(Stock.sku_id).order_by(Stock.sku_id)
    if q.strip():
        chosen = chosen.where(Stock.sku_id.in_(await catalog.find_skus(tx, q)))
    if product_id is not None:
        chosen = chosen.where(Stock.sku_id.in_(await catalog.all_sku_ids_of(tx, product_id)))
    if location_id is not None:
        chosen = chosen.where(Stock.location_id == location_id)
    if warned:
        under = select(LowStock.sku_id).where(LowStock.low_since.is_not(None))
        chosen = chosen.where(Stock.sku_id.in_(under))
    if low is not None:
        chosen = chosen.having(on_hand - reserved <= low)
    if (last := last_id(cursor)) is not None:
        chosen = chosen.where(Stock.sku_id > last)
    found = (await tx.execute(chosen.limit(limit + 1))).all()
    sku_ids = [row[0] for row in found]
    briefs = await catalog.skus(tx, sku_ids)
    places = await _places(tx, sku_ids, location_id)
    sellable = await available(tx, sku_ids)
    made_of = await _made_of(tx, sku_ids)
    moving = await in_transit(tx, sku_ids)
    paces = await paces_of(tx, sku_ids)
    rows = [
        _row(
            briefs[sku_id],
            places[sku_id],
            sellable[sku_id],
            moving.get(sku_id, 0),
            made_of.get(sku_id, []),
            paces.get(sku_id),
        )
        for sku_id in sku_ids
    ]
    return paged(rows, rows, limit, lambda row: (row.sku_id,))


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
    )
    if location_id is not None:
        chosen = chosen.where(Movement.location_id == location_id)
    found = (await tx.execute(newest(chosen, Movement.id, cursor, limit))).all()
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
    return paged(rows, rows, limit)


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


async def transfers(
    tx: Tx, *, state: TransferState | None, cursor: str | None, limit: int
) -> Page[StockTransferOut]:
    """Transfers, newest first. Five statements."""
    chosen = select(StockTransfer)
    if state is not None:
        chosen = chosen.where(StockTransfer.state == state)
    found = (await tx.scalars(newest(chosen, StockTransfer.id, cursor, limit))).all()
    return paged(await _transfers(tx, found), found, limit)


async def transfer(tx: Tx, transfer_no: str) -> StockTransferOut:
    """One of them. Raises TransferMissing."""
    found = await tx.scalars(
        select(StockTransfer)
        .where(StockTransfer.transfer_no == transfer_no)
        .execution_options(populate_existing=True)
    )
    rows = await _transfers(tx, found.all())
    if not rows:
        raise TransferMissing
    return rows[0]


async def _transfers(tx: Tx, found: Sequence[StockTransfer]) -> list[StockTransferOut]:
    lines = (
        await tx.scalars(
            select(StockTransferLine)
            .where(StockTransferLine.transfer_id.in_([one.id for one in found]))
            .order_by(StockTransferLine.transfer_id, StockTransferLine.sku_id)
            .execution_options(populate_existing=True)
        )
    ).all()
    briefs = await catalog.skus(tx, {line.sku_id for line in lines})
    names = await _place_names(tx)
    people = await team.actor_names(tx, [one.made_by for one in found])
    return [
        StockTransferOut(
            transfer_no=one.transfer_no,
            from_id=one.from_id,
            from_name=names[one.from_id],
            to_id=one.to_id,
            to_name=names[one.to_id],
            state=one.state,
            note=one.note,
            lines=[
                StockTransferLineOut(
                    sku_id=line.sku_id,
                    product_name=briefs[line.sku_id].product_name,
                    spec_text=briefs[line.sku_id].spec_text,
                    image_url=briefs[line.sku_id].image_url,
                    quantity=line.quantity,
                    arrived=line.arrived,
                    back=line.back,
                )
                for line in lines
                if line.transfer_id == one.id
            ],
            quantity=sum(line.quantity for line in lines if line.transfer_id == one.id),
            left=sum(
                line.quantity - line.arrived - line.back
                for line in lines
                if line.transfer_id == one.id
            ),
            made_by_name=people.get(one.made_by, ""),
            made_at=one.made_at,
            ended_at=one.ended_at,
        )
        for one in found
    ]


async def sheets(tx: Tx, *, cursor: str | None, limit: int) -> Page[SheetRow]:
    """Count sheets, newest first. Four statements."""
    found = (await tx.scalars(newest(select(CountSheet), CountSheet.id, cursor, limit))).all()
    return paged(await _sheets(tx, found), found, limit)


async def sheet(tx: Tx, sheet_no: str) -> SheetOut:
    """One count sheet with its lines. Raises SheetMissing."""
    found = await tx.scalar(
        select(CountSheet)
        .where(CountSheet.sheet_no == sheet_no)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise SheetMissing
    (row,) = await _sheets(tx, [found])
    lines = (
        await tx.scalars(
            select(CountLine)
            .where(CountLine.sheet_id == found.id)
            .order_by(CountLine.sku_id)
            .execution_options(populate_existing=True)
        )
    ).all()
    briefs = await catalog.skus(tx, {line.sku_id for line in lines})
    items = [
        SheetLineOut(
            sku_id=line.sku_id,
            product_name=briefs[line.sku_id].product_name,
            spec_text=briefs[line.sku_id].spec_text,
            code=briefs[line.sku_id].code,
            image_url=briefs[line.sku_id].image_url,
            book=line.book,
            counted=line.counted,
            difference=None if line.counted is None else line.counted - line.book,
        )
        for line in lines
    ]
    return SheetOut(**row.model_dump(), items=items)


async def _sheets(tx: Tx, found: Sequence[CountSheet]) -> list[SheetRow]:
    counts = await tx.execute(
        select(
            CountLine.sheet_id,
            func.count(),
            func.count(CountLine.counted),
            func.count().filter(CountLine.counted != CountLine.book),
        )
        .where(CountLine.sheet_id.in_([one.id for one in found]))
        .group_by(CountLine.sheet_id)
    )
    seen = {sheet_id: (lines, counted, wrong) for sheet_id, lines, counted, wrong in counts}
    names = await _place_names(tx)
    people = await team.actor_names(tx, [one.started_by for one in found])
    return [
        SheetRow(
            sheet_no=one.sheet_no,
            location_id=one.location_id,
            location_name=names[one.location_id],
            state=one.state,
            note=one.note,
            lines=seen.get(one.id, (0, 0, 0))[0],
            counted=seen.get(one.id, (0, 0, 0))[1],
            wrong=seen.get(one.id, (0, 0, 0))[2],
            started_by_name=people.get(one.started_by, ""),
            started_at=one.started_at,
            ended_at=one.ended_at,
        )
        for one in found
    ]


async def _place_names(tx: Tx) -> dict[int, str]:
    return {one.id: one.name for one in await tx.scalars(select(Location))}


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
        select(Stock, LowStock.warn_at, LowStock.low_since)
        .join(Location, Location.id == Stock.location_id)
        .outerjoin(
            LowStock,
            (LowStock.sku_id == Stock.sku_id) & (LowStock.location_id == Stock.location_id),
        )
        .where(Stock.sku_id.in_(sku_ids))
        .order_by(Location.rank, Location.id)
        .execution_options(populate_existing=True)
    )
    if location_id is not None:
        chosen = chosen.where(Stock.location_id == location_id)
    found: dict[int, list[PlaceRow]] = {sku_id: [] for sku_id in sku_ids}
    for row, warn_at, low_since in await tx.execute(chosen):
        found[row.sku_id].append(
            PlaceRow(
                location_id=row.location_id,
                on_hand=row.on_hand,
                reserved=row.reserved,
                available=row.on_hand - row.reserved,
                safety=row.safety,
                unsent=unsent.get((row.sku_id, row.location_id), 0),
                warn_at=warn_at,
                low_since=low_since,
            )
        )
    return found


async def _made_of(tx: Tx, sku_ids: Sequence[int]) -> dict[int, list[BundlePartOut]]:
    """Bundle → its parts."""
    rows = (
        await tx.execute(
            select(BundlePart.bundle_id, BundlePart.part_id, BundlePart.quantity)
            .where(BundlePart.bundle_id.in_(sku_ids))
            .order_by(BundlePart.bundle_id, BundlePart.part_id)
        )
    ).all()
    part_ids = sorted({part_id for _, part_id, _ in rows})
    briefs = await catalog.skus(tx, part_ids)
    sellable = await available(tx, part_ids) if part_ids else {}
    found: dict[int, list[BundlePartOut]] = {}
    for bundle_id, part_id, quantity in rows:
        brief = briefs[part_id]
        found.setdefault(bundle_id, []).append(
            BundlePartOut(
                sku_id=part_id,
                product_name=brief.product_name,
                spec_text=brief.spec_text,
                quantity=quantity,
                sellable=sellable[part_id],
            )
        )
    return found


async def paces_of(tx: Tx, sku_ids: Sequence[int]) -> dict[int, StockPace]:
    """How fast SKUs sold, of those that did."""
    rows = await tx.scalars(
        select(StockPace)
        .where(StockPace.sku_id.in_(sku_ids))
        .execution_options(populate_existing=True)
    )
    return {row.sku_id: row for row in rows}


async def in_transit(tx: Tx, sku_ids: Sequence[int]) -> dict[int, int]:
    """Pieces on their way between locations, by SKU."""
    line = StockTransferLine
    rows = await tx.execute(
        select(line.sku_id, func.sum(line.quantity - line.arrived - line.back))
        .join(StockTransfer, StockTransfer.id == line.transfer_id)
        .where(StockTransfer.state == TransferState.IN_TRANSIT, line.sku_id.in_(sku_ids))
        .group_by(line.sku_id)
    )
    return {sku_id: int(pieces) for sku_id, pieces in rows}


def _row(
    brief: SkuBrief,
    places: Sequence[PlaceRow],
    sellable: int,
    moving: int,
    parts: list[BundlePartOut],
    sold: StockPace | None,
) -> StockRow:
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
        in_transit=moving,
        days_left=rules.days_left(on_hand - reserved, sold.sold, sold.days) if sold else None,
        parts=parts,
        places=list(places),
    )
