"""The daily fund bills as they were compared with our books."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from tiefen.kernel.db import Tx
from tiefen.kernel.http import newest
from tiefen.payments.models import PaymentBreak, PaymentFundBill, PaymentFundLine
from tiefen.payments.values import FundKind


@dataclass(frozen=True, slots=True)
class FundClass:
    """What moved the account for one reason."""

    kind: FundKind
    count: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class FundRun:
    """One day's fund bill."""

    id: int
    bill_date: date
    lines: int
    opening_fen: int | None
    closing_fen: int | None
    classes: list[FundClass]
    breaks: int
    open_breaks: int
    fetched_at: datetime


async def fund_bills(tx: Tx, *, cursor: str | None = None, limit: int = 30) -> list[FundRun]:
    """The fund bills, the last fetched first, one more than `limit`. Two statements; one more where a
    bill is from before its sums were kept with it."""
    query = newest(select(PaymentFundBill), PaymentFundBill.id, cursor, limit)
    bills = list(await tx.scalars(query))
    ids = [bill.id for bill in bills]
    classes = {
        bill.id: [FundClass(FundKind(kind), *sums) for kind, sums in bill.sums.items()]
        for bill in bills
        if bill.sums is not None
    }
    if older := [bill.id for bill in bills if bill.sums is None and bill.lines]:
        classes |= await _added_up(tx, older)
    noted = (
        select(
            PaymentBreak.fund_id,
            func.count(),
            func.count().filter(PaymentBreak.closed_at.is_(None)),
        )
        .where(PaymentBreak.fund_id.in_(ids))
        .group_by(PaymentBreak.fund_id)
    )
    breaks = {row[0]: (row[1], row[2]) for row in await tx.execute(noted)}
    order = list(FundKind)
    return [
        FundRun(
            id=bill.id,
            bill_date=bill.bill_date,
            lines=bill.lines,
            opening_fen=bill.opening_fen,
            closing_fen=bill.closing_fen,
            classes=sorted(classes.get(bill.id, []), key=lambda one: order.index(one.kind)),
            breaks=breaks.get(bill.id, (0, 0))[0],
            open_breaks=breaks.get(bill.id, (0, 0))[1],
            fetched_at=bill.fetched_at,
        )
        for bill in bills
    ]


async def _added_up(tx: Tx, ids: Sequence[int]) -> dict[int, list[FundClass]]:
    """What the lines of these bills come to."""
    moved = (
        select(
            PaymentFundLine.fund_id,
            PaymentFundLine.kind,
            func.count(),
            func.sum(PaymentFundLine.amount_fen),
        )
        .where(PaymentFundLine.fund_id.in_(ids))
        .group_by(PaymentFundLine.fund_id, PaymentFundLine.kind)
    )
    found: dict[int, list[FundClass]] = defaultdict(list)
    for fund_id, kind, count, amount_fen in await tx.execute(moved):
        found[fund_id].append(FundClass(kind, count, int(amount_fen)))
    return found
