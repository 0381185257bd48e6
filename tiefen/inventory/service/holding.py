"""Held, sold, sent, taken back: the pieces of orders. All verbs run in the caller's transaction.

Rows are locked by SKU, then location, so two carts with the same goods never wait for each other in
a ring.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from tiefen.inventory import rules
from tiefen.inventory.errors import ReservationEnded, StockShort
from tiefen.inventory.models import Movement
from tiefen.inventory.values import Allotment, MovementReason, Part, Place, Shelf, Wish
from tiefen.kernel.db import Tx

ENOUGH = "s.on_hand - s.reserved - s.safety >= w.quantity"
"""The guard that makes overselling impossible."""
SWEEP_GRACE = timedelta(minutes=30)
"""Its owner gives stock back at the deadline; the sweep only cleans up after an owner that failed."""

_RESERVE = f"""
    WITH line AS (
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::timestamptz[])
            AS t(reference, sku_id, quantity, expires_at)
    ), wanted AS (
        SELECT sku_id, sum(quantity) AS quantity FROM line GROUP BY sku_id
    ), house AS MATERIALIZED (
        SELECT min(id) AS id FROM location WHERE sells AND active HAVING count(*) = 1
            AND NOT EXISTS (SELECT FROM bundle_part b JOIN wanted w ON w.sku_id = b.bundle_id)
    ), held AS MATERIALIZED (
        SELECT s.sku_id, w.quantity, {ENOUGH} AS enough FROM stock s JOIN wanted w USING (sku_id)
        WHERE s.location_id = (SELECT id FROM house) ORDER BY s.sku_id FOR NO KEY UPDATE OF s
    ), taken AS (
        UPDATE stock s SET reserved = s.reserved + w.quantity FROM held w
        WHERE s.sku_id = w.sku_id AND s.location_id = (SELECT id FROM house) AND {ENOUGH}
            AND (SELECT count(*) FROM held WHERE enough) = (SELECT count(*) FROM wanted)
        RETURNING s.sku_id, s.location_id
    )
    INSERT INTO reservation
        (reference, sku_id, location_id, quantity, state, created_at, expires_at)
    SELECT reference, sku_id, location_id, quantity, 'open', $5, expires_at
    FROM line JOIN taken USING (sku_id)
    RETURNING (SELECT count(*) FROM line) AS lines
"""  # noqa: S608 — put together from constants of this file
"""All that is wanted, or nothing of it, where one location sells; it locks in SKU order.

It locks nothing where a bundle is wanted: the bundle's own row, locked here, and its parts, locked by
the longer statement after it, would not be in order, and two carts could wait in a ring.
"""
_RESERVE_WHERE = f"""
    WITH line AS (
        SELECT t.reference, t.expires_at, t.region, coalesce(b.part_id, t.sku_id) AS sku_id,
            coalesce(b.bundle_id, 0) AS bundle_id, coalesce(b.quantity, 1) AS each,
            t.quantity * coalesce(b.quantity, 1) AS quantity
        FROM unnest($1::text[], $2::bigint[], $3::int[], $4::timestamptz[], $5::text[])
            AS t(reference, sku_id, quantity, expires_at, region)
        LEFT JOIN bundle_part b ON b.bundle_id = t.sku_id
    ), wanted AS (
        SELECT sku_id, sum(quantity) AS quantity FROM line GROUP BY sku_id
    ), held AS MATERIALIZED (
        SELECT s.sku_id, s.location_id, {ENOUGH} AS enough, l.near_first, l.region_code, l.rank
        FROM stock s JOIN wanted w USING (sku_id) JOIN location l ON l.id = s.location_id
        WHERE l.sells AND l.active
        ORDER BY s.sku_id, s.location_id FOR NO KEY UPDATE OF s
    ), home AS (
        SELECT DISTINCT ON (o.reference) o.reference, h.location_id
        FROM (SELECT reference, min(region) AS region, array_agg(DISTINCT sku_id) AS skus
              FROM line GROUP BY reference) o
        JOIN held h ON h.enough AND h.sku_id = ANY(o.skus)
        GROUP BY o.reference, o.region, o.skus, h.location_id, h.near_first, h.region_code, h.rank
        HAVING count(*) = cardinality(o.skus)
        ORDER BY o.reference, CASE WHEN NOT h.near_first OR h.region_code = '' THEN 0
            WHEN h.region_code = o.region THEN 3
            WHEN left(h.region_code, 4) = left(o.region, 4) THEN 2
            WHEN left(h.region_code, 2) = left(o.region, 2) THEN 1 ELSE 0 END DESC,
            h.rank, h.location_id
    ), placed AS (
        SELECT * FROM line JOIN home USING (reference)
    ), taken AS (
        UPDATE stock s SET reserved = s.reserved + w.quantity
        FROM (SELECT sku_id, location_id, sum(quantity) AS quantity FROM placed GROUP BY 1, 2) w
        WHERE s.sku_id = w.sku_id AND s.location_id = w.location_id AND {ENOUGH}
            AND (SELECT count(*) FROM placed) = (SELECT count(*) FROM line)
        RETURNING s.sku_id, s.location_id
    )
    INSERT INTO reservation (reference, sku_id, location_id, quantity, bundle_id, each,
        state, created_at, expires_at, sent, back)
    SELECT reference, sku_id, location_id, quantity, bundle_id, each, 'open', $6, expires_at, 0, 0
    FROM placed JOIN taken USING (sku_id, location_id)
    RETURNING (SELECT count(*) FROM line) AS lines
