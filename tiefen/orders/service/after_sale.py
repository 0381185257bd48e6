"""Money back: asked for, previewed, decided, and finished only on the provider's word.

A request holds its pieces and their money from the moment it is made; whoever comes second (another
request, a parcel) finds less left. Refusing or withdrawing gives them back.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import select, text

from tiefen.fans import service as fans
from tiefen.inventory import service as inventory
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.kernel.failpoints import failpoint
from tiefen.orders import rules
from tiefen.orders.errors import AfterSaleMissing, TooMuchRefunded
from tiefen.orders.events import AfterSaleRequested, OrderRefunded
from tiefen.orders.models import AfterSale, AfterSaleLine, Order, OrderLine
from tiefen.orders.schemas import AfterSaleIn, ApproveIn, PieceIn
from tiefen.orders.service.book import lines_of, locked, products_of, seen, step, step_after_sale
from tiefen.orders.service.fulfilling import finish_shipping, picked
from tiefen.orders.values import (
    AfterSaleAction,
    AfterSaleStatus,
    OrderAction,
    OrderStatus,
    RefundPlan,
)
from tiefen.payments import service as payments
from tiefen.promotion import service as promotion
from tiefen.team import service as team

CLAIM_LINE = text(
    """
    UPDATE order_line SET cancelled = cancelled + :unshipped, holding = holding + :unshipped,
        returned = returned + :shipped, refunding_fen = refunding_fen + :amount
    WHERE id = :line AND shipped + cancelled + :unshipped <= quantity
        AND returned + :shipped <= shipped
        AND refunding_fen + refunded_fen + :amount <= pay_fen
    RETURNING id
    """
)
"""The guard on a line: no piece and no fen twice."""
CLAIM_ORDER = text(
    """
    UPDATE orders SET refunding_fen = refunding_fen + :amount,
        freight_claimed_fen = freight_claimed_fen + :freight
    WHERE id = :order AND refunding_fen + refunded_fen + :amount <= paid_fen
        AND freight_claimed_fen + :freight <= freight_fen
    RETURNING id
    """
)
"""The guard on the order."""
OPEN = (AfterSaleStatus.REQUESTED, AfterSaleStatus.REFUNDING, AfterSaleStatus.ABNORMAL)


async def plan_after_sale(
    tx: Tx, fan_id: int, order_no: str, wanted: Sequence[PieceIn]
) -> RefundPlan:
    """What a request would bring back, without making it. Raises what the request would."""
    order = await seen(tx, order_no, fan_id)
    _check_open(tx, order)
    return await _plan(tx, order, wanted)


async def request_after_sale(tx: Tx, fan_id: int, order_no: str, wanted: AfterSaleIn) -> AfterSale:
    """A fan asks for money back. Pieces and money are held until it is decided.

    Raises OrderMissing, IllegalStep, TooLate, TooMuchRefunded, NothingLeft, DuplicateLine.
    """
    order = await locked(tx, order_no, fan_id)
    _check_open(tx, order)
    found = await _plan(tx, order, wanted.lines)
    after_sale = AfterSale(
        after_sale_no=ids.number("A", tx.now),
        order_id=order.id,
        fan_id=fan_id,
        status=AfterSaleStatus.REQUESTED,
        reason=wanted.reason,
        note=wanted.note,
        goods_fen=found.goods_fen,
        freight_fen=found.freight_fen,
        amount_fen=found.amount_fen,
        quantity=sum(part.unshipped + part.shipped for part in found.parts),
        requested_at=tx.now,
    )
    tx.add(after_sale)
    await tx.flush()
    await _claim(tx, order, after_sale, found)
    event = AfterSaleRequested(
        after_sale.id, order.id, order.order_no, fan_id, found.amount_fen, tx.now
    )
    publish(tx, event, aggregate=f"order:{order.id}")
    return after_sale


async def withdraw(tx: Tx, fan_id: int, after_sale_no: str) -> None:
    """The fan takes the request back; asking twice is no error."""
    order, after_sale = await _locked(tx, after_sale_no, fan_id)
    if after_sale.status is not AfterSaleStatus.WITHDRAWN:
        step_after_sale(tx, after_sale, AfterSaleAction.WITHDRAW, f"fan:{fan_id}")
        await _unclaim(tx, order, after_sale)
        after_sale.decided_at = tx.now


async def reject(tx: Tx, actor: StaffActor, after_sale_no: str, answer: str) -> AfterSale:
    """The merchant says no, with words for the fan. Raises AfterSaleMissing, IllegalStep."""
    order, after_sale = await _locked(tx, after_sale_no)
    step_after_sale(tx, after_sale, AfterSaleAction.REJECT, f"staff:{actor.id}", answer)
    await _unclaim(tx, order, after_sale)
    _decide(tx, after_sale, actor, answer)
    await _audit(tx, actor, "orders.reject_after_sale", after_sale, answer)
    return after_sale


async def approve(tx: Tx, actor: StaffActor, after_sale_no: str, wanted: ApproveIn) -> AfterSale:
    """The merchant says yes: stock, limits and the refund are set going in one commit.

    A second approval of the same request is no error and does nothing.
    Raises AfterSaleMissing, IllegalStep, FreightTaken, RefundTooMuch.
    """
    order, after_sale = await _locked(tx, after_sale_no)
    if after_sale.status in (AfterSaleStatus.REFUNDING, AfterSaleStatus.REFUNDED):
        return after_sale
    step_after_sale(tx, after_sale, AfterSaleAction.APPROVE, f"staff:{actor.id}", wanted.answer)
    await _set_freight(tx, order, after_sale, wanted.refund_freight)
    parts = await _parts(tx, after_sale)
    lines = {line.id: line for line in await lines_of(tx, order)}
    for part in parts:
        lines[part.order_line_id].holding -= part.unshipped
    await _give_back_limits(tx, order, lines, parts)
    await tx.flush()
    failpoint("orders.approve.claimed")
    unsent: dict[int, int] = {}
    sent: dict[int, int] = {}
    for part in parts:  # a gift may be of the same SKU as a bought line
        sku_id = lines[part.order_line_id].sku_id
        unsent[sku_id] = unsent.get(sku_id, 0) + part.unshipped
        sent[sku_id] = sent.get(sku_id, 0) + part.shipped
    numbers = (order.order_no, after_sale.after_sale_no, f"staff:{actor.id}")
    await inventory.put_back(tx, numbers[0], sorted(unsent.items()), *numbers[1:])
    if wanted.restock:
        await inventory.restock(tx, sorted(sent.items()), *numbers[1:], order_no=numbers[0])
    after_sale.restock = wanted.restock
    _decide(tx, after_sale, actor, wanted.answer)
    if order.status is OrderStatus.PARTLY_SHIPPED and rules.is_all_shipped(
        [line.pieces for line in lines.values()]
    ):
        finish_shipping(tx, order, f"staff:{actor.id}")
    await _audit(tx, actor, "orders.approve_after_sale", after_sale, wanted.answer)
    await _ask_refund(tx, order, after_sale)
    return after_sale


async def retry_refund(tx: Tx, actor: StaffActor, after_sale_no: str) -> AfterSale:
    """Ask the provider again for a refund it could not pay out. Raises IllegalStep."""
    order, after_sale = await _locked(tx, after_sale_no)
    step_after_sale(tx, after_sale, AfterSaleAction.RETRY, f"staff:{actor.id}")
    await _audit(tx, actor, "orders.retry_refund", after_sale, "")
    await _ask_refund(tx, order, after_sale)
    return after_sale


async def refund_settled(tx: Tx, reference: str, *, success: bool, reason: str = "") -> None:
    """The provider's word on a refund of ours; references of others are passed by."""
    after_sale_no, _, attempt = reference.rpartition("-")
    known = await tx.scalar(select(AfterSale.id).where(AfterSale.after_sale_no == after_sale_no))
    if known is None:
        return
    order, after_sale = await _locked(tx, after_sale_no)
    if str(after_sale.attempt) != attempt or after_sale.status is AfterSaleStatus.REFUNDED:
        return
    if success:
        await _settle(tx, order, after_sale)
    elif after_sale.status is AfterSaleStatus.REFUNDING:
        step_after_sale(tx, after_sale, AfterSaleAction.FAIL, "wechat", reason)


