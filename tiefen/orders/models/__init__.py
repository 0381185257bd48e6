"""Tables of orders, and what must always be true of them."""

from tiefen.orders.models import personal, promises
from tiefen.orders.models.cart import Address, CartItem
from tiefen.orders.models.paperwork import FormField, Invoice, OrderAnswer
from tiefen.orders.models.presale import AfterSalePayout
from tiefen.orders.models.search import OrderName, SearchFill, SoldName
from tiefen.orders.models.tables import (
    AfterSale,
    AfterSaleEffect,
    AfterSaleLine,
    AfterSaleMessage,
    AfterSaleRules,
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
    "OrderName",
    "OrderTransition",
    "Parcel",
    "ParcelLine",
    "PriceChange",
    "Replay",
    "SearchFill",
    "ServiceTicket",
    "ShippingUpload",
    "SoldName",
    "TicketUse",
    "personal",
    "promises",
]
