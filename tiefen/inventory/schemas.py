"""What inventory sends and takes over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from tiefen.inventory.values import MovementReason
from tiefen.kernel.http import In, Out
from tiefen.kernel.text import OneLine


class AdjustInput(In):
    """A change of the pieces on hand, signed, with its reason."""

    quantity: Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)]
    reason: Literal[MovementReason.RECEIVED, MovementReason.LOST, MovementReason.COUNTED]
    note: Annotated[OneLine, Field(max_length=200)] = ""


class StockRow(Out):
    """A SKU's stock over all locations. `available` = on_hand - reserved."""

    sku_id: int
    product_id: int
    product_name: str
    spec_text: str
    code: str
    image_url: str
    on_shelf: bool
    on_hand: int
    reserved: int
    available: int


class MovementRow(Out):
    """One change of the pieces on hand, newest first in lists."""

    id: int
    quantity: int
    on_hand_after: int
    reason: MovementReason
    reference: str
    actor: str
    """`staff:7` or `system`"""
    actor_name: str
    """Who of the staff it was; empty for anybody else."""
    note: str
    at: datetime


class AvailableOut(Out):
    """Pieces of one SKU a fan may put in the cart now."""

    sku_id: int
    available: int
