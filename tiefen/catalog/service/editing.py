"""Products: made, changed, copied, put on the shelf and taken off."""

from collections.abc import Sequence

from sqlalchemy import select

from tiefen.catalog import rules
from tiefen.catalog.errors import (
    BadShelfTimes,
    BrandMissing,
    CategoryMissing,
    EditedElsewhere,
    FileForeign,
    NotReady,
    ProductCodeTaken,
    ProductMissing,
)
from tiefen.catalog.events import ProductShelved, SkusCreated
from tiefen.catalog.models import Brand, Category, Product, Sku
from tiefen.catalog.schemas import ProductInput
from tiefen.catalog.service import grid
from tiefen.catalog.values import ProductStatus
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.kernel.text import folded, grams
from tiefen.team import service as team
from tiefen.team.values import Actor, Permission

DUE_BATCH = 200


async def create_product(tx: Tx, actor: StaffActor, wanted: ProductInput) -> Product:
    """A new product, as a draft."""
    await _check(tx, None, wanted)
    product = Product(status=ProductStatus.DRAFT, created_at=tx.now, version=0)
    _write(product, wanted, tx)
    tx.add(product)
    await tx.flush()
    _, added = await grid.write(tx, product, wanted, with_cost=_sees_cost(actor))
    _announce(tx, product, added)
    await team.record_audit(
        tx, actor, "catalog.create_product", f"product:{product.id}", after=_prices(added)
    )
    return product


async def save_product(tx: Tx, actor: StaffActor, product_id: int, wanted: ProductInput) -> Product:
    """Change a product that was opened at `wanted.version`; SKUs left out are retired."""
    product = await locked(tx, product_id)
    if wanted.version != product.version:
        raise EditedElsewhere(field="version", version=product.version)
    await _check(tx, product_id, wanted)
    before = _prices(await grid.skus_of(tx, product_id))
    _write(product, wanted, tx)
    standing, added = await grid.write(tx, product, wanted, with_cost=_sees_cost(actor))
    if product.status is ProductStatus.ON_SHELF:
        await _check_ready(tx, product)
    _announce(tx, product, added)
    await team.record_audit(
        tx,
        actor,
        "catalog.save_product",
        f"product:{product.id}",
        before=before,
        after=_prices([*standing, *added]),
    )
    return product


async def copy_product(tx: Tx, actor: StaffActor, product_id: int) -> Product:
    """A draft with everything of a product but its codes, times and history."""
    source = await tx.get(Product, product_id)
    if source is None:
        raise ProductMissing
    made = Product(
        **{name: getattr(source, name) for name in _COPIED},
        name=f"{source.name[:117]} 副本",
        status=ProductStatus.DRAFT,
        created_at=tx.now,
        updated_at=tx.now,
    )
    index_words(made, [])
    tx.add(made)
    await tx.flush()
    skus = [
        Sku(product_id=made.id, **{name: getattr(sku, name) for name in _COPIED_OF_SKU})
        for sku in await grid.skus_of(tx, product_id)
        if sku.on_grid
    ]
    tx.add_all(skus)
    await tx.flush()
    _announce(tx, made, skus)
    await team.record_audit(
        tx,
        actor,
        "catalog.copy_product",
        f"product:{made.id}",
        before={"from": product_id},
        after=_prices(skus),
    )
    return made


async def shelve(tx: Tx, actor: StaffActor, product_id: int, *, on: bool) -> Product:
    """Put a product on the shelf (publishing a draft) or take it off; asking twice is no error.

    What the clock was to do the same way is done by that and forgotten.
    """
    product = await locked(tx, product_id)
    await put(tx, actor, product, on=on)
    return product


async def put(tx: Tx, actor: StaffActor | Actor, product: Product, *, on: bool) -> None:
    """`shelve` for a product that is loaded and locked. Raises NotReady."""
    if on:
        await _check_ready(tx, product)
        product.shelf_on_at = None
    else:
        product.shelf_off_at = None
    status = rules.SHELF[product.status, on]
    if status is product.status:
        return
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


async def shelve_due(tx: Tx) -> int:
    """Do what the clock was told to do with the shelf; returns how many products it looked at.

    One that is not ready stays where it is, with a line in the audit log that says what it lacks.
    """
    found = await tx.scalars(
        select(Product)
        .where((Product.shelf_on_at <= tx.now) | (Product.shelf_off_at <= tx.now))
        .order_by(Product.id)
        .limit(DUE_BATCH)
        .with_for_update(skip_locked=True)
    )
    products = found.all()
    clock = Actor.system("catalog.shelve_due")
    for product in products:
        wanted = rules.due(product.status, product.shelf_on_at, product.shelf_off_at, tx.now)
        if product.shelf_on_at and product.shelf_on_at <= tx.now:
            product.shelf_on_at = None
        if product.shelf_off_at and product.shelf_off_at <= tx.now:
            product.shelf_off_at = None
        if wanted is None:
            continue
        try:
            await put(tx, clock, product, on=wanted)
        except NotReady as lacking:
            await team.record_audit(
                tx, clock, "catalog.shelve_failed", f"product:{product.id}", reason=str(lacking)
            )
    return len(products)


