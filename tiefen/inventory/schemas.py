"""What inventory sends and takes over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from tiefen.inventory.values import LocationKind, MovementReason
from tiefen.kernel.http import IdIn, In, Out
from tiefen.kernel.text import OneLine

PiecesIn = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class AdjustInput(In):
    """A change of the pieces on hand, signed, with its reason."""

    quantity: Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)]
    reason: Literal[MovementReason.RECEIVED, MovementReason.LOST, MovementReason.COUNTED]
    note: Annotated[OneLine, Field(max_length=200)] = ""
    location_id: IdIn = 1


class SafetyInput(In):
    """Pieces kept back from the shop at one location."""

    location_id: IdIn
    pieces: PiecesIn


class LocationInput(In):
    """A warehouse or store."""

    name: Annotated[OneLine, Field(min_length=1, max_length=40)]
    kind: LocationKind = LocationKind.WAREHOUSE
    region_code: Annotated[str, StringConstraints(pattern=r"^([0-9]{6})?$")] = ""
    address: Annotated[OneLine, Field(max_length=120)] = ""
    contact: Annotated[OneLine, Field(max_length=60)] = ""
    active: StrictBool = True
    sells: StrictBool = True
    """Orders from the shop may take its pieces."""
    near_first: StrictBool = False
    """Comes first for buyers of its own area."""
    rank: Annotated[int, Field(strict=True, ge=0, le=999)] = 100
    """Lower is asked first."""


class LocationOut(Out):
    """A warehouse or store, with what lies there."""

    id: int
    name: str
    kind: LocationKind
    region_code: str
    address: str
    contact: str
    active: bool
    sells: bool
    near_first: bool
    rank: int
    skus: int
    """SKUs of which something lies there."""
    on_hand: int


class PlaceRow(Out):
    """One SKU's stock at one location. `available` = on_hand - reserved."""

    location_id: int
    on_hand: int
    reserved: int
    available: int
    safety: int
    """Kept back from the shop."""
    unsent: int
    """Sold and paid, still lying there until sent."""


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
    sellable: int
    """What the shop may sell now: without safety stock, closed locations and those that do not sell."""
    unsent: int
    bundle: bool
    """Made of other SKUs; only they lie on shelves."""
    places: list[PlaceRow]


class MovementRow(Out):
    """One change of the pieces on hand, newest first in lists."""

    id: int
    location_id: int
    location_name: str
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
