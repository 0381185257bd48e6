"""Routes of inventory."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from tiefen.inventory import queries, service
from tiefen.inventory.schemas import (
    AdjustInput,
    AvailableOut,
    LocationInput,
    LocationOut,
    MovementRow,
    SafetyInput,
    StockRow,
)
from tiefen.kernel.auth import StaffActor, anyone, staff
from tiefen.kernel.http import OK, REFUSALS, Cursor, Limit, Ok, Page, TxDep
from tiefen.team.values import Permission

router = APIRouter(tags=["inventory"], responses=REFUSALS)
Reader = Annotated[StaffActor, Depends(staff(Permission.GOODS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.STOCK_WRITE))]
IdPath = Annotated[int, Path(ge=1, le=2**63 - 1)]
LocationQuery = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


@router.get("/api/console/stock", operation_id="listStock")
async def list_stock(
    tx: TxDep,
    _: Reader,
    q: Annotated[str, Query(max_length=60)] = "",
    product_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    low: Annotated[int | None, Query(ge=0, le=1_000_000)] = None,
    location_id: LocationQuery = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[StockRow]:
    """Stock by SKU; `low` keeps those with at most so many pieces free."""
    return await queries.stock(
        tx,
        q=q,
        product_id=product_id,
        low=low,
        cursor=cursor,
        limit=limit,
        location_id=location_id,
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
