"""Asking WeChat what became of a number, and closing numbers: what we do not know, we ask."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select, update

from tiefen.kernel import log
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import cron, later, outward_job
from tiefen.payments import rules
from tiefen.payments.errors import CloseLater, PaymentNotFound, ProviderUnknown
from tiefen.payments.models import Payment, PaymentAttempt, PaymentRefund, PaymentSuspense
from tiefen.payments.service.settling import evidence_of, refund_suspense, settle
from tiefen.payments.values import AttemptState, PaymentState, Settled, Source, SuspenseState
from tiefen.wechat import service as wechat
from tiefen.wechat.values import PayAnswer, TradeState, Transaction, Verdict

logger = log.get("payments")
LONGEST_WAIT = timedelta(hours=1)
AFTER_EXPIRY = timedelta(minutes=1)
AT_ONCE = 200
"""Most rows of a kind that one sweep queues."""


async def ask(db: Db, merchant: str, attempt_id: int) -> bool:
    """Ask WeChat for one number and act on its word; True when the number turns out to be paid."""
    pay = await wechat.pay_client(db, merchant)
    async with db.merchant(merchant) as tx:
        attempt = await tx.get_one(PaymentAttempt, attempt_id)
    answer = await pay.query(attempt.out_trade_no)
    failpoint("payments.ask.after_call")
    async with db.merchant(merchant) as tx:
        return await _record(tx, attempt_id, answer)


async def _record(tx: Tx, attempt_id: int, answer: PayAnswer[Transaction]) -> bool:
    if answer.verdict is Verdict.OK:
        transaction = answer.get()
        if evidence := evidence_of(transaction, Source.QUERY):
            return await settle(tx, evidence) in (
                Settled.APPLIED,
                Settled.ALREADY,
                Settled.SUSPENDED,
            )
        if transaction.state in (TradeState.CLOSED, TradeState.REVOKED):
            await _mark_closed(tx, attempt_id)
    return False


async def _mark_closed(tx: Tx, attempt_id: int) -> None:
    await tx.execute(
        update(PaymentAttempt)
        .where(PaymentAttempt.id == attempt_id, PaymentAttempt.state.in_(rules.LIVE_ATTEMPTS))
        .values(state=AttemptState.CLOSED)
    )


# ── closing ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Live:
    """A number that may still be paid."""

    id: int
    out_trade_no: str
    created_at: datetime


async def close(db: Db, merchant: str, order_no: str) -> PaymentState:
    """End an unpaid payment at WeChat first, then here; money that was faster wins. PAID or CLOSED.

    Numbers prepared less than five minutes ago may not be closed yet: CloseLater says when.
    No answer leaves the payment closing and raises ProviderUnknown: call again, it is safe.
    Raises PaymentNotFound.
    """
    async with db.merchant(merchant) as tx:
        state, live = await _begin_closing(tx, order_no)
    if state in (PaymentState.PAID, PaymentState.CLOSED):
        return state
    failpoint("payments.close.after_intent")
    for attempt in live:
        if not await _close_number(db, merchant, attempt):
            raise ProviderUnknown(order_no=order_no)
    failpoint("payments.close.after_call")
    async with db.merchant(merchant) as tx:
        return await stop(tx, order_no)


async def stop(tx: Tx, order_no: str) -> PaymentState:
    """End an unpaid payment here, in the caller's transaction; answers PAID when money was faster.

    For an order that is cancelled now. Its numbers are closed at WeChat soon after; money that
    still comes is late and goes back by itself. Raises PaymentNotFound.
    """
    payment = await _lock(tx, order_no)
    if not rules.may(rules.PAYMENT, payment.state, PaymentState.CLOSED):
        return payment.state
    payment.state = PaymentState.CLOSED
    payment.closed_at = tx.now
    for attempt in await _live(tx, payment.id):
        close_soon(tx, attempt.id, attempt.created_at)
    return PaymentState.CLOSED


async def reprice(tx: Tx, order_no: str, amount_fen: int) -> PaymentState:
    """Ask for another amount, in the caller's transaction; nothing changes unless it answers OPEN.

    Numbers that were prepared for the old amount are not used again and are closed at WeChat soon;
    money that still comes under them does not fit and goes back by itself.
    Raises PaymentNotFound.
    """
    payment = await _lock(tx, order_no)
    if payment.state is not PaymentState.OPEN:
        return payment.state
    payment.amount_fen = amount_fen
    live = await _live(tx, payment.id)
    await tx.execute(
        update(PaymentAttempt)
        .where(PaymentAttempt.id.in_([attempt.id for attempt in live]))
        .values(spent=True)
    )
    for attempt in live:
        close_soon(tx, attempt.id, attempt.created_at)
    return PaymentState.OPEN


def close_soon(tx: Tx, attempt_id: int, created_at: datetime) -> None:
    """Close a number at WeChat as soon as WeChat lets us."""
    later(
        tx,
        "payments.close_attempt",
        run_at=max(tx.now, created_at + rules.CLOSE_WAIT),
        key=str(attempt_id),
        attempt_id=attempt_id,
    )


async def _begin_closing(tx: Tx, order_no: str) -> tuple[PaymentState, list[_Live]]:
    payment = await _lock(tx, order_no)
    live = await _live(tx, payment.id)
    if payment.state in (PaymentState.PAID, PaymentState.CLOSED):
        return payment.state, live
    youngest = max((attempt.created_at for attempt in live), default=None)
    if youngest and tx.now < youngest + rules.CLOSE_WAIT:
        wait = youngest + rules.CLOSE_WAIT - tx.now
        raise CloseLater(retry_after=int(wait.total_seconds()) + 1)
    payment.state = PaymentState.CLOSING
    return payment.state, live


def newest(order_no: str) -> Select[Payment]:
    """What an order asks for now: the payment of its last stage."""
    chosen = select(Payment).where(Payment.order_no == order_no)
    return chosen.order_by(Payment.stage.desc()).limit(1)


async def _lock(tx: Tx, order_no: str) -> Payment:
    payment = await tx.scalar(
        newest(order_no).with_for_update().execution_options(populate_existing=True)
    )
    if payment is None:
        raise PaymentNotFound(order_no=order_no)
    return payment


async def _live(tx: Tx, payment_id: int) -> list[_Live]:
    rows = await tx.execute(
        select(PaymentAttempt.id, PaymentAttempt.out_trade_no, PaymentAttempt.created_at)
        .where(
            PaymentAttempt.payment_id == payment_id, PaymentAttempt.state.in_(rules.LIVE_ATTEMPTS)
        )
        .order_by(PaymentAttempt.id)
    )
    return [_Live(*row) for row in rows]


async def _close_number(db: Db, merchant: str, attempt: _Live) -> bool:
    """Close one number at WeChat; False when nobody knows how it ended."""
    pay = await wechat.pay_client(db, merchant)
    answer = await pay.close(attempt.out_trade_no)
    failpoint("payments.close_attempt.after_call")
    if answer.verdict is Verdict.UNKNOWN or answer.code in rules.RETRY_CODES:
        return False
    gone = answer.verdict is Verdict.OK or answer.code in rules.CLOSED_CODES | rules.MISSING_CODES
    if not gone and await ask(db, merchant, attempt.id):
        return True  # ORDERPAID: the money was faster and is settled now
    if not gone:
        return False
    async with db.merchant(merchant) as tx:
        await _mark_closed(tx, attempt.id)
    return True


@outward_job("payments.close_attempt", lane="pay")
async def close_attempt(db: Db, merchant: str, attempt_id: int) -> None:
    """Close a number nobody should pay any more; tried again until WeChat has answered."""
    async with db.merchant(merchant) as tx:
        attempt = await tx.get_one(PaymentAttempt, attempt_id)
    if attempt.state not in rules.LIVE_ATTEMPTS:
        return
    if not await _close_number(
        db, merchant, _Live(attempt.id, attempt.out_trade_no, attempt.created_at)
    ):
        raise ProviderUnknown(attempt_id=attempt_id)


# ── the sweep ────────────────────────────────────────────────────────────────────────────────


@outward_job("payments.ask", lane="pay")
async def ask_attempt(db: Db, merchant: str, attempt_id: int) -> None:
    """Ask for a number whose notice has not come; close it at WeChat once its time is over."""
    async with db.merchant(merchant) as tx:
        attempt = await tx.get_one(PaymentAttempt, attempt_id)
        over = attempt.expires_at + AFTER_EXPIRY <= tx.now
    if attempt.state not in rules.LIVE_ATTEMPTS:
        return
    if not await ask(db, merchant, attempt_id) and over:
        await _close_number(
            db, merchant, _Live(attempt.id, attempt.out_trade_no, attempt.created_at)
        )


@outward_job("payments.confirm", lane="pay")
async def confirm(db: Db, merchant: str, transaction_id: str) -> None:
    """Ask WeChat for its own record of a transaction that a notice described oddly, and settle that."""
    pay = await wechat.pay_client(db, merchant)
    answer = await pay.query_transaction(transaction_id)
    if answer.verdict is Verdict.UNKNOWN or answer.code in rules.RETRY_CODES:
        raise ProviderUnknown(transaction_id=transaction_id)
    if answer.verdict is Verdict.REFUSED:
        logger.warning("WeChat does not know a noticed transaction", transaction_id=transaction_id)
        return
    if evidence := evidence_of(answer.get(), Source.QUERY):
        async with db.merchant(merchant) as tx:
            await settle(tx, evidence)


@cron("payments.sweep", every=timedelta(minutes=1), lane="pay")
async def sweep(db: Db, merchant: str) -> None:
    """Queue what is overdue: attempts without a notice, refunds without an end, suspense past its hour."""
    async with db.merchant(merchant) as tx:
        attempts = await tx.execute(
            select(PaymentAttempt.id, PaymentAttempt.created_at)
            .where(PaymentAttempt.state.in_(rules.LIVE_ATTEMPTS), PaymentAttempt.check_at <= tx.now)
            .order_by(PaymentAttempt.check_at)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        for attempt_id, created_at in attempts.all():
            again = rules.ask_again(tx.now, created_at, first=rules.SWEEP_AFTER, cap=LONGEST_WAIT)
            await tx.execute(
                update(PaymentAttempt).where(PaymentAttempt.id == attempt_id).values(check_at=again)
            )
            later(tx, "payments.ask", key=str(attempt_id), attempt_id=attempt_id)
        refunds = await tx.execute(
            select(PaymentRefund.id, PaymentRefund.requested_at)
            .where(PaymentRefund.state.in_(rules.ASKABLE_REFUNDS), PaymentRefund.check_at <= tx.now)
            .order_by(PaymentRefund.check_at)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        for refund_id, requested_at in refunds.all():
            again = rules.ask_again(
                tx.now, requested_at, first=timedelta(minutes=1), cap=LONGEST_WAIT
            )
            await tx.execute(
                update(PaymentRefund).where(PaymentRefund.id == refund_id).values(check_at=again)
            )
            later(tx, "payments.refund", key=str(refund_id), refund_id=refund_id)
    await _refund_due_suspense(db, merchant)


async def _refund_due_suspense(db: Db, merchant: str) -> None:
    async with db.merchant(merchant) as tx:
        due = await tx.scalars(
            select(PaymentSuspense)
            .where(PaymentSuspense.state == SuspenseState.OPEN, PaymentSuspense.refund_at <= tx.now)
            .order_by(PaymentSuspense.id)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        for suspense in due.all():
            await refund_suspense(tx, suspense)
