"""A day's fund bill (资金账单) against our books: whether WeChat's account moved as our ledger says.

The trade bill says what was traded; this one says what moved the account: charges, fees, refunds,
withdrawals and whatever else. A withdrawal is known from here alone and is booked from here. What
else our books do not have, or have otherwise, is a difference with an owner like the trade bill's.
"""

from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise
from typing import TextIO

from sqlalchemy import func, select, text

from tiefen.kernel import log
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Db, Tx
from tiefen.ledger import service as ledger
from tiefen.payments import rules
from tiefen.payments.models import PaymentBreak, PaymentFundBill
from tiefen.payments.service.breaks import close_settled
from tiefen.payments.values import BreakKind, FundKind, FundLine

logger = log.get("payments")
PAGE = 2_000
MIDNIGHT_SLACK = timedelta(minutes=10)
_PATIENT = text("SELECT set_config('statement_timeout', '300s', true)")
_COLUMNS = ("line", "kind", "business_no", "flow_no", "name", "amount_fen", "balance_fen",
            "reference", "at")  # fmt: skip
_PAGE = text("""
    INSERT INTO payment_fund_line (fund_id, line, kind, business_no, flow_no, name, amount_fen,
        balance_fen, reference, at)
    SELECT :fund, * FROM unnest(
        CAST(:line AS int[]), CAST(:kind AS text[]), CAST(:business_no AS text[]),
        CAST(:flow_no AS text[]), CAST(:name AS text[]), CAST(:amount_fen AS bigint[]),
        CAST(:balance_fen AS bigint[]), CAST(:reference AS text[]), CAST(:at AS timestamptz[]))
""")
_COMPARE = text("""
    WITH line AS (
        SELECT l.kind, l.business_no, l.flow_no, l.reference, l.amount_fen AS theirs,
               c.amount_fen AS charged, r.out_refund_no,
               CASE l.kind WHEN 'pay' THEN c.amount_fen
                           WHEN 'fee' THEN -coalesce(f.fee_fen, 0)
                           WHEN 'refund' THEN -r.amount_fen - coalesce(b.fee_fen, 0) END AS ours
        FROM payment_fund_line l
        LEFT JOIN payment_charge c
               ON l.kind = 'pay' AND c.mchid = :mchid AND c.transaction_id = l.business_no
        LEFT JOIN payment_refund r ON l.kind = 'refund' AND r.refund_id = l.business_no
        LEFT JOIN LATERAL (
            SELECT sum(p.fee_fen) AS fee_fen FROM payment_bill_line p
            WHERE l.kind = 'fee' AND p.kind = 'pay' AND p.transaction_id = l.business_no) f ON true
        LEFT JOIN LATERAL (
            SELECT sum(p.fee_fen) AS fee_fen FROM payment_bill_line p
            WHERE l.kind = 'refund' AND p.kind = 'refund' AND p.refund_id = l.business_no) b ON true
        WHERE l.fund_id = :fund AND l.kind <> 'withdrawal'
    ), found AS (
        SELECT CASE WHEN kind = 'fee' THEN 'fee'
                    WHEN ours IS NULL THEN 'theirs_only' ELSE 'amount' END AS kind,
               CASE kind WHEN 'refund' THEN 'refund:' || coalesce(out_refund_no, reference)
                         WHEN 'other' THEN 'fund:' || flow_no ELSE business_no END AS subject,
               abs(ours) AS ours, abs(theirs) AS theirs,
               CASE kind WHEN 'other' THEN 'a movement of WeChat''s account we do not know'
                         ELSE 'WeChat''s account moved otherwise' END AS note
        FROM line WHERE ours IS DISTINCT FROM theirs AND NOT EXISTS (
            SELECT FROM payment_bill_line t
            WHERE t.transaction_id = line.business_no AND line.kind = 'pay' AND t.kind = 'pay'
              AND t.amount_fen = line.theirs)
          AND NOT EXISTS (
            SELECT FROM payment_bill_line t
            WHERE line.kind = 'refund' AND t.kind = 'refund' AND t.refund_id = line.business_no
              AND -t.amount_fen - t.fee_fen = line.theirs)
        UNION ALL
        SELECT 'ours_only', c.transaction_id, c.amount_fen, NULL,
               'WeChat''s account did not take this charge in'
        FROM payment_charge c
        WHERE c.mchid = :mchid AND c.currency = 'CNY'
          AND c.paid_at >= :start AND c.paid_at < :end
          AND NOT EXISTS (SELECT FROM payment_fund_line l
                          WHERE l.kind = 'pay' AND l.business_no = c.transaction_id)
        UNION ALL
        SELECT 'ours_only', 'refund:' || r.out_refund_no, r.amount_fen, NULL,
               'WeChat''s account did not pay this refund'
        FROM payment_refund r JOIN payment_charge c ON c.id = r.charge_id
        WHERE c.mchid = :mchid AND r.state = 'success'
          AND r.requested_at >= :early AND r.requested_at < :late
          AND NOT EXISTS (SELECT FROM payment_fund_line l
                          WHERE l.kind = 'refund' AND l.business_no = r.refund_id)
        UNION ALL
        SELECT 'fee', p.transaction_id, p.fee_fen, NULL, 'WeChat''s account did not pay this fee'
        FROM payment_bill_line p JOIN payment_bill b ON b.id = p.bill_id
        WHERE b.mchid = :mchid AND b.bill_date = :day AND p.kind = 'pay' AND p.fee_fen > 0
          AND NOT EXISTS (SELECT FROM payment_fund_line l
                          WHERE l.kind = 'fee' AND l.business_no = p.transaction_id)
    )
    INSERT INTO payment_break (fund_id, kind, subject, ours_fen, theirs_fen, note, created_at)
    SELECT :fund, kind, subject, ours, theirs, note, :now FROM found
    ON CONFLICT (fund_id, kind, subject) DO NOTHING
    RETURNING kind, subject
""")
"""What the trade bill tells as the account does and our books do not is a difference of the trade bill,
noted there: one thing is not to be explained twice."""


