"""One change on many products: seen before it is made, and undone where nobody was there since."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from tiefen.catalog import rules
from tiefen.catalog.errors import BrandMissing, CategoryMissing, ChangeGone, ChangeUndone
from tiefen.catalog.models import Brand, Category, GoodsChange, Product, Sku
from tiefen.catalog.schemas import ChangeInput, ChangePreview, ChangeRow, UndoneOut
from tiefen.catalog.service import editing
from tiefen.catalog.values import ChangeKind, ProductRole, ProductStatus
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.money import yuan
from tiefen.team import service as team
from tiefen.team.values import Permission


@dataclass(frozen=True, slots=True)
class _Names:
    categories: Mapping[int, str]
    brands: Mapping[int, str]


async def preview_change(tx: Tx, actor: StaffActor, wanted: ChangeInput) -> ChangePreview:
    """What the change would do, product by product. Nothing is changed.

    Who may see costs is told of SKUs that would sell below theirs.

    Raises ChangeUnfit, CategoryMissing, BrandMissing.
    """
    rules.check_change(wanted.kind, wanted.number)
    names = await _names(tx, wanted)
    goods = await _goods(tx, wanted.product_ids, lock=False)
    with_cost = wanted.kind in rules.PRICES and Permission.GOODS_COST in actor.permissions
    rows = []
    for product, skus in goods:
        refused = ""
        if wanted.kind is ChangeKind.SHELF and wanted.number:
            prices = [sku.price_fen for sku in skus]
            missing = rules.missing_for_shelf(product.name, product.images, prices)
            refused = "、".join(zh for zh, _ in missing)
        before = _shown(product, skus, wanted.kind, names)
        rows.append(
            ChangeRow(
                id=product.id,
                name=product.name,
                before=before,
                after=before if refused else _after(product, skus, wanted, names),
                refused=refused,
                below_cost=_below_cost(skus, wanted) if with_cost else 0,
            )
        )
    return ChangePreview(
        rows=rows,
        changed=sum(row.before != row.after for row in rows),
        refused=sum(bool(row.refused) for row in rows),
        below_cost=sum(bool(row.below_cost) for row in rows),
    )


async def make_change(tx: Tx, actor: StaffActor, wanted: ChangeInput) -> GoodsChange:
    """Change many products in one commit; those that cannot be shelved stay as they are.

    Raises ChangeUnfit, CategoryMissing, BrandMissing.
    """
    rules.check_change(wanted.kind, wanted.number)
    await _names(tx, wanted)
    items: list[Any] = []
    for product, skus in await _goods(tx, wanted.product_ids, lock=True):
        before = _kept(product, skus, wanted.kind)
        try:
            await _change(tx, actor, product, skus, wanted)
        except Refusal:
            continue
        if _kept(product, skus, wanted.kind) == before:
            continue
        product.version += 1
        product.updated_at = tx.now
        items.append({"id": product.id, "version": product.version, "before": before})
    made = GoodsChange(
        kind=wanted.kind,
        number=wanted.number,
        items=items,
        staff_id=actor.id,
        staff_name=actor.name,
        made_at=tx.now,
    )
    tx.add(made)
    await tx.flush()
    await team.record_audit(
        tx,
        actor,
        "catalog.make_change",
        f"change:{made.id}",
        before={str(item["id"]): item["before"] for item in items},
        after={"kind": wanted.kind, "number": wanted.number, "role": wanted.role},
    )
    return made


async def undo_change(tx: Tx, actor: StaffActor, change_id: int) -> UndoneOut:
    """Bring back what a change took; products somebody saved since keep what they have.

    Raises ChangeGone, ChangeUndone.
    """
    change = await tx.get(GoodsChange, change_id, with_for_update=True)
    if change is None:
        raise ChangeGone
    if change.undone_at is not None:
        raise ChangeUndone
    change.undone_at = tx.now
    by_id = {item["id"]: item for item in change.items}
    kept, undone = [], 0
    for product, skus in await _goods(tx, by_id, lock=True):
        item = by_id[product.id]
        if product.version != item["version"]:
            kept.append(product.name)
            continue
        try:
            await _restore(tx, actor, product, skus, change.kind, item["before"])
        except Refusal:
            kept.append(product.name)
            continue
        product.version += 1
        product.updated_at = tx.now
        undone += 1
    await team.record_audit(
        tx, actor, "catalog.undo_change", f"change:{change_id}", after={"undone": undone}
    )
    return UndoneOut(undone=undone, kept=kept)


async def _change(
    tx: Tx, actor: StaffActor, product: Product, skus: Sequence[Sku], wanted: ChangeInput
) -> None:
    number = wanted.number
    if wanted.kind in rules.PRICES:
        for sku in skus:
            sku.price_fen = rules.new_price(wanted.kind, sku.price_fen, number or 0)
        _span(product, skus)
    elif wanted.kind is ChangeKind.CATEGORY:
        product.category_id = number
    elif wanted.kind is ChangeKind.BRAND:
        product.brand_id = number
    elif wanted.kind is ChangeKind.LIMIT:
        product.purchase_limit = number
    elif wanted.kind is ChangeKind.ROLE:
        product.role = wanted.role or ProductRole.REGULAR
    else:
        await editing.put(tx, actor, product, on=bool(number))


async def _restore(
    tx: Tx,
    actor: StaffActor,
    product: Product,
    skus: Sequence[Sku],
    kind: ChangeKind,
    before: Mapping[str, Any],
) -> None:
    if kind in rules.PRICES:
        for sku in skus:
            sku.price_fen = before["prices"].get(str(sku.id), sku.price_fen)
        _span(product, skus)
    elif kind is ChangeKind.CATEGORY:
        product.category_id = before["value"]
    elif kind is ChangeKind.BRAND:
        product.brand_id = before["value"]
    elif kind is ChangeKind.LIMIT:
        product.purchase_limit = before["value"]
    elif kind is ChangeKind.ROLE:
        product.role = ProductRole(before["value"])
    else:
        await editing.put(tx, actor, product, on=before["value"] == ProductStatus.ON_SHELF)


def _kept(product: Product, skus: Sequence[Sku], kind: ChangeKind) -> dict[str, Any]:
    """What it takes to bring the product back."""
    if kind in rules.PRICES:
        return {"prices": {str(sku.id): sku.price_fen for sku in skus}}
    values: dict[ChangeKind, Any] = {
        ChangeKind.CATEGORY: product.category_id,
        ChangeKind.BRAND: product.brand_id,
        ChangeKind.LIMIT: product.purchase_limit,
        ChangeKind.ROLE: product.role.value,
        ChangeKind.SHELF: product.status.value,
    }
    return {"value": values[kind]}


def _span(product: Product, skus: Sequence[Sku]) -> None:
    if skus:
        product.price_min_fen = min(sku.price_fen for sku in skus)
        product.price_max_fen = max(sku.price_fen for sku in skus)


def _shown(product: Product, skus: Sequence[Sku], kind: ChangeKind, names: _Names) -> str:
    """What the product has now, for people. Words of the product stay keys; the face names them."""
    if kind in rules.PRICES:
        return _range([sku.price_fen for sku in skus])
    if kind is ChangeKind.CATEGORY:
        return names.categories.get(product.category_id or 0, "")
    if kind is ChangeKind.BRAND:
        return names.brands.get(product.brand_id or 0, "")
    if kind is ChangeKind.LIMIT:
        return str(product.purchase_limit or "")
    return product.role.value if kind is ChangeKind.ROLE else product.status.value


def _after(product: Product, skus: Sequence[Sku], wanted: ChangeInput, names: _Names) -> str:
    number = wanted.number or 0
    if wanted.kind in rules.PRICES:
        return _range([rules.new_price(wanted.kind, sku.price_fen, number) for sku in skus])
    if wanted.kind is ChangeKind.CATEGORY:
        return names.categories.get(number, "")
    if wanted.kind is ChangeKind.BRAND:
        return names.brands.get(number, "")
    if wanted.kind is ChangeKind.LIMIT:
        return str(wanted.number or "")
    if wanted.kind is ChangeKind.ROLE:
        return (wanted.role or ProductRole.REGULAR).value
    return rules.SHELF[product.status, bool(number)].value


def _below_cost(skus: Sequence[Sku], wanted: ChangeInput) -> int:
    """How many SKUs would be sold for less than they cost; without a cost nobody knows."""
    return sum(
        sku.cost_fen is not None
        and rules.new_price(wanted.kind, sku.price_fen, wanted.number or 0) < sku.cost_fen
        for sku in skus
    )


def _range(prices: Iterable[int]) -> str:
    found = sorted(set(prices))
    if not found:
        return ""
    return yuan(found[0]) if len(found) == 1 else f"{yuan(found[0])} – {yuan(found[-1])}"


async def _names(tx: Tx, wanted: ChangeInput) -> _Names:
    """Names for what is shown; also says whether what is wanted is there."""
    categories, brands = {}, {}
    if wanted.kind is ChangeKind.CATEGORY:
        categories = dict((await tx.execute(select(Category.id, Category.name))).all())
        if wanted.number is not None and wanted.number not in categories:
            raise CategoryMissing(field="number")
    if wanted.kind is ChangeKind.BRAND:
        brands = dict((await tx.execute(select(Brand.id, Brand.name))).all())
        if wanted.number is not None and wanted.number not in brands:
            raise BrandMissing(field="number")
    return _Names(categories, brands)


async def _goods(
    tx: Tx, product_ids: Iterable[int], *, lock: bool
) -> list[tuple[Product, list[Sku]]]:
    """Products in the order of their ids with their SKUs on the grid; unknown ids are left out."""
    chosen = select(Product).where(Product.id.in_(set(product_ids))).order_by(Product.id)
    products = (await tx.scalars(chosen.with_for_update() if lock else chosen)).all()
    by_id: dict[int, list[Sku]] = {product.id: [] for product in products}
    skus = await tx.scalars(
        select(Sku).where(Sku.product_id.in_(by_id), Sku.on_grid).order_by(Sku.position, Sku.id)
    )
    for sku in skus:
        by_id[sku.product_id].append(sku)
    return [(product, by_id[product.id]) for product in products]
