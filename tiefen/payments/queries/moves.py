"""Moves by hand, what was noted about differences, and the proof that a bill agrees."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, text

from tiefen.kernel.db import Tx
from tiefen.kernel.http import newest
from tiefen.payments.errors import BreakNotFound
from tiefen.payments.models import PaymentBreak, PaymentBreakNote, PaymentMove
from tiefen.payments.values import BreakKind, MoveState


async def moves(
    tx: Tx, *, state: MoveState | None = None, cursor: str | None = None, limit: int = 50
) -> list[PaymentMove]:
    """Moves by hand, newest first, one more than `limit`; of one state."""
    query = select(PaymentMove)
    if state is not None:
        query = query.where(PaymentMove.state == state)
    return list(await tx.scalars(newest(query, PaymentMove.id, cursor, limit)))


async def break_notes(tx: Tx, break_id: int) -> list[PaymentBreakNote]:
    """What was done and written about a difference, oldest first. Raises BreakNotFound."""
    if await tx.get(PaymentBreak, break_id) is None:
        raise BreakNotFound
    found = await tx.scalars(
        select(PaymentBreakNote)
        .where(PaymentBreakNote.break_id == break_id)
        .order_by(PaymentBreakNote.id)
        .limit(200)
    )
    return list(found)


@dataclass(frozen=True, slots=True)
class BreakTotal:
    """The open differences of one kind."""

    kind: BreakKind
    count: int
    unowned: int
    amount_fen: int
    oldest_at: datetime | None


async def break_totals(tx: Tx) -> list[BreakTotal]:
    """The open differences by kind, every kind, also those without any. One statement."""
    apart = func.abs(
        func.coalesce(PaymentBreak.ours_fen, 0) - func.coalesce(PaymentBreak.theirs_fen, 0)
    )
    rows = await tx.execute(
        select(
            PaymentBreak.kind,
            func.count(),
            func.count().filter(PaymentBreak.owner_id.is_(None)),
            func.sum(apart),
            func.min(PaymentBreak.created_at),
        )
        .where(PaymentBreak.closed_at.is_(None))
        .group_by(PaymentBreak.kind)
    )
    found = {row[0]: BreakTotal(row[0], row[1], row[2], int(row[3]), row[4]) for row in rows}
    return [found.get(kind, BreakTotal(kind, 0, 0, 0, None)) for kind in BreakKind]


@dataclass(frozen=True, slots=True)
class Proof:
    """A bill counted against the books again, now."""

    bill_date: date
    checked_at: datetime
    lines: int
    agree: int
    theirs_paid_fen: int
    ours_paid_fen: int
    theirs_refunded_fen: int
    ours_refunded_fen: int
    open_breaks: int

    @property
    def proven(self) -> bool:
        """Every line is in our books with its amount, both sums are the same, nothing is open."""
        return (
            self.agree == self.lines
            and self.theirs_paid_fen == self.ours_paid_fen
            and self.theirs_refunded_fen == self.ours_refunded_fen
            and self.open_breaks == 0
        )


_PROOF = text("""
    SELECT b.bill_date,
           count(l.id) AS lines,
           count(l.id) FILTER (WHERE CASE l.kind WHEN 'pay' THEN c.amount_fen
                               ELSE r.amount_fen END = l.amount_fen) AS agree,
           coalesce(sum(l.amount_fen) FILTER (WHERE l.kind = 'pay'), 0)::bigint AS theirs_paid,
           coalesce(sum(c.amount_fen), 0)::bigint AS ours_paid,
           coalesce(sum(l.amount_fen) FILTER (WHERE l.kind = 'refund'), 0)::bigint AS theirs_back,
           coalesce(sum(r.amount_fen), 0)::bigint AS ours_back,
           (SELECT count(*) FROM payment_break k
            WHERE k.bill_id = b.id AND k.closed_at IS NULL) AS open
    FROM payment_bill b
    LEFT JOIN payment_bill_line l ON l.bill_id = b.id
    LEFT JOIN payment_charge c
           ON l.kind = 'pay' AND c.mchid = b.mchid AND c.transaction_id = l.transaction_id
    LEFT JOIN payment_refund r ON l.kind = 'refund' AND r.out_refund_no = l.out_refund_no
    WHERE b.id = :bill GROUP BY b.id
""")


async def proof(tx: Tx, bill_id: int) -> Proof:
    """Count every line of a bill against our books anew. Raises BreakNotFound for an unknown bill."""
    row = (await tx.execute(_PROOF, {"bill": bill_id})).one_or_none()
    if row is None:
        raise BreakNotFound
    return Proof(
        row.bill_date, tx.now, row.lines, row.agree, row.theirs_paid, row.ours_paid,
        row.theirs_back, row.ours_back, row.open,
    )  # fmt: skip
