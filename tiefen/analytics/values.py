"""Words of the analytics room. Each figure has one definition, and it stands here."""

from dataclasses import dataclass
from enum import IntFlag, StrEnum


class FactKind(StrEnum):
    """Kinds of facts."""

    NEW_FAN = "new_fan"
    """a fan follows for the first time"""
    FOLLOW = "follow"
    SCAN = "scan"
    UNFOLLOW = "unfollow"
    CONTACT = "contact"
    """a fan wrote or tapped the menu"""
    PLACED = "placed"
    PAID = "paid"
    RECEIVED = "received"
    REFUND = "refund"


class Metric(StrEnum):
    """Daily figures that are sums. People (visitors, buyers) are no sums: each counts once."""

    NEW_FANS = "new_fans"
    FOLLOWS = "follows"
    UNFOLLOWS = "unfollows"
    SCANS = "scans"
    CONTACTS = "contacts"
    HITS = "hits"
    """page views and other tracked behaviour in the shop"""
    ORDERS = "orders"
    """orders placed, paid or not"""
    ORDERED_FEN = "ordered_fen"
    PAID_ORDERS = "paid_orders"
    PAID_FEN = "paid_fen"
    RECEIVED_ORDERS = "received_orders"
    REFUNDS = "refunds"
    """refunds that reached the buyer"""
    REFUNDED_FEN = "refunded_fen"


METRICS: dict[FactKind, tuple[tuple[Metric, bool], ...]] = {
    FactKind.NEW_FAN: ((Metric.NEW_FANS, False),),
    FactKind.FOLLOW: ((Metric.FOLLOWS, False),),
    FactKind.SCAN: ((Metric.SCANS, False),),
    FactKind.UNFOLLOW: ((Metric.UNFOLLOWS, False),),
    FactKind.CONTACT: ((Metric.CONTACTS, False),),
    FactKind.PLACED: ((Metric.ORDERS, False), (Metric.ORDERED_FEN, True)),
    FactKind.PAID: ((Metric.PAID_ORDERS, False), (Metric.PAID_FEN, True)),
    FactKind.RECEIVED: ((Metric.RECEIVED_ORDERS, False),),
    FactKind.REFUND: ((Metric.REFUNDS, False), (Metric.REFUNDED_FEN, True)),
}
"""Which figures a fact adds to; True = its amount, False = one."""


class Step(IntFlag):
    """What a fan did on a day, one bit each."""

    SCANNED = 1
    FOLLOWED = 2
    VISITED = 4
    """opened the shop while signed in"""
    ORDERED = 8
    PAID = 16
    RECEIVED = 32
    LEFT = 64
    CONTACTED = 128


STEPS: dict[FactKind, Step] = {
    FactKind.SCAN: Step.SCANNED,
    FactKind.FOLLOW: Step.FOLLOWED,
    FactKind.UNFOLLOW: Step.LEFT,
    FactKind.CONTACT: Step.CONTACTED,
    FactKind.PLACED: Step.ORDERED,
    FactKind.PAID: Step.PAID,
    FactKind.RECEIVED: Step.RECEIVED,
}
"""Which bit a fact sets; new fans and refunds set none."""
LOOP = (Step.SCANNED, Step.FOLLOWED, Step.VISITED, Step.ORDERED, Step.PAID, Step.RECEIVED)
"""The loop of the product, in order."""
ACTIVE = Step.SCANNED | Step.FOLLOWED | Step.VISITED | Step.ORDERED | Step.PAID | Step.CONTACTED
"""Any of these makes a fan active on a day."""


class LoopStep(StrEnum):
    """Names of the loop's steps."""

    SCAN = "scan"
    FOLLOW = "follow"
    VISIT = "visit"
    ORDER = "order"
    PAID = "paid"
    RECEIVED = "received"


class TodoKind(StrEnum):
    """Things that need somebody now."""

    SHIP = "ship"
    AFTER_SALE = "after_sale"
    LOW_STOCK = "low_stock"
    UNANSWERED = "unanswered"
    DEAD_JOBS = "dead_jobs"
    SUSPENSE = "suspense"
    BREAKS = "breaks"
    """where WeChat's bill and our books differ"""


class HitKind(StrEnum):
    """Tracked behaviour in the shop."""

    VIEW = "view"
    CLICK = "click"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Hit:
    """One tracked behaviour."""

    kind: HitKind
    page: str
    """path of the page, without query"""
    target: str = ""
    """what it was about, such as `product:17`"""
    source: str = ""
    """where the visit came from, such as `menu`"""


@dataclass(frozen=True, slots=True)
class LoopRow:
    """A step of the loop in a period: who did it, and how many of the step before did it too."""

    step: LoopStep
    fans: int
    of_previous: int
    previous: int

    @property
    def kept_bp(self) -> int | None:
        """Share of the step before that came this far, in basis points; None for the first step."""
        return self.of_previous * 10_000 // self.previous if self.previous else None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a period."""

    new_fans: int = 0
    unfollows: int = 0
    hits: int = 0
    visitors: int = 0
    orders: int = 0
    paid_orders: int = 0
    paid_fen: int = 0
    refunds: int = 0
    refunded_fen: int = 0
    buyers: int = 0

    @property
    def conversion_bp(self) -> int | None:
        """Buyers per visitor in basis points; None without visitors."""
        return self.buyers * 10_000 // self.visitors if self.visitors else None


@dataclass(frozen=True, slots=True)
class Todo:
    """How much of a thing waits; `amount_fen` where it is about money."""

    kind: TodoKind
    count: int
    amount_fen: int | None = None
