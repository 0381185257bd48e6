"""Routes of inventory."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from tiefen.inventory import queries, service
from tiefen.inventory.schemas import AdjustInput, AvailableOut, MovementRow, StockRow
from tiefen.kernel.auth import StaffActor, anyone, staff
from tiefen.kernel.http import REFUSALS, Cursor, Limit, Page, TxDep
from tiefen.team.values import Permission

router = APIRouter(tags=["inventory"], responses=REFUSALS)
Reader = Annotated[StaffActor, Depends(staff(Permission.GOODS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.STOCK_WRITE))]
IdPath = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/api/console/stock", operation_id="listStock")
async def list_stock(
    tx: TxDep,
    _: Reader,
    q: Annotated[str, Query(max_length=60)] = "",
    product_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    low: Annotated[int | None, Query(ge=0, le=1_000_000)] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[StockRow]:
    """Stock by SKU; `low` keeps those with at most so many pieces free."""
    return await queries.stock(tx, q=q, product_id=product_id, low=low, cursor=cursor, limit=limit)


@router.post("/api/console/stock/{sku_id}/adjust", operation_id="adjustStock")
async def adjust_stock(
    tx: TxDep, who: Writer, sku_id: IdPath, wanted: AdjustInput
) -> Page[MovementRow]:
    """Change the pieces on hand; answers with the newest movements."""
    await service.adjust(tx, who, sku_id, wanted.quantity, wanted.reason, wanted.note)
    await tx.flush()
    return await queries.movements(tx, sku_id, cursor=None, limit=10)


@router.get("/api/console/stock/{sku_id}/movements", operation_id="listMovements")
async def list_movements(
    tx: TxDep, _: Reader, sku_id: IdPath, cursor: Cursor = None, limit: Limit = 20
) -> Page[MovementRow]:
    """What happened to one SKU's stock."""
    return await queries.movements(tx, sku_id, cursor=cursor, limit=limit)


@router.get(
    "/api/shop/products/{product_id}/stock",
    operation_id="getShopStock",
    dependencies=[Depends(anyone())],
)
async def get_shop_stock(tx: TxDep, product_id: IdPath) -> list[AvailableOut]:
    """What may still be bought of a product (capped at 999)."""
    return await queries.shop_stock(tx, product_id)
