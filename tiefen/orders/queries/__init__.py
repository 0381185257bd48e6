"""Reads of orders for its own HTTP. A list costs the same number of statements at any length."""

from tiefen.orders.queries.after_sales import (
    after_sales,
    console_after_sale,
    picture_url,
    policy,
    shop_after_sale,
    shop_after_sales,
)
from tiefen.orders.queries.checkout import addresses, cart, cart_filled, checkout, mendable
from tiefen.orders.queries.narrowing import OrderFilter
from tiefen.orders.queries.orders import (
    console_order,
    console_orders,
    receiver,
    replay,
    shop_order,
    shop_orders,
)
from tiefen.orders.queries.paperwork import fields, fields_asked, invoice_lines, invoices, paperwork
from tiefen.orders.queries.search import search_fill
from tiefen.orders.queries.tickets import console_ticket, order_tickets, shop_tickets

__all__ = [
    "OrderFilter",
    "addresses",
    "after_sales",
    "cart",
    "cart_filled",
    "checkout",
    "console_after_sale",
    "console_order",
    "console_orders",
    "console_ticket",
    "fields",
    "fields_asked",
    "invoice_lines",
    "invoices",
    "mendable",
    "order_tickets",
    "paperwork",
    "picture_url",
    "policy",
    "receiver",
    "replay",
    "search_fill",
    "shop_after_sale",
    "shop_after_sales",
    "shop_order",
    "shop_orders",
    "shop_tickets",
]
