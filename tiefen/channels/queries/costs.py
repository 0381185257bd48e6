"""Reads of what codes cost: entries of a code, and costs of a period beside what it brought."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, func, select, text

from tiefen.channels.models import ChannelCode, CodeCost, Income, Link, Reach
from tiefen.channels.values import Grouping, Model
from tiefen.kernel.db import Tx


@dataclass(frozen=True, slots=True)
class Cost:
    """What codes cost in a period, whom that brought, and since when everything is paid back."""

    period_fen: int
    fans: int
    """of the period, of codes that ever cost something"""
    buyers: int
    total_fen: int
    """of all days"""
    since: date
    """the first day of any cost"""
    paid_back_on: date | None
    """the first day on which what was kept covered everything"""


# A cost of several days counts by the day. Rounding down what lies before a day makes periods that
# follow one another add up to the cost, to the fen.
_SPENT = """
    SELECT code_id, sum(
        amount_fen * (least(last, CAST(:last AS date)) - first + 1) / (last - first + 1)
        - amount_fen * greatest(CAST(:first AS date) - first, 0) / (last - first + 1)
    )::bigint AS spent_fen
    FROM channel_cost
    WHERE first <= CAST(:last AS date) AND last >= CAST(:first AS date) GROUP BY code_id
"""


async def cost_list(tx: Tx, code_id: int, *, before_id: int | None, limit: int) -> list[CodeCost]:
    """What a code cost, the newest booking first, one more than `limit`."""
    wanted = select(CodeCost).where(CodeCost.code_id == code_id)
    if before_id is not None:
        wanted = wanted.where(CodeCost.id < before_id)
    return list(await tx.scalars(wanted.order_by(CodeCost.id.desc()).limit(limit + 1)))


async def costs(tx: Tx, by: Grouping, model: Model, first: date, last: date) -> dict[str, Cost]:
    """Costs of a period, its people and the day of payback by group, over codes that ever cost
    something. Four statements.

    Of a campaign all links count: those that cost nothing are fruits of those that did.
    """
    costly = select(ChannelCode, Link.utm_campaign)
    if by is Grouping.CAMPAIGN:
        code = costly.join(Link).subquery()
    else:
        code = costly.outerjoin(Link).where(ChannelCode.cost_fen > 0).subquery()
    key: Any = {
        Grouping.CODE: code.c.id,
        Grouping.KIND: code.c.kind,
        Grouping.OWNER: func.coalesce(code.c.owner_staff_id, 0),
        Grouping.CAMPAIGN: code.c.utm_campaign,
    }[by]
    begun = (
        select(CodeCost.code_id, func.min(CodeCost.first).label("first"))
        .group_by(CodeCost.code_id)
        .subquery()
    )
    spent = (
        text(_SPENT)
        .bindparams(first=first, last=last)
        .columns(CodeCost.code_id, spent_fen=BigInteger)
        .subquery("spent")
    )
    bases = await tx.execute(
        select(
            key,
            func.sum(code.c.cost_fen),
            func.coalesce(func.sum(spent.c.spent_fen), 0),
            func.min(begun.c.first),
        )
        .outerjoin(begun, begun.c.code_id == code.c.id)
        .outerjoin(spent, spent.c.code_id == code.c.id)
        .group_by(key)
    )
    found = {str(row[0]): (int(row[1]), int(row[2]), row[3]) for row in bases if row[1]}
    people = await tx.execute(
        select(key, func.sum(Reach.fans), func.sum(Reach.buyers))
        .join(code, code.c.id == Reach.code_id)
        .where(Reach.day.between(first, last))
        .group_by(key)
    )
    counted = {str(row[0]): (int(row[1]), int(row[2])) for row in people}
    back = await _paid_back(tx, key, code, model, {one: sums[0] for one, sums in found.items()})
    return {
        one: Cost(spent_fen, *counted.get(one, (0, 0)), total_fen, since, back.get(one))
        for one, (total_fen, spent_fen, since) in found.items()
    }


async def _paid_back(
    tx: Tx, key: Any, code: Any, model: Model, totals: dict[str, int]
) -> dict[str, date]:
    """The first day on which what the codes of each group kept covered its whole cost."""
    daily = (
        select(
            key.label("key"),
            Income.day,
            func.sum(Income.paid_fen - Income.refunded_fen).label("kept"),
        )
        .join(code, code.c.id == Income.code_id)
        .where(Income.model == model)
        .group_by(key, Income.day)
        .subquery()
    )
    running = select(
        daily.c.key,
        daily.c.day,
        func.sum(daily.c.kept).over(partition_by=daily.c.key, order_by=daily.c.day).label("kept"),
    )
    back: dict[str, date] = {}
    for row in await tx.execute(running.order_by(daily.c.key, daily.c.day)):
        if str(row.key) in totals and row.kept >= totals[str(row.key)]:
            back.setdefault(str(row.key), row.day)
    return back
