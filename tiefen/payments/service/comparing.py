"""A day's bill against our books: what it knows and we do not is settled, what differs is a row.

A bill may have a million lines. They are read page by page, and what is compared is compared by the
database, so memory stays the same however long the bill is.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, TextIO

from sqlalchemy import insert, select, text, update

from tiefen.kernel import log
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Db, Tx
from tiefen.payments import rules
from tiefen.payments.errors import BadBill
from tiefen.payments.models import PaymentBill, PaymentBreak
from tiefen.payments.service.breaks import close_settled
from tiefen.payments.service.refunding import settle_refund
from tiefen.payments.service.settling import settle
from tiefen.payments.values import (
    BillLine,
    BreakKind,
    ChargeEvidence,
    LineKind,
    RefundEvidence,
    RefundState,
    Source,
)

logger = log.get("payments")
MIDNIGHT_SLACK = timedelta(minutes=10)
"""A refund asked for this close to midnight may be in the next day's bill: it is looked for there."""
PAGE = 2_000
"""Lines that are read and written at once: a page keeps the process some 50 ms."""
RANGE = 50_000
"""Lines that one statement compares."""
TOLD = 20
"""Differences of a kind that are logged one by one."""

_PATIENT = text(
    "SELECT set_config('statement_timeout', '300s', true),"
    " set_config('idle_in_transaction_session_timeout', '0', true)"
)
"""The bill's own transaction may wait while others settle what it taught us."""
_PAGE = text("""
    WITH l AS (
        INSERT INTO payment_bill_line (bill_id, line, kind, transaction_id, out_trade_no,
            out_refund_no, refund_id, amount_fen, fee_fen, state, at)
        SELECT :bill, * FROM unnest(
            CAST(:line AS int[]), CAST(:kind AS text[]), CAST(:transaction_id AS text[]),
            CAST(:out_trade_no AS text[]), CAST(:out_refund_no AS text[]),
            CAST(:refund_id AS text[]), CAST(:amount_fen AS bigint[]), CAST(:fee_fen AS bigint[]),
            CAST(:state AS text[]), CAST(:at AS timestamptz[]))
        RETURNING *
    )
    SELECT l.line FROM l
    LEFT JOIN payment_charge c
           ON l.kind = 'pay' AND c.mchid = :mchid AND c.transaction_id = l.transaction_id
    LEFT JOIN payment_refund r ON l.kind = 'refund' AND r.out_refund_no = l.out_refund_no
    WHERE CASE l.kind WHEN 'pay' THEN c.id IS NULL
          ELSE (r.refund_id, r.amount_fen, upper(r.state))
               IS DISTINCT FROM (l.refund_id, l.amount_fen, l.state) END
    ORDER BY l.line
""")
"""Keeps a page; answers which of its lines teach us something: a charge we never heard of, a refund
that stands elsewhere."""
_COLUMNS = ("line", "kind", "transaction_id", "out_trade_no", "out_refund_no", "refund_id",
            "amount_fen", "fee_fen", "state", "at")  # fmt: skip
