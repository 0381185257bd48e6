"""Goods on their way back, what was found in the parcel, others sent instead; and time that runs out."""

from collections.abc import Mapping

from sqlalchemy import select

from tiefen.inventory import service as inventory
from tiefen.inventory.errors import ReservationEnded, StockShort
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.orders import rules
from tiefen.orders.errors import AfterSaleMissing
from tiefen.orders.models import AfterSale, Order
from tiefen.orders.schemas import InspectIn, SentBackIn
from tiefen.orders.service.after_sale import (
    SYSTEM,
    approve_overdue,
    ask_refund,
    audit,
    give_up,
    name_of,
)
from tiefen.orders.service.book import step_after_sale
from tiefen.orders.service.claims import after_sale_locked, parts_of, pay_less, unclaim
from tiefen.orders.service.consequences import replacements
from tiefen.orders.service.policies import policy
from tiefen.orders.service.reversing import carry_out, case_of
from tiefen.orders.values import AfterSaleAction, AfterSaleKind, AfterSaleStatus, Phase
from tiefen.team.values import Actor

AT_ONCE = 500


async def send_back(tx: Tx, fan_id: int, after_sale_no: str, wanted: SentBackIn) -> AfterSale:
    """The fan sent the goods back. Entering the number again corrects it.

    Raises AfterSaleMissing, IllegalStep.
    """
    _, after_sale = await after_sale_locked(tx, after_sale_no, fan_id)
    if after_sale.status is not AfterSaleStatus.SENT_BACK:
        step_after_sale(
            tx, after_sale, AfterSaleAction.SEND_BACK, f"fan:{fan_id}", wanted.tracking_no
        )
        after_sale.sent_back_at = tx.now
        after_sale.due_at = rules.due_at(await policy(tx), after_sale.status, tx.now)
    after_sale.back_courier = wanted.courier
    after_sale.back_tracking_no = wanted.tracking_no
    return after_sale


async def inspect(tx: Tx, actor: StaffActor, after_sale_no: str, wanted: InspectIn) -> AfterSale:
    """Somebody looked at what came back: how many pieces go on sale again, are damaged, are missing,
    and (for less, with words) what they bring. Then the money goes, or others are sent.

    A second inspection is no error and does nothing.
    Raises AfterSaleMissing, IllegalStep, BadInspection, TooMuchMoney.
    """
    order, after_sale = await after_sale_locked(tx, after_sale_no)
    if after_sale.inspected_at is not None:
        return after_sale
    rules.advance_after_sale(after_sale.status, rules.inspected(after_sale.kind))
    found, amounts = await _found(tx, after_sale, wanted)
    await pay_less(tx, order, after_sale, amounts)
    await _accept(tx, order, after_sale, actor, found, wanted.answer, wanted.location_id)
    return after_sale


async def resend(tx: Tx, actor: StaffActor, after_sale_no: str, wanted: SentBackIn) -> AfterSale:
    """The replacement is on its way; the after-sale is done. A second time does nothing.

    Raises AfterSaleMissing, IllegalStep, StockShort (it was held too long and is gone).
    """
    order, after_sale = await after_sale_locked(tx, after_sale_no)
    if after_sale.status is AfterSaleStatus.DONE:
        return after_sale
    actor_name = f"staff:{actor.id}"
    step_after_sale(tx, after_sale, AfterSaleAction.RESEND, actor_name, wanted.tracking_no)
    after_sale.resent_courier = wanted.courier
    after_sale.resent_tracking_no = wanted.tracking_no
    after_sale.resent_at = after_sale.settled_at = tx.now
    await unclaim(tx, order, after_sale)
    await audit(tx, actor, "orders.resend", after_sale, wanted.tracking_no)
    failpoint("orders.resend.stepped")
    await _take(tx, order, after_sale, actor_name)
    return after_sale


async def overdue(tx: Tx) -> int:
    """Queue what has run out of time; returns how many."""
    found = await tx.scalars(
        select(AfterSale.after_sale_no)
        .where(AfterSale.due_at <= tx.now)
        .order_by(AfterSale.due_at)
        .limit(AT_ONCE)
    )
    numbers = found.all()
    for number in numbers:
        later(tx, "orders.after_sale_due", key=number, after_sale_no=number)
    return len(numbers)


