"""What can be done with goods, and the door through which other rooms read SKUs."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, any_, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from tiefen.catalog import rules
from tiefen.catalog.errors import (
    BadSpecs,
    CategoryGone,
    CategoryInUse,
    CategoryMissing,
    CategoryTooDeep,
    CodeTaken,
    EditedElsewhere,
    FileForeign,
    NotReady,
    ProductMissing,
)
from tiefen.catalog.events import ProductShelved, SkusCreated
from tiefen.catalog.models import Category, Product, Sku
from tiefen.catalog.schemas import CategoryInput, ProductInput, SkuInput
from tiefen.catalog.values import ProductStatus, SkuBrief
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.kernel.text import folded, grams, query_grams
from tiefen.team import service as team

_PARENT = aliased(Category)
_BRIEFS = (
    select(
        Sku.id,
        Sku.product_id,
        Sku.spec_values,
        Sku.price_fen,
        Sku.cost_fen,
        Sku.image_key,
        Sku.on_grid,
        Sku.code,
        Product.name,
        Product.status,
        Product.images,
        Product.purchase_limit,
        Product.category_id,
        Category.parent_id,
        _PARENT.parent_id.label("top_id"),
    )
    .join(Product, Product.id == Sku.product_id)
    .outerjoin(Category, Category.id == Product.category_id)
    .outerjoin(_PARENT, _PARENT.id == Category.parent_id)
)


async def skus(tx: Tx, ids: Iterable[int]) -> dict[int, SkuBrief]:
    """Briefs of SKUs by id, on sale or not; ids nobody knows are left out. One statement."""
    rows = await tx.execute(
        _BRIEFS.where(Sku.id == any_(cast(sorted(set(ids)), ARRAY(BigInteger))))
    )
    return {row.id: _brief(row) for row in rows}


async def skus_on_sale(tx: Tx, after: int, limit: int) -> list[SkuBrief]:
    """Briefs of what is on the shelf, in the order of ids, from behind `after`."""
    rows = await tx.execute(
        _BRIEFS.where(Sku.id > after, Sku.on_grid, Product.status == ProductStatus.ON_SHELF)
        .order_by(Sku.id)
        .limit(limit)
    )
    return [_brief(row) for row in rows]


async def dearest_fen(tx: Tx) -> int:
    """The highest price of anything on the shelf; 0 for an empty shop."""
    found = await tx.scalar(
        select(func.max(Product.price_max_fen)).where(Product.status == ProductStatus.ON_SHELF)
    )
    return found or 0


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


async def all_sku_ids_of(tx: Tx, product_id: int) -> list[int]:
    """Every SKU a product ever had; empty for an unknown product."""
    found = await tx.scalars(select(Sku.id).where(Sku.product_id == product_id).order_by(Sku.id))
    return list(found)


async def create_product(tx: Tx, actor: StaffActor, wanted: ProductInput) -> Product:
    """A new product, as a draft."""
    _check_grid(wanted)
    _check_files(tx, wanted)
    await _need_category(tx, wanted.category_id)
    product = Product(status=ProductStatus.DRAFT, created_at=tx.now, version=0)
    _write(product, wanted, tx)
    tx.add(product)
    await tx.flush()
    added = await _write_skus(tx, product, wanted.skus)
    _announce(tx, product, added)
    await team.record_audit(
        tx,
        actor,
        "catalog.create_product",
        f"product:{product.id}",
        after=_prices(added),
    )
    return product


async def save_product(tx: Tx, actor: StaffActor, product_id: int, wanted: ProductInput) -> Product:
    """Change a product that was opened at `wanted.version`; SKUs left out go off the grid."""
    product = await _locked(tx, product_id)
    if wanted.version != product.version:
        raise EditedElsewhere(field="version", version=product.version)
    _check_grid(wanted)
    _check_files(tx, wanted)
    await _need_category(tx, wanted.category_id)
    before = _prices(await _skus_of(tx, product_id))
    _write(product, wanted, tx)
    added = await _write_skus(tx, product, wanted.skus)
    if product.status is ProductStatus.ON_SHELF:
        await _check_ready(tx, product)
    _announce(tx, product, added)
    after = _prices(await _skus_of(tx, product_id))
    await team.record_audit(
        tx,
        actor,
        "catalog.save_product",
        f"product:{product.id}",
        before=before,
        after=after,
    )
    return product


async def shelve(tx: Tx, actor: StaffActor, product_id: int, *, on: bool) -> Product:
    """Put a product on the shelf (publishing a draft) or take it off; asking twice is no error."""
    product = await _locked(tx, product_id)
    if on:
        await _check_ready(tx, product)
    status = rules.SHELF[product.status, on]
    if status is product.status:
        return product
    before, product.status = product.status, status
    product.updated_at = tx.now
    product.published_at = product.published_at or tx.now
    publish(tx, ProductShelved(product.id, on, tx.now), aggregate=f"product:{product.id}")
    await team.record_audit(
        tx,
        actor,
        "catalog.shelve",
        f"product:{product.id}",
        before={"status": before},
        after={"status": status},
    )
    return product


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


def _brief(row: Any) -> SkuBrief:
    return SkuBrief(
        id=row.id,
        product_id=row.product_id,
        product_name=row.name,
        spec_text=rules.spec_text(row.spec_values),
        price_fen=row.price_fen,
        cost_fen=row.cost_fen,
        image_url=rules.file_url(row.image_key or (row.images[0] if row.images else "")),
        on_shelf=row.status is ProductStatus.ON_SHELF and row.on_grid,
        purchase_limit=row.purchase_limit,
        code=row.code,
        category_ids=tuple(filter(None, (row.category_id, row.parent_id, row.top_id))),
    )


def _announce(tx: Tx, product: Product, added: Sequence[Sku]) -> None:
    if added:
        event = SkusCreated(product.id, [sku.id for sku in added], tx.now)
        publish(tx, event, aggregate=f"product:{product.id}")


def _check_files(tx: Tx, wanted: ProductInput) -> None:
    """Pictures are the merchant's own uploads; the key says whose."""
    own = f"{tx.merchant}/"
    for place, key in enumerate(wanted.images):
        if not key.startswith(own):
            raise FileForeign(field=f"images.{place}")
    for place, sku in enumerate(wanted.skus):
        if sku.image_key and not sku.image_key.startswith(own):
            raise FileForeign(field=f"skus.{place}.image_key")


