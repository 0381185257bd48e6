"""Running low: a line per SKU and location, and one word to staff for each fall under it."""

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from tiefen.catalog import service as catalog
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


async def running_low(tx: Tx) -> int:
    """How many SKUs are under their line somewhere."""
    found = await tx.scalar(
        select(func.count(func.distinct(LowStock.sku_id))).where(LowStock.low_since.is_not(None))
    )
    return found or 0
