"""Routes of products in the console."""

from tiefen.catalog import queries, service
from tiefen.catalog.http.common import IdPath, IdQuery, Reader, Words, Writer
from tiefen.catalog.queries import ProductSort
from tiefen.catalog.schemas import ConsoleProduct, ConsoleProductRow, ProductInput, ShelfInput
from tiefen.catalog.values import ProductKind, ProductRole, ProductStatus
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.http import REFUSALS, Cursor, Limit, Page, TxDep
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission

router = Routes(tags=["catalog"], responses=REFUSALS)


@router.get("/api/console/products", operation_id="listProducts")
async def list_products(
    tx: TxDep,
    _: Reader,
    q: Words = "",
    category_id: IdQuery = None,
    status: ProductStatus | None = None,
    role: ProductRole | None = None,
    brand_id: IdQuery = None,
    kind: ProductKind | None = None,
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
        brand_id=brand_id,
        kind=kind,
        sort=sort,
        cursor=cursor,
        limit=limit,
    )


@router.post("/api/console/products", operation_id="createProduct", status_code=201)
async def create_product(tx: TxDep, who: Writer, wanted: ProductInput) -> ConsoleProduct:
    """A new product, as a draft."""
    product = await service.create_product(tx, who, wanted)
    return await queries.console_product(tx, product.id, with_cost=_sees_cost(who))


@router.get("/api/console/products/{product_id}", operation_id="getProduct")
async def get_product(tx: TxDep, who: Reader, product_id: IdPath) -> ConsoleProduct:
    """One product as the editor opens it."""
    return await queries.console_product(tx, product_id, with_cost=_sees_cost(who))


@router.put("/api/console/products/{product_id}", operation_id="saveProduct")
async def save_product(
    tx: TxDep, who: Writer, product_id: IdPath, wanted: ProductInput
) -> ConsoleProduct:
    """Change a product; `version` is the one that was opened."""
    await service.save_product(tx, who, product_id, wanted)
    return await queries.console_product(tx, product_id, with_cost=_sees_cost(who))


@router.post("/api/console/products/{product_id}/shelf", operation_id="shelveProduct")
async def shelve_product(
    tx: TxDep, who: Writer, product_id: IdPath, wanted: ShelfInput
) -> ConsoleProduct:
    """Put a product on the shelf or take it off."""
    await service.shelve(tx, who, product_id, on=wanted.on)
    return await queries.console_product(tx, product_id, with_cost=_sees_cost(who))


@router.post("/api/console/products/{product_id}/copy", operation_id="copyProduct", status_code=201)
async def copy_product(tx: TxDep, who: Writer, product_id: IdPath) -> ConsoleProduct:
    """A draft like this product, without its codes."""
    made = await service.copy_product(tx, who, product_id)
    return await queries.console_product(tx, made.id, with_cost=_sees_cost(who))


def _sees_cost(who: StaffActor) -> bool:
    return Permission.GOODS_COST in who.permissions
