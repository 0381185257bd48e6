"""Reads of inventory for its own HTTP, by chapter."""

from tiefen.inventory.queries.pace import running_low, running_low_list
from tiefen.inventory.queries.stock import (
    available,
    location,
    locations,
    movements,
    sheet,
    sheets,
    shop_stock,
    stock,
    transfer,
    transfers,
)
from tiefen.inventory.queries.tables import (
    fault_page,
    imports,
    one_import,
    stock_heading,
    stock_page,
)

__all__ = [
    "available",
    "fault_page",
    "imports",
    "location",
    "locations",
    "movements",
    "one_import",
    "running_low",
    "running_low_list",
    "sheet",
    "sheets",
    "shop_stock",
    "stock",
    "stock_heading",
    "stock_page",
    "transfer",
    "transfers",
]
