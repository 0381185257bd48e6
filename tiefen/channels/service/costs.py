"""What channel codes cost: booked for days, taken away whole, never changed."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import delete, insert, update

from tiefen.channels import rules
from tiefen.channels.errors import CodeMissing, CostMissing
from tiefen.channels.models import ChannelCode, CodeCost
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team.service import record_audit
from tiefen.team.values import Actor


async def add_cost(
    tx: Tx, actor: StaffActor, code_id: int, *, first: date, last: date, amount_fen: int, note: str
) -> int:
    """Book a cost, the same for each day from `first` to `last`; returns its id.

    Raises CodeMissing, PeriodMalformed.
    """
    rules.check_days(first, last)
    if not await _count(tx, code_id, amount_fen):
        raise CodeMissing
    cost = CodeCost(
        code_id=code_id,
        first=first,
        last=last,
        amount_fen=amount_fen,
        note=note,
        booked_by=actor.id,
        booked_at=tx.now,
    )
    tx.add(cost)
    await tx.flush()
    await record_audit(
        tx, actor, "channels.cost_added", f"channel_code:{code_id}", after=_said(cost)
    )
    return cost.id


async def remove_cost(tx: Tx, actor: StaffActor, code_id: int, cost_id: int) -> None:
    """Take a cost away that was booked by mistake; the audit log keeps it. Raises CostMissing."""
    gone = await tx.scalar(
        delete(CodeCost)
        .where(CodeCost.id == cost_id, CodeCost.code_id == code_id)
        .returning(CodeCost)
    )
    if gone is None:
        raise CostMissing
    await _count(tx, code_id, -gone.amount_fen)
    target = f"channel_code:{code_id}"
    await record_audit(tx, actor, "channels.cost_removed", target, before=_said(gone))


async def book_first(
    tx: Tx, actor: StaffActor | Actor, made: Iterable[tuple[int, int]], day: date
) -> None:
    """Book what codes were made with, (code, fen) each, for one day; their counters say it already."""
    rows = [
        {
            "code_id": code_id,
            "first": day,
            "last": day,
            "amount_fen": amount_fen,
            "note": "",
            "booked_by": actor.id,
            "booked_at": tx.now,
        }
        for code_id, amount_fen in made
        if amount_fen > 0
    ]
    if rows:
        await tx.execute(insert(CodeCost), rows)


async def _count(tx: Tx, code_id: int, change_fen: int) -> bool:
    """Add to what a code cost; whether there is such a code."""
    found = await tx.scalar(
        update(ChannelCode)
        .where(ChannelCode.id == code_id)
        .values(cost_fen=ChannelCode.cost_fen + change_fen)
        .returning(ChannelCode.id)
    )
    return found is not None


def _said(cost: CodeCost) -> dict[str, object]:
    days = {"first": cost.first.isoformat(), "last": cost.last.isoformat()}
    return {**days, "amount_fen": cost.amount_fen, "note": cost.note}
