"""What inventory gives to other rooms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class Wish:
    """Pieces wanted for one reference, all or none. `lines` are (sku_id, quantity), each SKU once."""

    reference: str
    lines: Sequence[tuple[int, int]]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Short:
    """The first line of a wish that stock falls short of, and what is left for it."""

    place: int
    sku_id: int
    wanted: int
    available: int
