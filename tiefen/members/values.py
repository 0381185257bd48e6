"""Frozen values of the members room."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

BASE = 0
"""The level everybody stands on; it cannot be taken away."""


class Counts(StrEnum):
    """From when on the money of an order counts as growth."""

    PAID = "paid"
    RECEIVED = "received"


class Downgrade(StrEnum):
    """Where a fan goes who has not kept a level."""

    STEP = "step"
    """one level down"""
    BALANCE = "balance"
    """to the level the growth is enough for"""


class GrowthKind(StrEnum):
    """What happened to an order that growth is counted from."""

    PAID = "paid"
    RECEIVED = "received"
    REFUNDED = "refunded"


class LevelCause(StrEnum):
    """Why a fan moved to another level."""

    EARNED = "earned"
    REVIEW = "review"
    REFUND = "refund"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    RULES = "rules"
    """the merchant changed the levels"""
    MERGED = "merged"
    """two records turned out to be one person, or that was undone"""


@dataclass(frozen=True, slots=True)
class LevelRules:
    """What growth is counted from, and how levels are kept."""

    counts: Counts = Counts.RECEIVED
    window_days: int = 365
    keep_days: int = 365
    """so long a level is kept before it is reviewed"""
    downgrade: Downgrade = Downgrade.STEP
    grace_days: int = 30
    """so long after a review that fell short the level is still kept"""
    refund_lowers: bool = True
    """money given back takes back at once the level it had earned"""
    without_product_ids: tuple[int, ...] = ()
    """goods without a level price"""
    without_category_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """A level: from so much growth, so much off."""

    id: int
    name: str
    threshold_fen: int
    off_bp: int = 0
    gift_template_id: int | None = None
    """the coupon a fan gets who reaches it for the first time"""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a fan stands, as a judgement needs it."""

    level_id: int = BASE
    review_on: date | None = None
    locked_until: date | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """Where a fan stands now; `cause` when that is another level than before."""

    stand: Stand
    cause: LevelCause | None
    check_on: date | None
    """when to look again though nobody does anything"""


@dataclass(frozen=True, slots=True)
class GrowthLine:
    """One thing that happened to an order."""

    order_no: str
    kind: GrowthKind
    amount_fen: int
    day: date


@dataclass(frozen=True, slots=True)
class Growth:
    """What orders inside the window brought, and when the first of them leaves it."""

    fen: int = 0
    first_day: date | None = None


@dataclass(frozen=True, slots=True)
class LevelPrice:
    """What the price calculation needs of a level: so much off, not for these goods."""

    name: str
    off_bp: int
    without_product_ids: tuple[int, ...] = ()
    without_category_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PointsOffer:
    """What the price calculation needs of a fan's points."""

    available: int
    worth_fen: int
    """what 100 points are worth"""
    cap_bp: int
    from_fen: int
    without_product_ids: tuple[int, ...] = ()
    without_category_ids: tuple[int, ...] = ()

    def pays(self, product_id: int, category_ids: Iterable[int]) -> bool:
        """Whether points may pay for this product; its categories with those above them."""
        out = set(self.without_category_ids)
        return product_id not in self.without_product_ids and out.isdisjoint(category_ids)


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """What a quote asks of a fan's membership."""

    level: LevelPrice | None = None
    points: PointsOffer | None = None


class PointsKind(StrEnum):
    """Why points moved."""

    EARNED = "earned"
    """an order was paid; they wait for its after-sale window to end"""
    FREED = "freed"
    """they may be spent now"""
    SPENT = "spent"
    RETURNED = "returned"
    """what was spent on what went back, or on an order that was closed"""
    TAKEN_BACK = "taken_back"
    """what was earned with what went back"""
    EXPIRED = "expired"
    GIVEN = "given"
    TAKEN = "taken"
    """by hand, as `given`"""
    JOINED = "joined"
    """two records turned out to be one person, or that was undone"""


@dataclass(frozen=True, slots=True)
class PointsRules:
    """How points are earned and what they are worth."""

    earning: bool = False
    per_100: int = 100
    """points for 100 yuan paid"""
    hold_days: int = 7
    """so long after receipt they wait"""
    live_days: int = 365
    """so long they may be spent; 0: for ever"""
    warn_days: int = 30
    worth_fen: int = 100
    """what 100 points are worth"""
    spending: bool = False
    """orders may be paid in part with points"""
    cap_bp: int = 5_000
    """at most so much of an order's goods"""
    from_fen: int = 0
    """only orders whose goods cost at least so much"""
    without_product_ids: tuple[int, ...] = ()
    """goods that bring no points, and that none pay for"""
    without_category_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PointsLine:
    """An order line as points see it: what it brought and cost, and how much of it went back."""

    sku_id: int
    quantity: int
    paid_fen: int
    earned: int = 0
    spent: int = 0
    returned: int = 0
    """pieces"""
    refunded_fen: int = 0
    earned_back: int = 0
    spent_back: int = 0


@dataclass(frozen=True, slots=True)
class PointsPart:
    """What goes back of an order line; `pieces` and `paid_fen` are of all of it."""

    sku_id: int
    quantity: int
    amount_fen: int
    pieces: int = 0
    paid_fen: int = 0


@dataclass(frozen=True, slots=True)
class PointsBack:
    """What a refund does to points."""

    returned: int = 0
    """spent ones that come back"""
    until: datetime | None = None
    """when these expire"""
    taken: int = 0
    """earned ones that are taken back"""
    debt: int = 0
    """of `taken`, what the fan no longer has: later points pay it"""
    waits: bool = False
    """the order has brought nothing yet: it will bring that much less"""
