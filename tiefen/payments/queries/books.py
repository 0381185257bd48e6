"""What the console reads of payments."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from tiefen.kernel.db import Tx
from tiefen.kernel.http import newest
from tiefen.payments.models import (
    Payment,
    PaymentBill,
    PaymentBreak,
    PaymentCharge,
    PaymentFundBill,
    PaymentRefund,
    PaymentSuspense,
)
from tiefen.payments.values import (
    BreakKind,
    PaymentState,
    RefundState,
    Source,
    SuspenseReason,
    SuspenseState,
)


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """An order's payment with what came and went."""

    id: int
    order_no: str
    fan_id: int | None
    amount_fen: int
    state: PaymentState
    transaction_id: str | None
    source: Source | None
    refunding_fen: int
    refunded_fen: int
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefundLine:
    """A refund and the charge it comes from."""

    id: int
    order_no: str | None
    reference: str
    out_refund_no: str
    transaction_id: str
    amount_fen: int
    paid_fen: int
    reason: str
    state: RefundState
    suspense_id: int | None
    error_code: str
    requested_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class SuspenseLine:
    """Money in suspense: why, whose, how old. `owner` is None while the rule owns it."""

    id: int
    reason: SuspenseReason
    order_no: str | None
    transaction_id: str
    out_trade_no: str
    amount_fen: int
    currency: str
    state: SuspenseState
    owner: str | None
    note: str
    refund_at: datetime | None
    created_at: datetime
    decided_at: datetime | None
    age_seconds: int


@dataclass(frozen=True, slots=True)
class SuspenseTotal:
    """What stands in suspense undecided."""

    count: int
    amount_fen: int
    oldest_at: datetime | None


