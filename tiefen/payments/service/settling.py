"""The one way money is believed: notice, poll, sweep, close and bill all end in `settle`."""

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.kernel import log
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.ledger import service as ledger
from tiefen.ledger.values import Transfer
from tiefen.payments import rules
from tiefen.payments.events import PaymentSucceeded
from tiefen.payments.models import Payment, PaymentAttempt, PaymentCharge, PaymentSuspense
from tiefen.payments.service.refunding import reserve
from tiefen.payments.values import (
    AttemptState,
    ChargeEvidence,
    PaymentFor,
    PaymentState,
    Settled,
    Source,
    SuspenseReason,
    SuspenseState,
)
from tiefen.wechat.values import TradeState, Transaction

logger = log.get("payments")
CURRENCY = "CNY"


def evidence_of(transaction: Transaction, source: Source) -> ChargeEvidence | None:
    """What a notice or a query's answer proves: a charge, or nothing yet."""
    if transaction.state not in (TradeState.SUCCESS, TradeState.REFUND):
        return None
    if not transaction.transaction_id or not transaction.total_fen or not transaction.success_time:
        return None
    return ChargeEvidence(
        source=source,
        mchid=transaction.mchid,
        app_id=transaction.app_id,
        out_trade_no=transaction.out_trade_no,
        transaction_id=transaction.transaction_id,
        amount_fen=transaction.total_fen,
        currency=transaction.currency or CURRENCY,
        openid=transaction.openid,
        paid_at=transaction.success_time,
    )


async def settle(tx: Tx, evidence: ChargeEvidence) -> Settled:
    """Give a charge its one effect: pay its order, or stand in suspense. Never raises for odd money.

    A notice that would do anything but pay its open order changes nothing by itself: WeChat is
    asked for its own record of the transaction, and that answer decides. So no notice, however
    well signed, can make us send money back that never came.
    """
    attempt, payment = await _lock(tx, evidence.out_trade_no)
    if await _known(tx, evidence):  # looked for under the lock, so that twins at once are seen
        return Settled.ALREADY
    reason = rules.judge(evidence, _asked(attempt, payment))
    if reason is not None and evidence.source is Source.NOTICE:
        logger.warning("notice doubted", reason=reason.value, out_trade_no=evidence.out_trade_no)
        later(
            tx,
            "payments.confirm",
            key=evidence.transaction_id,
            transaction_id=evidence.transaction_id,
        )
        return Settled.DOUBTED
    charge_id = await _record(tx, evidence, attempt, applied=reason is None)
    if charge_id is None:
        return Settled.ALREADY
    failpoint("payments.settle.after_charge")
    if reason is None and attempt and payment:
        await _apply(tx, evidence, attempt, payment)
        return Settled.APPLIED
    await _suspend(tx, evidence, charge_id, reason or SuspenseReason.ORPHAN, attempt, payment)
    return Settled.SUSPENDED


async def _known(tx: Tx, evidence: ChargeEvidence) -> bool:
    found = await tx.scalar(
        select(PaymentCharge.id).where(
            PaymentCharge.mchid == evidence.mchid,
            PaymentCharge.transaction_id == evidence.transaction_id,
        )
    )
    return found is not None


