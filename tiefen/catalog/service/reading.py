"""The door through which other rooms read goods."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select

from tiefen.catalog import rules
from tiefen.catalog.errors import ProductMissing
from tiefen.catalog.models import Product, Sku
from tiefen.catalog.values import ProductKind, ProductStatus, ServiceTerms, ShareKit, SkuBrief
from tiefen.kernel.db import Tx
from tiefen.kernel.text import query_grams

_UNSENT_KINDS = """
    SELECT s.id, p.kind FROM sku s JOIN product p ON p.id = s.product_id
    WHERE s.id = ANY($1::bigint[]) AND p.kind <> 'goods'
"""
_BRIEFS = """
    SELECT s.id, s.product_id, s.spec_values, s.price_fen, s.cost_fen, s.image_key, s.on_grid,
        s.code, s.weight_g, s.volume_cm3, p.name, p.status, p.images, p.purchase_limit, p.kind,
        p.freight_template_id, p.only_stages, p.only_segments, p.presale, p.category_id,
        c.parent_id, t.parent_id AS top_id
    FROM sku s
    JOIN product p ON p.id = s.product_id
    LEFT JOIN category c ON c.id = p.category_id
    LEFT JOIN category t ON t.id = c.parent_id
"""
_BRIEFS_OF = f"{_BRIEFS} WHERE s.id = ANY($1::bigint[])"
_BRIEFS_ON_SALE = f"""{_BRIEFS}
    WHERE s.id > $1 AND s.on_grid AND p.status = 'on_shelf' ORDER BY s.id LIMIT $2
"""

_BY_ID = "SELECT id FROM sku WHERE id = ANY($1::bigint[])"
_BY_CODE = "SELECT code, id FROM sku WHERE code = ANY($1::text[]) AND code <> ''"


async def skus(tx: Tx, ids: Iterable[int]) -> dict[int, SkuBrief]:
    """Briefs of SKUs by id, on sale or not; ids nobody knows are left out. One statement."""
    return {row["id"]: _brief(row) for row in await tx.rows(_BRIEFS_OF, sorted(set(ids)))}


async def skus_on_sale(tx: Tx, after: int, limit: int) -> list[SkuBrief]:
    """Briefs of what is on the shelf, in the order of ids, from behind `after`."""
    return [_brief(row) for row in await tx.rows(_BRIEFS_ON_SALE, after, limit)]


async def unsent_kinds(tx: Tx, sku_ids: Iterable[int]) -> dict[int, ProductKind]:
    """SKU → kind, for those that never travel in a parcel; one cheap statement."""
    rows = await tx.rows(_UNSENT_KINDS, sorted(set(sku_ids)))
    return {row["id"]: ProductKind(row["kind"]) for row in rows}


async def service_terms(tx: Tx, sku_ids: Iterable[int]) -> dict[int, ServiceTerms]:
    """SKU → how it is used, for those that are services."""
    rows = await tx.execute(
        select(Sku.id, Product.service_uses, Product.service_days)
        .join(Product, Product.id == Sku.product_id)
        .where(Sku.id.in_(set(sku_ids)), Product.kind == ProductKind.SERVICE)
    )
    return {row.id: ServiceTerms(row.service_uses, row.service_days) for row in rows}


async def share_kit(tx: Tx, product_id: int) -> ShareKit:
    """What there is to share of a product. Raises ProductMissing when it is not on the shelf."""
    product = await tx.get(Product, product_id)
    if product is None or product.status is not ProductStatus.ON_SHELF:
        raise ProductMissing
    images = product.share_images or product.images[:9]
    return ShareKit(
        product_id=product.id,
        name=product.name,
        subtitle=product.subtitle,
        points=tuple(product.points),
        texts=tuple(product.share_texts),
        images=tuple(images),
        cover=product.images[0],
        price_min_fen=product.price_min_fen,
        price_max_fen=product.price_max_fen,
    )


async def price_range_fen(tx: Tx) -> tuple[int, int]:
    """The lowest and the highest price of anything on the shelf; zeros for an empty shop."""
    found = await tx.execute(
        select(func.min(Product.price_min_fen), func.max(Product.price_max_fen)).where(
            Product.status == ProductStatus.ON_SHELF
        )
    )
    lowest, highest = found.one()
    return lowest or 0, highest or 0


async def product_names(tx: Tx, ids: Iterable[int]) -> dict[int, str]:
    """Names of products by id; ids nobody knows are left out."""
    rows = await tx.execute(select(Product.id, Product.name).where(Product.id.in_(set(ids))))
    return dict(rows.all())


async def find_skus(tx: Tx, words: str, limit: int = 500) -> list[int]:
    """Ids of SKUs whose product name, subtitle or code matches `words`, at most `limit`."""
    found = await tx.scalars(
        select(Sku.id)
        .join(Product, Product.id == Sku.product_id)
        .where(Product.grams.contains(query_grams(words)))
        .order_by(Sku.id)
        .limit(limit)
    )
    return list(found)


async def skus_by_code(tx: Tx, codes: Iterable[str]) -> dict[str, int]:
    """What tables call SKUs → their ids: their own codes, or `#` and the id; others are left out."""
    wanted = set(codes)
    numbers = {int(code[1:]): code for code in wanted if re.fullmatch(r"#[0-9]{1,18}", code)}
    by_id = await tx.rows(_BY_ID, sorted(numbers))
    by_code = await tx.rows(_BY_CODE, sorted(wanted - {""}))
    named = {numbers[row["id"]]: row["id"] for row in by_id}
    return named | {row["code"]: row["id"] for row in by_code}


async def sku_ids_of(tx: Tx, product_id: int) -> list[int]:
    """The SKUs on the grid of a product on the shelf; empty when it is not for sale."""
    found = await tx.scalars(
        select(Sku.id)
        .join(Product, Product.id == Sku.product_id)
        .where(
            Product.id == product_id,
            Product.status == ProductStatus.ON_SHELF,
            Sku.on_grid,
        )
        .order_by(Sku.position)
    )
    return list(found)


async def freight_users(tx: Tx) -> dict[int, int]:
    """Freight template → products that name it."""
    rows = await tx.execute(
        select(Product.freight_template_id, func.count())
        .where(Product.freight_template_id.is_not(None))
        .group_by(Product.freight_template_id)
    )
    return {template_id: count for template_id, count in rows.all() if template_id is not None}


async def all_sku_ids_of(tx: Tx, product_id: int) -> list[int]:
    """Every SKU a product ever had; empty for an unknown product."""
    found = await tx.scalars(select(Sku.id).where(Sku.product_id == product_id).order_by(Sku.id))
    return list(found)


def _brief(row: Any) -> SkuBrief:
    images = row["images"]
    return SkuBrief(
        id=row["id"],
        product_id=row["product_id"],
        product_name=row["name"],
        spec_text=rules.spec_text(row["spec_values"]),
        price_fen=row["price_fen"],
        cost_fen=row["cost_fen"],
        image_url=rules.file_url(row["image_key"] or (images[0] if images else "")),
        on_shelf=row["status"] == ProductStatus.ON_SHELF and row["on_grid"],
        purchase_limit=row["purchase_limit"],
        code=row["code"],
        kind=ProductKind(row["kind"]),
        weight_g=row["weight_g"],
        volume_cm3=row["volume_cm3"],
        freight_template_id=row["freight_template_id"],
        only_stages=tuple(row["only_stages"]),
        only_segments=tuple(row["only_segments"]),
        presale=rules.presale_of(row["presale"]),
        category_ids=tuple(filter(None, (row["category_id"], row["parent_id"], row["top_id"]))),
    )