def _check_open(tx: Tx, order: Order) -> None:
    if order.status not in rules.CAN_ASK_BACK:
        rules.advance_order(order.status, OrderAction.REFUND_REST)
    rules.check_after_sale_window(order.received_at, tx.now)


async def _plan(tx: Tx, order: Order, wanted: Sequence[PieceIn]) -> RefundPlan:
    """What giving back `wanted` pieces (none named: all that is left) would bring, by rule."""
    lines = {line.id: line for line in await lines_of(tx, order)}
    chosen = picked(lines, wanted) or {
        line.id: left for line in lines.values() if (left := rules.left_to_refund(line.pieces))
    }
    pieces = {line.id: line.pieces for line in lines.values()}
    return rules.plan_refund(
        {line.id: line.title for line in lines.values()},
        pieces,
        rules.with_gifts(pieces, chosen),
        freight_left_fen=order.freight_fen - order.freight_claimed_fen,
    )


async def _ask_refund(tx: Tx, order: Order, after_sale: AfterSale) -> None:
    """Request the refund under a number of its own; nothing to refund is finished at once."""
    after_sale.attempt += 1
    if after_sale.amount_fen == 0 or order.payment_id is None:
        await _settle(tx, order, after_sale)
        return
    after_sale.refund_id = await payments.request_refund(
        tx,
        order.payment_id,
        after_sale.amount_fen,
        f"{after_sale.after_sale_no}-{after_sale.attempt}",
        "售后退款",
    )


