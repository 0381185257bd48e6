"""What people ask about personal data, and what they are told."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from tiefen.fans.schemas.places import MyPlace
from tiefen.fans.values import RequestKind, RequestState
from tiefen.kernel.http import In, Out


class AskIn(In):
    """Why staff ask for somebody."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]


class ContactIn(In):
    """Whether we may write to them of our own accord."""

    wanted: bool
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class RequestOut(Out):
    """One export or erasure."""

    id: int
    kind: RequestKind
    state: RequestState
    staff_name: str
    """empty: the fan asked"""
    reason: str
    created_at: datetime
    due_at: datetime
    """when an erasure begins; until when an export can be fetched"""
    held_by: str
    """what the erasure waits for"""
    ready: bool
    """the copy can be fetched"""
    ended_at: datetime | None


class EffectOut(Out):
    """What erasing does to one kind of rows."""

    table: str
    name: str
    rows: int
    gone: bool
    """deleted; otherwise kept under a pseudonym"""


class HoldOut(Out):
    """Something open that an erasure waits for."""

    name: str
    ref: str


class PrivacyOut(Out):
    """What was asked about one person's data, and what erasing it would do."""

    no_contact: bool
    erased_at: datetime | None
    requests: list[RequestOut]
    effects: list[EffectOut]
    holds: list[HoldOut]


class MyPrivacy(Out):
    """What is kept of a fan, and their own requests."""

    no_contact: bool
    place: MyPlace
    kept: list[EffectOut]
    """by kind; what an erasure would do to each"""
    requests: list[RequestOut]
    holds: list[HoldOut]
