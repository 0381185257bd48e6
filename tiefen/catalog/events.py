"""What catalog announces."""

from datetime import datetime

from tiefen.kernel.events import event


@event("catalog.skus_created")
class SkusCreated:
    """New SKUs exist (not necessarily on the shelf)."""

    product_id: int
    sku_ids: list[int]
    at: datetime


@event("catalog.product_shelved")
class ProductShelved:
    """A product went on or off the shelf."""

    product_id: int
    on: bool
    at: datetime


@event("catalog.codes_added")
class CodesAdded:
    """A SKU's pool has more codes to sell."""

    sku_id: int
    quantity: int
    at: datetime
