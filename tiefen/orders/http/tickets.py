"""Routes of services: the fan's codes, and staff who take them."""

from typing import Annotated

from fastapi import Depends, Path

from tiefen.kernel.auth import FanActor, StaffActor, fan, staff
from tiefen.kernel.http import REFUSALS, PathId, TxDep
from tiefen.kernel.idempotency import IdemDep
from tiefen.kernel.routing import Routes
from tiefen.orders import queries, service
from tiefen.orders.schemas import ConsoleTicket, TicketOut, UseIn
from tiefen.team.values import Permission

router = Routes(tags=["orders"], responses=REFUSALS)
Fan = Annotated[FanActor, Depends(fan())]
Shipper = Annotated[StaffActor, Depends(staff(Permission.ORDERS_SHIP))]
OrderNo = Annotated[str, Path(pattern=r"^O[0-9]{19}$")]
Code = Annotated[str, Path(pattern=r"^[0-9]{12}$")]


@router.get("/api/shop/orders/{order_no}/tickets", operation_id="listOrderTickets")
async def list_tickets(tx: TxDep, who: Fan, order_no: OrderNo) -> list[TicketOut]:
    """The services of an order, with the codes to show."""
    return await queries.shop_tickets(tx, who.id, order_no)


@router.get("/api/console/orders/{order_no}/tickets", operation_id="listServiceTickets")
async def list_console_tickets(tx: TxDep, _: Shipper, order_no: OrderNo) -> list[ConsoleTicket]:
    """The services of an order and their uses; none for most orders."""
    return await queries.order_tickets(tx, order_no)


@router.get("/api/console/tickets/{code}", operation_id="getServiceTicket")
async def get_ticket(tx: TxDep, _: Shipper, code: Code) -> ConsoleTicket:
    """What a fan's code is for. Nothing is used yet."""
    return await queries.console_ticket(tx, code)


@router.post("/api/console/tickets/{code}/uses", operation_id="useServiceTicket")
async def use_ticket(
    tx: TxDep, idem: IdemDep, who: Shipper, code: Code, wanted: UseIn
) -> ConsoleTicket:
    """The service was given (核销). With `Idempotency-Key` a second tap is the first."""

    async def take() -> ConsoleTicket:
        await service.use(tx, who, code, wanted.count)
        await tx.flush()
        return await queries.console_ticket(tx, code)

    return await idem.once(tx, wanted, ConsoleTicket, take)


@router.post("/api/console/ticket-uses/{use_id}/undo", operation_id="undoTicketUse")
async def undo_use(tx: TxDep, who: Shipper, use_id: PathId) -> ConsoleTicket:
    """A use was a slip: take it back."""
    code = await service.undo(tx, who, use_id)
    await tx.flush()
    return await queries.console_ticket(tx, code)
