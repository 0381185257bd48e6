"""Reads of catalog for its own HTTP."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, func, select, tuple_

from tiefen.catalog.errors import ProductMissing
from tiefen.catalog.models import Category, Product, Sku
from tiefen.catalog.rules import file_url
from tiefen.catalog.schemas import (
    CategoryOut,
    ConsoleProduct,
    ConsoleProductRow,
    ConsoleSku,
    ShopHome,
    ShopProduct,
    ShopProductRow,
    ShopSku,
    specs_of,
)
from tiefen.catalog.values import ProductRole, ProductStatus
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, decode_cursor, page
from tiefen.kernel.text import query_grams, words

HOME_RECOMMENDED = 6
HOME_NEWEST = 10


class ProductSort(StrEnum):
    """Orders a list of products can have."""

    DEFAULT = "default"
    """The merchant's own order."""
    NEWEST = "newest"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"


_SORT_KEYS: dict[ProductSort, tuple[ColumnElement[int], bool]] = {
    ProductSort.DEFAULT: (Product.position.expression, True),
    ProductSort.NEWEST: (Product.id.expression, True),
    ProductSort.PRICE_ASC: (Product.price_min_fen.expression, False),
    ProductSort.PRICE_DESC: (Product.price_min_fen.expression, True),
}
"""Sort → (key, descending). Sort texts never reach SQL."""


async def console_products(
    tx: Tx,
    *,
    q: str,
    category_id: int | None,
    status: ProductStatus | None,
    role: ProductRole | None,
    sort: ProductSort,
    cursor: str | None,
    limit: int,
) -> Page[ConsoleProductRow]:
    """A page of the console's list. Three statements, whatever the page."""
    chosen = await _matching(tx, q, category_id)
    if status is not None:
        chosen = chosen.where(Product.status == status)
    if role is not None:
        chosen = chosen.where(Product.role == role)
    products = await _fetch(tx, chosen, sort, cursor, limit)
    counts = await tx.execute(
        select(Sku.product_id, func.count())
        .where(
            Sku.product_id.in_([product.id for product in products[:limit]]),
            Sku.on_grid,
        )
        .group_by(Sku.product_id)
    )
    count_of: dict[int, int] = dict(counts.all())
    rows = [
        ConsoleProductRow(
            id=product.id,
            name=product.name,
            subtitle=product.subtitle,
            category_id=product.category_id,
            role=product.role,
            status=product.status,
            cover_url=_cover(product.images),
            price_min_fen=product.price_min_fen,
            price_max_fen=product.price_max_fen,
            sku_count=count_of.get(product.id, 0),
            purchase_limit=product.purchase_limit,
            position=product.position,
            updated_at=product.updated_at,
        )
        for product in products
    ]
    return page(rows, limit, *_position(products, sort, limit))


async def console_product(tx: Tx, product_id: int) -> ConsoleProduct:
    """A product with all its SKUs, those off the grid too."""
    product = await tx.get(Product, product_id)
    if product is None:
        raise ProductMissing
    skus = await tx.scalars(
        select(Sku).where(Sku.product_id == product_id).order_by(Sku.position, Sku.id)
    )
    return ConsoleProduct(
        id=product.id,
        name=product.name,
        subtitle=product.subtitle,
        category_id=product.category_id,
        role=product.role,
        status=product.status,
        images=product.images,
        image_urls=[file_url(key) for key in product.images],
        detail_html=product.detail_html,
        specs=specs_of(product.specs),
        skus=[
            ConsoleSku(
                id=sku.id,
                values=sku.spec_values,
                code=sku.code,
                price_fen=sku.price_fen,
                market_fen=sku.market_fen,
                cost_fen=sku.cost_fen,
                image_key=sku.image_key,
                image_url=_cover([sku.image_key]),
                on_grid=sku.on_grid,
            )
            for sku in skus
        ],
        purchase_limit=product.purchase_limit,
        position=product.position,
        price_min_fen=product.price_min_fen,
        price_max_fen=product.price_max_fen,
        version=product.version,
        created_at=product.created_at,
        updated_at=product.updated_at,
        published_at=product.published_at,
    )


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
        image_url=_cover([category.image_key]),
        position=category.position,
        shown=category.shown,
    )


async def shop_home(tx: Tx) -> ShopHome:
    """What the shop opens with: categories, the merchant's own order, the newest."""
    on_shelf = select(Product).where(Product.status == ProductStatus.ON_SHELF)
    recommended = await _fetch(tx, on_shelf, ProductSort.DEFAULT, None, HOME_RECOMMENDED - 1)
    newest = await _fetch(tx, on_shelf, ProductSort.NEWEST, None, HOME_NEWEST - 1)
    rows = await _shop_rows(tx, [*recommended, *newest])
    return ShopHome(
        categories=await categories(tx, shown_only=True),
        recommended=rows[: len(recommended)],
        newest=rows[len(recommended) :],
    )


