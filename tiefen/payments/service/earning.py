"""When money of an order becomes the merchant's own: goods received, or a deposit forfeited."""

from sqlalchemy import select

from tiefen.kernel.db import Tx
from tiefen.ledger import service as ledger
from tiefen.ledger.values import Transfer
from tiefen.payments.models import Payment, PaymentCharge
from tiefen.payments.service.refunding import lock_charge


async def recognise(tx: Tx, order_no: str) -> int:
    """Move what an order's payments still hold from unearned to revenue, once; answers the fen moved.

    Refunds settled later come out of revenue. An order without money (0 fen, or paid otherwise)
    moves nothing.
    """
    charges = await _charges(tx, order_no)
    return sum([await _earn(tx, one, "revenue:goods", "payment.earned") for one in charges])


async def forfeit(tx: Tx, order_no: str) -> int:
    """The balance was not paid in time: what the deposit still holds is the merchant's, as other
    income, once; answers the fen moved."""
    charges = await _charges(tx, order_no)
    return sum([await _earn(tx, one, "revenue:other", "payment.forfeited") for one in charges])


async def _charges(tx: Tx, order_no: str) -> list[int]:
    """The charges that paid an order, in the order of its stages."""
    found = await tx.scalars(
        select(PaymentCharge.id)
        .join(Payment, Payment.id == PaymentCharge.payment_id)
        .where(Payment.order_no == order_no, PaymentCharge.applied)
        .order_by(Payment.stage)
    )
    return list(found)


async def _earn(tx: Tx, charge_id: int, account: str, code: str) -> int:
    charge = await lock_charge(tx, charge_id)
    payment = await tx.scalar(
        select(Payment)
        .where(Payment.id == charge.payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if payment is None or payment.earned_at is not None:
        return 0
    payment.earned_at = tx.now
    left_fen = charge.amount_fen - charge.refunded_fen
    await tx.flush()
    if left_fen:
        posting = Transfer(
            debit="orders:unearned",
            credit=account,
            amount_fen=left_fen,
            code=code,
            reference=payment.order_no,
            key=f"earned:{payment.id}",
        )
        await ledger.post(tx, [posting])
    return left_fen