async def _settle(tx: Tx, order: Order, after_sale: AfterSale) -> None:
    """The money is back: what was refunding is refunded."""
    said_by = "wechat" if after_sale.refund_id else "system"
    step_after_sale(tx, after_sale, AfterSaleAction.SETTLE, said_by)
    after_sale.settled_at = tx.now
    order.refunding_fen -= after_sale.amount_fen
    order.refunded_fen += after_sale.amount_fen
    lines = {line.id: line for line in await lines_of(tx, order)}
    parts = await _parts(tx, after_sale)
    for part in parts:
        line = lines[part.order_line_id]
        line.refunding_fen -= part.amount_fen
        line.refunded_fen += part.amount_fen
    await tx.flush()
    whole = await _nothing_left(tx, order, list(lines.values()))
    if whole:
        await promotion.give_back_uses(tx, order.order_no)
        step(tx, order, OrderAction.REFUND_REST, "system", after_sale.after_sale_no)
    event = OrderRefunded(
        order.id,
        order.order_no,
        order.fan_id,
        after_sale.amount_fen,
        whole,
        tx.now,
        products_of([lines[part.order_line_id] for part in parts]),
    )
    publish(tx, event, aggregate=f"order:{order.id}")


async def _nothing_left(tx: Tx, order: Order, lines: Sequence[OrderLine]) -> bool:
    if any(rules.left_to_refund(line.pieces) for line in lines):
        return False
    still_open = await tx.scalar(
        select(AfterSale.id)
        .where(AfterSale.order_id == order.id, AfterSale.status.in_(OPEN))
        .limit(1)
    )
    return still_open is None


async def _claim(tx: Tx, order: Order, after_sale: AfterSale, found: RefundPlan) -> None:
    for part in sorted(found.parts, key=lambda part: part.line_id):
        held = await tx.scalar(
            CLAIM_LINE,
            {
                "line": part.line_id,
                "unshipped": part.unshipped,
                "shipped": part.shipped,
                "amount": part.amount_fen,
            },
        )
        if held is None:
            raise TooMuchRefunded(name=order.order_no, left=0)
        tx.add(
            AfterSaleLine(
                after_sale_id=after_sale.id,
                order_line_id=part.line_id,
                unshipped=part.unshipped,
                shipped=part.shipped,
                amount_fen=part.amount_fen,
            )
        )
    await _claim_order(tx, order, found.amount_fen, found.freight_fen)


