"""WeChat's fees, as its bills state them, in the ledger: a bill's fees are one transfer, once.

A bill may have a million lines. Their fees are added up by the database in one statement, and the
clearing account, which every buyer's payment wants, is locked for two postings only.
"""

from sqlalchemy import select, text

from tiefen.kernel.db import Db, Tx
from tiefen.kernel.failpoints import failpoint
from tiefen.ledger import service as ledger
from tiefen.payments import rules
from tiefen.payments.models import PaymentBill

_PATIENT = text("SELECT set_config('statement_timeout', '300s', true)")
_SUMS = text("""
    SELECT coalesce(sum(fee_fen) FILTER (WHERE fee_fen > 0), 0)::bigint AS charged,
           coalesce(-sum(fee_fen) FILTER (WHERE fee_fen < 0), 0)::bigint AS returned
    FROM payment_bill_line l WHERE l.bill_id = :bill
      AND NOT EXISTS (SELECT FROM ledger_transfer t WHERE t.key = 'fee:' || l.id)
""")
"""Before bills were booked whole, lines were: those that are in the ledger already are left out."""


async def post_fees(db: Db, merchant: str) -> None:
    """Post the fees of all bills whose fees are not in the ledger yet. Repeatable at any point."""
    async with db.merchant(merchant) as tx:
        unposted = select(PaymentBill.id).where(PaymentBill.fees_posted_at.is_(None))
        bills = list(await tx.scalars(unposted.order_by(PaymentBill.id)))
    for bill_id in bills:
        async with db.merchant(merchant) as tx:
            await _post(tx, bill_id)
        failpoint("payments.fees.after_bill")


async def _post(tx: Tx, bill_id: int) -> None:
    await tx.execute(_PATIENT)
    bill = await tx.get_one(PaymentBill, bill_id, with_for_update=True, populate_existing=True)
    if bill.fees_posted_at is not None:
        return  # somebody else did while we waited
    sums = (await tx.execute(_SUMS, {"bill": bill_id})).one()
    failpoint("payments.fees.added_up")
    bill.fees_posted_at = tx.now
    await tx.flush()
    await ledger.post(
        tx,
        rules.fee_postings(bill_id, bill.mchid, bill.bill_date, sums.charged, sums.returned),
    )
