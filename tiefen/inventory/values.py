"""What inventory gives to other rooms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

PLENTY = 100_000
"""Pieces that what never runs out (a text, a course, a service) begins with; few places: set fewer."""


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


class ImportMode(StrEnum):
    """What the number in a table of stock means."""

    SET = "set"
    """改为: so many shall lie there. With a column of what lay there, the difference is booked."""
    ADD = "add"
    """增减: so many more, or fewer, than lie there."""


class StockImportState(StrEnum):
    """Where an import of stock stands."""

    READING = "reading"
    CHECKING = "checking"
    CHECKED = "checked"
    """Tried out; nothing has changed."""
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class StockField(StrEnum):
    """Columns of a table of stock that are read."""

    CODE = "code"
    LOCATION = "location"
    ON_HAND = "on_hand"
    """What shall lie there (mode set)."""
    WAS = "was"
    """What lay there when the table was made (mode set)."""
    CHANGE = "change"
    """How many come or go (mode add)."""
    SAFETY = "safety"
    WARN_AT = "warn_at"


class StockLineFate(StrEnum):
    """What becomes of a line of a table of stock."""

    UNREAD = "unread"
    CHANGE = "change"
    """Would change something."""
    SAME = "same"
    """Says what is so already."""
    WRONG = "wrong"
    CHANGED = "changed"
    UNDONE = "undone"
    STUCK = "stuck"
    """Cannot be taken back: the pieces are held or gone."""


class StockFault(StrEnum):
    """What is wrong with a line of a table of stock. `{n}` of its words is a number kept with it."""

    CODE_MISSING = "code_missing"
    CODE_UNKNOWN = "code_unknown"
    BUNDLE = "bundle"
    LOCATION = "location"
    NUMBER = "number"
    WAS = "was"
    SAFETY = "safety"
    WARN_AT = "warn_at"
    REPEATED = "repeated"
    HELD = "held"
    BELOW_ZERO = "below_zero"
    TOO_MANY = "too_many"
    STUCK = "stuck"


STOCK_FAULT_WORDS: Mapping[StockFault, tuple[str, str]] = {
    StockFault.CODE_MISSING: ("缺少规格编码", "no SKU code"),
    StockFault.CODE_UNKNOWN: ("没有这个规格编码", "no SKU has this code"),
    StockFault.BUNDLE: ("这是组合商品，请改它的组成商品", "a bundle; change its parts instead"),
    StockFault.LOCATION: ("没有这个仓库或门店，或已停用", "no such location, or it is closed"),
    StockFault.NUMBER: ("数量看不懂：要整数，最多 1 亿", "not a whole number up to 100 million"),
    StockFault.WAS: ("导出时在库看不懂：要不小于 0 的整数", "what lay there is no whole number"),
    StockFault.SAFETY: ("安全库存看不懂：0 到 100 万的整数", "safety stock: 0 to 1,000,000"),
    StockFault.WARN_AT: (
        "预警线看不懂：0 到 100 万的整数，“不提醒”则取消",
        "warning line: 0 to 1,000,000, or none",
    ),
    StockFault.REPEATED: ("与第 {n} 行是同一规格同一仓库", "the same SKU and place as line {n}"),
    StockFault.HELD: ("未付款订单占着 {n} 件，不能更少", "unpaid orders hold {n}; not below that"),
    StockFault.BELOW_ZERO: ("在库只有 {n} 件，减不了这么多", "only {n} lie there"),
    StockFault.TOO_MANY: ("加起来超过 1 亿件", "more than 100 million in all"),
    StockFault.STUCK: (
        "撤销不了：这些货已卖出或被占用",
        "cannot be taken back: the pieces are sold or held",
    ),
}


@dataclass(frozen=True, slots=True)
class StockLine:
    """What a line of a table of stock says; None = the cell is empty and changes nothing."""

    code: str
    place: str
    number: int | None
    """Mode set: what shall lie there; mode add: how many come or go."""
    was: int | None
    """What lay there when the table was made."""
    safety: int | None
    warn_at: int | None
    """-1: nobody is told any more."""


@dataclass(frozen=True, slots=True)
class LineFault:
    """One thing that is wrong with a line; `n` is the number its words speak of."""

    fault: StockFault
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Lying:
    """What is so of a SKU at a location now."""

    on_hand: int = 0
    reserved: int = 0
    safety: int = 0
    warn_at: int = -1
    """-1: nobody is told."""


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """Pieces on a shelf that wait to be sent: of a sold SKU, or of a part of one that is a bundle."""

    sold_id: int
    sku_id: int
    location_id: int
    quantity: int
