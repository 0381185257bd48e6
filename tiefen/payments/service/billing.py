"""WeChat's own account of a day against ours: what it knows and we do not is settled, what differs is a row."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from tiefen.kernel import log
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.jobs import cron
from tiefen.payments import rules
from tiefen.payments.errors import BadBill, ProviderUnknown
from tiefen.payments.models import (
    Payment,
    PaymentBill,
    PaymentBillLine,
    PaymentBreak,
    PaymentCharge,
    PaymentRefund,
)
from tiefen.payments.service.breaks import close_settled
from tiefen.payments.service.fees import post_fees
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
from tiefen.wechat import service as wechat
from tiefen.wechat.values import Verdict

logger = log.get("payments")
READY = time(10, 30)
"""Beijing time from which yesterday's bill is asked for; WeChat promises it from 10:00."""
LOOK_BACK = 3
MIDNIGHT_SLACK = timedelta(minutes=10)
"""A refund asked for this close to midnight may be in the next day's bill: it is looked for there."""
CHUNK = 1_000


@cron("payments.bill", every=timedelta(hours=1), lane="bulk")
async def fetch_bills(db: Db, merchant: str) -> None:
    """Fetch and reconcile the bills of recent days that are still missing."""
    async with db.merchant(merchant) as tx:
        if await tx.scalar(select(func.count()).select_from(Payment)) == 0:
            return
    pay = await wechat.pay_client(db, merchant)
    async with db.merchant(merchant) as tx:
        days = await _missing_days(tx, pay.mchid)
    for day in days:
        await fetch_bill(db, merchant, day)
    await post_fees(db, merchant)


async def fetch_bill(db: Db, merchant: str, day: date) -> None:
    """Download, check, read and reconcile one day's trade bill; the same day again changes nothing.

    Raises ProviderUnknown when WeChat has it not ready or does not answer, BadBill when it cannot
    be read exactly.
    """
    pay = await wechat.pay_client(db, merchant)
    answer = await pay.trade_bill(day)
    lines: list[BillLine] = []
    if answer.verdict is Verdict.OK:
        lines = rules.read_bill(answer.get().content)
    elif answer.code != "NO_STATEMENT_EXIST":
        raise ProviderUnknown(day=str(day), reason=answer.code)
    if any(line.mchid != pay.mchid for line in lines):
        raise BadBill(reason="mchid")
    for line in lines:
        async with db.merchant(merchant) as tx:
            await _learn(tx, line)
    async with db.merchant(merchant) as tx:
        sha1 = answer.get().hash_value if lines else ""
        await _reconcile(tx, pay.mchid, day, lines, sha1)
        await tx.flush()
        await close_settled(tx)
    await post_fees(db, merchant)


async def _missing_days(tx: Tx, mchid: str) -> list[date]:
    here = tx.now.astimezone(CHINA)
    newest = here.date() - timedelta(days=1 if here.time() >= READY else 2)
    first = await tx.scalar(select(func.min(Payment.created_at)))
    have = set(await tx.scalars(select(PaymentBill.bill_date).where(PaymentBill.mchid == mchid)))
    days = [newest - timedelta(days=back) for back in reversed(range(LOOK_BACK))]
    begun = first.astimezone(CHINA).date() if first else newest
    return [day for day in days if day not in have and day >= begun]


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


async def _reconcile(tx: Tx, mchid: str, day: date, lines: Sequence[BillLine], sha1: str) -> None:
    """Keep the bill and note every difference that is left after learning from it."""
    known = await tx.scalar(
        select(PaymentBill.id).where(PaymentBill.mchid == mchid, PaymentBill.bill_date == day)
    )
    if known is not None:
        return
    pays = [line for line in lines if line.kind is LineKind.PAY]
    refunds = [line for line in lines if line.kind is LineKind.REFUND]
    bill = PaymentBill(
        mchid=mchid,
        bill_date=day,
        sha1=sha1,
        lines=len(lines),
        paid_fen=sum(line.amount_fen for line in pays),
        refunded_fen=sum(line.amount_fen for line in refunds),
        fee_fen=sum(line.fee_fen for line in lines),
        fetched_at=tx.now,
    )
    tx.add(bill)
    await tx.flush()
    for start in range(0, len(lines), CHUNK):
        await tx.execute(
            insert(PaymentBillLine),
            [_row(bill.id, line) for line in lines[start : start + CHUNK]],
        )
    for start in range(0, len(pays), CHUNK):
        await _compare_pays(tx, bill, pays[start : start + CHUNK])
    for start in range(0, len(refunds), CHUNK):
        await _compare_refunds(tx, bill, refunds[start : start + CHUNK])
    await _ours_only(tx, bill)


def _row(bill_id: int, line: BillLine) -> dict[str, Any]:
    names = ("line", "kind", "transaction_id", "out_trade_no", "out_refund_no", "refund_id",
             "amount_fen", "fee_fen", "state", "at")  # fmt: skip
    return {"bill_id": bill_id} | {name: getattr(line, name) for name in names}


