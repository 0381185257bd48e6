"""Reading the platform's word about a follower; how fast an import goes and how long it will take."""

from datetime import datetime, time, timedelta

from tiefen.fans.values import Change, Heard, KnownId
from tiefen.kernel.days import CHINA
from tiefen.wechat.values import UserInfo

SAME_FOLLOW = timedelta(seconds=60)
"""The push and the later answer may name the same follow with a few seconds between them."""
JUST_NOW = timedelta(minutes=5)
"""A leave so shortly before the import may be newer than the answer."""
AFTER = timedelta(seconds=1)
SHORT_WAITS = (10, 30, 60, 120, 300, 600)
"""Seconds to wait when the platform is busy or away, growing with each time in a row."""


def hear(known: KnownId | None, told: UserInfo, began: datetime) -> Heard:
    """What an answer means for an openid; `began` is when the import did.

    An answer is never older than `began`, so a leave well before it is over.
    """
    at = told.subscribed_at or (known and known.followed_at) or began
    if not told.subscribed:
        if known is None or not known.following:
            return Heard(Change.NOBODY, began)
        return Heard(Change.LEFT, leave_time(known.followed_at, began))
    if known is None:
        return Heard(Change.NEW, at)
    if known.following:
        if known.followed_at is None or at > known.followed_at + SAME_FOLLOW:
            return Heard(Change.FOLLOWS, at)
        learns = bool(told.unionid) and known.unionid is None
        return Heard(Change.LEARNED if learns else Change.SAME, at)
    left = known.unfollowed_at
    if left is not None and left >= at:
        if left > began - JUST_NOW:
            return Heard(Change.SAME, at)
        at = left + AFTER
    return Heard(Change.FOLLOWS, at)


def leave_time(followed_at: datetime | None, began: datetime) -> datetime:
    """When somebody left whom nobody saw leave: as the import began, if they followed by then."""
    return max(began, followed_at + AFTER) if followed_at else began


def short_wait(times: int) -> timedelta:
    """How long to wait after so many refusals in a row (1 = the first)."""
    return timedelta(seconds=SHORT_WAITS[min(times, len(SHORT_WAITS)) - 1])


def next_day(now: datetime) -> datetime:
    """Five past the next midnight in China, when daily quotas begin anew."""
    tomorrow = now.astimezone(CHINA).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(0, 5), CHINA)


def speed(asked: int, active_ms: int) -> float | None:
    """Followers a second while at work; None before anything is known."""
    return asked * 1000 / active_ms if asked and active_ms else None


def rest_seconds(left: int, per_second: float | None) -> int | None:
    """How long the rest takes at this speed; None before anything is known."""
    return round(left / per_second) if per_second else None