async def reconcile_fund(
    db: Db, merchant: str, mchid: str, day: date, rows: TextIO | None, sha1: str
) -> None:
    """Keep a day's fund bill, book its withdrawals, and note every difference that is left.

    The day's trade bill comes first: fees are compared with it. `rows` is None on a day on which
    nothing moved. Raises BadBill. The same day again changes nothing.
    """
    async with db.merchant(merchant) as tx:
        await tx.execute(_PATIENT)
        # Two of us at once take turns.
        await tx.execute(
            select(func.pg_advisory_xact_lock(func.hashtext(f"fund:{tx.merchant}:{mchid}:{day}")))
        )
        known = select(PaymentFundBill.id)
        known = known.where(PaymentFundBill.mchid == mchid, PaymentFundBill.bill_date == day)
        if await tx.scalar(known) is not None:
            return
        bill = PaymentFundBill(mchid=mchid, bill_date=day, sha1=sha1, lines=0, fetched_at=tx.now)
        tx.add(bill)
        await tx.flush()
        out = await _keep(tx, bill, rows) if rows else []
        await _compare(tx, bill)
        await _balance(tx, bill)
        await close_settled(tx)
        await ledger.post(tx, [rules.withdrawn(mchid, line) for line in out])


async def _keep(tx: Tx, bill: PaymentFundBill, rows: TextIO) -> list[FundLine]:
    """Write the lines down; answers the withdrawals."""
    lines, out, moved = rules.read_fund_bill(rows), [], 0
    sums: dict[str, list[int]] = {}
    while page := list(islice(lines, PAGE)):
        if bill.opening_fen is None:
            bill.opening_fen = page[0].balance_fen - page[0].amount_fen
        bill.closing_fen = page[-1].balance_fen
        bill.lines += len(page)
        moved += sum(line.amount_fen for line in page)
        for line in page:
            of_kind = sums.setdefault(line.kind.value, [0, 0])
            of_kind[0] += 1
            of_kind[1] += line.amount_fen
        out += [line for line in page if line.kind is FundKind.WITHDRAWAL]
        columns = {name: [getattr(line, name) for line in page] for name in _COLUMNS}
        await tx.execute(_PAGE, columns | {"fund": bill.id})
    bill.sums = sums
    assert bill.opening_fen is not None
    assert bill.closing_fen is not None
    if bill.opening_fen + moved != bill.closing_fen:
        _jump(tx, bill, "inside", bill.opening_fen + moved, bill.closing_fen)
    await tx.flush()
    return out


async def _compare(tx: Tx, bill: PaymentFundBill) -> None:
    start = datetime.combine(bill.bill_date, time(), CHINA)
    end = start + timedelta(days=1)
    found = await tx.execute(
        _COMPARE,
        {
            "fund": bill.id,
            "mchid": bill.mchid,
            "day": bill.bill_date,
            "start": start,
            "end": end,
            "early": start - MIDNIGHT_SLACK,
            "late": end - MIDNIGHT_SLACK,
            "now": tx.now,
        },
    )
    for kind, subject in found.all()[:20]:
        logger.warning("fund bill break", kind=kind, subject=subject)


async def _balance(tx: Tx, bill: PaymentFundBill) -> None:
    """The account goes on where its last bill ended, and the next bill where this one did.

    Days are fetched in any order: two bills are compared once every day between them is here.
    """
    moved = [PaymentFundBill.mchid == bill.mchid, PaymentFundBill.closing_fen.is_not(None)]
    day = PaymentFundBill.bill_date
    before = select(PaymentFundBill).where(*moved, day < bill.bill_date).order_by(day.desc())
    after = select(PaymentFundBill).where(*moved, day > bill.bill_date).order_by(day)
    last, following = await tx.scalar(before.limit(1)), await tx.scalar(after.limit(1))
    here = bill if bill.closing_fen is not None else None
    for one, other in pairwise(known for known in (last, here, following) if known is not None):
        if await _all_between(tx, one, other):
            await _join(tx, one, other)


async def _all_between(tx: Tx, one: PaymentFundBill, other: PaymentFundBill) -> bool:
    between = select(func.count()).where(
        PaymentFundBill.mchid == one.mchid,
        PaymentFundBill.bill_date > one.bill_date,
        PaymentFundBill.bill_date < other.bill_date,
    )
    return await tx.scalar(between) == (other.bill_date - one.bill_date).days - 1


async def _join(tx: Tx, one: PaymentFundBill, other: PaymentFundBill) -> None:
    """Note that the later one does not go on where the earlier one ended; close what was noted when it does."""
    assert one.closing_fen is not None
    assert other.opening_fen is not None
    noted = await tx.scalar(
        select(PaymentBreak).where(
            PaymentBreak.fund_id == other.id, PaymentBreak.subject == "fund:opening"
        )
    )
    if one.closing_fen != other.opening_fen:
        if noted is None:
            _jump(tx, other, "opening", one.closing_fen, other.opening_fen)
    elif noted is not None and noted.closed_at is None:
        noted.closed_at = tx.now


def _jump(tx: Tx, bill: PaymentFundBill, where: str, expected_fen: int, said_fen: int) -> None:
    tx.add(
        PaymentBreak(
            fund_id=bill.id,
            kind=BreakKind.BALANCE,
            subject=f"fund:{where}",
            ours_fen=expected_fen,
            theirs_fen=said_fen,
            note="the account does not go on where it ended",
            created_at=tx.now,
        )
    )
