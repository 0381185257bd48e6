"""The counter: staff ask for a bare amount, whoever stands there scans and pays (收款码)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.payments.errors import AlreadyPaid, PaymentNotFound
from tiefen.payments.models import CounterCharge
from tiefen.payments.service.asking import stop
from tiefen.payments.service.paying import begin, intent, poll, start_all
from tiefen.payments.service.refunding import request_refund
from tiefen.payments.values import Ask, PaymentFor, PaymentState
from tiefen.team import service as team
from tiefen.wechat.values import PayClientKind

LIFE = timedelta(minutes=30)
"""How long a code at the counter can be paid; WeChat's own codes live two hours."""
MARK = "C"
"""What numbers of the counter begin with."""


async def open_counter(tx: Tx, actor: StaffActor, amount_fen: int, note: str) -> str:
    """Ask whoever stands at the counter for an amount; answers its number. Raises Invalid for an
    amount WeChat cannot take."""
    number = ids.number(MARK, tx.now)
    await start_all(
        tx, [Ask(number, None, amount_fen, note, tx.now + LIFE, purpose=PaymentFor.COUNTER)]
    )
    payment_id = (await intent(tx, number)).id
    tx.add(
        CounterCharge(
            number=number,
            payment_id=payment_id,
            note=note,
            staff_id=actor.id,
            staff_name=actor.name,
            created_at=tx.now,
        )
    )
    await team.record_audit(
        tx, actor, "payments.open_counter", f"counter:{number}", after={"amount_fen": amount_fen}
    )
    return number


async def close_counter(tx: Tx, actor: StaffActor, number: str) -> None:
    """Nobody will pay it any more. Asking twice is no error. Raises PaymentNotFound, AlreadyPaid."""
    await _locked(tx, number)
    if await stop(tx, number) is PaymentState.PAID:
        raise AlreadyPaid(order_no=number)
    await team.record_audit(tx, actor, "payments.close_counter", f"counter:{number}")


async def refund_counter(
    tx: Tx, actor: StaffActor, number: str, amount_fen: int, reason: str
) -> int:
    """Send money of a paid amount back, all or part; the refund's id.

    Only WeChat's word makes it done. Raises PaymentNotFound, NothingPaid, RefundTooMuch, RefundLimit.
    """
    found = await _locked(tx, number)
    found.refunds += 1
    refund_id = await request_refund(
        tx, found.payment_id, amount_fen, f"{number}-{found.refunds}", reason
    )
    await team.record_audit(
        tx,
        actor,
        "payments.refund_counter",
        f"counter:{number}",
        after={"amount_fen": amount_fen},
        reason=reason,
    )
    return refund_id


@dataclass(frozen=True, slots=True)
class ShownCode:
    """What is scanned at the counter."""

    url: str
    expires_at: datetime


async def show_counter(db: Db, merchant: str, number: str) -> ShownCode:
    """The code of an amount that is not paid yet; asked for again it is the same one.

    Raises PaymentNotFound and what `begin` refuses.
    """
    async with db.merchant(merchant) as tx:
        await _locked(tx, number)
    params = await begin(db, merchant, number, PayClientKind.NATIVE)
    return ShownCode(params.code_url or "", params.expires_at)


async def poll_counter(db: Db, merchant: str, number: str) -> PaymentState:
    """Where it stands, asking WeChat when its notice is late. Raises PaymentNotFound."""
    async with db.merchant(merchant) as tx:
        await _locked(tx, number)
    return (await poll(db, merchant, number)).state


async def _locked(tx: Tx, number: str) -> CounterCharge:
    found = await tx.scalar(
        select(CounterCharge).where(CounterCharge.number == number).with_for_update()
    )
    if found is None:
        raise PaymentNotFound(order_no=number)
    return found
