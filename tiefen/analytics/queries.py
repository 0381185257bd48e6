"""Reads of the analytics room: a fixed number of statements, each over a bounded span of days."""

from dataclasses import replace
from datetime import date

from sqlalchemy import ColumnElement, func, select

from tiefen.analytics.models import Daily, FanDay, VisitorDay
from tiefen.analytics.values import ACTIVE, Figures, Step
from tiefen.kernel.db import Tx

_KNOWN = frozenset(Figures.__dataclass_fields__)


async def by_day(tx: Tx, first: date, last: date) -> dict[date, Figures]:
    """Figures of each day with anything to tell; three statements."""
    found: dict[date, Figures] = {}
    sums = await tx.execute(
        select(Daily.day, Daily.metric, func.sum(Daily.value))
        .where(Daily.day.between(first, last))
        .group_by(Daily.day, Daily.metric)
    )
    for day, metric, value in sums:
        if metric in _KNOWN:
            found[day] = replace(found.get(day, Figures()), **{metric: int(value)})
    visitors = await tx.execute(
        select(VisitorDay.day, func.count())
        .where(VisitorDay.day.between(first, last))
        .group_by(VisitorDay.day)
    )
    for day, count in visitors:
        found[day] = replace(found.get(day, Figures()), visitors=count)
    buyers = await tx.execute(
        select(FanDay.day, func.count())
        .where(FanDay.day.between(first, last), _did(Step.PAID))
        .group_by(FanDay.day)
    )
    for day, count in buyers:
        found[day] = replace(found.get(day, Figures()), buyers=count)
    return found


async def visitors(tx: Tx, first: date, last: date) -> int:
    """Different visitors in a span."""
    span = VisitorDay.day.between(first, last)
    counted = select(func.count(VisitorDay.visitor.distinct())).where(span)
    return await tx.scalar(counted) or 0


async def people(tx: Tx, first: date, last: date, step: Step) -> int:
    """Different fans who did any of `step` in a span."""
    span = FanDay.day.between(first, last)
    counted = select(func.count(FanDay.fan_id.distinct())).where(span, _did(step))
    return await tx.scalar(counted) or 0


async def active(tx: Tx, first: date, last: date) -> int:
    """Different fans who did anything in a span."""
    return await people(tx, first, last, ACTIVE)


async def steps(tx: Tx, first: date, last: date) -> list[tuple[int, int]]:
    """How many fans show which combination of steps over a span; one statement."""
    each = (
        select(func.bit_or(FanDay.steps).label("bits"))
        .where(FanDay.day.between(first, last))
        .group_by(FanDay.fan_id)
        .subquery()
    )
    rows = await tx.execute(select(each.c.bits, func.count()).group_by(each.c.bits))
    return [(bits, count) for bits, count in rows]


def _did(step: Step) -> ColumnElement[bool]:
    done: ColumnElement[int] = FanDay.steps.op("&")(int(step))
    return done > 0
