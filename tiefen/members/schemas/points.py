"""Points as the API shows them; their worth in fen."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from tiefen.kernel.http import IdIn, In, Out
from tiefen.members.values import PointsKind, PointsRules

MOST = 10_000_000
"""So many points can be given or taken at once."""


def _some(points: int) -> int:
    if not points:
        raise ValueError("nothing to give or take")
    return points


class PointsRulesIO(In):
    """How points are earned and what they are worth."""

    earning: bool
    per_100: Annotated[int, Field(ge=1, le=100_000)]
    """points for 100 yuan paid"""
    hold_days: Annotated[int, Field(ge=0, le=365)]
    live_days: Annotated[int, Field(ge=0, le=3650)]
    """0: they never end"""
    warn_days: Annotated[int, Field(ge=0, le=365)]
    worth_fen: Annotated[int, Field(ge=1, le=10_000)]
    """what 100 points are worth"""
    spending: bool = False
    """orders may be paid in part with points"""
    cap_bp: Annotated[int, Field(ge=1, le=10_000)] = 5_000
    """at most so much of an order's goods"""
    from_fen: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    """only orders whose goods cost at least so much"""
    without_product_ids: Annotated[list[IdIn], Field(default_factory=list, max_length=500)]
    without_category_ids: Annotated[list[IdIn], Field(default_factory=list, max_length=200)]

    def rules(self) -> PointsRules:
        """As the rules know them."""
        given = self.model_dump(exclude={"edits", "because"})
        given["without_product_ids"] = tuple(given["without_product_ids"])
        given["without_category_ids"] = tuple(given["without_category_ids"])
        return PointsRules(**given)


class PointsRulesSaveIn(PointsRulesIO):
    """As shown, with the number of the version that was edited."""

    edits: Annotated[int, Field(ge=0, le=2**31 - 1)]
    because: Annotated[str, Field(max_length=200)] = ""
    """why, when goods may then be sold below cost"""


class PointsRulesOut(Out):
    """The rules in force."""

    edits: int
    earning: bool
    per_100: int
    hold_days: int
    live_days: int
    warn_days: int
    worth_fen: int
    spending: bool
    cap_bp: int
    from_fen: int
    without_product_ids: list[int]
    without_category_ids: list[int]


class PointsMoveOut(Out):
    """One movement: by how much each part changed."""

    id: int
    fan_id: int
    kind: PointsKind
    available: int
    frozen: int
    debt: int
    rest: int
    """available after it"""
    order_no: str
    reason: str
    at: datetime


class PointsMonthOut(Out):
    """What moved in a month."""

    month: date
    earned: int
    given: int
    spent: int
    """less what returned"""
    taken: int
    """taken back with refunds, or by hand"""
    expired: int


class PointsReportOut(Out):
    """What is outstanding, and what moved by month."""

    available: int
    frozen: int
    debt: int
    fans: int
    """who have any"""
    liability_fen: int
    """what available and frozen ones are worth"""
    ending: int
    """available ones that end soon"""
    ending_until: datetime
    months: list[PointsMonthOut]


class FanPointsOut(Out):
    """What a fan has."""

    available: int
    frozen: int
    debt: int
    worth_fen: int
    """of the available ones"""
    ending: int
    """available ones that end within the days of warning"""
    ending_on: date | None
    """when the first of these end"""


class MyPointsOut(FanPointsOut):
    """What the fan has, and how more is earned."""

    earning: bool
    per_100: int
    hold_days: int
    live_days: int
    spending: bool
    hundred_fen: int
    """what 100 points are worth"""
    cap_bp: int
    from_fen: int


class PointsHandIn(In):
    """Points given (> 0) or taken (< 0) by hand."""

    points: Annotated[int, Field(strict=True, ge=-MOST, le=MOST), AfterValidator(_some)]
    reason: Annotated[str, Field(min_length=1, max_length=200)]