_COMPARE = text("""
    WITH line AS (
        SELECT * FROM payment_bill_line
        WHERE bill_id = :bill AND line > :after AND line <= :until
    ), pay AS (
        SELECT line.transaction_id AS subject, c.amount_fen AS ours, line.amount_fen AS theirs,
               c.id, c.source
        FROM line LEFT JOIN payment_charge c
             ON c.mchid = :mchid AND c.transaction_id = line.transaction_id
        WHERE line.kind = 'pay'
    ), refund AS (
        SELECT 'refund:' || line.out_refund_no AS subject, r.amount_fen AS ours,
               line.amount_fen AS theirs, r.id, r.state, line.state AS said,
               line.transaction_id
        FROM line LEFT JOIN payment_refund r ON r.out_refund_no = line.out_refund_no
        WHERE line.kind = 'refund'
    ), found AS (
        SELECT 'theirs_only' AS kind, subject, ours, theirs,
               CASE WHEN id IS NULL THEN 'not in our books' ELSE 'settled from the bill' END AS note,
               CASE WHEN id IS NOT NULL THEN CAST(:now AS timestamptz) END AS closed_at,
               CAST(NULL AS text) AS transaction_id
        FROM pay WHERE id IS NULL OR source = 'bill'
        UNION ALL
        SELECT 'amount', subject, ours, theirs, 'the amounts differ', NULL, NULL
        FROM pay WHERE ours <> theirs
        UNION ALL
        SELECT 'theirs_only', subject, NULL, theirs, 'a refund we did not ask for', NULL,
               transaction_id
        FROM refund WHERE id IS NULL
        UNION ALL
        SELECT 'amount', subject, ours, theirs, 'the amounts differ', NULL, NULL
        FROM refund WHERE ours <> theirs
        UNION ALL
        SELECT 'state', subject, ours, theirs, 'ours is ' || state || ', theirs ' || said, NULL,
               NULL
        FROM refund WHERE ours = theirs AND said <> 'PROCESSING' AND upper(state) <> said
    )
    INSERT INTO payment_break (bill_id, kind, subject, ours_fen, theirs_fen, note, created_at,
        closed_at, transaction_id)
    SELECT :bill, kind, subject, ours, theirs, note, :now, closed_at, transaction_id FROM found
    RETURNING kind, subject
""")
"""A bill is a day old: a refund it calls processing may have ended since."""
_OURS_ONLY = text("""
    WITH found AS (
        SELECT c.transaction_id AS subject, c.amount_fen,
               'WeChat''s bill does not have this charge' AS note
        FROM payment_charge c
        WHERE c.mchid = :mchid AND c.paid_at >= :start AND c.paid_at < :end
          AND NOT EXISTS (SELECT FROM payment_bill_line l
                          WHERE l.transaction_id = c.transaction_id AND l.kind = 'pay')
        UNION ALL
        SELECT 'refund:' || r.out_refund_no, r.amount_fen,
               'WeChat''s bill does not have this refund'
        FROM payment_refund r JOIN payment_charge c ON c.id = r.charge_id
        WHERE c.mchid = :mchid AND r.state = 'success'
          AND r.requested_at >= :early AND r.requested_at < :late
          AND NOT EXISTS (SELECT FROM payment_bill_line l
                          WHERE l.transaction_id = c.transaction_id
                            AND l.out_refund_no = r.out_refund_no)
    )
    INSERT INTO payment_break (bill_id, kind, subject, ours_fen, note, created_at)
    SELECT :bill, 'ours_only', subject, amount_fen, note, :now FROM found
    RETURNING kind, subject
""")


@dataclass(slots=True)
class _Sums:
    """What the lines of a bill add up to, and which of them teach us something."""

    lines: int = 0
    paid_fen: int = 0
    refunded_fen: int = 0
    fee_fen: int = 0
    teaching: "array[int]" = field(default_factory=lambda: array("q"))


async def reconcile(
    db: Db, merchant: str, mchid: str, day: date, rows: TextIO | None, sha1: str
) -> None:
    """Keep a bill, learn from it by the door notices take, and note every difference that is left.

    `rows` is None on a day on which WeChat has no bill. Nothing is learned from a bill that is not
    exact to its last line. Raises BadBill. The same day again changes nothing.
    """
    async with db.merchant(merchant) as tx:
        known = await tx.scalar(
            select(PaymentBill.id).where(PaymentBill.mchid == mchid, PaymentBill.bill_date == day)
        )
        if known is not None:
            return
        await tx.execute(_PATIENT)
        bill_id = await _open(tx, mchid, day, sha1)
        sums = await _keep(tx, bill_id, mchid, rows) if rows else _Sums()
        if rows:
            await _learn_all(db, merchant, rows, sums.teaching)
        await tx.execute(
            update(PaymentBill)
            .where(PaymentBill.id == bill_id)
            .values(
                lines=sums.lines,
                paid_fen=sums.paid_fen,
                refunded_fen=sums.refunded_fen,
                fee_fen=sums.fee_fen,
            )
        )
        for after in range(0, sums.lines, RANGE):
            place = {"bill": bill_id, "mchid": mchid, "after": after, "until": after + RANGE}
            _tell((await tx.execute(_COMPARE, place | {"now": tx.now})).all())
        await _ours_only(tx, bill_id, mchid, day)
        await close_settled(tx)


async def _open(tx: Tx, mchid: str, day: date, sha1: str) -> int:
    bill = PaymentBill(
        mchid=mchid,
        bill_date=day,
        sha1=sha1,
        lines=0,
        paid_fen=0,
        refunded_fen=0,
        fee_fen=0,
        fetched_at=tx.now,
    )
    tx.add(bill)
    await tx.flush()
    return bill.id


