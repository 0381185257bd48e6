"""Tags: their names, and which of them a fan's behaviour gives."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from tiefen.fans.rules.judging import window_first
from tiefen.fans.values import FactDay, FactKind

MAX_TAGS = 1_000
PLATFORM_NAME = 30
"""characters the 公众号 allows in a tag's name"""


@dataclass(frozen=True, slots=True)
class Giving:
    """Behaviour that gives a tag."""

    fact: FactKind
    subject: str
    times: int
    within_days: int | None
    keep_days: int | None


@dataclass(frozen=True, slots=True)
class Given:
    """That a rule gives its tag now: since the day of the newest such fact, until when."""

    since: date
    until: date | None
    """the first day without it; None = stays"""
    times: int


def given(rule: Giving, facts: Iterable[FactDay], today: date) -> Given | None:
    """Whether a fan's facts earn the rule's tag today, and until when they keep it."""
    first = window_first(rule.within_days, today) if rule.within_days is not None else date.min
    fitting = [
        fact
        for fact in facts
        if fact.fact is rule.fact and fact.subject == rule.subject and first <= fact.day <= today
    ]
    times = sum(fact.times for fact in fitting)
    if times < rule.times or not fitting:
        return None
    newest = max(fact.day for fact in fitting)
    until = newest + timedelta(days=rule.keep_days) if rule.keep_days is not None else None
    if until is not None and until <= today:
        return None
    return Given(newest, until, times)