async def _claim_order(tx: Tx, order: Order, amount_fen: int, freight_fen: int) -> None:
    """Hold (or with negative amounts: free) money of the order."""
    held = await tx.scalar(
        CLAIM_ORDER, {"order": order.id, "amount": amount_fen, "freight": freight_fen}
    )
    if held is None:
        raise TooMuchRefunded(name=order.order_no, left=0)
    await tx.refresh(order, ["refunding_fen", "freight_claimed_fen"])


async def _unclaim(tx: Tx, order: Order, after_sale: AfterSale) -> None:
    """Give back what an undecided request held."""
    lines = {line.id: line for line in await lines_of(tx, order)}
    for part in await _parts(tx, after_sale):
        line = lines[part.order_line_id]
        line.cancelled -= part.unshipped
        line.holding -= part.unshipped
        line.returned -= part.shipped
        line.refunding_fen -= part.amount_fen
    await _claim_order(tx, order, -after_sale.amount_fen, -after_sale.freight_fen)


async def _set_freight(tx: Tx, order: Order, after_sale: AfterSale, wanted: bool | None) -> None:
    """The merchant's own word on the freight, if any, replaces the rule's."""
    freight_fen = rules.freight_of(
        order.freight_fen, order.freight_claimed_fen, after_sale.freight_fen, wanted
    )
    change = freight_fen - after_sale.freight_fen
    if change:
        await _claim_order(tx, order, change, change)
        after_sale.freight_fen = freight_fen
        after_sale.amount_fen += change


async def _give_back_limits(
    tx: Tx, order: Order, lines: Mapping[int, OrderLine], parts: Sequence[AfterSaleLine]
) -> None:
    """Pieces that went back may be bought again."""
    freed = []
    for part in parts:
        line = lines[part.order_line_id]
        pieces_back = min(line.limit_held, part.unshipped + part.shipped)
        line.limit_held -= pieces_back
        freed.append((line.product_id, pieces_back))
    await promotion.give_back_limits(tx, order.fan_id, freed)


async def _locked(tx: Tx, after_sale_no: str, fan_id: int | None = None) -> tuple[Order, AfterSale]:
    """The after-sale and its order; the order is locked first, always."""
    chosen = (
        select(Order.order_no)
        .join(AfterSale, AfterSale.order_id == Order.id)
        .where(AfterSale.after_sale_no == after_sale_no)
    )
    if fan_id is not None:
        chosen = chosen.where(AfterSale.fan_id.in_(await fans.person_ids(tx, fan_id)))
    order_no = await tx.scalar(chosen)
    if order_no is None:
        raise AfterSaleMissing
    order = await locked(tx, order_no)
    found = await tx.scalars(
        select(AfterSale)
        .where(AfterSale.after_sale_no == after_sale_no)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return order, found.one()


async def _parts(tx: Tx, after_sale: AfterSale) -> Sequence[AfterSaleLine]:
    found = await tx.scalars(
        select(AfterSaleLine)
        .where(AfterSaleLine.after_sale_id == after_sale.id)
        .order_by(AfterSaleLine.order_line_id)
    )
    return found.all()


def _decide(tx: Tx, after_sale: AfterSale, actor: StaffActor, answer: str) -> None:
    after_sale.decided_at = tx.now
    after_sale.decided_by = f"staff:{actor.id}"
    after_sale.answer = answer


async def _audit(
    tx: Tx, actor: StaffActor, action: str, after_sale: AfterSale, reason: str
) -> None:
    await team.record_audit(
        tx,
        actor,
        action,
        f"after_sale:{after_sale.after_sale_no}",
        after={"amount_fen": after_sale.amount_fen, "status": str(after_sale.status)},
        reason=reason,
    )
