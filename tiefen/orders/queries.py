"""Reads of orders for its own HTTP. Every list costs the same number of statements at any length."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from tiefen.catalog import service as catalog
from tiefen.catalog.values import SkuBrief
from tiefen.fans import service as fans
from tiefen.inventory import service as inventory
from tiefen.kernel import crypto, ids
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, decode_cursor, page
from tiefen.kernel.text import query_grams, words
from tiefen.orders import rules
from tiefen.orders.errors import AfterSaleMissing, OrderMissing
from tiefen.orders.models import (
    Address,
    AfterSale,
    AfterSaleLine,
    CartItem,
    Order,
    OrderLine,
    OrderTransition,
    Parcel,
    ParcelLine,
)
from tiefen.orders.schemas import (
    AddressOut,
    AfterSaleLineOut,
    AfterSaleOut,
    Can,
    CartItemOut,
    CartOut,
    ConsoleAfterSale,
    ConsoleLineOut,
    ConsoleOrder,
    ConsoleOrderRow,
    FanOut,
    LineIn,
    ParcelLineOut,
    ParcelOut,
    ProblemOut,
    QuoteOut,
    ReceiverOut,
    ShopLineOut,
    ShopOrder,
    ShopOrderRow,
    StepOut,
    limit_words,
    quote_out,
    say,
    short_words,
    trace_out,
)
from tiefen.orders.values import AfterSaleStatus, CartState, LinePieces, OrderStatus
from tiefen.promotion import service as promotion
