"""Tables of inventory, and what must always be true of them."""

from tiefen.inventory.models import promises
from tiefen.inventory.models.tables import (
    MAIN_LOCATION,
    BundlePart,
    CountLine,
    CountSheet,
    Location,
    LowStock,
    Movement,
    Reservation,
    Stock,
    StockImport,
    StockImportLine,
    StockPace,
    StockTransfer,
    StockTransferLine,
)

__all__ = [
    "MAIN_LOCATION",
    "BundlePart",
    "CountLine",
    "CountSheet",
    "Location",
    "LowStock",
    "Movement",
    "Reservation",
    "Stock",
    "StockImport",
    "StockImportLine",
    "StockPace",
    "StockTransfer",
    "StockTransferLine",
    "promises",
]
