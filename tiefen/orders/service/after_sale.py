"""After-sales: asked for, decided, and finished only on the provider's word.

A request holds its pieces and their money from the moment it is made; whoever comes second (another
request, a parcel) finds less left. Refusing, withdrawing or sending others instead gives them back.
"""

from collections.abc import Sequence

from sqlalchemy import func, select

from tiefen.catalog import service as catalog
from tiefen.inventory import service as inventory
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.kernel.failpoints import failpoint
from tiefen.orders import rules
from tiefen.orders.errors import BadReplacement
from tiefen.orders.errors.travel import NothingTravels
from tiefen.orders.events import AfterSaleRequested, OrderRefunded
from tiefen.orders.models import AfterSale, Order
from tiefen.orders.schemas import (
    AfterSaleIn,
    AfterSalePieceIn,
    ApproveIn,
    CompensateIn,
    RefundLinesIn,
)
from tiefen.orders.service import payouts
from tiefen.orders.service.book import (
    announce,
    lines_of,
    locked,
    products_of,
    seen,
    step_after_sale,
)
from tiefen.orders.service.claims import after_sale_locked, claim, claim_order, unclaim
from tiefen.orders.service.fulfilling import picked
from tiefen.orders.service.policies import policy
from tiefen.orders.service.reversing import carry_out, case_of
from tiefen.orders.service.talking import note
from tiefen.orders.values import (
    AfterSaleAction,
    AfterSaleKind,
    AfterSaleReason,
    AfterSaleStatus,
    OrderAction,
    Phase,
    RefundPlan,
    Speaker,
    Wanted,
)
from tiefen.team import service as team
from tiefen.team.values import Actor

SYSTEM = Actor.system("after_sales")
MOVES_GOODS = rules.SENDS | {AfterSaleKind.RETURN}
"""Kinds in which something is sent, there or back."""


async def plan_after_sale(tx: Tx, fan_id: int, order_no: str, wanted: RefundLinesIn) -> RefundPlan:
    """What a request would bring back, without making it. Raises what the request would."""
    order = await seen(tx, order_no, fan_id)
    _check_open(tx, order)
    return await _plan(tx, order, wanted.kind, wanted.reason, wanted.lines)


async def request_after_sale(tx: Tx, fan_id: int, order_no: str, wanted: AfterSaleIn) -> AfterSale:
    """A fan asks. Pieces and money are held until it is decided, which may be at once, by rule.

    Raises OrderMissing, IllegalStep, TooLate, TooMuchRefunded, TooMuchMoney, NoAmountHere,
    NothingLeft, DuplicateLine, BadReplacement.
    """
    order = await locked(tx, order_no, fan_id)
    _check_open(tx, order)
    found = await _plan(tx, order, wanted.kind, wanted.reason, wanted.lines)
    replacements = await _replacements(tx, order, wanted)
    after_sale = await _open(tx, order, wanted.kind, wanted.reason, wanted.note, found)
    await claim(tx, order, after_sale, found, replacements)
    event = AfterSaleRequested(
        after_sale.id,
        order.id,
        order.order_no,
        fan_id,
        after_sale.refund_fen,
        tx.now,
        after_sale.after_sale_no,
    )
    publish(tx, event, aggregate=f"order:{order.id}")
    announce(tx, after_sale, "request")
    if wanted.pictures:
        await note(tx, after_sale, Speaker.FAN, f"fan:{fan_id}", wanted.note, wanted.pictures)
    rule = await policy(tx)
    after_sale.due_at = rules.due_at(rule, after_sale.status, tx.now)
    if rules.answers_itself(rule, wanted.kind, found, await _recent(tx, after_sale)):
        await _say_yes(tx, order, after_sale, SYSTEM, "符合自动退款规则，已同意")
    return after_sale


