"""What the console gets about recency, frequency and money."""

from datetime import date, datetime

from tiefen.fans.values import RfmGroup
from tiefen.kernel.http import Out


class RfmCellOut(Out):
    """Fans with these scores of recency and frequency, and what they spent."""

    r: int
    f: int
    fans: int
    spend_fen: int


class RfmGroupOut(Out):
    """One of the eight groups."""

    group: RfmGroup
    fans: int
    spend_fen: int


class RepeatOut(Out):
    """Of `buyers` who first bought at least `days` days ago, `again` bought on another day within them."""

    days: int
    buyers: int
    again: int


class CohortOut(Out):
    """Who first bought in `month`; `back[k]` of them bought in the k-th month after it."""

    month: date
    buyers: int
    back: list[int]


class RfmBoard(Out):
    """Everything on the page; `day` is null before the first run."""

    day: date | None
    done_at: datetime | None
    waiting: bool
    """asked for anew, and not done yet"""
    fans: int
    """all fans"""
    buyers: int
    """fans with scores"""
    all_buyers: int
    """with customers from before who are no fans: repeat and cohorts are about them all"""
    grid: list[RfmCellOut]
    groups: list[RfmGroupOut]
    repeat: list[RepeatOut]
    cohorts: list[CohortOut]


class RfmOut(Out):
    """A fan's scores, their group, and since when."""

    r: int
    f: int
    m: int
    group: RfmGroup
    last_on: date
    frequency: int
    monetary_fen: int
    since: date
