"""What can be done with stock. All verbs run in the caller's transaction.

Rows are locked in SKU order, so two carts with the same goods never wait for each other in a ring.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from tiefen.catalog import service as catalog
from tiefen.inventory import rules
from tiefen.inventory.errors import ReservationEnded, SkuUnknown, StockShort, WouldCutReserved
from tiefen.inventory.models import MAIN_LOCATION, Location, Movement, Stock
from tiefen.inventory.values import MovementReason, Wish
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team import service as team

ENOUGH = "s.on_hand - s.reserved >= w.quantity"
"""The guard that makes overselling impossible."""
SWEEP_GRACE = timedelta(minutes=30)
"""Its owner gives stock back at the deadline; the sweep only cleans up after an owner that failed."""

_RESERVE = f"""
    WITH line AS (
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::timestamptz[])
            AS t(reference, sku_id, quantity, expires_at)
    ), wanted AS (
        SELECT sku_id, sum(quantity) AS quantity FROM line GROUP BY sku_id
    ), held AS MATERIALIZED (
        SELECT s.sku_id, w.quantity, {ENOUGH} AS enough FROM stock s JOIN wanted w USING (sku_id)
        WHERE s.location_id = $5 ORDER BY s.sku_id FOR NO KEY UPDATE OF s
    ), taken AS (
        UPDATE stock s SET reserved = s.reserved + w.quantity FROM held w
        WHERE s.sku_id = w.sku_id AND s.location_id = $5 AND {ENOUGH}
            AND (SELECT count(*) FROM held WHERE enough) = (SELECT count(*) FROM wanted)
        RETURNING s.sku_id
    )
    INSERT INTO reservation
        (reference, sku_id, location_id, quantity, state, created_at, expires_at)
    SELECT reference, sku_id, $5, quantity, 'open', $6, expires_at
    FROM line JOIN taken USING (sku_id)
    RETURNING sku_id
"""  # noqa: S608 — put together from constants of this file
"""All that is wanted, or nothing of it; either way the stock rows are locked, in SKU order."""
_FREE = """
    SELECT sku_id, on_hand - reserved AS free FROM stock
    WHERE location_id = $1 AND sku_id = ANY($2::bigint[])
"""
_END = """
    WITH ended AS (
        UPDATE reservation SET state = :state, ended_at = :now
        WHERE reference = :reference AND state = 'open'
        RETURNING sku_id, location_id, quantity
    ), held AS (
        SELECT s.sku_id, s.location_id, e.quantity FROM stock s
        JOIN ended e USING (sku_id, location_id)
        ORDER BY s.sku_id, s.location_id FOR NO KEY UPDATE OF s
    )
    UPDATE stock s SET reserved = s.reserved - h.quantity, on_hand = s.on_hand - h.quantity * :sold
    FROM held h WHERE s.sku_id = h.sku_id AND s.location_id = h.location_id
    RETURNING s.sku_id, s.location_id, h.quantity, s.on_hand
"""

_CHANGE = """
    UPDATE stock SET on_hand = on_hand + :quantity
    WHERE sku_id = :sku AND location_id = :location AND on_hand + :quantity >= reserved
    RETURNING on_hand
