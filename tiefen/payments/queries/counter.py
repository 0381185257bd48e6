"""What was collected at the counter, day by day."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, func, select

from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Tx
from tiefen.kernel.http import newest
from tiefen.payments.errors import PaymentNotFound
from tiefen.payments.models import CounterCharge, Payment, PaymentCharge
from tiefen.payments.values import CounterState, PaymentState


@dataclass(frozen=True, slots=True)
class CounterLine:
    """One amount asked for at the counter."""

    id: int
    number: str
    amount_fen: int
    note: str
    staff_name: str
    state: CounterState
    refunding_fen: int
    refunded_fen: int
    left_fen: int
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class CounterTotal:
    """What one day's counter adds up to, by the day on which it was asked for."""

    count: int
    paid_fen: int
    refunded_fen: int


_COLUMNS = (CounterCharge, Payment, PaymentCharge.refunding_fen, PaymentCharge.refunded_fen)
_PAID = (PaymentCharge.payment_id == Payment.id) & PaymentCharge.applied


async def counter_lines(
    tx: Tx, *, day: date, cursor: str | None = None, limit: int = 50
) -> list[CounterLine]:
    """The amounts asked for on a day, newest first, one more than `limit`. One statement."""
    query = (
        select(*_COLUMNS)
        .join(Payment, Payment.id == CounterCharge.payment_id)
        .outerjoin(PaymentCharge, _PAID)
        .where(*_within(day))
    )
    found = await tx.execute(newest(query, CounterCharge.id, cursor, limit))
    return [_line(tx, *row) for row in found]


async def counter_line(tx: Tx, number: str) -> CounterLine:
    """One amount. Raises PaymentNotFound."""
    row = (
        await tx.execute(
            select(*_COLUMNS)
            .join(Payment, Payment.id == CounterCharge.payment_id)
            .outerjoin(PaymentCharge, _PAID)
            .where(CounterCharge.number == number)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None:
        raise PaymentNotFound(order_no=number)
    return _line(tx, *row)


async def counter_total(tx: Tx, day: date) -> CounterTotal:
    """How many of a day's amounts were paid, how much, and what of that went back. One statement."""
    row = (
        await tx.execute(
            select(
                func.count(),
                func.coalesce(func.sum(PaymentCharge.amount_fen), 0),
                func.coalesce(func.sum(PaymentCharge.refunded_fen), 0),
            )
            .select_from(CounterCharge)
            .join(PaymentCharge, PaymentCharge.payment_id == CounterCharge.payment_id)
            .where(PaymentCharge.applied, *_within(day))
        )
    ).one()
    return CounterTotal(row[0], int(row[1]), int(row[2]))


def _within(day: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    start = datetime.combine(day, time(), CHINA)
    at = CounterCharge.created_at
    return at >= start, at < start + timedelta(days=1)


def _line(
    tx: Tx, asked: CounterCharge, payment: Payment, refunding: int | None, refunded: int | None
) -> CounterLine:
    back = (refunding or 0) + (refunded or 0)
    if payment.state is PaymentState.PAID:
        state = CounterState.REFUNDED if back == payment.amount_fen else CounterState.PAID
    else:
        live = payment.state is PaymentState.OPEN and tx.now < payment.expires_at
        state = CounterState.WAITING if live else CounterState.CLOSED
    return CounterLine(
        id=asked.id,
        number=asked.number,
        amount_fen=payment.amount_fen,
        note=asked.note,
        staff_name=asked.staff_name,
        state=state,
        refunding_fen=refunding or 0,
        refunded_fen=refunded or 0,
        left_fen=payment.amount_fen - back if payment.state is PaymentState.PAID else 0,
        created_at=asked.created_at,
        expires_at=payment.expires_at,
        paid_at=payment.paid_at,
    )
