"""Frozen values of the helpdesk room."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Match(StrEnum):
    """How a keyword reply finds its question."""

    EXACT = "exact"
    """the whole message is the keyword"""
    CONTAINS = "contains"
    """the keyword stands anywhere in it"""
    REGEX = "regex"
    """a pattern in RE2 syntax: no look-around, no back-references, always linear in time"""


class Trigger(StrEnum):
    """What a fan did that we answer."""

    FOLLOW = "follow"
    SCAN = "scan"
    MENU = "menu"
    MESSAGE = "message"


class AnswerSource(StrEnum):
    """Where an answer came from."""

    CODE = "code"
    """the welcome of a channel code"""
    WELCOME = "welcome"
    KEYWORD = "keyword"
    DEFAULT = "default"
    NONE = "none"
    """nothing was said"""


class Direction(StrEnum):
    """Who said it."""

    IN = "in"
    """the fan"""
    OUT = "out"
    """we"""


class PartKind(StrEnum):
    """Kinds of parts of an answer."""

    TEXT = "text"
    ARTICLE = "article"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an answer: a text, or a card with a link."""

    kind: PartKind
    text: str = ""
    """the text; for a card its description"""
    title: str = ""
    picture_url: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class ReplyRule:
    """A keyword reply, as the matcher needs it. Minutes are of the merchant's day, end excluded."""

    id: int
    match: Match
    patterns: tuple[str, ...]
    priority: int
    from_minute: int | None
    to_minute: int | None
    valid_from: datetime | None
    valid_until: datetime | None
    answer: tuple[Part, ...]
