"""Routes of parcels: couriers, tables, print, wrong numbers, and the fan who waits."""

import asyncio
from typing import Annotated

from fastapi import Depends, Path, Query, Response, UploadFile

from tiefen.kernel import sheets
from tiefen.kernel.auth import FanActor, StaffActor, fan, staff
from tiefen.kernel.http import REFUSALS, PathId, TxDep
from tiefen.kernel.routing import Routes
from tiefen.orders import queries, service
from tiefen.orders.schemas import (
    ConsoleOrder,
    CourierOut,
    OrdersPrintIn,
    ParcelEdit,
    ParcelTableOut,
    ShopOrder,
)
from tiefen.orders.values import COURIERS
from tiefen.team.values import Permission

router = Routes(tags=["orders"], responses=REFUSALS)
Fan = Annotated[FanActor, Depends(fan())]
Reader = Annotated[StaffActor, Depends(staff(Permission.ORDERS_READ))]
Shipper = Annotated[StaffActor, Depends(staff(Permission.ORDERS_SHIP))]
OrderNo = Annotated[str, Path(pattern=r"^O[0-9]{19}$")]


@router.get("/api/console/couriers", operation_id="listCouriers")
async def list_couriers(_: Reader) -> list[CourierOut]:
    """Courier companies the platforms have a code for."""
    return [CourierOut(code=one.code, name=one.name) for one in COURIERS]


@router.post("/api/console/parcels/table", operation_id="shipTable")
async def ship_table(
    tx: TxDep, who: Shipper, file: UploadFile, dry: Annotated[bool, Query()] = True
) -> ParcelTableOut:
    """Send the orders of a CSV or XLSX (订单号, 快递公司, 运单号); `dry` only says what would be.
    The same file may come twice: what was entered is passed by."""
    table = await asyncio.to_thread(sheets.read, await file.read())
    return await service.ship_table(tx, who, table, dry=dry)


@router.post(
    "/api/console/parcels/picking-list",
    operation_id="printPickingList",
    response_class=Response,
)
async def print_picking(tx: TxDep, _: Shipper, wanted: OrdersPrintIn) -> Response:
    """A PDF of what to fetch for these orders, by location."""
    raw = await service.picking_list(tx, wanted.order_nos)
    return Response(raw, media_type="application/pdf")


@router.post("/api/console/parcels/labels", operation_id="printLabels", response_class=Response)
async def print_labels(tx: TxDep, who: Shipper, wanted: OrdersPrintIn) -> Response:
    """A PDF with a label for each order, the receiver in clear; noted in the audit log."""
    raw = await service.labels(tx, who, wanted.order_nos)
    return Response(raw, media_type="application/pdf")


@router.put("/api/console/orders/{order_no}/parcels/{parcel_id}", operation_id="editParcel")
async def edit_parcel(
    tx: TxDep, who: Shipper, order_no: OrderNo, parcel_id: PathId, wanted: ParcelEdit
) -> ConsoleOrder:
    """Put a wrong courier or number right."""
    await service.edit_parcel(tx, who, order_no, parcel_id, wanted)
    await tx.flush()
    return await queries.console_order(tx, order_no)


@router.post("/api/shop/orders/{order_no}/urge", operation_id="urgeOrder")
async def urge_order(tx: TxDep, who: Fan, order_no: OrderNo) -> ShopOrder:
    """Ask to have the order sent; once a day."""
    await service.urge(tx, who.id, order_no)
    return await queries.shop_order(tx, who.id, order_no)
