"""Pieces that come and go: by hand, by parcel, by return. Every change is a movement with a reason."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from tiefen.catalog import service as catalog
from tiefen.catalog.values import ProductKind
from tiefen.inventory import rules
from tiefen.inventory.errors import (
    BundleHasNoStock,
    LocationMissing,
    NotHeld,
    SkuUnknown,
    WouldCutReserved,
)
from tiefen.inventory.models import MAIN_LOCATION, BundlePart, Location, Movement, Stock
from tiefen.inventory.values import PLENTY, MovementReason, Unsent, Waiting
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team import service as team

_CHANGE = """
    UPDATE stock SET on_hand = on_hand + $3
    WHERE sku_id = $1 AND location_id = $2 AND on_hand + $3 >= reserved
    RETURNING on_hand
"""
"""The guard: no change by hand takes pieces that orders hold."""
OPEN = """
    INSERT INTO stock (sku_id, location_id, on_hand, reserved, safety)
    SELECT s, l, 0, 0, 0 FROM unnest($1::bigint[]) AS s, unnest($2::bigint[]) AS l
    ON CONFLICT DO NOTHING
"""
"""Rows of no pieces for each SKU at each location, where there is none."""
_FIRST = "INSERT INTO location (id, name) VALUES ($1, '总仓') ON CONFLICT DO NOTHING"
_SOLD = """
    SELECT id, sku_id, location_id, bundle_id, each, quantity - sent - back AS left_over
    FROM reservation WHERE reference = $1 AND state = 'converted'
    ORDER BY sku_id, location_id, id FOR NO KEY UPDATE