async def compensate(tx: Tx, actor: StaffActor, order_no: str, wanted: CompensateIn) -> AfterSale:
    """The merchant pays without goods coming back, out of what is left of the order.

    Above the merchant's limit it waits for another member of staff. Raises OrderMissing,
    IllegalStep, TooMuchMoney, NothingLeft.
    """
    order = await locked(tx, order_no)
    if order.status not in rules.CAN_ASK_BACK:
        rules.advance_order(order.status, OrderAction.REFUND_REST)
    pieces = {line.id: line.pieces for line in await lines_of(tx, order)}
    found = rules.plan_refund(
        dict.fromkeys(pieces, ""),
        pieces,
        rules.spread_compensation(pieces, wanted.amount_fen),
        freight_left_fen=0,
        kind=AfterSaleKind.COMPENSATION,
    )
    kind, reason = AfterSaleKind.COMPENSATION, AfterSaleReason.OTHER
    after_sale = await _open(tx, order, kind, reason, wanted.reason, found)
    after_sale.requested_by = f"staff:{actor.id}"
    await claim(tx, order, after_sale, found, {})
    await audit(tx, actor, "orders.compensate", after_sale, wanted.reason)
    limit = (await policy(tx)).second_above_fen
    if limit is None or wanted.amount_fen <= limit:
        await _say_yes(tx, order, after_sale, actor, wanted.reason)
    return after_sale


async def withdraw(tx: Tx, fan_id: int, after_sale_no: str) -> None:
    """The fan takes the request back; asking twice is no error."""
    order, after_sale = await after_sale_locked(tx, after_sale_no, fan_id)
    if after_sale.status is not AfterSaleStatus.WITHDRAWN:
        step_after_sale(tx, after_sale, AfterSaleAction.WITHDRAW, f"fan:{fan_id}")
        await give_up(tx, order, after_sale)
        after_sale.decided_at = tx.now


async def reject(tx: Tx, actor: StaffActor, after_sale_no: str, answer: str) -> AfterSale:
    """The merchant says no, with words for the fan; also to what came back.

    Raises AfterSaleMissing, IllegalStep.
    """
    order, after_sale = await after_sale_locked(tx, after_sale_no)
    step_after_sale(tx, after_sale, AfterSaleAction.REJECT, f"staff:{actor.id}", answer)
    await give_up(tx, order, after_sale)
    _decide(tx, after_sale, f"staff:{actor.id}", answer)
    await audit(tx, actor, "orders.reject_after_sale", after_sale, answer)
    return after_sale


async def approve(tx: Tx, actor: StaffActor, after_sale_no: str, wanted: ApproveIn) -> AfterSale:
    """The merchant says yes: the money goes, or goods are awaited, or others are held to be sent.

    A second approval of the same request is no error and does nothing.
    Raises AfterSaleMissing, IllegalStep, SecondNeeded, FreightTaken, StockShort, RefundTooMuch.
    """
    order, after_sale = await after_sale_locked(tx, after_sale_no)
    if after_sale.status in rules.SAID_YES:
        return after_sale
    rules.check_second(
        await policy(tx),
        after_sale.kind,
        after_sale.amount_fen,
        asked_by=after_sale.requested_by,
        actor=f"staff:{actor.id}",
    )
    await _say_yes(tx, order, after_sale, actor, wanted.answer, wanted.refund_freight)
    return after_sale


async def approve_overdue(tx: Tx, order: Order, after_sale: AfterSale) -> None:
    """Nobody answered in time: it is approved. Raises what `approve` raises."""
    await _say_yes(tx, order, after_sale, SYSTEM, "商家超时未处理，已自动同意")


async def pay_instead(tx: Tx, actor: StaffActor, after_sale_no: str, answer: str) -> AfterSale:
    """Nothing can be sent instead: the held money goes back. Raises AfterSaleMissing, IllegalStep."""
    order, after_sale = await after_sale_locked(tx, after_sale_no)
    step_after_sale(tx, after_sale, AfterSaleAction.PAY_INSTEAD, f"staff:{actor.id}", answer)
    await inventory.release(tx, after_sale_no)
    exchange = after_sale.kind is AfterSaleKind.EXCHANGE
    after_sale.kind = AfterSaleKind.RETURN if exchange else AfterSaleKind.REFUND
    after_sale.answer = answer
    await audit(tx, actor, "orders.pay_instead", after_sale, answer)
    await ask_refund(tx, order, after_sale)
    return after_sale


async def retry_refund(tx: Tx, actor: StaffActor, after_sale_no: str) -> AfterSale:
    """Ask the provider again for a refund it could not pay out. Raises IllegalStep."""
    order, after_sale = await after_sale_locked(tx, after_sale_no)
    step_after_sale(tx, after_sale, AfterSaleAction.RETRY, f"staff:{actor.id}")
    await audit(tx, actor, "orders.retry_refund", after_sale, "")
    await ask_refund(tx, order, after_sale)
    return after_sale


