"""What a person, or staff for them, can ask about their personal data."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

COOLING = timedelta(days=7)
"""How long an erasure can be taken back before it begins."""
LINK_LIFE = timedelta(hours=24)
"""How long an export can be fetched."""
LOOK_AGAIN = timedelta(days=1)
"""An erasure that something open holds up looks again after so long."""


class RequestKind(StrEnum):
    """What was asked for."""

    EXPORT = "export"
    ERASE = "erase"


class RequestState(StrEnum):
    """Where a request stands."""

    WAITING = "waiting"
    """an export that is being made; an erasure that can still be taken back"""
    RUNNING = "running"
    """an erasure that has begun: no way back"""
    DONE = "done"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Effect:
    """What erasing does to one kind of rows."""

    table: str
    zh: str
    en: str
    rows: int
    gone: bool
    """deleted; otherwise kept under a pseudonym"""


@dataclass(frozen=True, slots=True)
class Hold:
    """Something open that an erasure waits for."""

    zh: str
    en: str
    ref: str