def _check_grid(wanted: ProductInput) -> None:
    specs = [rules.Spec(spec.name, tuple(spec.values)) for spec in wanted.specs]
    rules.check_grid(specs, [sku.values for sku in wanted.skus])
    codes = [sku.code for sku in wanted.skus if sku.code]
    for place, code in enumerate(codes):
        if code in codes[:place]:
            raise CodeTaken(field="skus", sku_code=code)


def _write(product: Product, wanted: ProductInput, tx: Tx) -> None:
    product.name = wanted.name
    product.subtitle = wanted.subtitle
    product.category_id = wanted.category_id
    product.role = wanted.role
    product.images = list(wanted.images)
    product.detail_html = rules.clean_html(wanted.detail_html)
    product.specs = [spec.model_dump() for spec in wanted.specs]
    product.purchase_limit = wanted.purchase_limit
    product.position = wanted.position
    product.price_min_fen = min(sku.price_fen for sku in wanted.skus)
    product.price_max_fen = max(sku.price_fen for sku in wanted.skus)
    texts = [wanted.name, wanted.subtitle, *(sku.code for sku in wanted.skus)]
    product.grams = grams(*texts)
    product.folded = folded(*texts)
    product.version += 1
    product.updated_at = tx.now


async def _write_skus(tx: Tx, product: Product, wanted: Sequence[SkuInput]) -> list[Sku]:
    """Make the grid what the editor wants and return the SKUs that are new.

    A SKU is the same one when its id says so, or when its values come back after an absence.
    """
    await _need_free_codes(tx, product.id, wanted)
    standing = await _skus_of(tx, product.id)
    by_id = {sku.id: sku for sku in standing}
    by_values = {tuple(sku.spec_values): sku for sku in standing}
    added: list[Sku] = []
    kept: set[int] = set()
    for sku in standing:
        sku.code = ""
    await tx.flush()  # codes may move between SKUs in one save
    for place, row in enumerate(wanted):
        if row.id is not None and row.id not in by_id:
            raise BadSpecs(
                field=f"skus.{place}.id",
                why_zh="SKU 不属于这个商品",
                why_en="this SKU belongs to another product",
            )
        known = by_values.get(tuple(row.values)) or (by_id[row.id] if row.id else None)
        if known is None or known.id in kept:
            sku = Sku(product_id=product.id)
            tx.add(sku)
            added.append(sku)
        else:
            sku = known
            kept.add(sku.id)
        sku.spec_values = list(row.values)
        sku.code = row.code
        sku.price_fen = row.price_fen
        sku.market_fen = row.market_fen
        sku.cost_fen = row.cost_fen
        sku.image_key = row.image_key or ""
        sku.on_grid = True
        sku.position = place
    for sku in standing:
        if sku.id not in kept:
            sku.on_grid = False
    await tx.flush()
    return added


