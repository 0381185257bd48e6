"""Values of the import of followers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FollowerImportState(StrEnum):
    """How an import is."""

    RUNNING = "running"
    WAITING = "waiting"
    """the platform wants us to wait; goes on by itself at a known time"""
    STOPPED = "stopped"
    """by a person; can go on"""
    FAILED = "failed"
    """a person must change something first; can go on then"""
    DONE = "done"


class ImportStep(StrEnum):
    """What an import is at."""

    LISTING = "listing"
    """reading who follows, 10,000 a page"""
    ASKING = "asking"
    """asking about them, 100 a call"""
    LEAVERS = "leavers"
    """asking about those we know to follow who were not in the list"""
    TIDYING = "tidying"
    """forgetting the list"""


class Change(StrEnum):
    """What the platform's word about an openid means for us."""

    NEW = "new"
    """we never met this openid"""
    FOLLOWS = "follows"
    """an openid we know follows (again), and we had missed it"""
    LEARNED = "learned"
    """its unionid is news"""
    LEFT = "left"
    SAME = "same"
    NOBODY = "nobody"
    """does not follow, and we never thought so"""


@dataclass(frozen=True, slots=True)
class KnownId:
    """What we knew of an openid."""

    following: bool
    followed_at: datetime | None
    unfollowed_at: datetime | None
    unionid: str | None
    asked: bool
    """for its unionid"""


@dataclass(frozen=True, slots=True)
class Heard:
    """What to do about an openid; `at` is when it happened."""

    change: Change
    at: datetime


@dataclass(frozen=True, slots=True)
class ImportedFan:
    """A follower from before, made a fan. `scene` is that of the code they came through, if any."""

    fan_id: int
    openid: str
    scene: str | None
    at: datetime