async def _keep(tx: Tx, bill_id: int, mchid: str, rows: TextIO) -> _Sums:
    """Write the lines down, with the differences that they show by themselves."""
    sums = _Sums()
    for lines in _pages(rules.read_bill(rows)):
        if any(line.mchid != mchid for line in lines):
            raise BadBill(reason="mchid")
        page = {name: [getattr(line, name) for line in lines] for name in _COLUMNS}
        found = await tx.scalars(_PAGE, page | {"bill": bill_id, "mchid": mchid})
        sums.teaching.extend(found)
        sums.lines += len(lines)
        sums.fee_fen += sum(line.fee_fen for line in lines)
        sums.paid_fen += sum(line.amount_fen for line in lines if line.kind is LineKind.PAY)
        sums.refunded_fen += sum(line.amount_fen for line in lines if line.kind is LineKind.REFUND)
        if odd := [one for line in lines if (one := _odd_fee(tx, bill_id, line))]:
            await tx.execute(insert(PaymentBreak), odd)
            _tell([(BreakKind.FEE.value, one["subject"]) for one in odd])
    return sums


async def _learn_all(db: Db, merchant: str, rows: TextIO, teaching: Sequence[int]) -> None:
    """Settle what only the bill knew, each in a transaction of its own."""
    if not teaching:
        return
    rows.seek(0)
    wanted = iter(teaching)
    next_one = next(wanted, None)
    for line in rules.read_bill(rows):
        if line.line == next_one:
            async with db.merchant(merchant) as tx:
                await _learn(tx, line)
            next_one = next(wanted, None)
            if next_one is None:
                return


async def _learn(tx: Tx, line: BillLine) -> None:
    """Settle what the bill tells and we did not know, by the same door as a notice."""
    if line.kind is LineKind.PAY:
        await settle(
            tx,
            ChargeEvidence(
                source=Source.BILL,
                mchid=line.mchid,
                app_id=line.app_id,
                out_trade_no=line.out_trade_no,
                transaction_id=line.transaction_id,
                amount_fen=line.amount_fen,
                currency=line.currency,
                openid=line.openid,
                paid_at=line.at,
            ),
        )
    elif line.state in ("SUCCESS", "PROCESSING") and line.out_refund_no and line.refund_id:
        await settle_refund(
            tx,
            RefundEvidence(
                source=Source.BILL,
                mchid=line.mchid,
                out_refund_no=line.out_refund_no,
                refund_id=line.refund_id,
                transaction_id=line.transaction_id,
                out_trade_no=line.out_trade_no,
                amount_fen=line.amount_fen,
                status=RefundState(line.state.lower()),
                settled_at=None,
            ),
        )


async def _ours_only(tx: Tx, bill_id: int, mchid: str, day: date) -> None:
    """Money we booked on that day that WeChat's bill does not have."""
    start = datetime.combine(day, time(), CHINA)
    end = start + timedelta(days=1)
    found = await tx.execute(
        _OURS_ONLY,
        {
            "bill": bill_id,
            "mchid": mchid,
            "start": start,
            "end": end,
            "early": start - MIDNIGHT_SLACK,
            "late": end - MIDNIGHT_SLACK,
            "now": tx.now,
        },
    )
    _tell(found.all())


def _pages(lines: Iterator[BillLine]) -> Iterator[list[BillLine]]:
    while some := list(islice(lines, PAGE)):
        yield some


def _odd_fee(tx: Tx, bill_id: int, line: BillLine) -> dict[str, Any] | None:
    """A difference when a charge's fee is not what its rate makes, but for a fen of rounding."""
    if line.kind is not LineKind.PAY or line.rate_bp is None:
        return None
    expected = rules.fee(line.amount_fen, line.rate_bp)
    if abs(expected - line.fee_fen) <= 1:
        return None
    return {
        "bill_id": bill_id,
        "kind": BreakKind.FEE,
        "subject": line.transaction_id,
        "ours_fen": expected,
        "theirs_fen": line.fee_fen,
        "note": f"the fee is not {line.rate_bp} bp",
        "created_at": tx.now,
    }


def _tell(found: Sequence[Any]) -> None:
    """Log differences: some by name, all by number."""
    for kind, subject in found[:TOLD]:
        logger.warning("reconciliation break", kind=kind, subject=subject)
    if len(found) > TOLD:
        logger.warning("more reconciliation breaks", count=len(found) - TOLD)