async def _need_free_codes(tx: Tx, product_id: int, wanted: Sequence[SkuInput]) -> None:
    codes = [sku.code for sku in wanted if sku.code]
    if not codes:
        return
    taken = await tx.scalar(
        select(Sku.code).where(Sku.code.in_(codes), Sku.product_id != product_id).limit(1)
    )
    if taken:
        place = next(i for i, sku in enumerate(wanted) if sku.code == taken)
        raise CodeTaken(field=f"skus.{place}.code", sku_code=taken)


async def _check_ready(tx: Tx, product: Product) -> None:
    prices = [sku.price_fen for sku in await _skus_of(tx, product.id) if sku.on_grid]
    missing = rules.missing_for_shelf(product.name, product.images, prices)
    if missing:
        raise NotReady(
            missing_zh="、".join(zh for zh, _ in missing),
            missing_en=", ".join(en for _, en in missing),
        )


async def _check_place(tx: Tx, parent_id: int | None, own_id: int | None) -> None:
    rows = await tx.execute(select(Category.id, Category.parent_id))
    parents = {row.id: row.parent_id for row in rows}
    if parent_id is not None and parent_id not in parents:
        raise CategoryMissing(field="parent_id")
    below = rules.height(parents, own_id) - 1 if own_id else 0
    if rules.level(parents, parent_id, own_id) + below > rules.MAX_CATEGORY_LEVELS:
        raise CategoryTooDeep(field="parent_id", levels=rules.MAX_CATEGORY_LEVELS)


async def _need_category(tx: Tx, category_id: int | None) -> None:
    if category_id is not None and await tx.get(Category, category_id) is None:
        raise CategoryMissing(field="category_id")


async def _locked(tx: Tx, product_id: int) -> Product:
    product = await tx.get(Product, product_id, with_for_update=True)
    if product is None:
        raise ProductMissing
    return product


async def _skus_of(tx: Tx, product_id: int) -> Sequence[Sku]:
    found = await tx.scalars(
        select(Sku).where(Sku.product_id == product_id).order_by(Sku.position, Sku.id)
    )
    return found.all()


def _write_category(category: Category, wanted: CategoryInput) -> None:
    category.name = wanted.name
    category.parent_id = wanted.parent_id
    category.image_key = wanted.image_key or ""
    category.position = wanted.position
    category.shown = wanted.shown


def _prices(rows: Sequence[Sku]) -> dict[str, list[int | None]]:
    return {str(sku.id): [sku.price_fen, sku.cost_fen] for sku in rows if sku.on_grid}
