"""What a person decides about money in suspense, each time with a reason and an audit row."""

from sqlalchemy import func, select

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.ledger import service as ledger
from tiefen.ledger.values import Transfer
from tiefen.payments import rules
from tiefen.payments.errors import SuspenseDecided, SuspenseNotFound
from tiefen.payments.models import PaymentBreak, PaymentSuspense
from tiefen.payments.service.settling import CURRENCY, refund_suspense
from tiefen.payments.values import Decision, MoneyWaiting, SuspenseState
from tiefen.team import service as team


async def waiting(tx: Tx) -> MoneyWaiting:
    """How much money stands in suspense undecided, and how many differences are open."""
    still_open = PaymentSuspense.state == SuspenseState.OPEN
    held = func.coalesce(func.sum(PaymentSuspense.amount_fen), 0)
    count, amount_fen = (await tx.execute(select(func.count(), held).where(still_open))).one()
    differences = select(func.count()).where(PaymentBreak.closed_at.is_(None))
    return MoneyWaiting(count, int(amount_fen), await tx.scalar(differences) or 0)


async def resolve(
    tx: Tx, actor: StaffActor, suspense_id: int, decision: Decision, reason: str
) -> None:
    """Take money in suspense over, send it back now, or keep it as other income.

    Taking it stops the rule's clock: from then on a person answers for its age.
    Raises SuspenseNotFound, SuspenseDecided.
    """
    suspense = await tx.scalar(
        select(PaymentSuspense).where(PaymentSuspense.id == suspense_id).with_for_update()
    )
    if suspense is None:
        raise SuspenseNotFound
    if suspense.state is not SuspenseState.OPEN:
        raise SuspenseDecided(state=suspense.state.value)
    before = _seen(suspense)
    suspense.owner_id, suspense.owner_name, suspense.note = actor.id, actor.name, reason
    suspense.refund_at = None
    match decision:
        case Decision.TAKE:
            pass
        case Decision.REFUND:
            await tx.flush()
            await refund_suspense(tx, suspense)
        case Decision.KEEP:
            await _keep(tx, suspense)
    await tx.flush()
    await tx.refresh(suspense)
    await team.record_audit(
        tx,
        actor,
        f"payments.suspense_{decision.value}",
        f"suspense:{suspense_id}",
        before=before,
        after=_seen(suspense),
        reason=reason,
    )


async def _keep(tx: Tx, suspense: PaymentSuspense) -> None:
    if not rules.may(rules.SUSPENSE, suspense.state, SuspenseState.KEPT):
        raise SuspenseDecided(state=suspense.state.value)
    suspense.state = SuspenseState.KEPT
    suspense.decided_at = tx.now
    await tx.flush()
    if suspense.currency == CURRENCY:
        posting = Transfer(
            debit="suspense",
            credit="revenue:other",
            amount_fen=suspense.amount_fen,
            code="payment.suspense_kept",
            reference=suspense.order_no or f"suspense:{suspense.id}",
            key=f"suspense-kept:{suspense.id}",
        )
        await ledger.post(tx, [posting])


def _seen(suspense: PaymentSuspense) -> dict[str, str | int | None]:
    return {
        "state": suspense.state.value,
        "owner_id": suspense.owner_id,
        "amount_fen": suspense.amount_fen,
    }
