"""Tables of orders, and what must always be true of them."""

from tiefen.orders.models import personal, promises
from tiefen.orders.models.paperwork import FormField, Invoice, OrderAnswer
from tiefen.orders.models.presale import AfterSalePayout
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
from tiefen.orders.models.tickets import ServiceTicket, TicketUse

__all__ = [
    "Address",
    "AfterSale",
    "AfterSaleEffect",
    "AfterSaleLine",
    "AfterSaleMessage",
    "AfterSalePayout",
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
    "ServiceTicket",
    "ShippingUpload",
    "TicketUse",
    "personal",
    "promises",
]
