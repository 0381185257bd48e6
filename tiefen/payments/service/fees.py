"""WeChat's fees, as its bills state them, in the ledger: one transfer a line, once."""

from sqlalchemy import select

from tiefen.kernel.db import Db, Tx
from tiefen.kernel.failpoints import failpoint
from tiefen.ledger import service as ledger
from tiefen.payments import rules
from tiefen.payments.models import PaymentBill, PaymentBillLine

CHUNK = 500
"""Lines of one transaction: the clearing account is locked while it lasts, and buyers wait for it."""


async def post_fees(db: Db, merchant: str) -> None:
    """Post the fees of all bills whose fees are not in the ledger yet. Repeatable at any point."""
    async with db.merchant(merchant) as tx:
        unposted = select(PaymentBill.id).where(PaymentBill.fees_posted_at.is_(None))
        bills = list(await tx.scalars(unposted.order_by(PaymentBill.id)))
    for bill_id in bills:
        after: int | None = 0
        while after is not None:
            async with db.merchant(merchant) as tx:
                after = await _post_some(tx, bill_id, after)
            failpoint("payments.fees.after_chunk")


async def _post_some(tx: Tx, bill_id: int, after: int) -> int | None:
    """Post the next lines; the last one's number, or None when the bill is through and marked so."""
    # By the line's number, not its id: (bill, line) is an index, so a page costs a page.
    line = PaymentBillLine
    lines = (
        await tx.execute(
            select(line.id, line.line, line.fee_fen, line.out_refund_no, line.transaction_id)
            .where(line.bill_id == bill_id, line.line > after, line.fee_fen != 0)
            .order_by(line.line)
            .limit(CHUNK)
        )
    ).all()
    if len(lines) < CHUNK:
        bill = await tx.get_one(PaymentBill, bill_id)
        bill.fees_posted_at = tx.now
        await tx.flush()
    await ledger.post(
        tx,
        [
            rules.fee_posting(line_id, fee_fen, out_refund_no or transaction_id)
            for line_id, _, fee_fen, out_refund_no, transaction_id in lines
        ],
    )
    return lines[-1].line if len(lines) == CHUNK else None
