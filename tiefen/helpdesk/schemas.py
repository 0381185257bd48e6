"""What the console sends to and gets from the helpdesk room."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from tiefen.helpdesk.values import AnswerSource, Direction, Match, PartKind
from tiefen.kernel.http import In, Out

Title = Annotated[str, Field(max_length=64)]
Url = Annotated[str, Field(max_length=500, pattern=r"^$|^(https?://|/)")]
Keyword = Annotated[str, Field(min_length=1, max_length=200)]
Minute = Annotated[int, Field(strict=True, ge=0, le=1439)]


class PartIn(In):
    """One part of an answer: a text, or a card with a link."""

    kind: PartKind = PartKind.TEXT
    text: Annotated[str, Field(max_length=12_000)] = ""
    title: Title = ""
    picture_url: Url = ""
    url: Url = ""


class PartOut(Out):
    """One part of an answer."""

    kind: PartKind
    text: str
    title: str
    picture_url: str
    url: str


class AutoReplyIn(In):
    """A keyword reply to create or replace. Minutes are of the merchant's day."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    match: Match
    patterns: list[Keyword] = Field(min_length=1, max_length=50)
    priority: Annotated[int, Field(strict=True, ge=0, le=1000)] = 100
    from_minute: Minute | None = None
    to_minute: Minute | None = None
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    answer: list[PartIn] = Field(min_length=1, max_length=6)
    active: bool = True


class AutoReplyOut(Out):
    """A keyword reply with how often it was used."""

    id: int
    name: str
    match: Match
    patterns: list[str]
    priority: int
    from_minute: int | None
    to_minute: int | None
    valid_from: datetime | None
    valid_until: datetime | None
    answer: list[PartOut]
    active: bool
    hits: int
    last_hit_at: datetime | None
    created_at: datetime
    updated_at: datetime


class WelcomeIn(In):
    """What is said to a new follower, and to who finds no keyword (empty = nothing)."""

    welcome: list[PartIn] = Field(max_length=4)
    default_reply: list[PartIn] = Field(max_length=6)


class WelcomeOut(Out):
    """The welcome and the default reply."""

    welcome: list[PartOut]
    default_reply: list[PartOut]


class TryIn(In):
    """A message to try the keyword replies with."""

    text: Annotated[str, Field(min_length=1, max_length=1000)]


class TryOut(Out):
    """What would be answered now."""

    source: AnswerSource
    rule_id: int | None
    rule_name: str
    parts: list[PartOut]


class QuestionOut(Out):
    """A question nobody answered."""

    id: int
    sample: str
    count: int
    first_at: datetime
    last_at: datetime


class WechatAddress(Out):
    """Where WeChat tells who holds the phone."""

    url: str


class WechatAnswer(In):
    """What WeChat put in the address when it sent the browser back."""

    code: Annotated[str, Field(min_length=1, max_length=200)]
    state: Annotated[str, Field(min_length=1, max_length=128)]


class ChatMessageOut(Out):
    """One message between a fan and us."""

    id: int
    direction: Direction
    kind: str
    content: str
    source: AnswerSource | None
    rule_id: int | None
    at: datetime


class BindCode(Out):
    """A QR code that binds whoever scans it to the signed-in member of staff."""

    url: str
    image: str
    """as an SVG data URI"""
    expires_at: datetime
