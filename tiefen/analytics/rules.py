"""Pure decisions of the analytics room: days, periods, the loop's worst step."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from tiefen.analytics.values import LOOP, Figures, Hit, HitKind, LoopRow, LoopStep, Step

SHARDS = 8
"""Rows a day's figure is spread over, so that counting does not queue up behind one row."""
WORST_NEEDS = 10
"""A step is judged when at least this many fans stood before it."""
NAMES = dict(zip(LOOP, LoopStep, strict=True))


def days(last: date, count: int) -> tuple[date, date]:
    """First and last day of the `count` days that end with `last`."""
    return last - timedelta(days=count - 1), last


def shard_of(fan_id: int) -> int:
    """Which of a day's rows this fan counts in."""
    return fan_id % SHARDS


def visitor_key(fan_id: int | None, visitor: str) -> str:
    """Who a hit counts for: the signed-in fan, else the browser's own chance id, hashed."""
    if fan_id is not None:
        return f"f:{fan_id}"
    return "v:" + hashlib.sha256(visitor.encode()).hexdigest()[:20]


def loop(counts: Iterable[tuple[int, int]]) -> list[LoopRow]:
    """The loop from (bits, fans) pairs: how many fans show each step, and each pair of steps."""
    known = list(counts)

    def having(wanted: Step) -> int:
        return sum(fans for bits, fans in known if bits & wanted == wanted)

    rows = []
    for place, step in enumerate(LOOP):
        before = LOOP[place - 1] if place else Step(0)
        rows.append(
            LoopRow(
                step=NAMES[step],
                fans=having(step),
                of_previous=having(step | before) if place else 0,
                previous=having(before) if place else 0,
            )
        )
    return rows


def worst(rows: Sequence[LoopRow]) -> LoopStep | None:
    """The step that loses the largest share of those before it; None when none is judged."""
    judged = [row for row in rows if row.previous >= WORST_NEEDS]
    return min(judged, key=lambda row: row.kept_bp or 0).step if judged else None


def total(parts: Iterable[Figures], *, visitors: int, buyers: int) -> Figures:
    """The sum of several days; people are given, because they are counted once."""
    known = list(parts)
    return Figures(
        new_fans=sum(one.new_fans for one in known),
        unfollows=sum(one.unfollows for one in known),
        hits=sum(one.hits for one in known),
        visitors=visitors,
        orders=sum(one.orders for one in known),
        paid_orders=sum(one.paid_orders for one in known),
        paid_fen=sum(one.paid_fen for one in known),
        refunds=sum(one.refunds for one in known),
        refunded_fen=sum(one.refunded_fen for one in known),
        buyers=buyers,
    )


def products_seen(hits: Iterable[Hit]) -> set[int]:
    """The products whose pages were looked at."""
    return {
        int(hit.target.removeprefix("product:"))
        for hit in hits
        if hit.kind is HitKind.VIEW and re.fullmatch(r"product:[0-9]{1,18}", hit.target)
    }
