"""How the money of an after-sale goes back: of the payment it came with, the balance before the deposit."""

from collections.abc import Sequence

from sqlalchemy import select

from tiefen.kernel.db import Tx
from tiefen.orders.models import AfterSale, AfterSalePayout, Order
from tiefen.orders.values import PayoutState
from tiefen.payments import service as payments


async def ask(tx: Tx, order: Order, after_sale: AfterSale) -> None:
    """Request what was not asked for yet, or failed before, under numbers of this attempt.

    Raises what `payments.request_refund` raises.
    """
    assert order.payment_id is not None
    known = await _payouts(tx, after_sale)
    left_fen = after_sale.amount_fen - sum(
        one.amount_fen for one in known if one.state is not PayoutState.FAILED
    )
    reference = f"{after_sale.after_sale_no}-{after_sale.attempt}"
    shares = [(order.payment_id, left_fen, reference)]
    if order.deposit_payment_id is not None:
        first_fen = min(left_fen, await payments.left_of(tx, order.payment_id))
        shares = [
            (order.payment_id, first_fen, reference),
            (order.deposit_payment_id, left_fen - first_fen, f"{reference}-deposit"),
        ]
    for payment_id, share_fen, named in shares:
        if not share_fen:
            continue
        after_sale.refund_id = await payments.request_refund(
            tx, payment_id, share_fen, named, "售后退款"
        )
        tx.add(
            AfterSalePayout(
                after_sale_id=after_sale.id,
                attempt=after_sale.attempt,
                payment_id=payment_id,
                amount_fen=share_fen,
                reference=named,
                state=PayoutState.ASKED,
            )
        )
    await tx.flush()


async def after_sale_of(tx: Tx, reference: str) -> str | None:
    """The number of the after-sale a refund was asked for; None: it is none of ours."""
    found: str | None = await tx.scalar(
        select(AfterSale.after_sale_no)
        .join(AfterSalePayout, AfterSalePayout.after_sale_id == AfterSale.id)
        .where(AfterSalePayout.reference == reference)
    )
    return found


async def note(tx: Tx, after_sale: AfterSale, reference: str, *, success: bool) -> bool | None:
    """Take down the provider's word on one share. True: all of the money is back. None: it says
    nothing new, or of a try that was given up for another."""
    known = await _payouts(tx, after_sale)
    one = next(payout for payout in known if payout.reference == reference)
    given_up = one.state is PayoutState.FAILED and one.attempt < after_sale.attempt
    if one.state is PayoutState.DONE or given_up:
        return None
    one.state = PayoutState.DONE if success else PayoutState.FAILED
    done_fen = sum(each.amount_fen for each in known if each.state is PayoutState.DONE)
    return done_fen == after_sale.amount_fen


async def _payouts(tx: Tx, after_sale: AfterSale) -> Sequence[AfterSalePayout]:
    found = await tx.scalars(
        select(AfterSalePayout)
        .where(AfterSalePayout.after_sale_id == after_sale.id)
        .order_by(AfterSalePayout.id)
        .execution_options(populate_existing=True)
    )
    return found.all()
