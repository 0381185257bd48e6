"""What orders announces. Amounts in fen."""

from datetime import datetime

from tiefen.kernel.events import event


@event("orders.placed")
class OrderPlaced:
    """An order exists and holds its stock."""

    order_id: int
    order_no: str
    fan_id: int
    total_fen: int
    at: datetime


@event("orders.paid")
class OrderPaid:
    """Verified money (or nothing to pay) made the order real."""

    order_id: int
    order_no: str
    fan_id: int
    total_fen: int
    quantity: int
    at: datetime
    products: tuple[tuple[int, str], ...] = ()
    """(product id, name) of what was bought, each product once"""
    region_code: str = ""
    """where it goes"""
    paid_lines: tuple[tuple[int, int, int, int], ...] = ()
    """(SKU, product, pieces, fen paid for the goods) of what was bought, gifts left out"""


@event("orders.shipped")
class OrderShipped:
    """The last piece that was to be sent is on its way."""

    order_id: int
    order_no: str
    fan_id: int
    at: datetime


@event("orders.received")
class OrderReceived:
    """The fan has the goods (or did not object for some days)."""

    order_id: int
    order_no: str
    fan_id: int
    total_fen: int
    at: datetime
    products: tuple[tuple[int, str], ...] = ()


@event("orders.closed")
class OrderClosed:
    """The order will not be paid; its stock is free again."""

    order_id: int
    order_no: str
    fan_id: int
    reason: str
    at: datetime


@event("orders.refunded")
class OrderRefunded:
    """Money of the order went back; `whole` when nothing of it is left."""

    order_id: int
    order_no: str
    fan_id: int
    refund_fen: int
    whole: bool
    at: datetime
    products: tuple[tuple[int, str], ...] = ()
    """of which money went back"""


@event("orders.after_sale_requested")
class AfterSaleRequested:
    """A fan asked for money back."""

    after_sale_id: int
    order_id: int
    order_no: str
    fan_id: int
    amount_fen: int
    at: datetime
    after_sale_no: str = ""


@event("orders.nudged")
class OrderNudged:
    """It is time to remind the fan: of paying, or of the receipt that comes by itself."""

    order_id: int
    order_no: str
    fan_id: int
    about: str
    """`pay` or `receipt`."""
    until: datetime
    total_fen: int
    name: str
    """Of the first line."""
    at: datetime


@event("orders.after_sale_moved")
class AfterSaleMoved:
    """A fan asked (`request`), or an after-sale took a step; `status` is what it is now."""

    after_sale_id: int
    after_sale_no: str
    fan_id: int
    action: str
    status: str
    amount_fen: int
    at: datetime