async def shop_products(
    tx: Tx,
    *,
    q: str,
    category_id: int | None,
    sort: ProductSort,
    cursor: str | None,
    limit: int,
) -> Page[ShopProductRow]:
    """A page of what is on the shelf. Three statements, whatever the page."""
    chosen = (await _matching(tx, q, category_id)).where(Product.status == ProductStatus.ON_SHELF)
    products = await _fetch(tx, chosen, sort, cursor, limit)
    rows = await _shop_rows(tx, products)
    return page(rows, limit, *_position(products, sort, limit))


async def shop_product(tx: Tx, product_id: int) -> ShopProduct:
    """A product page; one that is not on the shelf is missing."""
    product = await tx.get(Product, product_id)
    if product is None or product.status is not ProductStatus.ON_SHELF:
        raise ProductMissing
    skus = await tx.scalars(
        select(Sku).where(Sku.product_id == product_id, Sku.on_grid).order_by(Sku.position)
    )
    return ShopProduct(
        id=product.id,
        name=product.name,
        subtitle=product.subtitle,
        category_id=product.category_id,
        image_urls=[file_url(key) for key in product.images],
        detail_html=product.detail_html,
        specs=specs_of(product.specs),
        skus=[
            ShopSku(
                id=sku.id,
                values=sku.spec_values,
                price_fen=sku.price_fen,
                market_fen=sku.market_fen,
                image_url=_cover([sku.image_key]) or _cover(product.images),
            )
            for sku in skus
        ],
        purchase_limit=product.purchase_limit,
        price_min_fen=product.price_min_fen,
        price_max_fen=product.price_max_fen,
    )


async def _matching(tx: Tx, q: str, category_id: int | None) -> Select[Product]:
    """Products whose texts hold every word of `q`, in a category or below it.

    The GIN index finds candidates by pairs of characters; `strpos` then drops those that hold the
    pairs but not the word.
    """
    chosen = select(Product)
    if q.strip():
        chosen = chosen.where(Product.grams.contains(query_grams(q)))
        for word in words(q):
            chosen = chosen.where(func.strpos(Product.folded, word) > 0)
    if category_id is not None:
        chosen = chosen.where(Product.category_id.in_(await _with_children(tx, category_id)))
    return chosen


async def _with_children(tx: Tx, category_id: int) -> list[int]:
    found = (await tx.execute(select(Category.id, Category.parent_id))).all()
    inside = {category_id}
    for _ in range(3):
        inside |= {row.id for row in found if row.parent_id in inside}
    return sorted(inside)


async def _fetch(
    tx: Tx,
    chosen: Select[Product],
    sort: ProductSort,
    cursor: str | None,
    limit: int,
) -> Sequence[Product]:
    key, down = _SORT_KEYS[sort]
    if cursor:
        after = tuple_(*decode_cursor(cursor, tuple[int, int]))
        here = tuple_(key, Product.id)
        chosen = chosen.where(here < after if down else here > after)
    order = (key.desc(), Product.id.desc()) if down else (key, Product.id)
    return (await tx.scalars(chosen.order_by(*order).limit(limit + 1))).all()


def _position(products: Sequence[Product], sort: ProductSort, limit: int) -> tuple[int, ...]:
    if len(products) <= limit:
        return ()
    last = products[limit - 1]
    keys = {
        ProductSort.DEFAULT: last.position,
        ProductSort.NEWEST: last.id,
        ProductSort.PRICE_ASC: last.price_min_fen,
        ProductSort.PRICE_DESC: last.price_min_fen,
    }
    return (keys[sort], last.id)


async def _shop_rows(tx: Tx, products: Sequence[Product]) -> list[ShopProductRow]:
    struck = await tx.execute(
        select(Sku.product_id, func.max(Sku.market_fen))
        .where(Sku.product_id.in_({product.id for product in products}), Sku.on_grid)
        .group_by(Sku.product_id)
    )
    market_of: dict[int, int | None] = dict(struck.all())
    return [
        ShopProductRow(
            id=product.id,
            name=product.name,
            subtitle=product.subtitle,
            cover_url=_cover(product.images),
            price_min_fen=product.price_min_fen,
            price_max_fen=product.price_max_fen,
            market_fen=market_of.get(product.id),
        )
        for product in products
    ]


def _cover(images: Sequence[str]) -> str:
    return file_url(images[0]) if images else ""