async def go_on(tx: Tx, after_sale_no: str) -> None:
    """Time ran out: it goes on by itself, unless somebody acted meanwhile. Safe to run twice.

    Unanswered is approved, not sent back lapses, not looked at is accepted with nothing back on
    sale. What cannot be approved because stock is short is tried again a day later.
    """
    order, after_sale = await after_sale_locked(tx, after_sale_no)
    if after_sale.due_at is None or tx.now < after_sale.due_at:
        return
    if after_sale.status is AfterSaleStatus.RETURNING:
        step_after_sale(tx, after_sale, AfterSaleAction.LAPSE, "system")
        await give_up(tx, order, after_sale)
        await audit(tx, SYSTEM, "orders.lapse_after_sale", after_sale, "")
    elif after_sale.status is AfterSaleStatus.SENT_BACK:
        nothing = {part.order_line_id: (0, 0, 0) for part in await parts_of(tx, after_sale)}
        await _accept(tx, order, after_sale, SYSTEM, nothing, "商家超时未验货，已自动通过")
    elif after_sale.status is AfterSaleStatus.REQUESTED:
        try:
            async with tx.begin_nested():
                await approve_overdue(tx, order, after_sale)
        except StockShort:
            await _look_again(tx, after_sale_no)


async def _look_again(tx: Tx, after_sale_no: str) -> None:
    _, after_sale = await after_sale_locked(tx, after_sale_no)
    after_sale.due_at = tx.now + rules.LOOK_AGAIN


async def _found(
    tx: Tx, after_sale: AfterSale, wanted: InspectIn
) -> tuple[dict[int, tuple[int, int, int]], dict[int, int]]:
    """Line → (sellable, damaged, lost), and line → fen where they bring less."""
    said = {line.line_id: line for line in wanted.lines}
    parts = {part.order_line_id: part for part in await parts_of(tx, after_sale)}
    if said.keys() - parts.keys():
        raise AfterSaleMissing(field="lines")
    found, amounts = {}, {}
    for line_id, part in parts.items():
        line = said.get(line_id)
        pieces = (line.sellable, line.damaged, line.lost) if line else (part.shipped, 0, 0)
        amount_fen = line.amount_fen if line else None
        rules.check_inspection(part.shipped, pieces, part.amount_fen, amount_fen)
        found[line_id] = pieces
        if amount_fen is not None and after_sale.kind is AfterSaleKind.RETURN:
            amounts[line_id] = amount_fen
    return found, amounts


async def _accept(
    tx: Tx,
    order: Order,
    after_sale: AfterSale,
    who: StaffActor | Actor,
    found: Mapping[int, tuple[int, int, int]],
    answer: str,
    location_id: int | None = None,
) -> None:
    """What came back is taken in: pieces on sale again, then money or other goods."""
    actor = name_of(who)
    step_after_sale(tx, after_sale, rules.inspected(after_sale.kind), actor, answer)
    for part in await parts_of(tx, after_sale):
        part.sellable, part.damaged, part.lost = found[part.order_line_id]
    after_sale.inspected_at = tx.now
    after_sale.restock = any(sellable for sellable, _, _ in found.values())
    after_sale.due_at = None
    if answer:
        after_sale.answer = answer
    await tx.flush()
    failpoint("orders.inspect.noted")
    await audit(tx, who, "orders.inspect_after_sale", after_sale, answer)
    case = await case_of(tx, order, after_sale, actor, location_id=location_id)
    await carry_out(tx, after_sale, case, Phase.BACK)
    failpoint("orders.inspect.reversed")
    if after_sale.status is AfterSaleStatus.REFUNDING:
        await ask_refund(tx, order, after_sale)


async def _take(tx: Tx, order: Order, after_sale: AfterSale, actor: str) -> None:
    """The held pieces leave; if they were held too long they are taken anew."""
    lines = sorted(replacements(await case_of(tx, order, after_sale, actor)).items())
    try:
        await inventory.convert(tx, after_sale.after_sale_no)
    except ReservationEnded:
        await inventory.reserve(tx, after_sale.after_sale_no, lines, tx.now, order.region_code)
        await inventory.convert(tx, after_sale.after_sale_no)
    await inventory.send(tx, after_sale.after_sale_no, lines, actor)
