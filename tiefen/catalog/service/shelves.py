"""Categories and brands: where goods stand and whose name is on them."""

from sqlalchemy import func, select

from tiefen.catalog import rules
from tiefen.catalog.errors import (
    BrandGone,
    BrandInUse,
    BrandTaken,
    CategoryGone,
    CategoryInUse,
    CategoryMissing,
    CategoryTooDeep,
)
from tiefen.catalog.models import Brand, Category, Product
from tiefen.catalog.schemas import BrandInput, CategoryInput
from tiefen.kernel.db import Tx


async def create_category(tx: Tx, wanted: CategoryInput) -> Category:
    """A new category."""
    await _check_place(tx, wanted.parent_id, None)
    category = Category()
    _write_category(category, wanted)
    tx.add(category)
    await tx.flush()
    return category


async def save_category(tx: Tx, category_id: int, wanted: CategoryInput) -> Category:
    """Change or move a category."""
    category = await tx.get(Category, category_id)
    if category is None:
        raise CategoryGone
    await _check_place(tx, wanted.parent_id, category_id)
    _write_category(category, wanted)
    await tx.flush()
    return category


async def delete_category(tx: Tx, category_id: int) -> None:
    """Remove an empty category."""
    category = await tx.get(Category, category_id, with_for_update=True)
    if category is None:
        raise CategoryGone
    products = await tx.scalar(
        select(func.count()).select_from(Product).where(Product.category_id == category_id)
    )
    children = await tx.scalar(
        select(func.count()).select_from(Category).where(Category.parent_id == category_id)
    )
    if products or children:
        raise CategoryInUse(products=products, children=children)
    await tx.delete(category)


async def create_brand(tx: Tx, wanted: BrandInput) -> Brand:
    """A new brand. Raises BrandTaken."""
    brand = Brand()
    await _write_brand(tx, brand, wanted)
    tx.add(brand)
    await tx.flush()
    return brand


async def save_brand(tx: Tx, brand_id: int, wanted: BrandInput) -> Brand:
    """Change a brand. Raises BrandGone, BrandTaken."""
    brand = await tx.get(Brand, brand_id, with_for_update=True)
    if brand is None:
        raise BrandGone
    await _write_brand(tx, brand, wanted)
    await tx.flush()
    return brand


async def delete_brand(tx: Tx, brand_id: int) -> None:
    """Remove a brand no product carries. Raises BrandGone, BrandInUse."""
    brand = await tx.get(Brand, brand_id, with_for_update=True)
    if brand is None:
        raise BrandGone
    products = await tx.scalar(
        select(func.count()).select_from(Product).where(Product.brand_id == brand_id)
    )
    if products:
        raise BrandInUse(products=products)
    await tx.delete(brand)


def _write_category(category: Category, wanted: CategoryInput) -> None:
    category.name = wanted.name
    category.parent_id = wanted.parent_id
    category.image_key = wanted.image_key or ""
    category.position = wanted.position
    category.shown = wanted.shown


async def _check_place(tx: Tx, parent_id: int | None, own_id: int | None) -> None:
    rows = await tx.execute(select(Category.id, Category.parent_id))
    parents = {row.id: row.parent_id for row in rows}
    if parent_id is not None and parent_id not in parents:
        raise CategoryMissing(field="parent_id")
    below = rules.height(parents, own_id) - 1 if own_id else 0
    if rules.level(parents, parent_id, own_id) + below > rules.MAX_CATEGORY_LEVELS:
        raise CategoryTooDeep(field="parent_id", levels=rules.MAX_CATEGORY_LEVELS)


async def _write_brand(tx: Tx, brand: Brand, wanted: BrandInput) -> None:
    namesake = await tx.scalar(select(Brand.id).where(Brand.name == wanted.name))
    if namesake is not None and namesake != brand.id:
        raise BrandTaken(field="name", name=wanted.name)
    brand.name = wanted.name
    brand.logo_key = wanted.logo_key or ""
    brand.position = wanted.position