async def payments(
    tx: Tx,
    *,
    state: PaymentState | None = None,
    order_no: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> list[PaymentLine]:
    """Payments, newest first, one more than `limit`; of one state, of one order."""
    query = select(
        Payment, PaymentCharge.source, PaymentCharge.refunding_fen, PaymentCharge.refunded_fen
    ).outerjoin(PaymentCharge, (PaymentCharge.payment_id == Payment.id) & PaymentCharge.applied)
    if state is not None:
        query = query.where(Payment.state == state)
    if order_no is not None:
        query = query.where(Payment.order_no == order_no)
    return [
        PaymentLine(
            id=row.id,
            order_no=row.order_no,
            fan_id=row.fan_id,
            amount_fen=row.amount_fen,
            state=row.state,
            transaction_id=row.transaction_id,
            source=source,
            refunding_fen=refunding_fen or 0,
            refunded_fen=refunded_fen or 0,
            created_at=row.created_at,
            expires_at=row.expires_at,
            paid_at=row.paid_at,
        )
        for row, source, refunding_fen, refunded_fen in await tx.execute(
            newest(query, Payment.id, cursor, limit)
        )
    ]


async def refunds(
    tx: Tx,
    *,
    state: RefundState | None = None,
    order_no: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> list[RefundLine]:
    """Refunds, newest first, one more than `limit`; of one state, of one order."""
    query = (
        select(
            PaymentRefund, PaymentCharge.transaction_id, PaymentCharge.amount_fen, Payment.order_no
        )
        .join(PaymentCharge, PaymentCharge.id == PaymentRefund.charge_id)
        .outerjoin(Payment, Payment.id == PaymentCharge.payment_id)
    )
    if state is not None:
        query = query.where(PaymentRefund.state == state)
    if order_no is not None:
        query = query.where(Payment.order_no == order_no)
    return [
        RefundLine(
            id=row.id,
            order_no=order,
            reference=row.reference,
            out_refund_no=row.out_refund_no,
            transaction_id=transaction_id,
            amount_fen=row.amount_fen,
            paid_fen=paid_fen,
            reason=row.reason,
            state=row.state,
            suspense_id=row.suspense_id,
            error_code=row.error_code,
            requested_at=row.requested_at,
            settled_at=row.settled_at,
        )
        for row, transaction_id, paid_fen, order in await tx.execute(
            newest(query, PaymentRefund.id, cursor, limit)
        )
    ]


async def suspense(
    tx: Tx, *, state: SuspenseState | None = None, cursor: str | None = None, limit: int = 50
) -> list[SuspenseLine]:
    """Money in suspense, newest first, one more than `limit`; of one state."""
    query = select(PaymentSuspense, PaymentCharge.transaction_id, PaymentCharge.out_trade_no).join(
        PaymentCharge, PaymentCharge.id == PaymentSuspense.charge_id
    )
    if state is not None:
        query = query.where(PaymentSuspense.state == state)
    return [
        SuspenseLine(
            id=row.id,
            reason=row.reason,
            order_no=row.order_no,
            transaction_id=transaction_id,
            out_trade_no=out_trade_no,
            amount_fen=row.amount_fen,
            currency=row.currency,
            state=row.state,
            owner=row.owner_name or None,
            note=row.note,
            refund_at=row.refund_at,
            created_at=row.created_at,
            decided_at=row.decided_at,
            age_seconds=int(((row.decided_at or tx.now) - row.created_at).total_seconds()),
        )
        for row, transaction_id, out_trade_no in await tx.execute(
            newest(query, PaymentSuspense.id, cursor, limit)
        )
    ]


async def suspense_total(tx: Tx) -> SuspenseTotal:
    """How much stands in suspense undecided, and since when."""
    undecided = PaymentSuspense.state.in_([SuspenseState.OPEN, SuspenseState.REFUNDING])
    row = (
        await tx.execute(
            select(
                func.count(),
                func.coalesce(func.sum(PaymentSuspense.amount_fen), 0),
                func.min(PaymentSuspense.created_at),
            ).where(undecided)
        )
    ).one()
    return SuspenseTotal(row[0], int(row[1]), row[2])


@dataclass(frozen=True, slots=True)
class BillRun:
    """One day's bill as it was compared with our books."""

    id: int
    mchid: str
    bill_date: date
    lines: int
    paid_fen: int
    refunded_fen: int
    fee_fen: int
    fees_posted_at: datetime | None
    fetched_at: datetime
    breaks: int
    open_breaks: int


@dataclass(frozen=True, slots=True)
class BreakLine:
    """A difference with what it is about in our books, where it is in them."""

    id: int
    bill_date: date
    fund: bool
    kind: BreakKind
    transaction_id: str | None
    out_refund_no: str | None
    flow_no: str | None
    order_no: str | None
    suspense_id: int | None
    ours_fen: int | None
    theirs_fen: int | None
    note: str
    owner: str | None
    answer: str
    created_at: datetime
    closed_at: datetime | None
    age_seconds: int


@dataclass(frozen=True, slots=True)
class BillTotal:
    """What all bills so far add up to, and what is open."""

    paid_fen: int
    refunded_fen: int
    fee_fen: int
    open_breaks: int
    oldest_break_at: datetime | None


async def bills(tx: Tx, *, cursor: str | None = None, limit: int = 50) -> list[BillRun]:
    """The daily runs, the last fetched first, one more than `limit`. One statement."""
    noted = (
        select(
            PaymentBreak.bill_id,
            func.count().label("breaks"),
            func.count().filter(PaymentBreak.closed_at.is_(None)).label("open"),
        )
        .group_by(PaymentBreak.bill_id)
        .subquery()
    )
    query = select(PaymentBill, noted.c.breaks, noted.c.open).outerjoin(
        noted, noted.c.bill_id == PaymentBill.id
    )
    return [
        BillRun(
            id=row.id,
            mchid=row.mchid,
            bill_date=row.bill_date,
            lines=row.lines,
            paid_fen=row.paid_fen,
            refunded_fen=row.refunded_fen,
            fee_fen=row.fee_fen,
            fees_posted_at=row.fees_posted_at,
            fetched_at=row.fetched_at,
            breaks=count or 0,
            open_breaks=open_count or 0,
        )
        for row, count, open_count in await tx.execute(newest(query, PaymentBill.id, cursor, limit))
    ]


async def bill_total(tx: Tx) -> BillTotal:
    """Sums of the bills, and the open differences. Two statements."""
    sums = (
        await tx.execute(
            select(
                *(
                    func.coalesce(func.sum(column), 0)
                    for column in (
                        PaymentBill.paid_fen,
                        PaymentBill.refunded_fen,
                        PaymentBill.fee_fen,
                    )
                )
            )
        )
    ).one()
    count, oldest = (
        await tx.execute(
            select(func.count(), func.min(PaymentBreak.created_at)).where(
                PaymentBreak.closed_at.is_(None)
            )
        )
    ).one()
    return BillTotal(int(sums[0]), int(sums[1]), int(sums[2]), count, oldest)


async def breaks(
    tx: Tx,
    *,
    closed: bool | None = None,
    kind: BreakKind | None = None,
    bill_id: int | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> list[BreakLine]:
    """Differences, newest first, one more than `limit`; with the order they are about. One statement."""
    number = func.replace(PaymentBreak.subject, "refund:", "")
    about = func.coalesce(PaymentBreak.transaction_id, PaymentBreak.subject)
    refund, charge = aliased(PaymentRefund), aliased(PaymentCharge)
    day = func.coalesce(PaymentBill.bill_date, PaymentFundBill.bill_date)
    mchid = func.coalesce(PaymentBill.mchid, PaymentFundBill.mchid)
    query = (
        select(PaymentBreak, day, Payment.order_no, PaymentSuspense.id)
        .outerjoin(PaymentBill, PaymentBill.id == PaymentBreak.bill_id)
        .outerjoin(PaymentFundBill, PaymentFundBill.id == PaymentBreak.fund_id)
        .outerjoin(
            refund,
            PaymentBreak.subject.startswith("refund:") & (refund.out_refund_no == number),
        )
        .outerjoin(
            charge,
            (charge.id == refund.charge_id)
            | ((charge.mchid == mchid) & (charge.transaction_id == about)),
        )
        .outerjoin(Payment, Payment.id == charge.payment_id)
        .outerjoin(PaymentSuspense, PaymentSuspense.charge_id == charge.id)
    )
    if closed is not None:
        found = PaymentBreak.closed_at
        query = query.where(found.is_not(None) if closed else found.is_(None))
    if kind is not None:
        query = query.where(PaymentBreak.kind == kind)
    if bill_id is not None:
        query = query.where(PaymentBreak.bill_id == bill_id)
    return [
        _break_line(tx, row, bill_date, order_no, suspense_id)
        for row, bill_date, order_no, suspense_id in await tx.execute(
            newest(query, PaymentBreak.id, cursor, limit)
        )
    ]


def _break_line(
    tx: Tx, row: PaymentBreak, bill_date: date, order_no: str | None, suspense_id: int | None
) -> BreakLine:
    number = row.subject.removeprefix("refund:")
    refund = number != row.subject
    account = row.subject.startswith("fund:")
    moved = account and row.kind is not BreakKind.BALANCE
    return BreakLine(
        id=row.id,
        bill_date=bill_date,
        fund=row.fund_id is not None,
        kind=row.kind,
        transaction_id=None if refund or account else number,
        out_refund_no=number if refund else None,
        flow_no=row.subject.removeprefix("fund:") if moved else None,
        order_no=order_no,
        suspense_id=suspense_id,
        ours_fen=row.ours_fen,
        theirs_fen=row.theirs_fen,
        note=row.note,
        owner=row.owner_name or None,
        answer=row.answer,
        created_at=row.created_at,
        closed_at=row.closed_at,
        age_seconds=int(((row.closed_at or tx.now) - row.created_at).total_seconds()),
    )
