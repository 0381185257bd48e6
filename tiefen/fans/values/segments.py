"""Values of the language of segments: rules as read, what they look at, what they found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeAlias

from tiefen.fans.values.people import Answer, FactKind


class Op(StrEnum):
    """How a condition compares. Which fits depends on what it looks at."""

    EQ = "eq"
    NE = "ne"
    GE = "ge"
    LE = "le"
    GT = "gt"
    LT = "lt"
    BETWEEN = "between"
    """both ends count"""
    WITHIN = "within"
    """in the last N days, today being the first"""
    BEFORE = "before"
    """known, and longer ago than the last N days"""
    COMING = "coming"
    """its day of the year is today or in the next N days"""
    IS = "is"
    CONTAINS = "contains"
    IN = "in"
    """any of"""
    ALL_OF = "all_of"
    NOT_IN = "not_in"
    """none of"""
    NEAR = "near"
    """within some distance of a point"""
    SET = "set"
    UNSET = "unset"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    EXACTLY = "exactly"


class FieldType(StrEnum):
    """What a field of a rule holds."""

    NUMBER = "number"
    MILLI = "milli"
    """a number of three decimals at most, in thousandths"""
    FEN = "fen"
    MOMENT = "moment"
    """a time, compared by the merchant's day"""
    DAY = "day"
    YES = "yes"
    TEXT = "text"
    WORD = "word"
    """one of some words"""
    WORDS = "words"
    IDS = "ids"
    """a set of ids, such as tags"""
    ID = "id"
    LEVEL = "level"
    """one of the merchant's member levels; 0 is the first"""
    CODE = "code"
    """a code whose beginning means a larger area"""
    PLACE = "place"
    """where they were last, compared with the merchant's points"""


@dataclass(frozen=True, slots=True)
class Group:
    """All or any of some rules; `path` is where it stands in what was sent."""

    path: str
    every: bool
    nodes: tuple["Rule", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The opposite of a rule."""

    path: str
    node: "Rule"


@dataclass(frozen=True, slots=True)
class Clause:
    """A field compared with a value, which fits the field's type."""

    path: str
    field: str
    type: FieldType
    op: Op
    value: Any
    attribute_id: int | None = None


@dataclass(frozen=True, slots=True)
class Did:
    """How often a fan did something in the last `days` (None = ever)."""

    path: str
    fact: FactKind
    subjects: tuple[str, ...]
    """any of them; empty = whatever the subject"""
    op: Op
    times: int
    days: int | None


Rule: TypeAlias = Group | Negation | Clause | Did


@dataclass(frozen=True, slots=True)
class FactDay:
    """How often a fan did something about a subject on a day."""

    fact: FactKind
    subject: str
    day: date
    times: int


@dataclass(frozen=True, slots=True)
class FanPicture:
    """Everything a rule can look at, of one fan."""

    fields: Mapping[str, Any]
    answers: Mapping[int, Answer]
    tags: frozenset[int]
    segments: frozenset[int]
    facts: tuple[FactDay, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one node of a rule holds for a fan, and what the fan has."""

    path: str
    holds: bool
    have: Any
    nodes: tuple["Verdict", ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number of fans; when all were counted, `low` and `high` are that number."""

    fans: int
    low: int
    high: int

    @property
    def exact(self) -> bool:
        """Whether all were counted."""
        return self.low == self.high
