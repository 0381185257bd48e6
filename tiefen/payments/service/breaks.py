"""Differences between a bill and our books: who looks after one, and how it ends."""

from sqlalchemy import select, text, update

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.payments import rules
from tiefen.payments.errors import BreakClosed, BreakNotFound, BreakStands, OwnerUnknown
from tiefen.payments.models import (
    PaymentBill,
    PaymentBillLine,
    PaymentBreak,
    PaymentBreakNote,
    PaymentCharge,
    PaymentRefund,
)
from tiefen.payments.values import BreakDecision, BreakKind, LineKind
from tiefen.team import service as team

_FUND_AGREES = text("""
    SELECT CASE WHEN k.subject LIKE 'refund:%' THEN EXISTS (
        SELECT FROM payment_refund r JOIN payment_fund_line l
            ON l.kind = 'refund' AND l.business_no = r.refund_id
        WHERE r.out_refund_no = substr(k.subject, 8) AND -l.amount_fen = r.amount_fen + coalesce((
            SELECT sum(p.fee_fen) FROM payment_bill_line p
            WHERE p.kind = 'refund' AND p.refund_id = r.refund_id), 0))
    ELSE EXISTS (
        SELECT FROM payment_charge c JOIN payment_fund_line l
            ON l.kind = 'pay' AND l.business_no = c.transaction_id
        WHERE c.mchid = f.mchid AND c.transaction_id = k.subject
          AND l.amount_fen = c.amount_fen) END
    FROM payment_break k JOIN payment_fund_bill f ON f.id = k.fund_id WHERE k.id = :id
""")
"""Whether WeChat's account by now moved as our books say."""


async def decide_break(
    tx: Tx,
    actor: StaffActor,
    break_id: int,
    decision: BreakDecision,
    note: str,
    owner_id: int | None = None,
) -> None:
    """Take a difference over, give it to a colleague, note what was found out, or close it with an
    explanation. Closing changes no book.

    So only what needs no booking may be closed by a word; where our money and WeChat's still
    differ it stays open, with its owner. Raises BreakNotFound, BreakClosed, BreakStands, OwnerUnknown.
    """
    found = await tx.scalar(
        select(PaymentBreak).where(PaymentBreak.id == break_id).with_for_update()
    )
    if found is None:
        raise BreakNotFound
    if found.closed_at is not None:
        raise BreakClosed
    match decision:
        case BreakDecision.TAKE:
            found.owner_id, found.owner_name = actor.id, actor.name
        case BreakDecision.ASSIGN:
            colleague = (await team.staff_briefs(tx, [owner_id or 0])).get(owner_id or 0)
            if colleague is None or not colleague.active:
                raise OwnerUnknown(field="owner_id")
            found.owner_id, found.owner_name = colleague.id, colleague.name
        case BreakDecision.NOTE:
            pass
        case BreakDecision.CLOSE:
            refund = found.subject.startswith(("refund:", "fund:"))
            if not rules.may_close(found.kind, refund=refund, agrees=await _agrees(tx, found)):
                raise BreakStands
            found.closed_at = tx.now
            found.owner_id, found.owner_name = actor.id, actor.name
    found.answer = note
    tx.add(
        PaymentBreakNote(
            break_id=break_id,
            decision=decision,
            staff_id=actor.id,
            staff_name=actor.name,
            words=note,
            at=tx.now,
        )
    )
    await team.record_audit(
        tx,
        actor,
        f"payments.break_{decision.value}",
        f"bill_break:{break_id}",
        after={"kind": found.kind.value, "subject": found.subject, "owner": found.owner_name},
        reason=note,
    )


async def close_settled(tx: Tx) -> None:
    """Close by themselves what a later bill or notice has made agree."""
    waiting = await tx.scalars(
        select(PaymentBreak)
        .where(
            PaymentBreak.closed_at.is_(None),
            PaymentBreak.kind.in_([BreakKind.OURS_ONLY, BreakKind.STATE, BreakKind.AMOUNT]),
        )
        .order_by(PaymentBreak.id)
        .limit(1_000)
    )
    settled = [one.id for one in waiting.all() if await _agrees(tx, one)]
    if settled:
        await tx.execute(
            update(PaymentBreak).where(PaymentBreak.id.in_(settled)).values(closed_at=tx.now)
        )


async def _agrees(tx: Tx, found: PaymentBreak) -> bool:
    """Whether the newest line of any bill about this now says what our books say."""
    if found.fund_id is not None:
        return bool(await tx.scalar(_FUND_AGREES, {"id": found.id}))
    mchid = select(PaymentBill.mchid).where(PaymentBill.id == found.bill_id).scalar_subquery()
    lines = select(PaymentBillLine).join(PaymentBill, PaymentBill.id == PaymentBillLine.bill_id)
    lines = lines.where(PaymentBill.mchid == mchid).order_by(PaymentBillLine.id.desc()).limit(1)
    number = found.subject.removeprefix("refund:")
    if number != found.subject:
        theirs = await tx.scalar(lines.where(PaymentBillLine.out_refund_no == number))
        refund = await tx.scalar(select(PaymentRefund).where(PaymentRefund.out_refund_no == number))
        return (
            theirs is not None
            and refund is not None
            and refund.amount_fen == theirs.amount_fen
            and rules.same_state(refund.state, theirs.state)
        )
    theirs = await tx.scalar(
        lines.where(PaymentBillLine.transaction_id == number, PaymentBillLine.kind == LineKind.PAY)
    )
    charge = await tx.scalar(
        select(PaymentCharge).where(
            PaymentCharge.mchid == mchid, PaymentCharge.transaction_id == number
        )
    )
    return theirs is not None and charge is not None and charge.amount_fen == theirs.amount_fen
