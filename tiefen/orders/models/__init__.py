"""Tables of orders, and what must always be true of them."""

from tiefen.orders.models import personal, promises
from tiefen.orders.models.paperwork import FormField, Invoice, OrderAnswer
from tiefen.orders.models.tables import (
    Address,
    AfterSale,
    AfterSaleEffect,
    AfterSaleLine,
    AfterSaleMessage,
    AfterSaleRules,
    CartItem,
    Order,
    OrderLine,
    OrderTransition,
    Parcel,
    ParcelLine,
    PriceChange,
    Replay,
    ShippingUpload,
)

__all__ = [
    "Address",
    "AfterSale",
    "AfterSaleEffect",
    "AfterSaleLine",
    "AfterSaleMessage",
    "AfterSaleRules",
    "CartItem",
    "FormField",
    "Invoice",
    "Order",
    "OrderAnswer",
    "OrderLine",
    "OrderTransition",
    "Parcel",
    "ParcelLine",
    "PriceChange",
    "Replay",
    "ShippingUpload",
    "personal",
    "promises",
]
