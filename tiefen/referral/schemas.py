"""Referral over HTTP."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictBool

from tiefen.kernel.http import FenIn, IdIn, In, Out
from tiefen.kernel.text import Prose
from tiefen.referral.values import (
    Arrival,
    BondState,
    FlagKind,
    FriendRule,
    RewardSide,
    RewardState,
    RewardWhen,
    Rules,
)

Reason = Annotated[Prose, Field(min_length=1, max_length=100)]
Most = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class ReferralRulesIO(In):
    """The merchant's rules; 0 = no limit."""

    enabled: StrictBool
    who: FriendRule
    window_days: Annotated[int, Field(strict=True, ge=1, le=365)]
    reward_when: RewardWhen
    min_paid_fen: FenIn
    referrer_template_id: IdIn | None
    friend_template_id: IdIn | None
    per_day: Most
    per_total: Most
    hold_odd: StrictBool
    edits: Annotated[int, Field(strict=True, ge=0)]

    def rules(self) -> Rules:
        """As the room takes them."""
        return Rules(**self.model_dump())


class ArriveIn(In):
    """The link a fan came through, and what it showed."""

    code: Annotated[str, Field(min_length=3, max_length=40)]
    product_id: IdIn | None = None


class ArriveOut(Out):
    """What came of it."""

    arrival: Arrival
    message: str


class LandingOut(Out):
    """What a friend sees before anything is asked of them."""

    name: str
    avatar_url: str
    running: bool
    gift: str
    """What a first purchase brings the friend; empty: nothing."""
    min_paid_fen: int


class MyFriend(Out):
    """A friend of the fan's, without more of them than their name."""

    name: str
    avatar_url: str
    bound_at: datetime
    bought: bool
    reward: RewardState | None
    owed_fen: int


class MyReferral(Out):
    """The fan's own page."""

    running: bool
    code: str
    name: str
    referrer_gift: str
    friend_gift: str
    min_paid_fen: int
    reward_when: RewardWhen
    friends: int
    bought: int
    rewarded: int
    waiting: int
    owed_fen: int
    latest: list[MyFriend]


class ReferralSums(Out):
    """What referral brought in a period. `cost_fen`: what its coupons save on orders that stand."""

    referrers: int
    friends: int
    buyers: int
    orders: int
    paid_fen: int
    refunded_fen: int
    given: int
    waiting: int
    held: int
    failed: int
    taken_back: int
    owed: int
    owed_fen: int
    cost_fen: int


class ReferrerRow(Out):
    """A referrer in the ranking."""

    fan_id: int
    name: str
    avatar_url: str
    friends: int
    buyers: int
    orders: int
    value_fen: int
    """Paid less refunded, by the friends themselves."""
    chain_value_fen: int
    """With what friends' friends bought."""
    given: int
    owed_fen: int


class RewardOut(Out):
    """A reward of one purchase."""

    order_no: str
    side: RewardSide
    coupon: str
    state: RewardState
    due_at: datetime | None
    given_at: datetime | None
    owed_fen: int
    trouble: str


class BroughtOut(Out):
    """A friend in a referrer's tree, with the friends they brought in turn."""

    bond_id: int
    fan_id: int
    name: str
    avatar_url: str
    bound_at: datetime
    until: datetime
    lapsed: bool
    state: BondState
    flags: list[FlagKind]
    orders: int
    value_fen: int
    rewards: list[RewardOut]
    friends: int
    """Fans this friend brought; they earn the referrer nothing."""
    friends_value_fen: int


class TreeOut(Out):
    """One referrer: whom they brought, and what that is worth."""

    fan_id: int
    name: str
    avatar_url: str
    brought_by: int | None
    brought_by_name: str
    value_fen: int
    chain_value_fen: int
    """With what friends' friends bought."""
    friends: list[BroughtOut]


class OddOut(Out):
    """A bond that looks odd."""

    bond_id: int
    friend_id: int
    friend_name: str
    referrer_id: int
    referrer_name: str
    flags: list[FlagKind]
    state: BondState
    bound_at: datetime
    decided_by: str
    decided_because: str


class DecideIn(In):
    """Whether what looks odd is honest, and why."""

    approve: StrictBool
    reason: Reason


class ForgiveIn(In):
    """Which debt is let go, and why."""

    order_no: Annotated[str, Field(min_length=5, max_length=40)]
    side: RewardSide
    reason: Reason
