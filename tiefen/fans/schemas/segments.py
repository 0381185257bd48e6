"""Segments at the edge."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from tiefen.fans.schemas.people import FanRow
from tiefen.fans.schemas.tags import Picked, RuleIn
from tiefen.fans.values import AttributeKind, FactKind, FieldType, Op, SegmentKind, SegmentState
from tiefen.kernel.http import IdIn, In, Out

SegmentName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
SegmentNote = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class SegmentIn(In):
    """A new segment: a rule; or, without one, a list with these fans."""

    name: SegmentName
    note: SegmentNote = ""
    rule: RuleIn | None = None
    fan_ids: Annotated[list[IdIn], Field(max_length=10_000)] = Field(default_factory=list)


class SegmentPatch(In):
    """What of a segment may change; what is absent stays."""

    name: SegmentName | None = None
    note: SegmentNote | None = None
    rule: RuleIn | None = None
    archived: bool | None = None


class SegmentOut(Out):
    """A segment. `members` is as of `refreshed_at`, kept by each coming and going since."""

    id: int
    name: str
    note: str
    kind: SegmentKind
    rule: dict[str, Any] | None
    state: SegmentState
    members: int
    moves: bool
    trouble: str
    refreshed_at: datetime | None
    created_at: datetime
    archived: bool


class RuleOnly(In):
    """A rule being written. `quick`: a guess will do where counting all would take long."""

    rule: RuleIn
    quick: bool = False


class RuleCount(Out):
    """How many fans a rule holds for now; some of them; and how long the counting took.

    When `exact` is false, `fans` is guessed from a sample and lies between `low` and `high` in
    about 95 of 100 cases.
    """

    fans: int
    exact: bool
    low: int
    high: int
    everyone: int
    milliseconds: int
    sample: list[FanRow]


class MemberOut(FanRow):
    """A fan in a segment, since when."""

    since: datetime


class ListPatch(In):
    """Put fans on a list kept by hand, or take them off."""

    fan_ids: Picked
    there: bool


class ListChanged(Out):
    """For how many it changed."""

    changed: int


class NodeOut(Out):
    """Whether one node of the rule holds for the fan, and what the fan has."""

    path: str
    holds: bool
    have: Any
    nodes: list["NodeOut"]


class WhyOut(Out):
    """Why a fan is in a segment, or not."""

    inside: bool
    """by the members kept"""
    node: NodeOut | None
    """by judging now; null for a list kept by hand"""


class FieldOut(Out):
    """Something a rule can look at."""

    field: str
    type: FieldType
    ops: list[Op]
    label: str
    """of a merchant's attribute; the faces name the others"""
    kind: AttributeKind | None
    options: list[str]


class SubjectOut(Out):
    """What a deed was about."""

    subject: str
    name: str


class DeedOut(Out):
    """A deed a rule can count, and what it was about so far."""

    fact: FactKind
    subjects: list[SubjectOut]


class RuleBook(Out):
    """Everything a rule can be made of here."""

    fields: list[FieldOut]
    deeds: list[DeedOut]
