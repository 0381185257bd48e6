"""Services given in person (核销): a code for each bought service, a use at a time, taken back in time.

The first use of a piece hands it over: from then on it is refunded only by agreement, like goods that
were sent. Verbs lock the order first, so a use and a refund of the same piece take turns.
"""

from datetime import timedelta

from sqlalchemy import select, text

from tiefen.catalog import service as catalog
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Tx
from tiefen.kernel.failpoints import failpoint
from tiefen.orders import rules
from tiefen.orders.errors import (
    NothingToServe,
    TicketExpired,
    TicketMissing,
    TicketUsedUp,
    UndoTooLate,
)
from tiefen.orders.models import Order, ServiceTicket, TicketUse
from tiefen.orders.service.book import lines_of, locked
from tiefen.orders.service.fulfilling import hand_over
from tiefen.orders.values import UNDO_WITHIN
from tiefen.team import service as team

CODE_DIGITS = 12
TAKE = text(
    "UPDATE service_ticket SET used = used + :count WHERE id = :ticket AND used + :count <= :most"
    " RETURNING id"
)
"""The guard on uses."""


async def issue(tx: Tx, order: Order) -> None:
    """A paid order's services get their codes. Safe to run twice."""
    lines = await lines_of(tx, order)
    services = await catalog.service_terms(tx, [line.sku_id for line in lines])
    if not services:
        return
    known = await tx.scalars(
        select(ServiceTicket.order_line_id).where(ServiceTicket.order_id == order.id)
    )
    have = set(known)
    for line in lines:
        terms = services.get(line.sku_id)
        if terms and line.id not in have:
            tx.add(
                ServiceTicket(
                    order_id=order.id,
                    order_line_id=line.id,
                    code=ids.digits(CODE_DIGITS),
                    each=terms.uses,
                    expires_at=tx.now + timedelta(days=terms.days) if terms.days else None,
                    created_at=tx.now,
                )
            )


async def use(tx: Tx, actor: StaffActor, code: str, count: int = 1) -> None:
    """The service was given so many times.

    Raises TicketMissing, TicketExpired, TicketUsedUp.
    """
    order, ticket = await _locked(tx, code)
    await _use(tx, actor, order, ticket, count)


async def serve(tx: Tx, actor: StaffActor, order_no: str) -> None:
    """All services of an order were given; asking twice is no error.

    Raises OrderMissing, NothingToServe.
    """
    order = await locked(tx, order_no)
    if order.status not in rules.CAN_ASK_BACK:
        raise NothingToServe
    await issue(tx, order)
    await tx.flush()
    found = await tx.scalars(
        select(ServiceTicket)
        .where(ServiceTicket.order_id == order.id)
        .order_by(ServiceTicket.id)
        .with_for_update()
    )
    tickets = found.all()
    if not tickets:
        raise NothingToServe
    lines = {line.id: line for line in await lines_of(tx, order)}
    for ticket in tickets:
        left = lines[ticket.order_line_id].pieces.uses_left(ticket.each, ticket.used)
        if left:
            await _use(tx, actor, order, ticket, left)


async def undo(tx: Tx, actor: StaffActor, use_id: int) -> str:
    """A use was a slip: it is free again, soon after. Undoing twice is no error. Answers the code.

    What was handed over with it stays handed over: the fan still has the service to come.
    Raises TicketMissing, UndoTooLate.
    """
    code = await tx.scalar(
        select(ServiceTicket.code)
        .join(TicketUse, TicketUse.ticket_id == ServiceTicket.id)
        .where(TicketUse.id == use_id)
    )
    if code is None:
        raise TicketMissing
    _, ticket = await _locked(tx, code)
    taken = await tx.get_one(TicketUse, use_id, populate_existing=True)
    if taken.undone_at is not None:
        return code
    if tx.now > taken.at + UNDO_WITHIN:
        raise UndoTooLate(minutes=int(UNDO_WITHIN.total_seconds()) // 60)
    taken.undone_at = tx.now
    taken.undone_by = actor.name
    ticket.used -= taken.count
    await team.record_audit(
        tx, actor, "orders.undo_service", f"ticket:{ticket.id}", before={"used": taken.count}
    )
    return code


async def _use(tx: Tx, actor: StaffActor, order: Order, ticket: ServiceTicket, count: int) -> None:
    if ticket.expires_at is not None and tx.now >= ticket.expires_at:
        raise TicketExpired(at=f"{ticket.expires_at.astimezone(CHINA):%Y-%m-%d %H:%M}")
    line = next(one for one in await lines_of(tx, order) if one.id == ticket.order_line_id)
    left = line.pieces.uses_left(ticket.each, ticket.used)
    await tx.flush()
    taken = await tx.scalar(TAKE, {"ticket": ticket.id, "count": count, "most": ticket.used + left})
    if taken is None:
        raise TicketUsedUp(left=left)
    await tx.refresh(ticket, ["used"])
    failpoint("orders.ticket.taken")
    tx.add(
        TicketUse(
            ticket_id=ticket.id,
            count=count,
            staff_id=actor.id,
            staff_name=actor.name,
            at=tx.now,
        )
    )
    begun = -(-ticket.used // ticket.each)
    pieces = min(begun - line.shipped, rules.left_to_ship(line.pieces))
    if pieces > 0:
        await hand_over(tx, order, {line.id: pieces}, f"staff:{actor.id}")
    await team.record_audit(
        tx,
        actor,
        "orders.serve",
        f"order:{order.order_no}",
        after={"ticket": ticket.id, "uses": count, "pieces": max(pieces, 0)},
    )


async def _locked(tx: Tx, code: str) -> tuple[Order, ServiceTicket]:
    order_no = await tx.scalar(
        select(Order.order_no)
        .join(ServiceTicket, ServiceTicket.order_id == Order.id)
        .where(ServiceTicket.code == code)
    )
    if order_no is None:
        raise TicketMissing
    order = await locked(tx, order_no)
    ticket = await tx.scalar(
        select(ServiceTicket)
        .where(ServiceTicket.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert ticket is not None, "a ticket is never deleted"
    return order, ticket
