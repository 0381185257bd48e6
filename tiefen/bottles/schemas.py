"""What the console and the shop send to and get from the bottles room."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from tiefen.bottles.values import AlarmKind, BottleRewardState, RewardKind, Verdict
from tiefen.kernel.http import IdIn, In, Out

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Number = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
RegionCode = Annotated[str, Field(pattern=r"^\d{6}$")]


class BottleBatchIn(In):
    """A batch of codes to make."""

    name: Title
    sku_id: IdIn
    size: Number
    per_roll: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] = 0
    reward: RewardKind = RewardKind.NONE
    coupon_template_id: IdIn | None = None
    words: Words = ""
    cycle_days: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    remind_words: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] = ""


class BottleBatchOut(Out):
    """A batch and what became of it."""

    id: int
    name: str
    sku_id: int
    product_name: str
    spec_text: str
    size: int
    per_roll: int
    reward: RewardKind
    coupon_template_id: int | None
    words: str
    cycle_days: int | None
    remind_words: str
    staff_name: str
    created_at: datetime
    opened: int
    scans: int
    rewarded: int
    handed_out: int
    open_alarms: int


class HandOut(In):
    """Bottles to hand out."""

    first: Number
    last: Number
    dealer: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""
    territory: list[RegionCode] = Field(default_factory=list, max_length=100)


class BottleRangeOut(Out):
    """Bottles that were handed out, and what became of them."""

    id: int
    first: int
    last: int
    dealer: str
    territory: list[str]
    staff_name: str
    activated_at: datetime
    withdrawn_at: datetime | None
    scans: int
    bottles: int
    outside: int


class PlaceOut(Out):
    """Scans told from one province."""

    province: str
    scans: int
    bottles: int
    outside: int


class BottlesWhere(Out):
    """Who got which bottles, and where they were scanned."""

    ranges: list[BottleRangeOut]
    places: list[PlaceOut]


class BottleAlarmOut(Out):
    """A suspicious bottle."""

    id: int
    batch_id: int
    batch_name: str
    serial: int
    kind: AlarmKind
    evidence: dict[str, Any]
    at: datetime
    last_at: datetime
    closed_at: datetime | None
    closed_by: str
    note: str


class AlarmClose(In):
    """What was found."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class BottleScanOut(Out):
    """One scan of a bottle."""

    id: int
    fan_id: int
    fan_name: str
    region: str
    first: bool
    outside: bool
    at: datetime


class BottleLimitsIn(In):
    """When a bottle becomes suspicious."""

    window_hours: Annotated[int, Field(strict=True, ge=1, le=720)]
    scans: Annotated[int, Field(strict=True, ge=1, le=1000)]
    fans: Annotated[int, Field(strict=True, ge=1, le=1000)]
    far_km: Annotated[int, Field(strict=True, ge=10, le=5000)]


class BottleLimitsOut(Out):
    """When a bottle becomes suspicious."""

    window_hours: int
    scans: int
    fans: int
    far_km: int


class BottleTold(In):
    """Where the fan says they are; the place only when they allowed it."""

    region_code: RegionCode | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lng: Annotated[float, Field(ge=-180, le=180)] | None = None


class BottleRewardOut(Out):
    """What the first scan gave."""

    kind: RewardKind
    state: BottleRewardState
    name: str


class BottleShown(Out):
    """What a fan sees after a scan."""

    verdict: Verdict
    number: int
    product_id: int
    product_name: str
    spec_text: str
    image_url: str
    on_shelf: bool
    words: str
    scans: int
    first_at: datetime
    first_region: str
    reward: BottleRewardOut | None
    asks_region: bool
    follow_image: str
    """the QR code to follow by; empty for who follows already"""