"""  # noqa: S608 — put together from constants of this file
"""All that is wanted, each order from one location, or nothing of it; either way the stock rows of
these SKUs are locked, in their order."""
_FREE = """
    SELECT w.sku_id AS sold, coalesce(b.part_id, w.sku_id) AS sku_id,
        coalesce(b.quantity, 1) AS each, coalesce(b.bundle_id, 0) AS bundle_id,
        f.location_id, f.free, f.rank, f.near_first, f.region_code
    FROM unnest($1::bigint[]) AS w(sku_id)
    LEFT JOIN bundle_part b ON b.bundle_id = w.sku_id
    LEFT JOIN LATERAL (
        SELECT s.location_id, s.on_hand - s.reserved - s.safety AS free,
            l.rank, l.near_first, l.region_code
        FROM stock s JOIN location l ON l.id = s.location_id
        WHERE s.sku_id = coalesce(b.part_id, w.sku_id) AND l.sells AND l.active
    ) f ON true
    ORDER BY w.sku_id, b.part_id
"""
"""What SKUs are made of, and what is free of that, by location."""
_TAKE = f"""
    WITH line AS (
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::int[], $5::bigint[],
            $6::int[], $7::timestamptz[])
            AS t(reference, sku_id, location_id, quantity, bundle_id, each, expires_at)
    ), taken AS (
        UPDATE stock s SET reserved = s.reserved + w.quantity
        FROM (SELECT sku_id, location_id, sum(quantity) AS quantity FROM line GROUP BY 1, 2) w
        WHERE s.sku_id = w.sku_id AND s.location_id = w.location_id AND {ENOUGH}
        RETURNING s.sku_id, s.location_id
    )
    INSERT INTO reservation (reference, sku_id, location_id, quantity, bundle_id, each,
        state, created_at, expires_at, sent, back)
    SELECT reference, sku_id, location_id, quantity, bundle_id, each, 'open', $8, expires_at, 0, 0
    FROM line JOIN taken USING (sku_id, location_id)
    RETURNING sku_id
"""  # noqa: S608
"""What `rules.allot` said of rows that are locked."""
_END = """
    WITH ended AS (
        UPDATE reservation SET state = :state, ended_at = :now
        WHERE reference = :reference AND state = 'open'
        RETURNING sku_id, location_id, quantity
    ), whole AS (
        SELECT sku_id, location_id, sum(quantity) AS quantity FROM ended GROUP BY 1, 2
    ), held AS (
        SELECT s.sku_id, s.location_id, e.quantity FROM stock s
        JOIN whole e USING (sku_id, location_id)
        ORDER BY s.sku_id, s.location_id FOR NO KEY UPDATE OF s
    )
    UPDATE stock s SET reserved = s.reserved - h.quantity, on_hand = s.on_hand - h.quantity * :sold
    FROM held h WHERE s.sku_id = h.sku_id AND s.location_id = h.location_id
    RETURNING s.sku_id, s.location_id, h.quantity, s.on_hand
