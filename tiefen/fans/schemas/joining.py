"""What the console sends to and gets from the joining of records."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from tiefen.fans.schemas.people import IdentityOut
from tiefen.kernel.http import IdIn, In, Out

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class MergeIn(In):
    """Whom to join with this fan, and why."""

    other_id: IdIn
    reason: Why


class UndoIn(In):
    """Why a join is undone."""

    reason: Why


class HoldingOut(Out):
    """How many rows of one kind stand under one side."""

    table: str
    name: str
    rows: int


class SideOut(Out):
    """One side of a join: the fan it is, or would be again."""

    id: int
    name: str
    records: list[int]
    identities: list[IdentityOut]
    phone_masked: str | None
    joined_at: datetime
    orders: int
    paid_fen: int
    orders_since: int
    """paid since they were joined"""
    lines_since: int
    """lines of the timeline since they were joined"""
    holdings: list[HoldingOut]


class JoinPreview(Out):
    """What a join would bring together."""

    stays: SideOut
    joins: SideOut


class PartPreview(Out):
    """What would go where if a join were undone."""

    merge_id: int
    at: datetime
    stays: SideOut
    leaves: SideOut


class MergeOut(Out):
    """One join: who, when, why, and whether it was undone."""

    id: int
    winner_id: int
    loser_id: int
    reason: str
    staff_name: str = Field(description="empty: the platform said so")
    at: datetime
    undone_at: datetime | None
    undone_by: str
    undo_reason: str


class MergeList(Out):
    """All joins of a person, the newest first."""

    items: list[MergeOut]


class Merged(Out):
    """Who the fan is now."""

    id: int


class Parted(Out):
    """The two who are apart again."""

    stays_id: int
    leaves_id: int
