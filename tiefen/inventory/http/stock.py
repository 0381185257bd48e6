"""Routes of inventory."""

from typing import Annotated

from fastapi import Depends, Path, Query

from tiefen.inventory import queries, service
from tiefen.inventory.schemas import (
    AdjustInput,
    ArrivalInput,
    AvailableOut,
    BundleInput,
    CountedIn,
    LocationInput,
    LocationOut,
    MovementRow,
    SafetyInput,
    SheetInput,
    SheetOut,
    SheetRow,
    StockRow,
    StockTransferOut,
    TransferInput,
    WarningInput,
)
from tiefen.inventory.values import TransferState
from tiefen.kernel.auth import StaffActor, anyone, staff
from tiefen.kernel.http import OK, REFUSALS, Cursor, Limit, Ok, Page, TxDep
from tiefen.kernel.idempotency import IdemDep
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission

router = Routes(tags=["inventory"], responses=REFUSALS)
Reader = Annotated[StaffActor, Depends(staff(Permission.GOODS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.STOCK_WRITE))]
IdPath = Annotated[int, Path(ge=1, le=2**63 - 1)]
TransferNo = Annotated[str, Path(pattern=r"^D[0-9]{19}$")]
SheetNo = Annotated[str, Path(pattern=r"^C[0-9]{19}$")]
LocationQuery = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


