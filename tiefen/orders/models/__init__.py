"""Tables of orders, and what must always be true of them."""

from tiefen.orders.models import promises
from tiefen.orders.models.tables import (
    Address,
    AfterSale,
    AfterSaleLine,
    CartItem,
    Order,
    OrderLine,
    OrderTransition,
    Parcel,
    ParcelLine,
    Replay,
)

__all__ = [
    "Address",
    "AfterSale",
    "AfterSaleLine",
    "CartItem",
    "Order",
    "OrderLine",
    "OrderTransition",
    "Parcel",
    "ParcelLine",
    "Replay",
    "promises",
]
