"""Frozen values of the members room."""

from dataclasses import dataclass
from datetime import date
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
