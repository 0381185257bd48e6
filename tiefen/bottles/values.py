"""Frozen values of the bottles room."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RewardKind(StrEnum):
    """What the first scan of a bottle gives."""

    NONE = "none"
    """thanks and the certainty that it is genuine"""
    COUPON = "coupon"


class BottleRewardState(StrEnum):
    """Whether the fan has their reward."""

    GIVEN = "given"
    OWED = "owed"
    """the coupon had run out; tried again every hour"""


class Verdict(StrEnum):
    """What a scan says to the fan."""

    FIRST = "first"
    """nobody scanned this bottle before"""
    MINE = "mine"
    """this fan was the first, and scans again"""
    SEEN = "seen"
    """somebody else was the first"""
    INACTIVE = "inactive"
    """genuine, but not handed out yet"""


class AlarmKind(StrEnum):
    """Why a bottle is suspicious."""

    MANY_SCANS = "many_scans"
    MANY_FANS = "many_fans"
    FAR_REGIONS = "far_regions"
    """two places too far apart within the window: a copied code"""
    OUTSIDE = "outside"
    """first scanned outside of its dealer's territory: 窜货"""
    INACTIVE = "inactive"
    """scanned before it was handed out"""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a bottle becomes suspicious; counted within the window."""

    window_hours: int = 24
    scans: int = 10
    fans: int = 4
    far_km: int = 500


@dataclass(frozen=True, slots=True)
class Sight:
    """One scan as the alarm rules see it."""

    fan_id: int
    at: datetime
    region: str
    """a code of GB/T 2260, or empty when the fan did not say"""
    place: tuple[float, float] | None
    """latitude and longitude, to hundredths of a degree, when the fan allowed it"""


@dataclass(frozen=True, slots=True)
class Reward:
    """A fan's reward as the page shows it."""

    kind: RewardKind
    state: BottleRewardState
    name: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What came of a scan."""

    verdict: Verdict
    batch_id: int
    serial: int
    sku_id: int
    batch_name: str
    words: str
    scans: int
    first_at: datetime
    first_region: str
    """the province only; empty when nobody said"""
    reward: Reward | None
    asks_region: bool
    """the fan has not said where they are"""
    follow: bool
    """the fan follows no account, and there is a code to follow by"""
