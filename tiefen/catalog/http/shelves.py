"""Routes of categories and brands in the console."""

from tiefen.catalog import queries, service
from tiefen.catalog.http.common import IdPath, Reader, Writer
from tiefen.catalog.schemas import BrandInput, BrandOut, CategoryInput, CategoryOut
from tiefen.kernel.http import OK, REFUSALS, Ok, TxDep
from tiefen.kernel.routing import Routes

router = Routes(tags=["catalog"], responses=REFUSALS)


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


@router.get("/api/console/brands", operation_id="listBrands")
async def list_brands(tx: TxDep, _: Reader) -> list[BrandOut]:
    """All brands."""
    return await queries.brands(tx)


@router.post("/api/console/brands", operation_id="createBrand", status_code=201)
async def create_brand(tx: TxDep, _: Writer, wanted: BrandInput) -> BrandOut:
    """A new brand."""
    return queries.brand_out(await service.create_brand(tx, wanted), 0)


@router.put("/api/console/brands/{brand_id}", operation_id="saveBrand")
async def save_brand(tx: TxDep, _: Writer, brand_id: IdPath, wanted: BrandInput) -> list[BrandOut]:
    """Change a brand; answers with all of them."""
    await service.save_brand(tx, brand_id, wanted)
    return await queries.brands(tx)


@router.delete("/api/console/brands/{brand_id}", operation_id="deleteBrand")
async def delete_brand(tx: TxDep, _: Writer, brand_id: IdPath) -> Ok:
    """Remove a brand no product carries."""
    await service.delete_brand(tx, brand_id)
    return OK