@router.get("/api/console/stock", operation_id="listStock")
async def list_stock(
    tx: TxDep,
    _: Reader,
    q: Annotated[str, Query(max_length=60)] = "",
    product_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    low: Annotated[int | None, Query(ge=0, le=1_000_000)] = None,
    location_id: LocationQuery = None,
    warned: bool = False,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[StockRow]:
    """Stock by SKU; `low` keeps those with at most so many pieces free, `warned` those under their
    line."""
    return await queries.stock(
        tx,
        q=q,
        product_id=product_id,
        low=low,
        cursor=cursor,
        limit=limit,
        location_id=location_id,
        warned=warned,
    )


@router.post("/api/console/stock/{sku_id}/adjust", operation_id="adjustStock")
async def adjust_stock(
    tx: TxDep, who: Writer, sku_id: IdPath, wanted: AdjustInput
) -> Page[MovementRow]:
    """Change the pieces on hand; answers with the newest movements."""
    await service.adjust(
        tx, who, sku_id, wanted.quantity, wanted.reason, wanted.note, wanted.location_id
    )
    await tx.flush()
    return await queries.movements(tx, sku_id, cursor=None, limit=10)


@router.get("/api/console/stock/{sku_id}/movements", operation_id="listMovements")
async def list_movements(
    tx: TxDep,
    _: Reader,
    sku_id: IdPath,
    location_id: LocationQuery = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[MovementRow]:
    """What happened to one SKU's stock."""
    return await queries.movements(tx, sku_id, cursor=cursor, limit=limit, location_id=location_id)


@router.post("/api/console/stock/{sku_id}/safety", operation_id="setSafetyStock")
async def set_safety(tx: TxDep, who: Writer, sku_id: IdPath, wanted: SafetyInput) -> Ok:
    """Keep pieces back from the shop at one location."""
    await service.set_safety(tx, who, sku_id, wanted.location_id, wanted.pieces)
    return OK


@router.post("/api/console/stock/{sku_id}/warning", operation_id="setStockWarning")
async def set_warning(tx: TxDep, who: Writer, sku_id: IdPath, wanted: WarningInput) -> Ok:
    """Say when a SKU runs low at a location."""
    await service.set_warning(tx, who, sku_id, wanted.location_id, wanted.warn_at)
    return OK


@router.put("/api/console/stock/{sku_id}/parts", operation_id="setBundleParts")
async def set_parts(tx: TxDep, who: Writer, sku_id: IdPath, wanted: BundleInput) -> Ok:
    """Say what a bundle is made of."""
    await service.set_parts(tx, who, sku_id, wanted.parts)
    return OK


@router.get("/api/console/stock-transfers", operation_id="listTransfers")
async def list_transfers(
    tx: TxDep,
    _: Reader,
    state: TransferState | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[StockTransferOut]:
    """Goods on their way between locations, and those that were; newest first."""
    return await queries.transfers(tx, state=state, cursor=cursor, limit=limit)


@router.post("/api/console/stock-transfers", operation_id="startTransfer", status_code=201)
async def start_transfer(
    tx: TxDep, idem: IdemDep, who: Writer, wanted: TransferInput
) -> StockTransferOut:
    """Goods leave one location for another."""

    async def start() -> StockTransferOut:
        transfer_no = await service.start_transfer(tx, who, wanted)
        await tx.flush()
        return await queries.transfer(tx, transfer_no)

    return await idem.once(tx, wanted, StockTransferOut, start)


@router.post("/api/console/stock-transfers/{transfer_no}/arrive", operation_id="arriveTransfer")
async def arrive_transfer(
    tx: TxDep, idem: IdemDep, who: Writer, transfer_no: TransferNo, wanted: ArrivalInput
) -> StockTransferOut:
    """Goods arrived; without lines everything that is on its way."""

    async def note() -> StockTransferOut:
        await service.arrive(tx, who, transfer_no, wanted)
        await tx.flush()
        return await queries.transfer(tx, transfer_no)

    return await idem.once(tx, wanted, StockTransferOut, note)


@router.post(
    "/api/console/stock-transfers/{transfer_no}/call-back", operation_id="callBackTransfer"
)
async def call_back_transfer(tx: TxDep, who: Writer, transfer_no: TransferNo) -> StockTransferOut:
    """What has not arrived lies where it came from again; asking twice is no error."""
    await service.call_back(tx, who, transfer_no)
    await tx.flush()
    return await queries.transfer(tx, transfer_no)


@router.get("/api/console/count-sheets", operation_id="listCountSheets")
async def list_sheets(
    tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 20
) -> Page[SheetRow]:
    """Count sheets, newest first."""
    return await queries.sheets(tx, cursor=cursor, limit=limit)


@router.get("/api/console/count-sheets/{sheet_no}", operation_id="getCountSheet")
async def get_sheet(tx: TxDep, _: Reader, sheet_no: SheetNo) -> SheetOut:
    """A count sheet with its lines."""
    return await queries.sheet(tx, sheet_no)


@router.post("/api/console/count-sheets", operation_id="startCountSheet", status_code=201)
async def start_sheet(tx: TxDep, who: Writer, wanted: SheetInput) -> SheetOut:
    """Begin to count a location."""
    sheet_no = await service.start_sheet(tx, who, wanted)
    await tx.flush()
    return await queries.sheet(tx, sheet_no)


@router.post("/api/console/count-sheets/{sheet_no}/lines", operation_id="countPieces")
async def count_pieces(tx: TxDep, who: Writer, sheet_no: SheetNo, wanted: CountedIn) -> SheetOut:
    """Enter what was counted just now."""
    await service.count_pieces(tx, who, sheet_no, wanted.lines)
    await tx.flush()
    return await queries.sheet(tx, sheet_no)


@router.post("/api/console/count-sheets/{sheet_no}/post", operation_id="postCountSheet")
async def post_sheet(tx: TxDep, who: Writer, sheet_no: SheetNo) -> SheetOut:
    """Book the differences; posting twice books nothing more."""
    await service.post_sheet(tx, who, sheet_no)
    await tx.flush()
    return await queries.sheet(tx, sheet_no)


@router.post("/api/console/count-sheets/{sheet_no}/drop", operation_id="dropCountSheet")
async def drop_sheet(tx: TxDep, who: Writer, sheet_no: SheetNo) -> Ok:
    """Book nothing of this count."""
    await service.drop_sheet(tx, who, sheet_no)
    return OK


@router.get("/api/console/locations", operation_id="listLocations")
async def list_locations(tx: TxDep, _: Reader) -> list[LocationOut]:
    """Warehouses and stores with what lies there."""
    return await queries.locations(tx)


@router.post("/api/console/locations", operation_id="createLocation", status_code=201)
async def create_location(tx: TxDep, who: Writer, wanted: LocationInput) -> LocationOut:
    """A new warehouse or store."""
    made = await service.add_location(tx, who, wanted)
    return await queries.location(tx, made.id)


@router.put("/api/console/locations/{location_id}", operation_id="saveLocation")
async def save_location(
    tx: TxDep, who: Writer, location_id: IdPath, wanted: LocationInput
) -> LocationOut:
    """Change, or close, a warehouse or store."""
    await service.edit_location(tx, who, location_id, wanted)
    return await queries.location(tx, location_id)


@router.get(
    "/api/shop/products/{product_id}/stock",
    operation_id="getShopStock",
    dependencies=[Depends(anyone())],
)
async def get_shop_stock(tx: TxDep, product_id: IdPath) -> list[AvailableOut]:
    """What may still be bought of a product (capped at 999)."""
    return await queries.shop_stock(tx, product_id)
