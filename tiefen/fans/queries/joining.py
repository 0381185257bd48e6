"""Joins of records, and what stands under each side of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from tiefen.fans.models import Fan, Identity, Line, Merge
from tiefen.fans.queries.people import identities
from tiefen.fans.values import Happening
from tiefen.kernel import personal
from tiefen.kernel.db import Tx


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a join, counted by its own records."""

    fan: Fan
    records: list[int]
    identities: list[Identity]
    orders: int
    paid_fen: int
    orders_since: int
    lines_since: int
    holdings: list[tuple[str, str, str, int]]
    """table, its names, rows"""


async def merges(tx: Tx, records: Sequence[int]) -> list[Merge]:
    """All joins these records were ever part of, the newest first."""
    rows = await tx.scalars(
        select(Merge)
        .where(or_(Merge.winner_id.in_(records), Merge.loser_id.in_(records)))
        .order_by(Merge.id.desc())
    )
    return list(rows)


async def side(tx: Tx, fan_id: int, records: Sequence[int], since: datetime | None) -> Side:
    """What these records hold; `since`: counted apart from then on."""
    fan = await tx.get_one(Fan, fan_id)
    paid = Line.kind == Happening.ORDER_PAID
    after = Line.at >= since if since else Line.id.is_(None)
    row = (
        await tx.execute(
            select(
                func.count().filter(paid),
                func.coalesce(func.sum(Line.amount_fen).filter(paid), 0),
                func.count().filter(paid, after),
                func.count().filter(after),
            ).where(Line.fan_id.in_(records))
        )
    ).one()
    counted = await personal.count(tx, records)
    holdings = [
        (one.table, one.zh, one.en, sum(counted.get(one.table, {}).values()))
        for one in personal.holdings()
    ]
    return Side(
        fan,
        list(records),
        await identities(tx, records),
        row[0],
        int(row[1]),
        row[2],
        row[3],
        [one for one in holdings if one[3]],
    )