async def _compare_pays(tx: Tx, bill: PaymentBill, lines: Sequence[BillLine]) -> None:
    rows = await tx.scalars(
        select(PaymentCharge).where(
            PaymentCharge.mchid == bill.mchid,
            PaymentCharge.transaction_id.in_([line.transaction_id for line in lines]),
        )
    )
    ours = {row.transaction_id: row for row in rows}
    for line in lines:
        charge = ours[line.transaction_id]
        if charge.source is Source.BILL:
            _note(
                tx,
                bill,
                BreakKind.THEIRS_ONLY,
                line,
                charge.amount_fen,
                "settled from the bill",
                closed=True,
            )
        if charge.amount_fen != line.amount_fen:
            _note(tx, bill, BreakKind.AMOUNT, line, charge.amount_fen, "the amounts differ")
        expected = None if line.rate_bp is None else rules.fee(line.amount_fen, line.rate_bp)
        if expected is not None and abs(expected - line.fee_fen) > 1:
            tx.add(_break(tx, bill, BreakKind.FEE, line.transaction_id, expected, line.fee_fen,
                          f"the fee is not {line.rate_bp} bp"))  # fmt: skip


async def _compare_refunds(tx: Tx, bill: PaymentBill, lines: Sequence[BillLine]) -> None:
    rows = await tx.scalars(
        select(PaymentRefund).where(
            PaymentRefund.out_refund_no.in_([line.out_refund_no for line in lines])
        )
    )
    ours = {row.out_refund_no: row for row in rows}
    for line in lines:
        refund = ours.get(line.out_refund_no or "")
        if refund is None:
            _note(tx, bill, BreakKind.THEIRS_ONLY, line, None, "a refund we did not ask for")
        elif refund.amount_fen != line.amount_fen:
            _note(tx, bill, BreakKind.AMOUNT, line, refund.amount_fen, "the amounts differ")
        elif not rules.same_state(refund.state, line.state):
            _note(tx, bill, BreakKind.STATE, line, refund.amount_fen,
                  f"ours is {refund.state.value}, theirs {line.state}")  # fmt: skip


async def _ours_only(tx: Tx, bill: PaymentBill) -> None:
    """Money we booked on that day that WeChat's bill does not have."""
    start = datetime.combine(bill.bill_date, time(), CHINA)
    end = start + timedelta(days=1)
    charges = await tx.execute(
        select(PaymentCharge.transaction_id, PaymentCharge.amount_fen).where(
            PaymentCharge.mchid == bill.mchid,
            PaymentCharge.paid_at >= start,
            PaymentCharge.paid_at < end,
            ~select(PaymentBillLine.id)
            .where(
                PaymentBillLine.transaction_id == PaymentCharge.transaction_id,
                PaymentBillLine.kind == LineKind.PAY,
            )
            .exists(),
        )
    )
    for transaction_id, amount_fen in charges.all():
        tx.add(_break(tx, bill, BreakKind.OURS_ONLY, transaction_id, amount_fen, None,
                      "WeChat's bill does not have this charge"))  # fmt: skip
    refunds = await tx.execute(
        select(PaymentRefund.out_refund_no, PaymentRefund.amount_fen)
        .join(PaymentCharge, PaymentCharge.id == PaymentRefund.charge_id)
        .where(
            PaymentCharge.mchid == bill.mchid,
            PaymentRefund.requested_at >= start - MIDNIGHT_SLACK,
            PaymentRefund.requested_at < end - MIDNIGHT_SLACK,
            PaymentRefund.state == RefundState.SUCCESS,
            ~select(PaymentBillLine.id)
            .where(PaymentBillLine.out_refund_no == PaymentRefund.out_refund_no)
            .exists(),
        )
    )
    for out_refund_no, amount_fen in refunds.all():
        tx.add(_break(tx, bill, BreakKind.OURS_ONLY, f"refund:{out_refund_no}", amount_fen, None,
                      "WeChat's bill does not have this refund"))  # fmt: skip


def _note(
    tx: Tx, bill: PaymentBill, kind: BreakKind, line: BillLine, ours_fen: int | None, note: str,
    *, closed: bool = False,
) -> None:  # fmt: skip
    pay = line.kind is LineKind.PAY
    subject = line.transaction_id if pay else f"refund:{line.out_refund_no}"
    found = _break(tx, bill, kind, subject, ours_fen, line.amount_fen, note)
    found.closed_at = tx.now if closed else None
    tx.add(found)


def _break(
    tx: Tx, bill: PaymentBill, kind: BreakKind, subject: str, ours_fen: int | None,
    theirs_fen: int | None, note: str,
) -> PaymentBreak:  # fmt: skip
    logger.warning("reconciliation break", kind=kind.value, subject=subject)
    return PaymentBreak(
        bill_id=bill.id,
        kind=kind,
        subject=subject,
        ours_fen=ours_fen,
        theirs_fen=theirs_fen,
        note=note,
        created_at=tx.now,
    )
