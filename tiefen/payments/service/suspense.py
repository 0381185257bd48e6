"""What a person decides about money in suspense, each time with a reason and an audit row."""

from sqlalchemy import func, select

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.payments.errors import SuspenseDecided, SuspenseNotFound
from tiefen.payments.models import PaymentBreak, PaymentSuspense
from tiefen.payments.service.moves import ask_move
from tiefen.payments.values import Decision, MoneyWaiting, MoveKind, SuspenseState, Wish
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
    """Take money in suspense over, or ask for it to be sent back now or kept as other income.

    Taking or asking stops the rule's clock: from then on a person answers for its age. What moves
    money waits for a second person (`decide_move`). Raises SuspenseNotFound, SuspenseDecided,
    MoveWaiting.
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
    await tx.flush()
    if decision is not Decision.TAKE:
        kind = MoveKind.SUSPENSE_REFUND if decision is Decision.REFUND else MoveKind.SUSPENSE_KEEP
        await ask_move(tx, actor, Wish(kind, reason, suspense_id=suspense_id))
    await team.record_audit(
        tx,
        actor,
        f"payments.suspense_{decision.value}",
        f"suspense:{suspense_id}",
        before=before,
        after=_seen(suspense),
        reason=reason,
    )


def _seen(suspense: PaymentSuspense) -> dict[str, str | int | None]:
    return {
        "state": suspense.state.value,
        "owner_id": suspense.owner_id,
        "amount_fen": suspense.amount_fen,
    }
