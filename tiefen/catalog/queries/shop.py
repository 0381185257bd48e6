"""What fans read of the goods."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from tiefen.catalog.errors import ProductMissing
from tiefen.catalog.models import Brand, Product, Sku
from tiefen.catalog.queries.finding import ProductSort, cover, fetch, inside, sorted_by
from tiefen.catalog.queries.shelves import categories
from tiefen.catalog.rules import delivery, file_url, presale_of
from tiefen.catalog.schemas import (
    PresaleOut,
    ProductFact,
    ShopHome,
    ShopProduct,
    ShopProductRow,
    ShopSku,
    specs_of,
)
from tiefen.catalog.values import ProductStatus
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import language
from tiefen.kernel.http import Page, paged

HOME_RECOMMENDED = 6
HOME_NEWEST = 10


async def shop_home(tx: Tx) -> ShopHome:
    """What the shop opens with: categories, the merchant's own order, the newest."""
    on_shelf = select(Product).where(Product.status == ProductStatus.ON_SHELF)
    recommended = await fetch(tx, on_shelf, ProductSort.DEFAULT, None, HOME_RECOMMENDED - 1)
    newest = await fetch(tx, on_shelf, ProductSort.NEWEST, None, HOME_NEWEST - 1)
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
    chosen = (await inside(tx, category_id)).where(Product.status == ProductStatus.ON_SHELF)
    products = await fetch(tx, chosen, sort, cursor, limit, q, narrow=category_id is not None)
    rows = await _shop_rows(tx, products)
    return paged(rows, products, limit, lambda last: sorted_by(last, sort))


async def shop_product(tx: Tx, product_id: int) -> ShopProduct:
    """A product page; one that is not on the shelf is missing."""
    product = await tx.get(Product, product_id)
    if product is None or product.status is not ProductStatus.ON_SHELF:
        raise ProductMissing
    skus = await tx.scalars(
        select(Sku).where(Sku.product_id == product_id, Sku.on_grid).order_by(Sku.position)
    )
    brand = await tx.get(Brand, product.brand_id) if product.brand_id else None
    how = delivery(product.kind, product.service_uses, product.service_days)
    return ShopProduct(
        id=product.id,
        kind=product.kind,
        name=product.name,
        subtitle=product.subtitle,
        points=product.points,
        brand_name=brand.name if brand else "",
        attributes=[ProductFact(**one) for one in product.attributes],
        category_id=product.category_id,
        image_urls=[file_url(key) for key in product.images],
        video_url=file_url(product.video_key),
        detail_html=product.detail_html,
        specs=specs_of(product.specs),
        skus=[
            ShopSku(
                id=sku.id,
                values=sku.spec_values,
                price_fen=sku.price_fen,
                market_fen=sku.market_fen,
                image_url=cover([sku.image_key]) or cover(product.images),
            )
            for sku in skus
        ],
        purchase_limit=product.purchase_limit,
        presale=_presale(product, tx.now),
        delivery=how[1] if language.get() == "en" else how[0],
        members_only=bool(product.only_stages or product.only_segments),
        rating_count=product.rating_count,
        rating_sum=product.rating_sum,
        price_min_fen=product.price_min_fen,
        price_max_fen=product.price_max_fen,
    )


def _presale(product: Product, now: datetime) -> PresaleOut | None:
    terms = presale_of(product.presale)
    open_now = terms is not None and now < terms.balance_from
    return PresaleOut.model_validate(terms) if open_now else None


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
            cover_url=cover(product.images),
            price_min_fen=product.price_min_fen,
            price_max_fen=product.price_max_fen,
            market_fen=market_of.get(product.id),
        )
        for product in products
    ]