"""


_several: set[str] = set()
"""Merchants where the short statement failed for want of another location, or for a bundle: a hint
that saves a round trip. Either statement alone is right."""


_scarce: dict[str, float] = {}
"""Merchants where stock fell short, and when: a hint whether looking beforehand is worth its round trip."""
SCARCE_SECONDS = 10.0


async def reserve(
    tx: Tx,
    reference: str,
    lines: Sequence[tuple[int, int]],
    expires_at: datetime,
    region_code: str = "",
) -> None:
    """Hold pieces for `reference`: all lines or none. One statement, the hot row for one round trip.

    `lines` are (sku_id, quantity), each SKU once. Raises StockShort for the first that is short
    (the caller's transaction must then end).
    """
    short = await reserve_all(tx, [Wish(reference, lines, expires_at, region_code)])
    if short:
        raise short[reference]


async def reserve_all(tx: Tx, wishes: Sequence[Wish]) -> dict[str, StockShort]:
    """Hold what all wishes want, in one statement. Otherwise hold nothing, and say whom stock falls
    short of when they are served in order: without those the rest can be held.

    Where several locations sell, the statement takes each order from one of them. If that cannot
    be, the rows it locked are looked at, and a last one takes what `rules.allot` spreads over them.
    """
    lines = [(wish, sku_id, wanted) for wish in wishes for sku_id, wanted in wish.lines]
    asked = (
        [wish.reference for wish, _, _ in lines],
        [sku_id for _, sku_id, _ in lines],
        [wanted for _, _, wanted in lines],
        [wish.expires_at for wish, _, _ in lines],
    )
    if not lines:
        return {}
    if tx.merchant not in _several and _whole(await tx.rows(_RESERVE, *asked, tx.now)):
        return {}
    regions = [wish.region_code for wish, _, _ in lines]
    if _whole(await tx.rows(_RESERVE_WHERE, *asked, regions, tx.now)):
        return {}
    shelf = await _look(tx, wishes)
    short = _refusals(shelf, wishes)
    if short:
        _scarce[tx.merchant] = time.monotonic()
    else:
        await _take(tx, rules.allot(shelf, wishes))
    return short


async def short_of(tx: Tx, wishes: Sequence[Wish]) -> dict[str, StockShort]:
    """Reference → refusal, for the wishes stock does not cover now when they are served in order.

    It looks only where stock fell short a moment ago: elsewhere `reserve_all` says so in time.
    """
    if time.monotonic() - _scarce.get(tx.merchant, -SCARCE_SECONDS) >= SCARCE_SECONDS:
        return {}
    return _refusals(await _look(tx, wishes), wishes)


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


def _whole(taken: Sequence[Any]) -> bool:
    """Whether all lines were taken; False: none was."""
    if taken and taken[0]["lines"] != len(taken):
        raise RuntimeError("stock was held in part")
    return bool(taken)


async def _look(tx: Tx, wishes: Sequence[Wish]) -> Shelf:
    """What is free, by location, of all that the wishes take."""
    sold = {sku_id for wish in wishes for sku_id, _ in wish.lines}
    parts: dict[int, list[Part]] = {}
    free: dict[tuple[int, int], int] = {}
    places: dict[int, Place] = {}
    for row in await tx.rows(_FREE, sorted(sold)):
        part = Part(row["sku_id"], row["each"], row["bundle_id"])
        known = parts.setdefault(row["sold"], [])
        if part not in known:
            known.append(part)
        at = row["location_id"]
        if at is not None:
            free[part.sku_id, at] = max(row["free"], 0)
            places[at] = Place(at, row["rank"], row["near_first"], row["region_code"])
    if len(places) > 1 or any(part.bundle_id for known in parts.values() for part in known):
        _several.add(tx.merchant)
    else:
        _several.discard(tx.merchant)
    return Shelf(free, tuple(places.values()), parts)


def _refusals(shelf: Shelf, wishes: Sequence[Wish]) -> dict[str, StockShort]:
    return {
        reference: StockShort(
            field=f"lines.{at.place}.quantity",
            sku_id=at.sku_id,
            wanted=at.wanted,
            available=at.available,
        )
        for reference, at in rules.first_come(shelf, wishes).items()
    }


async def _take(tx: Tx, allotted: Sequence[Allotment]) -> None:
    rows = await tx.rows(
        _TAKE,
        [one.wish.reference for one in allotted],
        [one.part.sku_id for one in allotted],
        [one.location_id for one in allotted],
        [one.quantity for one in allotted],
        [one.part.bundle_id for one in allotted],
        [one.part.each for one in allotted],
        [one.wish.expires_at for one in allotted],
        tx.now,
    )
    if len(rows) != len(allotted):
        raise RuntimeError("a locked row changed")


async def _end(tx: Tx, reference: str, state: str, *, sold: int) -> Sequence[Any]:
    result = await tx.execute(
        text(_END),
        {"reference": reference, "state": state, "sold": sold, "now": tx.now},
    )
    return result.all()
