"""Coupons: what they give, whose they are, and how they fare. All amounts in fen."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tiefen.promotion.values.offers import Group, Mode, Rule, Scope, Target

EVERYTHING = Scope(all=True)
LAST_GROUP = Group(0, "优惠券", Target.ORDER, Mode.BEST)
"""Where a coupon stands that the merchant put in no group of its own: after all others."""
COUPONS_SHOWN = 100
"""So many coupons of a fan are looked at in a checkout, those that end first."""


class CouponKind(StrEnum):
    """What a coupon does to a price."""

    AMOUNT = "amount"
    """满减券: an amount off."""
    PERCENT = "percent"
    """折扣券: a percent off, with a cap."""
    FREIGHT = "freight"
    """运费券: no freight."""
    EXCHANGE = "exchange"
    """兑换券: pieces of one SKU for nothing."""


class TemplateStatus(StrEnum):
    """Where a kind of coupon stands. What is open keeps its terms for ever."""

    DRAFT = "draft"
    OPEN = "open"
    ENDED = "ended"


class CouponStatus(StrEnum):
    """Where one coupon stands. All issued ones are in exactly one of these."""

    HELD = "held"
    USED = "used"
    EXPIRED = "expired"
    TAKEN_BACK = "taken_back"


class CouponWay(StrEnum):
    """How a fan came by a coupon."""

    CLAIM = "claim"
    """Took it in the shop."""
    CODE = "code"
    """Typed a code."""
    STAFF = "staff"
    """Was given it by a member of staff."""
    REWARD = "reward"
    """Was given it by another part of the house, for something the fan did."""


class CouponReason(StrEnum):
    """Why a coupon does not help a cart."""

    OK = "ok"
    NOT_YET = "not_yet"
    """Its time has not begun."""
    NO_GOODS = "no_goods"
    """Nothing in the cart it is for."""
    SHORT = "short"
    """More has to be bought."""
    CLOSED = "closed"
    """The goods are in an offer that stands alone."""
    BEATEN = "beaten"
    """Another offer of its group is better."""
    NO_GAIN = "no_gain"
    """The price is as low already, or the freight is free."""


class GiftState(StrEnum):
    """A gift of coupons to many."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """What a coupon gives. Each kind reads its own fields."""

    off_fen: int = 0
    """amount."""
    off_bp: int = 0
    """percent: 2,000 = 20 % off."""
    cap_fen: int = 0
    """percent: at most this much; 0 = no cap."""
    from_fen: int = 0
    """From this amount of goods in scope; 0 = any."""
    sku_id: int = 0
    """exchange."""
    pieces: int = 1
    """exchange: so many of it."""
    scope: Scope = EVERYTHING
    group_id: int = 0
    """The stacking group it stands in; 0 = after all others."""


@dataclass(frozen=True, slots=True)
class HeldCoupon:
    """A coupon of a fan, ready for the calculation."""

    id: int
    fan_id: int
    template_id: int
    kind: CouponKind
    terms: CouponTerms
    rule: Rule
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class CouponChoice:
    """What one coupon would do to a cart, or why nothing."""

    coupon: HeldCoupon
    reason: CouponReason
    saved_fen: int = 0
    total_fen: int = 0
    """What the cart would cost with it."""
    missing_fen: int = 0


@dataclass(frozen=True, slots=True)
class CouponBrief:
    """How a coupon fares, for the room that gave it."""

    id: int
    key: str
    fan_id: int
    name: str
    status: CouponStatus
    saved_fen: int
    """What it saves the order it is on."""
    order_no: str | None
    revoked: bool
    """It was to be taken back, but had been used."""
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What became of a coupon that was to be taken back."""

    status: CouponStatus | None
    """None: there never was one under that key."""
    owed_fen: int = 0
    """It had been used: what it saved. Should that order fall through, the coupon is gone."""
    order_no: str | None = None
