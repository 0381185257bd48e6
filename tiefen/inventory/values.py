"""What inventory gives to other rooms."""

from enum import StrEnum


class MovementReason(StrEnum):
    """Why the number of pieces on hand changed."""

    RECEIVED = "received"
    """入库: goods came in."""
    SOLD = "sold"
    """售出: an order was paid."""
    RETURNED = "returned"
    """退回: an after-sale put goods back on sale."""
    LOST = "lost"
    """损耗: broken, expired, given away."""
    COUNTED = "counted"
    """盘点: the count said otherwise."""


class ReservationState(StrEnum):
    """Where held pieces stand; both ends are final."""

    OPEN = "open"
    CONVERTED = "converted"
    """Sold."""
    RELEASED = "released"
    """Given back."""
