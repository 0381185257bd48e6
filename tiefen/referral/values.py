"""Frozen values of the referral room. All amounts in fen."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class FriendRule(StrEnum):
    """Whom a fan may bring."""

    STRANGERS = "strangers"
    """Nobody we knew before they opened the link."""
    NEVER_BOUGHT = "never_bought"
    """Also fans who have not bought yet."""


class RewardWhen(StrEnum):
    """When a purchase is rewarded."""

    PAID = "paid"
    """At once; a refund takes it back."""
    KEPT = "kept"
    """When nobody can ask the money back any more."""


class RewardSide(StrEnum):
    """Whose reward it is."""

    REFERRER = "referrer"
    FRIEND = "friend"


class RewardState(StrEnum):
    """Where a reward stands."""

    HELD = "held"
    """Something looks odd: staff decide."""
    WAITING = "waiting"
    """The purchase can still go back."""
    GIVEN = "given"
    LIMITED = "limited"
    """The referrer has reached a limit: there is none."""
    FAILED = "failed"
    """There was no coupon left to give."""
    CANCELLED = "cancelled"
    """The money went back, or staff refused, before anything was given."""
    TAKEN_BACK = "taken_back"
    OWED = "owed"
    """To be taken back, but used: a debt, shown to both sides."""
    FORGIVEN = "forgiven"


class BondState(StrEnum):
    """What staff said of a bond that looks odd."""

    CLEAR = "clear"
    HELD = "held"
    APPROVED = "approved"
    REFUSED = "refused"


class FlagKind(StrEnum):
    """What looks odd about a friend."""

    RECEIVER = "receiver"
    """The goods go to a phone that the referrer's went to."""
    PAYER = "payer"
    """The same wallet paid."""
    DEVICE = "device"
    """Network and phone look the same."""


class Arrival(StrEnum):
    """What came of a friend's visit."""

    BOUND = "bound"
    ALREADY = "already"
    """They have a referrer; the first wins."""
    SELF = "self"
    LOOP = "loop"
    """The referrer came through this very fan."""
    KNOWN = "known"
    """They are no new fan by the merchant's rule."""
    OFF = "off"
    """Nothing is rewarded at present."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The merchant's rules."""

    enabled: bool = False
    who: FriendRule = FriendRule.NEVER_BOUGHT
    window_days: int = 30
    """A bond without a purchase ends after so many days; then another may bring the fan."""
    reward_when: RewardWhen = RewardWhen.KEPT
    min_paid_fen: int = 0
    """A smaller purchase is not rewarded."""
    referrer_template_id: int | None = None
    friend_template_id: int | None = None
    per_day: int = 0
    """Rewards a referrer may get in a day; 0 = no limit."""
    per_total: int = 0
    hold_odd: bool = True
    """What looks odd waits for staff."""
    edits: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time to report on: from a moment on, and before another."""

    since: datetime
    until: datetime

    @property
    def bounds(self) -> dict[str, datetime]:
        """As statements take them."""
        return {"since": self.since, "until": self.until}


EVER = Span(datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))
