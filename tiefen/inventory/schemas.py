"""What inventory sends and takes over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from tiefen.inventory.values import (
    ImportMode,
    LocationKind,
    MovementReason,
    SheetState,
    StockImportState,
    TransferState,
)
from tiefen.kernel.http import IdIn, In, Out, QuantityIn
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
    warn_at: int | None
    """Staff are told when so many or fewer are free; null: never."""
    low_since: datetime | None


class BundlePartOut(Out):
    """So many pieces of a SKU in one bundle."""

    sku_id: int
    product_name: str
    spec_text: str
    quantity: int
    sellable: int
    """Of the part itself, as the shop may sell it: the scarcest one decides about the bundle."""


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
    in_transit: int
    """On their way between locations."""
    days_left: int | None
    """Whole days that what is free lasts at the pace of the last 30 days; null: it did not sell."""
    parts: list[BundlePartOut]
    """Of a bundle: what it is made of; only that lies on shelves."""
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


class WarningInput(In):
    """When a SKU runs low at a location; null: never."""

    location_id: IdIn
    warn_at: PiecesIn | None


class BundlePartIn(In):
    """So many pieces of a SKU in one bundle."""

    sku_id: IdIn
    quantity: Annotated[int, Field(strict=True, ge=1, le=999)]


class BundleInput(In):
    """What a SKU is made of; empty: it is one of its own."""

    parts: Annotated[list[BundlePartIn], Field(max_length=20)]


class TransferLineIn(In):
    """Pieces of a SKU."""

    sku_id: IdIn
    quantity: QuantityIn


class TransferInput(In):
    """Goods that leave one location for another."""

    from_id: IdIn
    to_id: IdIn
    lines: Annotated[list[TransferLineIn], Field(min_length=1, max_length=200)]
    note: Annotated[OneLine, Field(max_length=200)] = ""


class ArrivalInput(In):
    """What arrived; without lines everything that is on its way."""

    lines: Annotated[list[TransferLineIn], Field(max_length=200)] = Field(default_factory=list)
    last: StrictBool = False
    """Nothing more is expected; what is not here is missing."""


class StockTransferLineOut(Out):
    """Pieces of a SKU in a transfer."""

    sku_id: int
    product_name: str
    spec_text: str
    image_url: str
    quantity: int
    arrived: int
    back: int


class StockTransferOut(Out):
    """Goods on their way, or that were."""

    transfer_no: str
    from_id: int
    from_name: str
    to_id: int
    to_name: str
    state: TransferState
    note: str
    lines: list[StockTransferLineOut]
    quantity: int
    left: int
    """Still on its way; of one that has ended: missing."""
    made_by_name: str
    made_at: datetime
    ended_at: datetime | None


class SheetInput(In):
    """What is to be counted: all SKUs of a location, or those named."""

    location_id: IdIn
    sku_ids: Annotated[list[IdIn], Field(max_length=500)] = Field(default_factory=list)
    note: Annotated[OneLine, Field(max_length=200)] = ""


class CountedInput(In):
    """What somebody counted of a SKU, sold but unsent pieces included: they lie there."""

    sku_id: IdIn
    counted: PiecesIn


class CountedIn(In):
    """Counts that are entered together."""

    lines: Annotated[list[CountedInput], Field(min_length=1, max_length=500)]


class SheetRow(Out):
    """A count sheet in the list."""

    sheet_no: str
    location_id: int
    location_name: str
    state: SheetState
    note: str
    lines: int
    counted: int
    wrong: int
    """Lines where the count says otherwise."""
    started_by_name: str
    started_at: datetime
    ended_at: datetime | None


class SheetLineOut(Out):
    """A SKU on a count sheet."""

    sku_id: int
    product_name: str
    spec_text: str
    code: str
    image_url: str
    book: int
    """On hand and sold but unsent, when it was counted (before: when the sheet was made)."""
    counted: int | None
    difference: int | None


class SheetOut(SheetRow):
    """A count sheet with its lines."""

    items: list[SheetLineOut]


class RunningLowRow(Out):
    """A SKU that is under its line somewhere, or will be gone within days."""

    sku_id: int
    product_id: int
    product_name: str
    spec_text: str
    code: str
    image_url: str
    on_shelf: bool
    available: int
    in_transit: int
    sold: int
    """Pieces sold less those that came back, in `sold_days`."""
    sold_days: int
    days_left: int | None
    to_order: int
    """Wanting for another 30 days at this pace, with what is on its way."""
    under: list[str]
    """The locations where it is under its line."""


class RunningLowOut(Out):
    """What runs low, the most urgent first."""

    items: list[RunningLowRow]
    total: int
    as_of: datetime | None
    """When the pace was counted; null: not yet."""


class StockFaultOut(Out):
    """A line that is wrong, or cannot be taken back, and why."""

    line: int
    code: str
    faults: list[str]


class StockChangeOut(Out):
    """What a line changes, or changed."""

    line: int
    sku_id: int
    product_name: str
    spec_text: str
    location_name: str
    before: int | None
    """On hand before; null: not run yet."""
    change: int


class StockImportOut(Out):
    """A table of stock that was taken in."""

    id: int
    import_no: str
    """The reference of its movements."""
    mode: ImportMode
    state: StockImportState
    file_name: str
    reference: str
    location_name: str
    lines: int
    looked_at: int
    """Lines of the step that is under way, or was last."""
    same: int
    wrong: int
    changed: int
    """Lines that changed something; before it runs: that would."""
    pieces_in: int
    pieces_out: int
    undone: int
    stuck: int
    """Lines that cannot be taken back: their pieces are sold or held."""
    stalled: bool
    """It is at work and has not moved for minutes."""
    staff_name: str
    started_at: datetime
    ended_at: datetime | None


class StockImportDetail(StockImportOut):
    """One of them, with its first lines."""

    known_as: str | None
    """The same table was imported under this reference before: that import's number."""
    faults: list[StockFaultOut]
    changes: list[StockChangeOut]