async def _lock(tx: Tx, out_trade_no: str) -> tuple[PaymentAttempt | None, Payment | None]:
    """The attempt of this number and its payment, which stays locked: money, close and second money take turns."""
    attempt = await tx.scalar(
        select(PaymentAttempt).where(PaymentAttempt.out_trade_no == out_trade_no)
    )
    if attempt is None:
        return None, None
    payment = await tx.scalar(
        select(Payment)
        .where(Payment.id == attempt.payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return attempt, payment


def _asked(attempt: PaymentAttempt | None, payment: Payment | None) -> rules.Asked | None:
    if attempt is None or payment is None:
        return None
    return rules.Asked(
        mchid=attempt.mchid,
        app_id=attempt.app_id,
        amount_fen=payment.amount_fen,  # an older attempt may have asked for another
        currency=attempt.currency,
        openid=attempt.openid,
        payment=payment.state,
    )


async def _record(
    tx: Tx, evidence: ChargeEvidence, attempt: PaymentAttempt | None, *, applied: bool
) -> int | None:
    """Write the charge down; None when somebody else was first, now or long ago."""
    made: int | None = await tx.scalar(
        insert(PaymentCharge)
        .values(
            mchid=evidence.mchid,
            transaction_id=evidence.transaction_id,
            out_trade_no=evidence.out_trade_no,
            payment_id=attempt.payment_id if attempt else None,
            attempt_id=attempt.id if attempt else None,
            app_id=evidence.app_id,
            openid=evidence.openid,
            amount_fen=evidence.amount_fen,
            currency=evidence.currency,
            applied=applied,
            refunding_fen=0,
            refunded_fen=0,
            source=evidence.source,
            paid_at=evidence.paid_at,
            recorded_at=tx.now,
        )
        .on_conflict_do_nothing(index_elements=["mchid", "transaction_id"])
        .returning(PaymentCharge.id)
    )
    return made


async def _apply(
    tx: Tx, evidence: ChargeEvidence, attempt: PaymentAttempt, payment: Payment
) -> None:
    payment.state = PaymentState.PAID
    payment.paid_at = evidence.paid_at
    payment.transaction_id = evidence.transaction_id
    attempt.state = AttemptState.PAID
    if payment.purpose is PaymentFor.COUNTER:
        payment.earned_at = tx.now  # nothing is owed for it
        owed, code = "revenue:counter", "payment.counter"
    else:
        owed, code = "orders:unearned", "payment.succeeded"
    await tx.flush()
    _announce(tx, evidence, payment)
    await _close_rivals(tx, payment, attempt)
    failpoint("payments.settle.after_apply")
    await ledger.post(tx, [_posting(evidence, owed, code, payment.order_no)])
    failpoint("payments.settle.after_post")


def _announce(tx: Tx, evidence: ChargeEvidence, payment: Payment) -> None:
    """Tell the rooms above; money at the counter is nobody's order and is not told."""
    if payment.purpose is PaymentFor.COUNTER:
        return
    publish(
        tx,
        PaymentSucceeded(
            payment_id=payment.id,
            order_no=payment.order_no,
            amount_fen=evidence.amount_fen,
            transaction_id=evidence.transaction_id,
            paid_at=evidence.paid_at,
        ),
        aggregate=f"order:{payment.order_no}",
    )


async def _close_rivals(tx: Tx, payment: Payment, paid: PaymentAttempt) -> None:
    """Numbers of the same order that could still be paid a second time are closed at WeChat."""
    rivals = await tx.scalars(
        select(PaymentAttempt).where(
            PaymentAttempt.payment_id == payment.id,
            PaymentAttempt.id != paid.id,
            PaymentAttempt.state.in_(rules.LIVE_ATTEMPTS),
        )
    )
    for rival in rivals:
        later(
            tx,
            "payments.close_attempt",
            run_at=max(tx.now, rival.created_at + rules.CLOSE_WAIT),
            key=str(rival.id),
            attempt_id=rival.id,
        )


async def _suspend(
    tx: Tx,
    evidence: ChargeEvidence,
    charge_id: int,
    reason: SuspenseReason,
    attempt: PaymentAttempt | None,
    payment: Payment | None,
) -> None:
    logger.warning("money in suspense", reason=reason.value, charge_id=charge_id)
    wait = rules.REFUND_RULE[reason]
    suspense = PaymentSuspense(
        charge_id=charge_id,
        reason=reason,
        order_no=payment.order_no if payment else None,
        amount_fen=evidence.amount_fen,
        currency=evidence.currency,
        state=SuspenseState.OPEN,
        refund_at=None if wait is None else tx.now + wait,
        created_at=tx.now,
    )
    tx.add(suspense)
    if attempt and attempt.state in rules.LIVE_ATTEMPTS:
        attempt.state = AttemptState.PAID
    await tx.flush()
    if suspense.refund_at is not None and suspense.refund_at <= tx.now:
        await refund_suspense(tx, suspense)
    if evidence.currency == CURRENCY:
        reference = payment.order_no if payment else evidence.out_trade_no
        await ledger.post(tx, [_posting(evidence, "suspense", "payment.suspended", reference)])


async def refund_suspense(tx: Tx, suspense: PaymentSuspense) -> int:
    """Send money in suspense back: reserve it, and let the outward job tell WeChat."""
    tries = await tx.scalar(
        update(PaymentSuspense)
        .where(PaymentSuspense.id == suspense.id)
        .values(refunds=PaymentSuspense.refunds + 1, state=SuspenseState.REFUNDING)
        .returning(PaymentSuspense.refunds)
    )
    return await reserve(
        tx,
        suspense.charge_id,
        suspense.amount_fen,
        reference=f"suspense:{suspense.id}:{tries}",
        reason="订单已关闭或已支付，款项原路退回",
        suspense_id=suspense.id,
    )


def _posting(evidence: ChargeEvidence, to: str, code: str, reference: str) -> Transfer:
    return Transfer(
        debit="wechat:clearing",
        credit=to,
        amount_fen=evidence.amount_fen,
        code=code,
        reference=reference,
        key=f"charge:{evidence.mchid}:{evidence.transaction_id}",
    )
