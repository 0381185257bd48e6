"""Running low: a line per SKU and location, and one word to staff for each fall under it."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from tiefen.catalog import service as catalog
from tiefen.inventory import rules
from tiefen.inventory.errors import SkuUnknown
from tiefen.inventory.events import StockLow
from tiefen.inventory.models import LowStock
from tiefen.inventory.service.moving import need_locations, need_own_stock
from tiefen.inventory.service.places import locations
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.team import service as team

_FELL = """
    UPDATE low_stock w SET low_since = $1 FROM stock s
    WHERE s.sku_id = w.sku_id AND s.location_id = w.location_id
        AND w.low_since IS NULL AND s.on_hand - s.reserved <= w.warn_at
    RETURNING w.sku_id, w.location_id, w.warn_at, s.on_hand - s.reserved AS free
"""
"""One row for each fall: who is under the line stays so until it rises above it."""
_ROSE = """
    UPDATE low_stock w SET low_since = NULL FROM stock s
    WHERE s.sku_id = w.sku_id AND s.location_id = w.location_id
        AND w.low_since IS NOT NULL AND s.on_hand - s.reserved > w.warn_at
"""

_PACE = """
    INSERT INTO stock_pace AS p (sku_id, sold, days, days_left, counted_at)
    SELECT m.sku_id, m.sold, d.days,
        least(greatest(f.free, 0) * d.days / m.sold, 1000000)::int, $1::timestamptz
    FROM (
        SELECT sku_id, -sum(quantity) AS sold FROM movement
        WHERE at >= $1::timestamptz - make_interval(days => $2::int) AND reason IN ('sold', 'returned')
        GROUP BY sku_id HAVING sum(quantity) < 0
    ) m
    CROSS JOIN LATERAL (
        SELECT at FROM movement o WHERE o.sku_id = m.sku_id ORDER BY id LIMIT 1
    ) o
    CROSS JOIN LATERAL (
        SELECT least(greatest(ceil(extract(epoch FROM $1::timestamptz - o.at) / 86400), 1), $2::int)::int AS days
    ) d
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(on_hand - reserved), 0) AS free FROM stock s WHERE s.sku_id = m.sku_id
    ) f
    ORDER BY m.sku_id
    ON CONFLICT (sku_id) DO UPDATE SET sold = excluded.sold, days = excluded.days,
        days_left = excluded.days_left, counted_at = excluded.counted_at
"""


async def set_warning(
    tx: Tx, actor: StaffActor, sku_id: int, location_id: int, warn_at: int | None
) -> None:
    """Say when a SKU runs low at a location; None: never. Raises SkuUnknown, LocationMissing,
    BundleHasNoStock."""
    await need_locations(tx, [location_id])
    await need_own_stock(tx, [sku_id])
    if sku_id not in await catalog.skus(tx, [sku_id]):
        raise SkuUnknown
    if warn_at is None:
        await tx.execute(
            delete(LowStock).where(LowStock.sku_id == sku_id, LowStock.location_id == location_id)
        )
    else:
        line = {"sku_id": sku_id, "location_id": location_id, "warn_at": warn_at}
        await tx.execute(
            insert(LowStock)
            .values(**line)
            .on_conflict_do_update(
                index_elements=["sku_id", "location_id"], set_={"warn_at": warn_at}
            )
        )
    await team.record_audit(
        tx,
        actor,
        "inventory.set_warning",
        f"sku:{sku_id}",
        after={"location": location_id, "warn_at": warn_at},
    )


async def watch(tx: Tx) -> int:
    """Note what fell under its line or rose above it, and tell of each fall; returns how many fell.

    Runs every few minutes, beside the orders and not in them: a hot SKU pays nothing for its line.
    """
    await tx.rows(_ROSE)
    fallen = await tx.rows(_FELL, tx.now)
    if not fallen:
        return 0
    briefs = await catalog.skus(tx, {row["sku_id"] for row in fallen})
    places = await locations(tx, {row["location_id"] for row in fallen})
    for row in sorted(fallen, key=lambda one: (one["sku_id"], one["location_id"])):
        brief = briefs[row["sku_id"]]
        event = StockLow(
            sku_id=row["sku_id"],
            name=f"{brief.product_name} {brief.spec_text}".strip(),
            location=places[row["location_id"]].name,
            free=row["free"],
            warn_at=row["warn_at"],
            at=tx.now,
        )
        publish(tx, event, aggregate=f"sku:{row['sku_id']}")
    return len(fallen)


async def count_pace(tx: Tx) -> None:
    """Count anew what sold in the last 30 days, and how many days what is free lasts at that.

    Reads the movements of those days and no orders. What is newer than 30 days is divided by the
    days it has been here.
    """
    await tx.rows(_PACE, tx.now, rules.PACE_DAYS)
    await tx.rows("DELETE FROM stock_pace WHERE counted_at < $1", tx.now)
