"""A draft tried on orders of the past. All amounts in fen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order of the past with what conditions ask of its fan on that day."""

    order_no: str
    fan_id: int
    quote: dict[str, Any]
    """As it was stored."""
    at: datetime
    joined_at: datetime | None
    earlier: int
    """Orders the fan had paid before."""
    earlier_in_window: int
    """Those of them inside the window that is tried."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What an order cost, and would have cost. Margins are None where a cost is unknown."""

    order_no: str
    fan_id: int
    before_fen: int
    after_fen: int
    margin_before_fen: int | None
    margin_after_fen: int | None
