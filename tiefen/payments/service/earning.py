"""When a paid order becomes revenue."""

from sqlalchemy import select

from tiefen.kernel.db import Tx
from tiefen.ledger import service as ledger
from tiefen.ledger.values import Transfer
from tiefen.payments.models import Payment, PaymentCharge
from tiefen.payments.service.refunding import lock_charge


async def recognise(tx: Tx, order_no: str) -> int:
    """Move what an order's payment still holds from unearned to revenue, once; answers the fen moved.

    Refunds settled later come out of revenue. An order without money (0 fen, or paid otherwise)
    moves nothing.
    """
    charge_id = await tx.scalar(
        select(PaymentCharge.id)
        .join(Payment, Payment.id == PaymentCharge.payment_id)
        .where(Payment.order_no == order_no, PaymentCharge.applied)
    )
    if charge_id is None:
        return 0
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
            credit="revenue:goods",
            amount_fen=left_fen,
            code="payment.earned",
            reference=order_no,
            key=f"earned:{payment.id}",
        )
        await ledger.post(tx, [posting])
    return left_fen
