"""What is read of categories and brands."""

from sqlalchemy import func, select

from tiefen.catalog.models import Brand, Category, Product
from tiefen.catalog.rules import file_url
from tiefen.catalog.schemas import BrandOut, CategoryOut
from tiefen.kernel.db import Tx


async def categories(tx: Tx, *, shown_only: bool) -> list[CategoryOut]:
    """All categories in their order."""
    chosen = select(Category).order_by(Category.position.desc(), Category.id)
    if shown_only:
        chosen = chosen.where(Category.shown)
    return [category_out(category) for category in await tx.scalars(chosen)]


def category_out(category: Category) -> CategoryOut:
    """One category as schema."""
    return CategoryOut(
        id=category.id,
        parent_id=category.parent_id,
        name=category.name,
        image_url=file_url(category.image_key),
        position=category.position,
        shown=category.shown,
    )


async def brands(tx: Tx) -> list[BrandOut]:
    """All brands in their order, with how many products carry each."""
    counts = await tx.execute(
        select(Product.brand_id, func.count())
        .where(Product.brand_id.is_not(None))
        .group_by(Product.brand_id)
    )
    carried: dict[int | None, int] = dict(counts.all())
    found = await tx.scalars(select(Brand).order_by(Brand.position.desc(), Brand.name))
    return [brand_out(brand, carried.get(brand.id, 0)) for brand in found]


def brand_out(brand: Brand, products: int) -> BrandOut:
    """One brand as schema."""
    return BrandOut(
        id=brand.id,
        name=brand.name,
        logo_key=brand.logo_key,
        logo_url=file_url(brand.logo_key),
        position=brand.position,
        products=products,
    )
