"""What inventory announces."""

from datetime import datetime

from tiefen.kernel.events import event


@event("inventory.stock_low")
class StockLow:
    """A SKU fell under its line at a location. Once for each fall."""

    sku_id: int
    name: str
    location: str
    free: int
    warn_at: int
    at: datetime
