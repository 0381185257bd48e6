"""What the console sends and gets about stages."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from tiefen.fans.schemas.people import EvidenceOut, Note, StageCountOut
from tiefen.fans.values import Measure, MoveCause, Stage
from tiefen.kernel.http import In, Out

Days = Annotated[int, Field(strict=True, ge=1, le=730)]


class ConditionIn(In):
    """At least so much of a measure, ever or within so many days."""

    measure: Measure
    at_least: Annotated[int, Field(strict=True, ge=1, le=10**9)]
    within_days: Days | None = None


class StageRuleIn(In):
    """What a stage asks for: every one of `every`, and one of `one_of` if there are any."""

    every: list[ConditionIn] = Field(min_length=1, max_length=6)
    one_of: list[ConditionIn] = Field(default_factory=list, max_length=6)


class StageRulesIn(In):
    """The rules of all stages."""

    customer: StageRuleIn
    user: StageRuleIn
    fan: StageRuleIn
    core: StageRuleIn
    silent_days: Days
    follower_silent_days: Days | None
    sleeping_days: Days
    core_target_bp: Annotated[int, Field(strict=True, ge=1, le=10_000)]


class StageRulesPublish(In):
    """Rules to publish; `based_on` is the version they were made from."""

    rules: StageRulesIn
    note: Note = ""
    based_on: Annotated[int, Field(strict=True, ge=0)]


class StageRuleSetOut(Out):
    """A published version, and how far it has been applied."""

    version: int
    note: str
    published_by: str
    published_at: datetime
    fans: int
    looked_at: int
    moved: int
    applied_at: datetime | None


class StageRulesOut(Out):
    """The rules that count now; version 0 = those a merchant begins with."""

    version: int
    rules: StageRulesIn
    history: list[StageRuleSetOut]


class CoreShareOut(Out):
    """Core fans among all followers and buyers, against the target."""

    core: int
    fans: int
    share_bp: int | None
    target_bp: int


class StageBoard(Out):
    """Who stands where now."""

    as_of: datetime
    stages: list[StageCountOut]
    core: CoreShareOut
    sleeping: int
    sleeping_days: int


class StageMovesOut(Out):
    """How many fans moved so; `day` is the merchant's, absent in a preview."""

    before: Stage
    after: Stage
    fans: int
    day: date | None


class StageMoveDays(Out):
    """Moves of a period of days."""

    first: date
    last: date
    moves: list[StageMovesOut]


class StagePreview(Out):
    """What publishing would do: who stands where then, and who would move."""

    as_of: datetime
    fans: int
    moving: int
    stages: list[StageCountOut]
    core: CoreShareOut
    moves: list[StageMovesOut]


class FanMoveOut(Out):
    """One move of one fan."""

    id: int
    before: Stage
    after: Stage
    because: list[EvidenceOut]
    cause: MoveCause
    version: int
    at: datetime


def plain(body: Any) -> Any:
    """An input as plain values, for the room's own dataclass."""
    return body.model_dump(mode="json")
