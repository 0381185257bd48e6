"""Purchases from before for tests: files of them, and what they come to, computed by hand.

Nothing here uses code of the product: it is what the product is held to.
"""

import csv
import io
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from tests.conftest import Drain
from tiefen.fans import queries, service
from tiefen.fans.models import PastImport
from tiefen.fans.values import Dates, Decimals, Dialect, PastField
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db

BOSS = StaffActor(1, "林老板", frozenset())
HEADING = ("订单号", "付款时间", "实付金额", "数量", "openid")
Bought = Mapping[int, Sequence[tuple[date, int]]]
"""What each buyer bought: on which day, for how many fen."""
Scores = dict[int, tuple[int, int, int]]


def sheet(rows: Sequence[Sequence[object]], heading: Sequence[str] = HEADING) -> bytes:
    """A CSV as people have it."""
    out = io.StringIO()
    csv.writer(out).writerows([heading, *rows])
    return out.getvalue().encode()


async def take(
    db: Db,
    drain: Drain,
    raw: bytes,
    *,
    source: str = "有赞",
    columns: Mapping[PastField, int] | None = None,
    merchant: str = "demo",
) -> int:
    """A file taken in and tried out."""
    import_id = await service.take_in_past(
        db, merchant, BOSS, io.BytesIO(raw), file_name="orders.csv"
    )
    async with db.merchant(merchant) as tx:
        row = await queries.one_past_import(tx, import_id)
        found = columns or {PastField(name): place for name, place in row.columns.items()}
        dialect = Dialect(Dates.YMD, Decimals.POINT)
        await service.check_past(tx, BOSS, import_id, source, found, dialect)
    await drain()
    return import_id


async def bring(
    db: Db, drain: Drain, raw: bytes, *, source: str = "有赞", merchant: str = "demo"
) -> PastImport:
    """A file taken in, tried out and run."""
    import_id = await take(db, drain, raw, source=source, merchant=merchant)
    async with db.merchant(merchant) as tx:
        await service.run_past(tx, BOSS, import_id)
    await drain()
    return await state(db, import_id, merchant)


async def step_through(db: Db, import_id: int, merchant: str = "demo") -> PastImport:
    """A file that was tried out, added by its own steps: what follows from it is not waited for."""
    async with db.merchant(merchant) as tx:
        await service.run_past(tx, BOSS, import_id)
    row = await state(db, import_id, merchant)
    while row.state == "running":
        async with db.merchant(merchant) as tx:
            await service.past_step(tx, import_id, row.part)
        row = await state(db, import_id, merchant)
    return row


async def undo(db: Db, drain: Drain, import_id: int, merchant: str = "demo") -> PastImport:
    """An import undone."""
    async with db.merchant(merchant) as tx:
        await service.undo_past(tx, BOSS, import_id)
    await drain()
    return await state(db, import_id, merchant)


async def state(db: Db, import_id: int, merchant: str = "demo") -> PastImport:
    """How an import is."""
    async with db.merchant(merchant) as tx:
        return await queries.one_past_import(tx, import_id)


def scores(bought: Bought, visits: Bought | None = None) -> Scores:
    """Each buyer's three scores: one more than the whole fifths of buyers who have less.

    `visits`: what they ever paid, where some of it was given back.
    """
    known = {buyer: rows for buyer, rows in bought.items() if rows}
    paid = known if visits is None else visits
    measures = {
        buyer: (max(day for day, _ in paid[buyer]), len(rows), sum(fen for _, fen in rows))
        for buyer, rows in known.items()
    }
    ordered: list[list[Any]] = [
        sorted(one[place] for one in measures.values()) for place in range(3)
    ]

    def score(place: int, value: Any) -> int:
        less: int = bisect_left(ordered[place], value)
        return 1 + less * 5 // len(ordered[place])

    return {
        buyer: (score(0, one[0]), score(1, one[1]), score(2, one[2]))
        for buyer, one in measures.items()
    }


def returns(bought: Bought, today: date) -> list[tuple[int, int, int]]:
    """(days, who first bought at least so long ago, who bought on another day within them)."""
    told = []
    for days in (30, 60, 90, 180):
        old = again = 0
        for rows in bought.values():
            visits = sorted({day for day, _ in rows})
            if not visits or (today - visits[0]).days < days:
                continue
            old += 1
            again += len(visits) > 1 and (visits[1] - visits[0]).days <= days
        told.append((days, old, again))
    return told


def table(bought: Bought, today: date) -> list[tuple[date, int, list[int]]]:
    """(month of the first purchase, buyers, how many of them bought in each month since)."""
    first: dict[int, date] = {}
    seen: dict[date, set[tuple[int, date]]] = defaultdict(set)
    for buyer, rows in bought.items():
        if rows:
            first[buyer] = min(day for day, _ in rows).replace(day=1)
            seen[first[buyer]] |= {(buyer, day.replace(day=1)) for day, _ in rows}
    told = []
    for month, pairs in sorted(seen.items()):
        counted = Counter(when for _, when in pairs)
        row: list[int] = []
        at = month
        while at <= today and len(row) < 25:
            row.append(counted[at])
            at = (at + timedelta(days=32)).replace(day=1)
        told.append((month, row[0], row))
    return told