async def refund_settled(tx: Tx, reference: str, *, success: bool, reason: str = "") -> None:
    """The provider's word on a refund of ours; references of others are passed by."""
    after_sale_no = await payouts.after_sale_of(tx, reference)
    if after_sale_no is None:
        return
    order, after_sale = await after_sale_locked(tx, after_sale_no)
    if after_sale.status is AfterSaleStatus.REFUNDED:
        return
    whole = await payouts.note(tx, after_sale, reference, success=success)
    if whole:
        await _settle(tx, order, after_sale)
    elif whole is False and not success and after_sale.status is AfterSaleStatus.REFUNDING:
        step_after_sale(tx, after_sale, AfterSaleAction.FAIL, "wechat", reason)


async def give_up(tx: Tx, order: Order, after_sale: AfterSale) -> None:
    """It ends without a refund: pieces, money and what was held to be sent instead are free."""
    await unclaim(tx, order, after_sale)
    after_sale.due_at = None
    if after_sale.kind in rules.SENDS:
        await inventory.release(tx, after_sale.after_sale_no)


async def ask_refund(tx: Tx, order: Order, after_sale: AfterSale) -> None:
    """Request the refund under a number of its own; nothing to refund is finished at once."""
    after_sale.attempt += 1
    after_sale.due_at = None
    if after_sale.amount_fen == 0 or order.payment_id is None:
        await _settle(tx, order, after_sale)
        return
    await payouts.ask(tx, order, after_sale)


async def audit(
    tx: Tx, who: StaffActor | Actor, action: str, after_sale: AfterSale, reason: str
) -> None:
    """Note who did it, with what it came to."""
    await team.record_audit(
        tx,
        who,
        action,
        f"after_sale:{after_sale.after_sale_no}",
        after={"amount_fen": after_sale.amount_fen, "status": str(after_sale.status)},
        reason=reason,
    )


def name_of(who: StaffActor | Actor) -> str:
    """`staff:7` or `system`, as steps name who took them."""
    return f"staff:{who.id}" if isinstance(who, StaffActor) else "system"


async def _say_yes(
    tx: Tx,
    order: Order,
    after_sale: AfterSale,
    who: StaffActor | Actor,
    answer: str,
    freight: bool | None = None,
) -> None:
    """What a yes sets going, in one commit, whoever says it."""
    actor = name_of(who)
    step_after_sale(tx, after_sale, rules.YES[after_sale.kind], actor, answer)
    await _set_freight(tx, order, after_sale, freight)
    _decide(tx, after_sale, actor, answer)
    after_sale.due_at = rules.due_at(await policy(tx), after_sale.status, tx.now)
    await tx.flush()
    failpoint("orders.approve.claimed")
    case = await case_of(tx, order, after_sale, actor)
    if after_sale.kind in rules.SENDS:
        await carry_out(tx, after_sale, case, Phase.HOLD)
    await audit(tx, who, "orders.approve_after_sale", after_sale, answer)
    if after_sale.status is AfterSaleStatus.REFUNDING:
        await carry_out(tx, after_sale, case, Phase.BACK)
        failpoint("orders.approve.reversed")
        await ask_refund(tx, order, after_sale)


async def _settle(tx: Tx, order: Order, after_sale: AfterSale) -> None:
    """The money is back: everything that waited for it happens now, once."""
    said_by = "wechat" if after_sale.refund_id else "system"
    step_after_sale(tx, after_sale, AfterSaleAction.SETTLE, said_by)
    after_sale.settled_at = tx.now
    await tx.flush()
    case = await case_of(tx, order, after_sale, said_by)
    failpoint("orders.settle.stepped")
    await carry_out(tx, after_sale, case, Phase.MONEY)
    failpoint("orders.settle.reversed")
    await tx.flush()
    await tx.refresh(order, ["refunding_fen", "refunded_fen"])
    lines = {line.id: line for line in await lines_of(tx, order)}
    event = OrderRefunded(
        order.id,
        order.order_no,
        order.fan_id,
        after_sale.amount_fen,
        case.whole,
        tx.now,
        products_of([lines[part.line_id] for part in case.parts]),
    )
    publish(tx, event, aggregate=f"order:{order.id}")


