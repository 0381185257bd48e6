"""Stock for tests."""

from typing import Any

from tests.catalog.factories import STAFF, sku
from tiefen.inventory import service
from tiefen.inventory.schemas import LocationInput
from tiefen.inventory.values import MovementReason
from tiefen.kernel.db import Tx


async def stocked(tx: Tx, pieces: int, **changes: Any) -> int:
    """A SKU on the shelf with so many pieces."""
    sku_id = await sku(tx, **changes)
    await service.open_rows(tx, [sku_id])
    if pieces:
        await service.adjust(tx, STAFF, sku_id, pieces, MovementReason.RECEIVED, "")
    return sku_id


async def place(tx: Tx, name: str, *stock: tuple[int, int], **changes: Any) -> int:
    """Another location with so many pieces of SKUs."""
    made = await service.add_location(tx, STAFF, LocationInput(name=name, **changes))
    for sku_id, pieces in stock:
        await service.adjust(tx, STAFF, sku_id, pieces, MovementReason.RECEIVED, "", made.id)
    return made.id