async def locked(tx: Tx, product_id: int) -> Product:
    """A product, held until the commit. Raises ProductMissing."""
    product = await tx.get(Product, product_id, with_for_update=True)
    if product is None:
        raise ProductMissing
    return product


def index_words(product: Product, sku_codes: Sequence[str]) -> None:
    """Note what search finds the product by."""
    texts = [product.name, product.subtitle, product.code or "", *sku_codes]
    product.grams = grams(*texts)
    product.folded = folded(*texts)


_COPIED = (
    "category_id", "brand_id", "kind", "subtitle", "points", "attributes", "role", "consume_days",
    "images", "video_key", "detail_html", "given_html", "specs", "purchase_limit", "only_stages",
    "only_segments", "service_uses", "service_days", "share_texts", "share_images",
    "price_min_fen", "price_max_fen", "position", "freight_template_id",
)  # fmt: skip
_COPIED_OF_SKU = (
    "spec_values", "price_fen", "market_fen", "cost_fen", "image_key", "weight_g", "volume_cm3",
    "on_grid", "position",
)  # fmt: skip


async def _check(tx: Tx, product_id: int | None, wanted: ProductInput) -> None:
    await grid.check(tx, product_id, wanted)
    own = f"{tx.merchant}/"
    named = {f"images.{at}": key for at, key in enumerate(wanted.images)}
    named |= {f"share_images.{at}": key for at, key in enumerate(wanted.share_images)}
    named["video_key"] = wanted.video_key or own
    rules.refuse(
        [FileForeign(field=field) for field, key in named.items() if not key.startswith(own)]
    )
    if wanted.category_id is not None and await tx.get(Category, wanted.category_id) is None:
        raise CategoryMissing(field="category_id")
    if wanted.brand_id is not None and await tx.get(Brand, wanted.brand_id) is None:
        raise BrandMissing(field="brand_id")
    if wanted.code:
        namesake = await tx.scalar(select(Product.id).where(Product.code == wanted.code))
        if namesake is not None and namesake != product_id:
            raise ProductCodeTaken(field="code", product_code=wanted.code)
    on_at, off_at = wanted.shelf_on_at, wanted.shelf_off_at
    if on_at and off_at and on_at >= off_at:
        raise BadShelfTimes(field="shelf_off_at")
    if wanted.presale:
        prices = [sku.price_fen for sku in wanted.skus]
        rules.check_presale(wanted.presale.value(), prices, tx.now)


def _write(product: Product, wanted: ProductInput, tx: Tx) -> None:
    product.kind = wanted.kind
    product.code = wanted.code
    product.name = wanted.name
    product.subtitle = wanted.subtitle
    product.points = list(wanted.points)
    product.attributes = [one.model_dump() for one in wanted.attributes]
    product.category_id = wanted.category_id
    product.brand_id = wanted.brand_id
    product.role = wanted.role
    product.consume_days = wanted.consume_days
    product.freight_template_id = wanted.freight_template_id
    product.images = list(wanted.images)
    product.video_key = wanted.video_key or ""
    product.detail_html = rules.clean_html(wanted.detail_html)
    product.given_html = rules.clean_html(wanted.given_html)
    product.specs = [
        {"name": spec.name, "values": list(spec.values)}
        | ({"images": list(spec.images)} if spec.images else {})
        for spec in grid.specs_of(wanted)
    ]
    product.purchase_limit = wanted.purchase_limit
    product.only_stages = list(wanted.only_stages)
    product.only_segments = list(wanted.only_segments)
    product.shelf_on_at = wanted.shelf_on_at
    product.shelf_off_at = wanted.shelf_off_at
    product.service_uses = wanted.service_uses
    product.service_days = wanted.service_days
    product.presale = rules.kept_presale(wanted.presale.value() if wanted.presale else None)
    product.share_texts = list(wanted.share_texts)
    product.share_images = list(wanted.share_images)
    product.position = wanted.position
    product.price_min_fen = min(sku.price_fen for sku in wanted.skus)
    product.price_max_fen = max(sku.price_fen for sku in wanted.skus)
    index_words(product, [sku.code for sku in wanted.skus])
    product.version += 1
    product.updated_at = tx.now


def _sees_cost(actor: StaffActor) -> bool:
    return Permission.GOODS_COST in actor.permissions


def _announce(tx: Tx, product: Product, added: Sequence[Sku]) -> None:
    if added:
        event = SkusCreated(product.id, [sku.id for sku in added], tx.now)
        publish(tx, event, aggregate=f"product:{product.id}")


async def _check_ready(tx: Tx, product: Product) -> None:
    prices = [sku.price_fen for sku in await grid.skus_of(tx, product.id) if sku.on_grid]
    missing = rules.missing_for_shelf(product.name, product.images, prices)
    if missing:
        raise NotReady(
            missing_zh="、".join(zh for zh, _ in missing),
            missing_en=", ".join(en for _, en in missing),
        )


def _prices(rows: Sequence[Sku]) -> dict[str, list[int | None]]:
    return {str(sku.id): [sku.price_fen, sku.cost_fen] for sku in rows if sku.on_grid}