def _check_open(tx: Tx, order: Order) -> None:
    if order.status not in rules.CAN_ASK_BACK:
        rules.advance_order(order.status, OrderAction.REFUND_REST)
    rules.check_after_sale_window(order.received_at, tx.now)


async def _plan(
    tx: Tx,
    order: Order,
    kind: AfterSaleKind,
    reason: AfterSaleReason,
    wanted: Sequence[AfterSalePieceIn],
) -> RefundPlan:
    """What asking for `wanted` pieces (none named: all that this kind may take) comes to, by rule."""
    if kind in MOVES_GOODS and not order.travels:
        raise NothingTravels(field="kind")
    lines = {line.id: line for line in await lines_of(tx, order)}
    amounts = {piece.line_id: piece.amount_fen for piece in wanted}
    pieces = {line.id: line.pieces for line in lines.values()}
    chosen = {
        line_id: Wanted(quantity, amounts[line_id])
        for line_id, quantity in picked(lines, wanted).items()
    } or {line.id: Wanted(left) for line in pieces.values() if (left := rules.left_for(kind, line))}
    return rules.plan_refund(
        {line.id: line.title for line in lines.values()},
        pieces,
        rules.with_gifts(kind, pieces, chosen),
        freight_left_fen=order.freight_fen - order.freight_claimed_fen,
        kind=kind,
        reason=reason,
    )


async def _replacements(tx: Tx, order: Order, wanted: AfterSaleIn) -> dict[int, int]:
    """Line → the SKU to send instead, where it is another. Raises BadReplacement."""
    asked = {piece.line_id: piece.replacement_id for piece in wanted.lines if piece.replacement_id}
    if not asked:
        return {}
    if wanted.kind is not AfterSaleKind.EXCHANGE:
        raise BadReplacement(field="lines")
    lines = {line.id: line for line in await lines_of(tx, order)}
    skus = await catalog.skus(tx, set(asked.values()))
    for line_id, sku_id in asked.items():
        line, sku = lines[line_id], skus.get(sku_id)
        if (
            sku is None
            or not sku.on_shelf
            or sku.product_id != line.product_id
            or sku.price_fen > line.unit_price_fen
        ):
            raise BadReplacement(field="lines")
    return asked


async def _open(
    tx: Tx,
    order: Order,
    kind: AfterSaleKind,
    reason: AfterSaleReason,
    words: str,
    found: RefundPlan,
) -> AfterSale:
    after_sale = AfterSale(
        after_sale_no=ids.number("A", tx.now),
        order_id=order.id,
        fan_id=order.fan_id,
        kind=kind,
        status=AfterSaleStatus.REQUESTED,
        reason=reason,
        note=words,
        goods_fen=found.goods_fen,
        freight_fen=found.freight_fen,
        amount_fen=found.amount_fen,
        quantity=sum(part.unshipped + part.shipped for part in found.parts),
        requested_at=tx.now,
    )
    tx.add(after_sale)
    await tx.flush()
    return after_sale


async def _recent(tx: Tx, after_sale: AfterSale) -> int:
    """How often the fan asked within ninety days before this."""
    found = await tx.scalar(
        select(func.count()).where(
            AfterSale.fan_id == after_sale.fan_id,
            AfterSale.id != after_sale.id,
            AfterSale.requested_at > tx.now - rules.RECENT,
        )
    )
    return found or 0


async def _set_freight(tx: Tx, order: Order, after_sale: AfterSale, wanted: bool | None) -> None:
    """The merchant's own word on the freight, if any, replaces the rule's."""
    freight_fen = rules.freight_of(
        order.freight_fen, order.freight_claimed_fen, after_sale.freight_fen, wanted
    )
    change = freight_fen - after_sale.freight_fen
    if change:
        await tx.flush()
        await claim_order(tx, order, change, change)
        after_sale.freight_fen = freight_fen
        after_sale.amount_fen += change


def _decide(tx: Tx, after_sale: AfterSale, actor: str, answer: str) -> None:
    after_sale.decided_at = tx.now
    after_sale.decided_by = actor
    after_sale.answer = answer
