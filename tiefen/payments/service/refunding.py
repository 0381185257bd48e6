"""Money on its way back: reserved by a guarded statement, sent under one number, settled by WeChat's word."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update

from tiefen.kernel import ids, log
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import publish
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later, outward_job
from tiefen.ledger import service as ledger
from tiefen.ledger.values import Transfer
from tiefen.payments import rules
from tiefen.payments.errors import NothingPaid, ReferenceReused, RefundLimit, RefundTooMuch
from tiefen.payments.events import RefundSettled
from tiefen.payments.models import Payment, PaymentCharge, PaymentRefund, PaymentSuspense
from tiefen.payments.values import (
    PaymentFor,
    RefundEvidence,
    RefundState,
    Settled,
    Source,
    SuspenseState,
)
from tiefen.wechat import service as wechat
from tiefen.wechat.values import PayAnswer, Refund, Verdict

logger = log.get("payments")
FIRST_CHECK = timedelta(minutes=1)
LAST_CHECK = timedelta(hours=6)


async def request_refund(
    tx: Tx, payment_id: int, amount_fen: int, reference: str, reason: str
) -> int:
    """Set money of a payment aside and queue its way back; returns the refund's id.

    The same reference with the same amount is the same refund. What is asked is not what is done:
    RefundSettled tells the outcome, and only WeChat's word makes it.
    Raises NothingPaid, RefundTooMuch, RefundLimit, ReferenceReused.
    """
    charge_id = await _charge_of(tx, payment_id)
    return await reserve(tx, charge_id, amount_fen, reference=reference, reason=reason)


async def left_of(tx: Tx, payment_id: int) -> int:
    """What of a payment's money neither went back nor is on its way, held until the commit.

    Raises NothingPaid.
    """
    charge_id = await _charge_of(tx, payment_id)
    charge = await lock_charge(tx, charge_id)
    return charge.amount_fen - charge.refunding_fen - charge.refunded_fen


async def _charge_of(tx: Tx, payment_id: int) -> int:
    charge_id = await tx.scalar(
        select(PaymentCharge.id).where(
            PaymentCharge.payment_id == payment_id, PaymentCharge.applied
        )
    )
    if charge_id is None:
        raise NothingPaid(payment_id=payment_id)
    return charge_id


async def reserve(
    tx: Tx,
    charge_id: int,
    amount_fen: int,
    *,
    reference: str,
    reason: str,
    suspense_id: int | None = None,
) -> int:
    """Reserve part of a charge for going back, once per reference, and queue the sending."""
    charge = await lock_charge(tx, charge_id)
    known = await tx.scalar(select(PaymentRefund).where(PaymentRefund.reference == reference))
    if known is not None:
        if (known.charge_id, known.amount_fen) != (charge_id, amount_fen):
            raise ReferenceReused(reference=reference)
        return known.id
    await _check_limits(tx, charge)
    taken = await tx.scalar(
        update(PaymentCharge)
        .where(
            PaymentCharge.id == charge_id,
            PaymentCharge.refunding_fen + PaymentCharge.refunded_fen + amount_fen
            <= PaymentCharge.amount_fen,
        )
        .values(refunding_fen=PaymentCharge.refunding_fen + amount_fen)
        .returning(PaymentCharge.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None or amount_fen <= 0:
        left = charge.amount_fen - charge.refunding_fen - charge.refunded_fen
        raise RefundTooMuch(left_fen=left, field="amount_fen")
    refund = PaymentRefund(
        charge_id=charge_id,
        payment_id=charge.payment_id if suspense_id is None else None,
        suspense_id=suspense_id,
        reference=reference,
        out_refund_no=ids.number("R", tx.now),
        amount_fen=amount_fen,
        reason=reason,
        state=RefundState.RESERVED,
        requested_at=tx.now,
        check_at=tx.now + FIRST_CHECK,
    )
    tx.add(refund)
    await tx.flush()
    later(tx, "payments.refund", key=str(refund.id), refund_id=refund.id)
    return refund.id


async def lock_charge(tx: Tx, charge_id: int) -> PaymentCharge:
    """The charge, locked: reservations, settlements and recognition of it take turns."""
    charge = await tx.scalar(
        select(PaymentCharge)
        .where(PaymentCharge.id == charge_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert charge is not None, "a charge is never deleted"
    return charge


async def _check_limits(tx: Tx, charge: PaymentCharge) -> None:
    if tx.now - charge.paid_at > rules.REFUND_WINDOW:
        raise RefundLimit(reason="超过一年 / older than a year")
    count = await tx.scalar(
        select(func.count())
        .select_from(PaymentRefund)
        .where(PaymentRefund.charge_id == charge.id, PaymentRefund.state != RefundState.CLOSED)
    )
    if (count or 0) >= rules.MAX_REFUNDS:
        raise RefundLimit(reason="已达 50 次 / 50 refunds already")


# ── telling WeChat ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Sending:
    """What goes to WeChat; `told` says that it may know already."""

    out_refund_no: str
    transaction_id: str
    amount_fen: int
    total_fen: int
    reason: str
    told: bool


@outward_job("payments.refund", lane="pay")
async def send_refund(db: Db, merchant: str, refund_id: int) -> None:
    """Tell WeChat, or ask it when it may know already. Safe to run any number of times."""
    client = await wechat.pay_client(db, merchant)
    async with db.merchant(merchant) as tx:
        sending = await _begin_sending(tx, refund_id)
    if sending is None:
        return
    failpoint("payments.refund.after_intent")
    if sending.told:
        answer = await client.query_refund(sending.out_refund_no)
        if answer.verdict is Verdict.REFUSED and answer.code in rules.MISSING_CODES:
            answer = await _send(client, sending)
    else:
        answer = await _send(client, sending)
    failpoint("payments.refund.after_call")
    if answer.verdict is Verdict.REFUSED and answer.code not in rules.RETRY_CODES:
        # Refused for good, unless an earlier try under this number went through after all.
        asked = await client.query_refund(sending.out_refund_no)
        if asked.verdict is not Verdict.REFUSED or asked.code not in rules.MISSING_CODES:
            answer = asked
    async with db.merchant(merchant) as tx:
        await _record_answer(tx, refund_id, answer)


async def _send(client: wechat.PayClient, sending: _Sending) -> PayAnswer[Refund]:
    return await client.refund(
        transaction_id=sending.transaction_id,
        out_refund_no=sending.out_refund_no,
        refund_fen=sending.amount_fen,
        total_fen=sending.total_fen,
        reason=sending.reason,
    )


async def _begin_sending(tx: Tx, refund_id: int) -> _Sending | None:
    """Write down that WeChat is about to be told, before it is."""
    refund, charge = await _lock_refund(tx, refund_id)
    if refund.state not in rules.ASKABLE_REFUNDS:
        return None
    told = refund.state is not RefundState.RESERVED
    if not told:
        refund.state = RefundState.UNKNOWN
    return _Sending(
        out_refund_no=refund.out_refund_no,
        transaction_id=charge.transaction_id,
        amount_fen=refund.amount_fen,
        total_fen=charge.amount_fen,
        reason=refund.reason,
        told=told,
    )


async def _lock_refund(tx: Tx, refund_id: int) -> tuple[PaymentRefund, PaymentCharge]:
    """A refund and its charge, locked charge first."""
    charge_id = await tx.scalar(
        select(PaymentRefund.charge_id).where(PaymentRefund.id == refund_id)
    )
    assert charge_id is not None, "a refund is never deleted"
    charge = await lock_charge(tx, charge_id)
    refund = await tx.scalar(
        select(PaymentRefund)
        .where(PaymentRefund.id == refund_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert refund is not None
    return refund, charge


async def _record_answer(tx: Tx, refund_id: int, answer: PayAnswer[Refund]) -> None:
    if answer.verdict is Verdict.OK:
        await settle_refund(tx, refund_evidence_of(answer.get(), Source.ANSWER))
        return
    refund, charge = await _lock_refund(tx, refund_id)
    if refund.state not in rules.ASKABLE_REFUNDS:
        return
    refund.error_code = answer.code
    refund.check_at = rules.ask_again(
        tx.now, refund.requested_at, first=FIRST_CHECK, cap=LAST_CHECK
    )
    if answer.verdict is Verdict.UNKNOWN or refund.state is not RefundState.UNKNOWN:
        return
    if answer.code in rules.RETRY_CODES:
        refund.state = RefundState.RESERVED
    else:
        logger.warning("refund refused", refund_id=refund_id, code=answer.code)
        await _close(tx, refund, charge)


# ── WeChat's word ────────────────────────────────────────────────────────────────────────────


def refund_evidence_of(refund: Refund, source: Source) -> RefundEvidence:
    """What a notice, an answer or a query says of a refund."""
    return RefundEvidence(
        source=source,
        mchid=refund.mchid,
        out_refund_no=refund.out_refund_no,
        refund_id=refund.refund_id,
        transaction_id=refund.transaction_id,
        out_trade_no=refund.out_trade_no,
        amount_fen=refund.refund_fen,
        status=RefundState(refund.status.value.lower()),
        settled_at=refund.success_time,
    )


async def settle_refund(tx: Tx, evidence: RefundEvidence) -> Settled:
    """Give WeChat's word on a refund its one effect. Never raises for odd evidence.

    What does not fit our record changes nothing but the hour at which we ask WeChat ourselves.
    """
    refund_id = await tx.scalar(
        select(PaymentRefund.id).where(PaymentRefund.out_refund_no == evidence.out_refund_no)
    )
    if refund_id is None:
        logger.warning("refund of unknown number", out_refund_no=evidence.out_refund_no)
        return Settled.DOUBTED
    refund, charge = await _lock_refund(tx, refund_id)
    if not _fits(evidence, refund, charge):
        logger.warning("refund evidence doubted", refund_id=refund.id, source=evidence.source.value)
        refund.check_at = tx.now
        return Settled.DOUBTED
    refund.refund_id = evidence.refund_id
    if not rules.may(rules.REFUND, refund.state, evidence.status):
        return Settled.ALREADY
    match evidence.status:
        case RefundState.PROCESSING:
            refund.state = RefundState.PROCESSING
            refund.check_at = rules.ask_again(
                tx.now, refund.requested_at, first=FIRST_CHECK, cap=LAST_CHECK
            )
        case RefundState.ABNORMAL:
            refund.state = RefundState.ABNORMAL
            _announce(tx, refund, "abnormal")
        case RefundState.CLOSED:
            await _close(tx, refund, charge)
        case _:
            return await _succeed(tx, refund, charge, evidence)
    return Settled.APPLIED


def _fits(evidence: RefundEvidence, refund: PaymentRefund, charge: PaymentCharge) -> bool:
    return (
        evidence.mchid in (None, charge.mchid)
        and evidence.transaction_id == charge.transaction_id
        and evidence.out_trade_no == charge.out_trade_no
        and evidence.amount_fen in (None, refund.amount_fen)
        and refund.refund_id in (None, evidence.refund_id)
    )


async def _succeed(
    tx: Tx, refund: PaymentRefund, charge: PaymentCharge, evidence: RefundEvidence
) -> Settled:
    released = refund.state is RefundState.CLOSED
    if (
        released
        and charge.refunding_fen + charge.refunded_fen + refund.amount_fen > charge.amount_fen
    ):
        # It went through after we had given it up and refunded again: the bill will show it as a break.
        logger.error("refund succeeded beyond the charge", refund_id=refund.id)
        return Settled.DOUBTED
    charge.refunding_fen -= 0 if released else refund.amount_fen
    charge.refunded_fen += refund.amount_fen
    refund.state = RefundState.SUCCESS
    refund.settled_at = evidence.settled_at or tx.now
    failpoint("payments.refund.before_post")
    await tx.flush()
    owed = await _account_owing(tx, refund)
    if refund.suspense_id is not None:
        await _move_suspense(tx, refund.suspense_id, SuspenseState.REFUNDED)
    _announce(tx, refund, "success")
    if charge.currency == "CNY":
        posting = Transfer(
            debit=owed,
            credit="wechat:clearing",
            amount_fen=refund.amount_fen,
            code="payment.refunded",
            reference=refund.reference,
            key=f"refund:{refund.out_refund_no}",
        )
        await ledger.post(tx, [posting])
    failpoint("payments.refund.after_post")
    return Settled.APPLIED


async def _account_owing(tx: Tx, refund: PaymentRefund) -> str:
    """Where the refunded money stood: suspense, unearned, or (order received, counter) revenue."""
    if refund.suspense_id is not None:
        return "suspense"
    payment = await tx.get_one(Payment, refund.payment_id, populate_existing=True)
    if payment.purpose is PaymentFor.COUNTER:
        return "revenue:counter"
    return "orders:unearned" if payment.earned_at is None else "revenue:goods"


async def _close(tx: Tx, refund: PaymentRefund, charge: PaymentCharge) -> None:
    """Final failure: what was reserved is free; another try takes another number."""
    charge.refunding_fen -= refund.amount_fen
    refund.state = RefundState.CLOSED
    refund.settled_at = tx.now
    if refund.suspense_id is not None:
        await _move_suspense(tx, refund.suspense_id, SuspenseState.OPEN)
    _announce(tx, refund, "closed")


async def _move_suspense(tx: Tx, suspense_id: int, state: SuspenseState) -> None:
    """Follow the refund; money whose refund was closed waits for a person."""
    suspense = await tx.get(PaymentSuspense, suspense_id, with_for_update=True)
    if suspense and rules.may(rules.SUSPENSE, suspense.state, state):
        suspense.state = state
        suspense.refund_at = None
        suspense.decided_at = tx.now if state is SuspenseState.REFUNDED else None


def _announce(tx: Tx, refund: PaymentRefund, status: str) -> None:
    """Tell the rooms above; money in suspense is nobody's order and is not told."""
    if refund.payment_id is None:
        return
    publish(
        tx,
        RefundSettled(
            refund_id=refund.id,
            payment_id=refund.payment_id,
            reference=refund.reference,
            amount_fen=refund.amount_fen,
            status=status,  # type: ignore[arg-type]
            at=refund.settled_at or tx.now,
        ),
        aggregate=f"payment:{refund.payment_id}",
    )
