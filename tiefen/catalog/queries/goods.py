"""What the console reads of products."""

from collections.abc import Sequence

from sqlalchemy import func, select

from tiefen.catalog import rules
from tiefen.catalog.errors import ProductMissing
from tiefen.catalog.models import Product, Sku
from tiefen.catalog.queries.finding import ProductSort, cover, fetch, inside, sorted_by
from tiefen.catalog.rules import file_url
from tiefen.catalog.schemas import (
    ConsoleProduct,
    ConsoleProductRow,
    ConsoleSku,
    PresaleOut,
    ProductFact,
    specs_of,
)
from tiefen.catalog.values import ProductKind, ProductRole, ProductStatus
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, paged


async def console_products(
    tx: Tx,
    *,
    q: str,
    category_id: int | None,
    status: ProductStatus | None,
    role: ProductRole | None,
    brand_id: int | None = None,
    kind: ProductKind | None = None,
    sort: ProductSort,
    cursor: str | None,
    limit: int,
) -> Page[ConsoleProductRow]:
    """A page of the console's list. Three statements, whatever the page."""
    chosen = await inside(tx, category_id)
    narrow = any(one is not None for one in (category_id, role, brand_id, kind))
    if status is not None:
        chosen = chosen.where(Product.status == status)
    if role is not None:
        chosen = chosen.where(Product.role == role)
    if brand_id is not None:
        chosen = chosen.where(Product.brand_id == brand_id)
    if kind is not None:
        chosen = chosen.where(Product.kind == kind)
    products = await fetch(tx, chosen, sort, cursor, limit, q, narrow=narrow)
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
            kind=product.kind,
            code=product.code,
            name=product.name,
            subtitle=product.subtitle,
            category_id=product.category_id,
            brand_id=product.brand_id,
            consume_days=product.consume_days,
            shelf_on_at=product.shelf_on_at,
            shelf_off_at=product.shelf_off_at,
            role=product.role,
            status=product.status,
            cover_url=cover(product.images),
            price_min_fen=product.price_min_fen,
            price_max_fen=product.price_max_fen,
            sku_count=count_of.get(product.id, 0),
            purchase_limit=product.purchase_limit,
            position=product.position,
            updated_at=product.updated_at,
        )
        for product in products
    ]
    return paged(rows, products, limit, lambda last: sorted_by(last, sort))


async def console_product(tx: Tx, product_id: int, *, with_cost: bool) -> ConsoleProduct:
    """A product with all its SKUs, retired ones too. Costs only for those who may see them."""
    product = await tx.get(Product, product_id)
    if product is None:
        raise ProductMissing
    skus = await tx.scalars(
        select(Sku).where(Sku.product_id == product_id).order_by(Sku.position, Sku.id)
    )
    specs, terms = specs_of(product.specs), rules.presale_of(product.presale)
    grid = [rules.Spec(one.name, tuple(one.values), tuple(one.images)) for one in specs]
    return ConsoleProduct(
        id=product.id,
        kind=product.kind,
        code=product.code,
        name=product.name,
        subtitle=product.subtitle,
        points=product.points,
        attributes=[ProductFact(**one) for one in product.attributes],
        category_id=product.category_id,
        brand_id=product.brand_id,
        role=product.role,
        consume_days=product.consume_days,
        freight_template_id=product.freight_template_id,
        video_key=product.video_key,
        video_url=file_url(product.video_key),
        status=product.status,
        images=product.images,
        image_urls=[file_url(key) for key in product.images],
        detail_html=product.detail_html,
        given_html=product.given_html,
        specs=specs,
        skus=[
            ConsoleSku(
                id=sku.id,
                values=sku.spec_values,
                code=sku.code,
                price_fen=sku.price_fen,
                market_fen=sku.market_fen,
                cost_fen=sku.cost_fen if with_cost else None,
                weight_g=sku.weight_g,
                volume_cm3=sku.volume_cm3,
                image_key=_own_picture(grid, sku),
                image_url=file_url(sku.image_key),
                on_grid=sku.on_grid,
            )
            for sku in skus
        ],
        purchase_limit=product.purchase_limit,
        only_stages=product.only_stages,
        only_segments=product.only_segments,
        shelf_on_at=product.shelf_on_at,
        shelf_off_at=product.shelf_off_at,
        service_uses=product.service_uses,
        service_days=product.service_days,
        presale=PresaleOut.model_validate(terms) if terms else None,
        share_texts=product.share_texts,
        share_images=product.share_images,
        share_image_urls=[file_url(key) for key in product.share_images],
        position=product.position,
        price_min_fen=product.price_min_fen,
        price_max_fen=product.price_max_fen,
        version=product.version,
        created_at=product.created_at,
        updated_at=product.updated_at,
        published_at=product.published_at,
    )


def _own_picture(grid: Sequence[rules.Spec], sku: Sku) -> str:
    """The SKU's picture if it is not just that of its spec value."""
    shared = rules.value_picture(grid, sku.spec_values)
    return "" if sku.image_key == shared else sku.image_key
