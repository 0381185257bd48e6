"""Routes of catalog."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response, UploadFile

from tiefen.catalog import queries, service
from tiefen.catalog.queries import ProductSort
from tiefen.catalog.rules import file_url
from tiefen.catalog.schemas import (
    CategoryInput,
    CategoryOut,
    ConsoleProduct,
    ConsoleProductRow,
    FileOut,
    ProductInput,
    ShelfInput,
    ShopHome,
    ShopProduct,
    ShopProductRow,
)
from tiefen.catalog.values import ProductRole, ProductStatus
from tiefen.kernel.auth import StaffActor, anyone, staff
from tiefen.kernel.http import OK, REFUSALS, Cursor, Limit, MerchantDep, Ok, Page, TxDep
from tiefen.kernel.storage import Storage
from tiefen.team.values import Permission

router = APIRouter(tags=["catalog"], responses=REFUSALS)
Reader = Annotated[StaffActor, Depends(staff(Permission.GOODS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.GOODS_WRITE))]
IdPath = Annotated[int, Path(ge=1, le=2**63 - 1)]
IdQuery = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
Words = Annotated[str, Query(max_length=60)]
_SERVED = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""A key never gets other bytes, and a picture needs no rights in the page that shows it."""


async def get_storage(request: Request) -> Storage:
    """The process's file storage."""
    found: Storage = request.app.state.storage
    return found


StorageDep = Annotated[Storage, Depends(get_storage)]


@router.get("/api/console/products", operation_id="listProducts")
async def list_products(
    tx: TxDep,
    _: Reader,
    q: Words = "",
    category_id: IdQuery = None,
    status: ProductStatus | None = None,
    role: ProductRole | None = None,
    sort: ProductSort = ProductSort.DEFAULT,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[ConsoleProductRow]:
    """Products, searched and filtered."""
    return await queries.console_products(
        tx,
        q=q,
        category_id=category_id,
        status=status,
        role=role,
        sort=sort,
        cursor=cursor,
        limit=limit,
    )


@router.post("/api/console/products", operation_id="createProduct", status_code=201)
async def create_product(tx: TxDep, who: Writer, wanted: ProductInput) -> ConsoleProduct:
    """A new product, as a draft."""
    product = await service.create_product(tx, who, wanted)
    return await queries.console_product(tx, product.id)


@router.get("/api/console/products/{product_id}", operation_id="getProduct")
async def get_product(tx: TxDep, _: Reader, product_id: IdPath) -> ConsoleProduct:
    """One product as the editor opens it."""
    return await queries.console_product(tx, product_id)


@router.put("/api/console/products/{product_id}", operation_id="saveProduct")
async def save_product(
    tx: TxDep, who: Writer, product_id: IdPath, wanted: ProductInput
) -> ConsoleProduct:
    """Change a product; `version` is the one that was opened."""
    await service.save_product(tx, who, product_id, wanted)
    return await queries.console_product(tx, product_id)


@router.post("/api/console/products/{product_id}/shelf", operation_id="shelveProduct")
async def shelve_product(
    tx: TxDep, who: Writer, product_id: IdPath, wanted: ShelfInput
) -> ConsoleProduct:
    """Put a product on the shelf or take it off."""
    await service.shelve(tx, who, product_id, on=wanted.on)
    return await queries.console_product(tx, product_id)


@router.get("/api/console/categories", operation_id="listCategories")
async def list_categories(tx: TxDep, _: Reader) -> list[CategoryOut]:
    """All categories; build the tree by `parent_id`."""
    return await queries.categories(tx, shown_only=False)


@router.post("/api/console/categories", operation_id="createCategory", status_code=201)
async def create_category(tx: TxDep, _: Writer, wanted: CategoryInput) -> CategoryOut:
    """A new category."""
    return queries.category_out(await service.create_category(tx, wanted))


@router.put("/api/console/categories/{category_id}", operation_id="saveCategory")
async def save_category(
    tx: TxDep, _: Writer, category_id: IdPath, wanted: CategoryInput
) -> CategoryOut:
    """Change or move a category."""
    return queries.category_out(await service.save_category(tx, category_id, wanted))


@router.delete("/api/console/categories/{category_id}", operation_id="deleteCategory")
async def delete_category(tx: TxDep, _: Writer, category_id: IdPath) -> Ok:
    """Remove an empty category."""
    await service.delete_category(tx, category_id)
    return OK


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
    tx: TxDep,
    q: Words = "",
    category_id: IdQuery = None,
    sort: ProductSort = ProductSort.DEFAULT,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[ShopProductRow]:
    """What is on the shelf, searched and filtered."""
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


@router.post(
    "/api/console/files",
    operation_id="uploadFile",
    status_code=201,
    dependencies=[Depends(staff(Permission.GOODS_WRITE, outward=True))],
)
async def upload_file(storage: StorageDep, merchant: MerchantDep, file: UploadFile) -> FileOut:
    """Store a picture: decoded and encoded anew, named here. No transaction is held meanwhile."""
    stored = await storage.put_picture(merchant, await file.read())
    return FileOut(key=stored.key, url=file_url(stored.key))


@router.get(
    "/files/{merchant}/{name}",
    operation_id="getFile",
    response_class=Response,
    dependencies=[Depends(anyone())],
)
async def get_file(
    storage: StorageDep,
    merchant: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,30}$")],
    name: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{8,64}\.webp$")],
) -> Response:
    """A stored picture. Its name is its only secret."""
    body = await storage.get(f"{merchant}/{name}")
    return Response(body, media_type="image/webp", headers=_SERVED)
