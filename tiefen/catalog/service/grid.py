"""The SKU grid of a product: written in one go, its rows keep their identity."""

from collections.abc import Sequence

from sqlalchemy import select

from tiefen.catalog import rules
from tiefen.catalog.errors import BadSpecs, CodeTaken, FileForeign
from tiefen.catalog.models import Product, Sku
from tiefen.catalog.schemas import ProductInput, SkuInput
from tiefen.kernel.db import Tx


async def check(tx: Tx, product_id: int | None, wanted: ProductInput) -> None:
    """Refuse a grid that cannot be saved, naming every cell that is wrong."""
    specs = specs_of(wanted)
    rules.check_grid(specs, [sku.values for sku in wanted.skus])
    faults = [
        *rules.repeated_codes([sku.code for sku in wanted.skus]),
        *await _taken_codes(tx, product_id, wanted.skus),
    ]
    own = f"{tx.merchant}/"
    pictures = {f"skus.{at}.image_key": sku.image_key or "" for at, sku in enumerate(wanted.skus)}
    for at, spec in enumerate(specs):
        pictures |= {f"specs.{at}.images.{place}": key for place, key in enumerate(spec.images)}
    faults += [
        FileForeign(field=field)
        for field, key in pictures.items()
        if key and not key.startswith(own)
    ]
    rules.refuse(faults)


async def write(
    tx: Tx, product: Product, wanted: ProductInput, *, with_cost: bool
) -> tuple[Sequence[Sku], list[Sku]]:
    """Make the grid what the editor wants; returns all SKUs there were before, and the new ones.

    A SKU is the same one when its id says so, or when its values come back after an absence; one
    that is left out is retired, never deleted: orders and stock point at it. Without `with_cost`
    costs stay what they are.
    """
    standing = await skus_of(tx, product.id)
    chosen = _chosen(standing, wanted.skus)
    if any(
        _key(sku) != (row.code, row.values, True)
        for sku, row in zip(chosen, wanted.skus, strict=True)
        if sku
    ):
        for sku in standing:  # codes and values may move between SKUs in one save
            sku.code, sku.on_grid = "", False
        await tx.flush()
    specs = specs_of(wanted)
    added = []
    for place, (known, row) in enumerate(zip(chosen, wanted.skus, strict=True)):
        sku = known or Sku(product_id=product.id)
        if known is None:
            tx.add(sku)
            added.append(sku)
        sku.spec_values = list(row.values)
        sku.code = row.code
        sku.price_fen = row.price_fen
        sku.market_fen = row.market_fen
        if with_cost:
            sku.cost_fen = row.cost_fen
        sku.weight_g = row.weight_g
        sku.volume_cm3 = row.volume_cm3
        sku.image_key = row.image_key or rules.value_picture(specs, row.values)
        sku.on_grid = True
        sku.position = place
    kept = {sku.id for sku in chosen if sku}
    for sku in standing:
        if sku.id not in kept:
            sku.on_grid, sku.code = False, ""
    await tx.flush()
    return standing, added


def specs_of(wanted: ProductInput) -> list[rules.Spec]:
    """The editor's specs as the rules know them; pictures only where a value has one."""
    return [
        rules.Spec(spec.name, tuple(spec.values), tuple(spec.images) if any(spec.images) else ())
        for spec in wanted.specs
    ]


async def skus_of(tx: Tx, product_id: int) -> Sequence[Sku]:
    """All SKUs of a product in their order, retired ones too."""
    found = await tx.scalars(
        select(Sku).where(Sku.product_id == product_id).order_by(Sku.position, Sku.id)
    )
    return found.all()


def _chosen(standing: Sequence[Sku], wanted: Sequence[SkuInput]) -> list[Sku | None]:
    """For each row the SKU it is: by id, else the one that has or had these values."""
    by_id = {sku.id: sku for sku in standing}
    faults = [
        BadSpecs(
            field=f"skus.{place}.id",
            why_zh="SKU 不属于这个商品",
            why_en="this SKU belongs to another product",
        )
        for place, row in enumerate(wanted)
        if row.id is not None and row.id not in by_id
    ]
    rules.refuse(faults)
    claimed: set[int] = set()
    chosen: list[Sku | None] = []
    for row in wanted:
        sku = by_id[row.id] if row.id is not None and row.id not in claimed else None
        chosen.append(sku)
        if sku:
            claimed.add(sku.id)
    free = {
        tuple(sku.spec_values): sku
        for sku in sorted(standing, key=lambda sku: (sku.on_grid, sku.id))
        if sku.id not in claimed
    }
    return [
        sku or free.pop(tuple(row.values), None) for sku, row in zip(chosen, wanted, strict=True)
    ]


def _key(sku: Sku) -> tuple[str, list[str], bool]:
    return sku.code, sku.spec_values, sku.on_grid


async def _taken_codes(
    tx: Tx, product_id: int | None, wanted: Sequence[SkuInput]
) -> list[CodeTaken]:
    codes = {sku.code for sku in wanted if sku.code}
    if not codes:
        return []
    found = await tx.scalars(
        select(Sku.code).where(Sku.code.in_(codes), Sku.product_id != (product_id or 0))
    )
    taken = set(found)
    return [
        CodeTaken(field=f"skus.{place}.code", sku_code=sku.code)
        for place, sku in enumerate(wanted)
        if sku.code in taken
    ]