"""
_SENT = "UPDATE reservation SET sent = sent + $2, back = back + $3 WHERE id = $1"

Changes = Mapping[tuple[int, int], int]
"""Pieces by (SKU, location), signed."""


async def open_rows(tx: Tx, sku_ids: Sequence[int]) -> None:
    """Give new SKUs a row of zero pieces at the main location; safe to run twice."""
    await tx.rows(_FIRST, MAIN_LOCATION)
    await tx.rows(OPEN, sorted(set(sku_ids)), [MAIN_LOCATION])


async def open_new(tx: Tx, sku_ids: Sequence[int]) -> None:
    """SKUs that were just made: goods and codes begin with no pieces, what never runs out with plenty."""
    await open_rows(tx, sku_ids)
    for sku_id, kind in sorted((await catalog.unsent_kinds(tx, sku_ids)).items()):
        if kind is not ProductKind.CODES:
            await take_in(tx, sku_id, PLENTY, kind)


async def adjust(
    tx: Tx,
    actor: StaffActor,
    sku_id: int,
    quantity: int,
    reason: MovementReason,
    note: str,
    location_id: int = MAIN_LOCATION,
) -> int:
    """Change the pieces on hand by `quantity` (signed) and return what is on hand after.

    Raises SkuUnknown, LocationMissing, BadAdjustment, BundleHasNoStock, WouldCutReserved.
    """
    rules.check_adjustment(quantity, reason)
    if sku_id not in await catalog.skus(tx, [sku_id]):
        raise SkuUnknown
    await need_locations(tx, [location_id])
    await need_own_stock(tx, [sku_id])
    at = (sku_id, location_id)
    after = (await change(tx, {at: quantity}, reason, "", f"staff:{actor.id}", note))[at]
    await team.record_audit(
        tx,
        actor,
        "inventory.adjust",
        f"sku:{sku_id}",
        before={"on_hand": after - quantity, "location": location_id},
        after={"on_hand": after, "location": location_id},
        reason=f"{reason}: {note}" if note else str(reason),
    )
    return after


async def take_in(tx: Tx, sku_id: int, quantity: int, reference: str) -> None:
    """Pieces came in without anybody counting them, such as codes that were loaded."""
    received = {(sku_id, MAIN_LOCATION): quantity}
    await change(tx, received, MovementReason.RECEIVED, reference, "system")


async def restock(
    tx: Tx,
    lines: Sequence[tuple[int, int]],
    reference: str,
    actor: str = "system",
    *,
    order_no: str = "",
    location_id: int = MAIN_LOCATION,
) -> None:
    """Put returned pieces back on sale at a location. `lines` are (sku_id, quantity).

    What a bundle was made of is what the order `order_no` says, if one is named.
    Raises LocationMissing.
    """
    made_of = await _made_of(tx, [sku_id for sku_id, _ in lines], order_no)
    back: dict[tuple[int, int], int] = defaultdict(int)
    for sku_id, quantity in lines:
        for part_id, each in made_of[sku_id].items():
            back[part_id, location_id] += quantity * each
    await need_locations(tx, [location_id])
    await change(tx, back, MovementReason.RETURNED, reference, actor)


async def send(
    tx: Tx,
    order_no: str,
    lines: Sequence[tuple[int, int]],
    actor: str,
    location_id: int | None = None,
) -> list[int]:
    """Pieces of a paid order leave the house; returns the locations they left from.

    Without a location they leave from where they lie for this order. From another one its free
    pieces go instead, and those that were kept for the order are free again: a movement each.
    Raises NotHeld, LocationMissing, WouldCutReserved (nothing free there).
    """
    if location_id is not None:
        await need_locations(tx, [location_id])
    taken = await _take(tx, order_no, lines, first=location_id)
    swapped: dict[tuple[int, int], int] = defaultdict(int)
    for row, pieces in taken:
        await tx.rows(_SENT, row["id"], pieces, 0)
        if location_id is not None and row["location_id"] != location_id:
            swapped[row["sku_id"], location_id] -= pieces
            swapped[row["sku_id"], row["location_id"]] += pieces
    await change(tx, swapped, MovementReason.MOVED, order_no, actor)
    if location_id is not None:
        return [location_id]
    return sorted({row["location_id"] for row, _ in taken})


async def put_back(
    tx: Tx, order_no: str, lines: Sequence[tuple[int, int]], reference: str, actor: str = "system"
) -> None:
    """Pieces of a paid order that were never sent are free again, where they lie. Raises NotHeld."""
    back: dict[tuple[int, int], int] = defaultdict(int)
    for row, pieces in await _take(tx, order_no, lines, first=None):
        await tx.rows(_SENT, row["id"], 0, pieces)
        back[row["sku_id"], row["location_id"]] += pieces
    await change(tx, back, MovementReason.RETURNED, reference, actor)


async def unsent(tx: Tx, references: Sequence[str]) -> dict[str, list[Unsent]]:
    """Reference → what lies where and waits to be sent. A bundle waits where its last part lies."""
    rows = await tx.rows(
        "SELECT reference, coalesce(nullif(bundle_id, 0), sku_id) AS sold, location_id,"
        " min((quantity - sent - back) / each) AS pieces FROM reservation"
        " WHERE reference = ANY($1::text[]) AND state = 'converted'"
        " GROUP BY reference, sold, location_id, bundle_id"
        " ORDER BY reference, sold, location_id",
        list(references),
    )
    found: dict[str, list[Unsent]] = {reference: [] for reference in references}
    for row in rows:
        if row["pieces"]:
            found[row["reference"]].append(Unsent(row["sold"], row["location_id"], row["pieces"]))
    return found


async def on_shelves(tx: Tx, references: Sequence[str]) -> dict[str, list[Waiting]]:
    """Reference → what somebody has to take from which shelf. A bundle lies there as its parts."""
    rows = await tx.rows(
        "SELECT reference, coalesce(nullif(bundle_id, 0), sku_id) AS sold, sku_id, location_id,"
        " quantity - sent - back AS pieces FROM reservation"
        " WHERE reference = ANY($1::text[]) AND state = 'converted' AND sent + back < quantity"
        " ORDER BY reference, sold, sku_id, location_id",
        list(references),
    )
    found: dict[str, list[Waiting]] = {reference: [] for reference in references}
    for row in rows:
        found[row["reference"]].append(
            Waiting(row["sold"], row["sku_id"], row["location_id"], row["pieces"])
        )
    return found


async def change(
    tx: Tx,
    changes: Changes,
    reason: MovementReason,
    reference: str,
    actor: str,
    note: str = "",
) -> dict[tuple[int, int], int]:
    """Change what lies on hand, in the order of rows, and say what lies there after.

    Raises WouldCutReserved for the first row that has too few free pieces.
    """
    after: dict[tuple[int, int], int] = {}
    for (sku_id, location_id), quantity in sorted(changes.items()):
        if not quantity:
            continue
        found = await tx.rows(_CHANGE, sku_id, location_id, quantity)
        if not found and quantity > 0:  # nothing ever lay there
            await tx.rows(_FIRST, MAIN_LOCATION)
            await tx.rows(OPEN, [sku_id], [location_id])
            found = await tx.rows(_CHANGE, sku_id, location_id, quantity)
        if not found:
            raise WouldCutReserved(
                field="quantity", sku_id=sku_id, most=await _free_at(tx, sku_id, location_id)
            )
        after[sku_id, location_id] = found[0]["on_hand"]
        tx.add(
            Movement(
                sku_id=sku_id,
                location_id=location_id,
                quantity=quantity,
                on_hand_after=found[0]["on_hand"],
                reason=reason,
                reference=reference,
                actor=actor,
                note=note,
                at=tx.now,
            )
        )
    return after


async def need_locations(tx: Tx, location_ids: Sequence[int]) -> None:
    """Raises LocationMissing unless each of them is there and in use."""
    wanted = set(location_ids)
    if MAIN_LOCATION in wanted:
        await tx.rows(_FIRST, MAIN_LOCATION)
    found = await tx.scalars(
        select(Location.id)
        .where(Location.id.in_(wanted), Location.active)
        .with_for_update(read=True, key_share=True)  # nobody closes it meanwhile
    )
    if set(found) != wanted:
        raise LocationMissing(field="location_id")


async def need_own_stock(tx: Tx, sku_ids: Sequence[int]) -> None:
    """Raises BundleHasNoStock if one of them is a bundle: only its parts lie on shelves."""
    bundle = await tx.scalar(
        select(BundlePart.bundle_id).where(BundlePart.bundle_id.in_(sku_ids)).limit(1)
    )
    if bundle is not None:
        raise BundleHasNoStock(sku_id=bundle)


async def _take(
    tx: Tx, order_no: str, lines: Sequence[tuple[int, int]], *, first: int | None
) -> list[tuple[Any, int]]:
    """(reservation row, pieces) for lines of a paid order, those at `first` before others."""
    rows = await tx.rows(_SOLD, order_no)
    left = {row["id"]: row["left_over"] for row in rows}
    taken: dict[int, int] = defaultdict(int)
    by_id = {row["id"]: row for row in rows}
    for sku_id, quantity in lines:
        made_of = _parts_in(rows, sku_id)
        if not made_of:
            raise NotHeld(sku_id=sku_id)
        for part_id, each in made_of.items():
            wanted = quantity * each
            of_part = [row for row in rows if _is(row, sku_id) and row["sku_id"] == part_id]
            for row in sorted(of_part, key=lambda one: one["location_id"] != first):
                pieces = min(wanted, left[row["id"]])
                left[row["id"]] -= pieces
                taken[row["id"]] += pieces
                wanted -= pieces
            if wanted:
                raise NotHeld(sku_id=sku_id)
    return [(by_id[row_id], pieces) for row_id, pieces in taken.items() if pieces]


def _is(row: Any, sku_id: int) -> bool:
    """Whether a reservation row was made for this sold SKU."""
    return bool((row["bundle_id"] or row["sku_id"]) == sku_id)


def _parts_in(rows: Sequence[Any], sku_id: int) -> dict[int, int]:
    """Part → pieces in one, as an order took them."""
    return {row["sku_id"]: row["each"] for row in rows if _is(row, sku_id)}


async def _made_of(tx: Tx, sku_ids: Sequence[int], order_no: str) -> dict[int, dict[int, int]]:
    rows = await tx.rows(_SOLD, order_no) if order_no else []
    found = {sku_id: _parts_in(rows, sku_id) for sku_id in sku_ids}
    unknown = [sku_id for sku_id, parts in found.items() if not parts]
    now = await tx.execute(
        select(BundlePart.bundle_id, BundlePart.part_id, BundlePart.quantity).where(
            BundlePart.bundle_id.in_(unknown)
        )
    )
    for bundle_id, part_id, each in now:
        found[bundle_id][part_id] = each
    return {sku_id: parts or {sku_id: 1} for sku_id, parts in found.items()}


async def _free_at(tx: Tx, sku_id: int, location_id: int) -> int:
    free = await tx.scalar(
        select(Stock.on_hand - Stock.reserved).where(
            Stock.sku_id == sku_id, Stock.location_id == location_id
        )
    )
    return free or 0
