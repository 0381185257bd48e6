"""Routes of the goods in the shop."""

from fastapi import Depends, Request

from tiefen.catalog import queries
from tiefen.catalog.http.common import IdPath, IdQuery, Words
from tiefen.catalog.queries import ProductSort
from tiefen.catalog.schemas import CategoryOut, ShopHome, ShopProduct, ShopProductRow
from tiefen.kernel.auth import anyone
from tiefen.kernel.http import REFUSALS, Cursor, Limit, Page, TxDep
from tiefen.kernel.limits import Limit as Rate
from tiefen.kernel.limits import caller
from tiefen.kernel.routing import Routes

SEARCHES = Rate(1_200, 60.0)
"""Searches a minute from one address: a carrier's address is many phones."""
router = Routes(tags=["catalog"], responses=REFUSALS)


@router.get("/api/shop/home", operation_id="getShopHome", dependencies=[Depends(anyone())])
async def get_shop_home(tx: TxDep) -> ShopHome:
    """What the shop opens with."""
    return await queries.shop_home(tx)


@router.get(
    "/api/shop/categories",
    operation_id="listShopCategories",
    dependencies=[Depends(anyone())],
)
async def list_shop_categories(tx: TxDep) -> list[CategoryOut]:
    """Categories that are shown."""
    return await queries.categories(tx, shown_only=True)


@router.get(
    "/api/shop/products",
    operation_id="listShopProducts",
    dependencies=[Depends(anyone())],
)
async def list_shop_products(
    request: Request,
    tx: TxDep,
    q: Words = "",
    category_id: IdQuery = None,
    sort: ProductSort = ProductSort.DEFAULT,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[ShopProductRow]:
    """What is on the shelf, searched and filtered."""
    if q:
        SEARCHES.take(caller(request))
    return await queries.shop_products(
        tx, q=q, category_id=category_id, sort=sort, cursor=cursor, limit=limit
    )


@router.get(
    "/api/shop/products/{product_id}",
    operation_id="getShopProduct",
    dependencies=[Depends(anyone())],
)
async def get_shop_product(tx: TxDep, product_id: IdPath) -> ShopProduct:
    """One product page."""
    return await queries.shop_product(tx, product_id)
