"""Services that were bought, and their uses."""

from collections.abc import Sequence

import segno
from sqlalchemy import Select, select

from tiefen.fans import service as fans
from tiefen.kernel.crypto import mask_name
from tiefen.kernel.db import Tx
from tiefen.orders.errors import OrderMissing, TicketMissing
from tiefen.orders.models import Order, OrderLine, ServiceTicket, TicketUse
from tiefen.orders.schemas import ConsoleTicket, TicketOut, TicketState, TicketUseOut
from tiefen.orders.values import UNDO_WITHIN

QR_SCALE = 6


async def shop_tickets(tx: Tx, fan_id: int, order_no: str) -> list[TicketOut]:
    """The services of the fan's order. Raises OrderMissing."""
    mine = Order.fan_id.in_(await fans.person_ids(tx, fan_id))
    order = await tx.scalar(select(Order).where(Order.order_no == order_no, mine))
    if order is None:
        raise OrderMissing
    rows = (await tx.execute(_TICKETS.where(ServiceTicket.order_id == order.id))).all()
    uses = await _uses(tx, [ticket.id for ticket, _, _ in rows])
    return [
        TicketOut(
            line_id=line.id,
            title=line.title,
            code=ticket.code,
            qr=_qr(ticket.code) if _state(tx, ticket, line) is TicketState.READY else "",
            state=_state(tx, ticket, line),
            total=ticket.used + _left(ticket, line),
            used=ticket.used,
            left=_left(ticket, line),
            expires_at=ticket.expires_at,
            used_at=[one.at for one in uses[ticket.id] if one.undone_at is None],
        )
        for ticket, line, _ in rows
    ]


async def console_ticket(tx: Tx, code: str) -> ConsoleTicket:
    """The service with this code. Raises TicketMissing."""
    found = await _console(tx, _TICKETS.where(ServiceTicket.code == code))
    if not found:
        raise TicketMissing
    return found[0]


async def order_tickets(tx: Tx, order_no: str) -> list[ConsoleTicket]:
    """The services of an order; none for most."""
    return await _console(tx, _TICKETS.where(Order.order_no == order_no))


_TICKETS = (
    select(ServiceTicket, OrderLine, Order)
    .join(OrderLine, OrderLine.id == ServiceTicket.order_line_id)
    .join(Order, Order.id == ServiceTicket.order_id)
    .order_by(ServiceTicket.id)
    .execution_options(populate_existing=True)
)


async def _console(tx: Tx, chosen: Select[ServiceTicket, OrderLine, Order]) -> list[ConsoleTicket]:
    rows = (await tx.execute(chosen)).all()
    uses = await _uses(tx, [ticket.id for ticket, _, _ in rows])
    briefs = await fans.brief(tx, {order.fan_id for _, _, order in rows})
    return [
        ConsoleTicket(
            code=ticket.code,
            order_no=order.order_no,
            title=line.title,
            fan_name=mask_name(briefs[order.fan_id].name) if order.fan_id in briefs else "",
            state=_state(tx, ticket, line),
            total=ticket.used + _left(ticket, line),
            used=ticket.used,
            left=_left(ticket, line),
            expires_at=ticket.expires_at,
            uses=[
                TicketUseOut(
                    id=one.id,
                    count=one.count,
                    staff_name=one.staff_name,
                    at=one.at,
                    undone_at=one.undone_at,
                    undone_by=one.undone_by,
                    can_undo=one.undone_at is None and tx.now <= one.at + UNDO_WITHIN,
                )
                for one in uses[ticket.id]
            ],
        )
        for ticket, line, order in rows
    ]


async def _uses(tx: Tx, ticket_ids: Sequence[int]) -> dict[int, list[TicketUse]]:
    found = await tx.scalars(
        select(TicketUse)
        .where(TicketUse.ticket_id.in_(ticket_ids))
        .order_by(TicketUse.id.desc())
        .execution_options(populate_existing=True)
    )
    uses: dict[int, list[TicketUse]] = {ticket_id: [] for ticket_id in ticket_ids}
    for one in found:
        uses[one.ticket_id].append(one)
    return uses


def _left(ticket: ServiceTicket, line: OrderLine) -> int:
    return line.pieces.uses_left(ticket.each, ticket.used)


def _state(tx: Tx, ticket: ServiceTicket, line: OrderLine) -> TicketState:
    if not _left(ticket, line):
        return TicketState.USED_UP
    over = ticket.expires_at is not None and tx.now >= ticket.expires_at
    return TicketState.EXPIRED if over else TicketState.READY


def _qr(code: str) -> str:
    drawn: str = segno.make(code, error="m", micro=False).png_data_uri(scale=QR_SCALE, border=2)
    return drawn
