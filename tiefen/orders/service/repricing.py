"""The merchant lowers what an unpaid order costs, or takes that back."""

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.money import allocate, yuan
from tiefen.orders import rules
from tiefen.orders.errors import (
    AlreadyPaid,
    NothingToPay,
    PayExpired,
    PresalePrice,
    PriceChangedMeanwhile,
    PriceLosesMoney,
    PriceNotLower,
)
from tiefen.orders.models import Order, PriceChange
from tiefen.orders.schemas import PriceIn
from tiefen.orders.service.book import lines_of, locked
from tiefen.orders.values import OrderStatus
from tiefen.payments import service as payments
from tiefen.payments.values import PaymentState
from tiefen.team import service as team


async def change_price(
    db: Db, merchant: str, actor: StaffActor, order_no: str, wanted: PriceIn
) -> None:
    """Change the price of an unpaid order; the provider is asked first whether it is paid already.

    Money that still comes at the old price does not fit any more: it goes back by itself.
    Raises what `reprice` raises.
    """
    async with db.merchant(merchant) as tx:
        _check(await locked(tx, order_no), tx)
    if (await payments.poll(db, merchant, order_no)).state is PaymentState.PAID:
        raise AlreadyPaid
    failpoint("orders.price.asked")
    async with db.merchant(merchant) as tx:
        await reprice(tx, actor, order_no, wanted)


async def reprice(tx: Tx, actor: StaffActor, order_no: str, wanted: PriceIn) -> None:
    """Order, lines, payment, note and audit row change in one commit; the quote stays as it was.

    Raises OrderMissing, NothingToPay, PayExpired, PriceChangedMeanwhile, PriceNotLower,
    PriceLosesMoney, AlreadyPaid.
    """
    order = await locked(tx, order_no)
    _check(order, tx)
    if order.total_fen != wanted.before_fen:
        raise PriceChangedMeanwhile(now=yuan(order.total_fen))
    if order.total_fen == wanted.total_fen:
        return
    lines = await lines_of(tx, order)
    quoted = {(line["sku_id"], line.get("gift", False)): line for line in order.quote["lines"]}
    pays = [quoted[line.sku_id, line.gift]["pay_fen"] for line in lines]
    whole_fen = order.total_fen + order.reduced_fen
    reduced_fen = whole_fen - wanted.total_fen
    if not 0 <= reduced_fen <= min(sum(pays), whole_fen - 1):
        least = max(whole_fen - sum(pays), 1)
        raise PriceNotLower(field="total_fen", least=yuan(least), most=yuan(whole_fen))
    _check_margin(order, reduced_fen, accepted=wanted.accept_loss)
    if await payments.reprice(tx, order_no, wanted.total_fen) is not PaymentState.OPEN:
        raise AlreadyPaid
    failpoint("orders.price.asked_anew")
    for line, pay_fen, off_fen in zip(lines, pays, allocate(reduced_fen, pays), strict=True):
        line.pay_fen = pay_fen - off_fen
        line.discount_fen = line.list_fen - line.pay_fen
    order.discount_fen += reduced_fen - order.reduced_fen
    order.reduced_fen = reduced_fen
    order.total_fen = wanted.total_fen
    tx.add(
        PriceChange(
            order_id=order.id,
            before_fen=wanted.before_fen,
            after_fen=wanted.total_fen,
            actor=f"staff:{actor.id}",
            reason=wanted.reason,
            at=tx.now,
        )
    )
    await team.record_audit(
        tx,
        actor,
        "orders.change_price",
        f"order:{order_no}",
        before={"total_fen": wanted.before_fen},
        after={"total_fen": wanted.total_fen, "accepted_loss": wanted.accept_loss},
        reason=wanted.reason,
    )


def _check(order: Order, tx: Tx) -> None:
    if order.status is not OrderStatus.UNPAID:
        raise NothingToPay(status=str(order.status))
    if order.deposit_fen:
        raise PresalePrice
    if tx.now >= order.pay_until:
        raise PayExpired


def _check_margin(order: Order, reduced_fen: int, *, accepted: bool) -> None:
    margin_fen = rules.margin_after(order.quote.get("margin_fen"), reduced_fen)
    if margin_fen is not None and margin_fen < 0 and not accepted:
        raise PriceLosesMoney(field="accept_loss", margin=yuan(margin_fen), margin_fen=margin_fen)