"""


async def reserve(
    tx: Tx, reference: str, lines: Sequence[tuple[int, int]], expires_at: datetime
) -> None:
    """Hold pieces for `reference`: all lines or none. One statement, the hot row for one round trip.

    `lines` are (sku_id, quantity), each SKU once. Raises StockShort for the first that is short
    (the caller's transaction must then end).
    """
    short = await reserve_all(tx, [Wish(reference, lines, expires_at)])
    if short:
        raise short[reference]


async def reserve_all(tx: Tx, wishes: Sequence[Wish]) -> dict[str, StockShort]:
    """Hold what all wishes want, in one statement. Otherwise hold nothing, and say whom stock falls
    short of when they are served in order: without those the rest can be held."""
    lines = [(wish, sku_id, wanted) for wish in wishes for sku_id, wanted in wish.lines]
    taken = await tx.rows(
        _RESERVE,
        [wish.reference for wish, _, _ in lines],
        [sku_id for _, sku_id, _ in lines],
        [wanted for _, _, wanted in lines],
        [wish.expires_at for wish, _, _ in lines],
        MAIN_LOCATION,
        tx.now,
    )
    if len(taken) == len(lines):
        return {}
    return await short_of(tx, wishes)


async def short_of(tx: Tx, wishes: Sequence[Wish]) -> dict[str, StockShort]:
    """Reference → refusal, for the wishes stock does not cover now when they are served in order."""
    skus = {sku_id for wish in wishes for sku_id, _ in wish.lines}
    rows = await tx.rows(_FREE, MAIN_LOCATION, sorted(skus))
    short = rules.first_come(dict(rows), wishes)
    return {
        reference: StockShort(
            field=f"lines.{at.place}.quantity",
            sku_id=at.sku_id,
            wanted=at.wanted,
            available=at.available,
        )
        for reference, at in short.items()
    }


async def release(tx: Tx, reference: str) -> bool:
    """Give back what `reference` holds. Says whether anything was still held; safe to run twice."""
    return bool(await _end(tx, reference, "released", sold=0))


async def convert(tx: Tx, reference: str) -> None:
    """Sell what `reference` holds: pieces leave. Raises ReservationEnded if nothing is held.

    The first to end a reservation wins: a sweep that came before makes this a refusal, and a
    deadline that has passed unnoticed does not.
    """
    rows = await _end(tx, reference, "converted", sold=1)
    if not rows:
        raise ReservationEnded
    tx.add_all(
        Movement(
            sku_id=row.sku_id,
            location_id=row.location_id,
            quantity=-row.quantity,
            on_hand_after=row.on_hand,
            reason=MovementReason.SOLD,
            reference=reference,
            actor="system",
            at=tx.now,
        )
        for row in rows
    )


async def restock(
    tx: Tx, lines: Sequence[tuple[int, int]], reference: str, actor: str = "system"
) -> None:
    """Put pieces back on sale after an after-sale. `lines` are (sku_id, quantity)."""
    for sku_id, quantity in sorted(lines):
        await _move(tx, sku_id, quantity, MovementReason.RETURNED, reference, actor, "")


async def adjust(
    tx: Tx,
    actor: StaffActor,
    sku_id: int,
    quantity: int,
    reason: MovementReason,
    note: str,
) -> int:
    """Change the pieces on hand by `quantity` (signed) and return what is on hand after.

    Raises SkuUnknown, BadAdjustment, WouldCutReserved.
    """
    rules.check_adjustment(quantity, reason)
    if sku_id not in await catalog.skus(tx, [sku_id]):
        raise SkuUnknown
    after = await _move(tx, sku_id, quantity, reason, "", f"staff:{actor.id}", note)
    await team.record_audit(
        tx,
        actor,
        "inventory.adjust",
        f"sku:{sku_id}",
        before={"on_hand": after - quantity},
        after={"on_hand": after},
        reason=f"{reason}: {note}" if note else str(reason),
    )
    return after


async def available(tx: Tx, sku_ids: Iterable[int]) -> dict[int, int]:
    """Pieces free to sell, over all locations, for each of the SKUs (0 for unknown ones)."""
    wanted = set(sku_ids)
    rows = await tx.execute(
        select(Stock.sku_id, func.sum(Stock.on_hand - Stock.reserved))
        .where(Stock.sku_id.in_(wanted))
        .group_by(Stock.sku_id)
    )
    return dict.fromkeys(wanted, 0) | {sku_id: int(free) for sku_id, free in rows}


async def open_rows(tx: Tx, sku_ids: Iterable[int]) -> None:
    """Give new SKUs a row of zero pieces at the main location; safe to run twice."""
    rows = [{"sku_id": sku_id, "location_id": MAIN_LOCATION} for sku_id in sorted(set(sku_ids))]
    await tx.execute(
        insert(Location).values(id=MAIN_LOCATION, name="总仓").on_conflict_do_nothing()
    )
    await tx.execute(insert(Stock).values(rows).on_conflict_do_nothing())


async def release_overdue(tx: Tx) -> int:
    """Give back what nobody ended half an hour after its deadline; returns how many references."""
    overdue = await tx.scalars(
        text(
            "SELECT DISTINCT reference FROM reservation"
            " WHERE state = 'open' AND expires_at <= :before ORDER BY reference LIMIT 500"
        ),
        {"before": tx.now - SWEEP_GRACE},
    )
    references = overdue.all()
    for reference in references:
        await release(tx, reference)
    return len(references)


async def _end(tx: Tx, reference: str, state: str, *, sold: int) -> Sequence[Any]:
    result = await tx.execute(
        text(_END),
        {"reference": reference, "state": state, "sold": sold, "now": tx.now},
    )
    return result.all()


async def _move(
    tx: Tx,
    sku_id: int,
    quantity: int,
    reason: MovementReason,
    reference: str,
    actor: str,
    note: str,
) -> int:
    change = {"quantity": quantity, "sku": sku_id, "location": MAIN_LOCATION}
    after = await tx.scalar(text(_CHANGE), change)
    if after is None:  # no such row yet, or too little free
        await open_rows(tx, [sku_id])
        after = await tx.scalar(text(_CHANGE), change)
    if after is None:
        free = await available(tx, [sku_id])
        raise WouldCutReserved(field="quantity", most=free[sku_id])
    tx.add(
        Movement(
            sku_id=sku_id,
            location_id=MAIN_LOCATION,
            quantity=quantity,
            on_hand_after=after,
            reason=reason,
            reference=reference,
            actor=actor,
            note=note,
            at=tx.now,
        )
    )
    return int(after)
