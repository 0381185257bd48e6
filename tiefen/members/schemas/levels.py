"""Levels as the API shows them. Growth in fen: a yuan is one point."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from tiefen.kernel.http import FenIn, IdIn, In, Out
from tiefen.members.values import Counts, Downgrade, LevelCause, LevelRules

Days = Annotated[int, Field(ge=1, le=3650)]
Name = Annotated[str, Field(min_length=1, max_length=20)]
Reason = Annotated[str, Field(min_length=1, max_length=200)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class LevelIn(In):
    """A level; `id` null: a new one."""

    id: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    name: Name
    threshold_fen: FenIn
    off_bp: Annotated[int, Field(ge=0, le=9_999)] = 0
    """2,000 = 20 % off"""
    rights: Annotated[str, Field(max_length=500)] = ""
    colour: Colour
    gift_template_id: IdIn | None = None


class LevelRulesIO(In):
    """How growth is counted and levels are kept."""

    counts: Counts
    window_days: Days
    keep_days: Days
    downgrade: Downgrade
    grace_days: Annotated[int, Field(ge=0, le=365)]
    refund_lowers: bool
    without_product_ids: Annotated[list[IdIn], Field(default_factory=list, max_length=500)]
    without_category_ids: Annotated[list[IdIn], Field(default_factory=list, max_length=200)]

    def rules(self) -> LevelRules:
        """As the rules know them."""
        given = self.model_dump()
        given["without_product_ids"] = tuple(given["without_product_ids"])
        given["without_category_ids"] = tuple(given["without_category_ids"])
        return LevelRules(**given)


class LevelsIn(In):
    """All levels and the rules of keeping them, saved as a whole."""

    levels: Annotated[list[LevelIn], Field(min_length=1, max_length=12)]
    rules: LevelRulesIO


class LevelsSaveIn(LevelsIn):
    """As tried, with the number of the version that was edited."""

    edits: Annotated[int, Field(ge=0, le=2**31 - 1)]
    falls: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """so many fans may lose their level because it goes (`down` of the preview): more are refused"""
    because: Annotated[str, Field(max_length=200)] = ""
    """why goods may be sold below cost, when the margin guard says that they would be"""


class LevelOut(Out):
    """A level, lowest first, with how many fans stand on it."""

    id: int
    name: str
    threshold_fen: int
    off_bp: int
    rights: str
    colour: str
    gift_template_id: int | None
    fans: int


class LevelsOut(Out):
    """All levels and the rules."""

    edits: int
    levels: list[LevelOut]
    rules: LevelRulesIO


class LevelMovesOut(Out):
    """What saving would do: who rises or falls at once, who is short at the next review, and fans
    by level after, lowest first."""

    up: int
    down: int
    short: int
    after: list[int]


class LevelBadgeOut(Out):
    """A level in a word."""

    id: int
    name: str
    colour: str


class LevelMoveOut(Out):
    """One move."""

    before: LevelBadgeOut
    after: LevelBadgeOut
    cause: LevelCause
    growth_fen: int
    at: datetime


class GrowthOrderOut(Out):
    """An order that counts, and on which day it leaves the window."""

    order_no: str
    day: date
    amount_fen: int
    back_fen: int
    leaves_on: date


class FanLevelOut(Out):
    """Where a fan stands, why, and how far the next level is."""

    level: LevelBadgeOut
    growth_fen: int
    counts: Counts
    window_days: int
    next: LevelBadgeOut | None
    missing_fen: int
    """to the next level"""
    short_fen: int
    """below what the level needs: it goes after the review and its grace"""
    since: datetime | None
    review_on: date | None
    falls_on: date | None
    """when the level goes if nothing is bought; null: it does not"""
    locked_until: date | None
    lock_reason: str
    orders: list[GrowthOrderOut]
    moves: list[LevelMoveOut]


class LevelLockIn(In):
    """Put a fan on a level by hand until a day."""

    level_id: Annotated[int, Field(ge=0, le=2**63 - 1)]
    until: date
    reason: Reason


class LevelUnlockIn(In):
    """End a lock."""

    reason: Reason


class ShopLevelOut(Out):
    """A level as fans see it."""

    id: int
    name: str
    threshold_fen: int
    off_bp: int
    rights: list[str]
    colour: str
    gift: bool


class MyLevelOut(Out):
    """The fan's own level and all there are. Without levels above the first, `levels` is empty."""

    level_id: int
    growth_fen: int
    missing_fen: int
    window_days: int
    counts: Counts
    review_on: date | None
    short_fen: int
    levels: list[ShopLevelOut]
