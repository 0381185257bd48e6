"""Money moved by hand: one person asks with a reason, another decides. Neither can do both."""

from sqlalchemy import select, text

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.money import MAX_FEN
from tiefen.ledger import service as ledger
from tiefen.ledger.values import Transfer
from tiefen.payments import rules
from tiefen.payments.errors import (
    BadMove,
    BreakClosed,
    BreakNotFound,
    MoveDecided,
    MoveNotFound,
    MoveWaiting,
    NotTheAsker,
    SecondPersonNeeded,
    SuspenseDecided,
    SuspenseNotFound,
)
from tiefen.payments.models import PaymentBreak, PaymentMove, PaymentSuspense
from tiefen.payments.service.settling import CURRENCY, refund_suspense
from tiefen.payments.values import MoveDecision, MoveKind, MoveState, SuspenseState, Wish
from tiefen.team import service as team

SECOND_PERSON = "asked_by_id <> :actor"
DECIDE = text(f"""
    UPDATE payment_move SET state = :state, decided_by_id = :actor, decided_by = :name,
        decided_at = :now, answer = :answer
    WHERE id = :move AND state = 'waiting' AND {SECOND_PERSON}
    RETURNING id
""")  # noqa: S608 a constant of this module
"""The guard: one decision, and not by who asked."""
_WITHDRAW = text("""
    UPDATE payment_move SET state = 'withdrawn', decided_by_id = :actor, decided_by = :name,
        decided_at = :now, answer = :answer
    WHERE id = :move AND state = 'waiting' AND asked_by_id = :actor
    RETURNING id
""")


async def ask_move(tx: Tx, actor: StaffActor, wish: Wish) -> int:
    """Ask for a move; nothing moves yet. Answers its id.

    Raises BadMove, SuspenseNotFound, SuspenseDecided, MoveWaiting, BreakNotFound, BreakClosed.
    """
    ends = rules.move_ends(wish)
    if ends is None:
        raise BadMove(field="debit")
    amount_fen = wish.amount_fen or 0
    if wish.suspense_id is not None:
        amount_fen = (await _open_suspense(tx, wish.suspense_id)).amount_fen
        waiting = select(PaymentMove.id).where(
            PaymentMove.suspense_id == wish.suspense_id, PaymentMove.state == MoveState.WAITING
        )
        if await tx.scalar(waiting) is not None:
            raise MoveWaiting
    if not 0 < amount_fen <= MAX_FEN:
        raise BadMove(field="amount_fen")
    if wish.break_id is not None:
        await _open_break(tx, wish.break_id)
    move = PaymentMove(
        kind=wish.kind,
        state=MoveState.WAITING,
        suspense_id=wish.suspense_id,
        break_id=wish.break_id,
        debit=ends[0],
        credit=ends[1],
        amount_fen=amount_fen,
        reason=wish.reason,
        asked_by_id=actor.id,
        asked_by=actor.name,
        asked_at=tx.now,
    )
    tx.add(move)
    await tx.flush()
    await team.record_audit(
        tx,
        actor,
        "payments.move_ask",
        f"move:{move.id}",
        after={
            "kind": wish.kind.value,
            "amount_fen": amount_fen,
            "debit": ends[0],
            "credit": ends[1],
        },
        reason=wish.reason,
    )
    return move.id


async def decide_move(
    tx: Tx, actor: StaffActor, move_id: int, decision: MoveDecision, answer: str
) -> None:
    """Approve or refuse what a colleague asked for, or take back what one asked for oneself.

    Approving does it in the same commit. Raises MoveNotFound, MoveDecided, SecondPersonNeeded,
    NotTheAsker, SuspenseDecided (the rule or the fan was faster), ledger.InsufficientFunds.
    """
    state = {
        MoveDecision.APPROVE: MoveState.APPROVED,
        MoveDecision.REFUSE: MoveState.REFUSED,
        MoveDecision.WITHDRAW: MoveState.WITHDRAWN,
    }[decision]
    said = {"move": move_id, "actor": actor.id, "name": actor.name, "now": tx.now, "answer": answer}
    if decision is MoveDecision.WITHDRAW:
        done = await tx.scalar(_WITHDRAW, said)
    else:
        done = await tx.scalar(DECIDE, said | {"state": state.value})
    move = await tx.get(PaymentMove, move_id, populate_existing=True)
    if move is None:
        raise MoveNotFound
    if done is None:
        if move.state is not MoveState.WAITING:
            raise MoveDecided(state=move.state.value)
        raise NotTheAsker if decision is MoveDecision.WITHDRAW else SecondPersonNeeded
    failpoint("payments.move.decided")
    if decision is MoveDecision.APPROVE:
        await _carry_out(tx, actor, move)
    await team.record_audit(
        tx,
        actor,
        f"payments.move_{decision.value}",
        f"move:{move_id}",
        before={"asked_by": move.asked_by, "reason": move.reason},
        after={"kind": move.kind.value, "amount_fen": move.amount_fen},
        reason=answer,
    )


async def _carry_out(tx: Tx, actor: StaffActor, move: PaymentMove) -> None:
    if move.break_id is not None:
        found = await _open_break(tx, move.break_id)
        found.closed_at, found.answer = tx.now, move.reason
        found.owner_id, found.owner_name = actor.id, actor.name
    if move.suspense_id is not None:
        suspense = await _open_suspense(tx, move.suspense_id)
        suspense.owner_id, suspense.owner_name = move.asked_by_id, move.asked_by
        suspense.note, suspense.refund_at = move.reason, None
        if move.kind is MoveKind.SUSPENSE_REFUND:
            await tx.flush()
            await refund_suspense(tx, suspense)
        else:
            await _keep(tx, suspense)
        return
    await tx.flush()
    await ledger.post(
        tx,
        [
            Transfer(
                debit=move.debit,
                credit=move.credit,
                amount_fen=move.amount_fen,
                code=f"money.{move.kind.value}",
                reference=f"move:{move.id}",
                key=f"move:{move.id}",
            )
        ],
    )


async def _keep(tx: Tx, suspense: PaymentSuspense) -> None:
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


async def _open_suspense(tx: Tx, suspense_id: int) -> PaymentSuspense:
    suspense = await tx.scalar(
        select(PaymentSuspense)
        .where(PaymentSuspense.id == suspense_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if suspense is None:
        raise SuspenseNotFound
    if suspense.state is not SuspenseState.OPEN:
        raise SuspenseDecided(state=suspense.state.value)
    return suspense


async def _open_break(tx: Tx, break_id: int) -> PaymentBreak:
    found = await tx.scalar(
        select(PaymentBreak).where(PaymentBreak.id == break_id).with_for_update()
    )
    if found is None:
        raise BreakNotFound
    if found.closed_at is not None:
        raise BreakClosed
    return found
