"""What inventory gives to other rooms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LocationKind(StrEnum):
    """What kind of place goods lie at."""

    WAREHOUSE = "warehouse"
    STORE = "store"
    """门店: people buy there too."""


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
    MOVED = "moved"
    """调拨: left for, or came from, another location."""


class ReservationState(StrEnum):
    """Where held pieces stand; both ends are final."""

    OPEN = "open"
    CONVERTED = "converted"
    """Sold."""
    RELEASED = "released"
    """Given back."""


class TransferState(StrEnum):
    """Where a transfer between locations stands; both ends are final."""

    IN_TRANSIT = "in_transit"
    ENDED = "ended"
    """Arrived; what did not arrive is missing."""
    CALLED_BACK = "called_back"
    """What had not arrived lies where it came from again."""


class SheetState(StrEnum):
    """Where a count sheet stands; both ends are final."""

    OPEN = "open"
    POSTED = "posted"
    """The differences are booked."""
    DROPPED = "dropped"
    """Nothing was booked."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Pieces wanted for one reference, all or none. `lines` are (sku_id, quantity), each SKU once."""

    reference: str
    lines: Sequence[tuple[int, int]]
    expires_at: datetime
    region_code: str = ""
    """Where they go (district code): some locations come first for their own area."""


@dataclass(frozen=True, slots=True)
class Short:
    """The first line of a wish that stock falls short of, and what is left for it."""

    place: int
    sku_id: int
    wanted: int
    available: int


@dataclass(frozen=True, slots=True)
class Part:
    """So many pieces of a SKU in one piece of what is sold: of a bundle, or of itself."""

    sku_id: int
    each: int
    bundle_id: int = 0
    """0: it is sold by itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """A location the shop sells from, as the merchant ordered them."""

    id: int
    rank: int
    near_first: bool
    region_code: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the shop may sell: free pieces by (SKU, location), and what sold SKUs are made of."""

    free: Mapping[tuple[int, int], int]
    places: Sequence[Place]
    parts: Mapping[int, Sequence[Part]]

    def parts_of(self, sku_id: int) -> Sequence[Part]:
        """What one piece of a SKU takes: of a bundle its parts, else itself."""
        return self.parts.get(sku_id) or (Part(sku_id, 1),)


@dataclass(frozen=True, slots=True)
class Allotment:
    """Pieces of one SKU at one location, for one wish."""

    wish: Wish
    part: Part
    location_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class LocationBrief:
    """What other rooms show of a location."""

    id: int
    name: str
    kind: LocationKind
    active: bool


@dataclass(frozen=True, slots=True)
class Unsent:
    """Pieces of a sold SKU that lie at a location and wait to be sent. Bundles count as whole ones."""

    sku_id: int
    location_id: int
    quantity: int
