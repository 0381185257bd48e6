"""组合: a SKU that is made of others. Its parts are held, sold and sent together."""

from sqlalchemy import delete, func, or_, select

from tiefen.catalog import service as catalog
from tiefen.inventory import rules
from tiefen.inventory.errors import BundleOfBundles, BundleStillHasStock, SkuUnknown
from tiefen.inventory.models import BundlePart, Stock
from tiefen.inventory.schemas import BundlePartIn
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team import service as team


async def set_parts(tx: Tx, actor: StaffActor, sku_id: int, wanted: list[BundlePartIn]) -> None:
    """Say what a SKU is made of; no parts: it is a SKU of its own again. Orders that are placed
    keep the parts they took.

    Raises DuplicateSku, SkuUnknown, BundleStillHasStock, BundleOfBundles (a part is a bundle, or
    this is a part).
    """
    rules.check_named_once([part.sku_id for part in wanted], "parts")
    parts = {part.sku_id: part.quantity for part in wanted}
    known = await catalog.skus(tx, [sku_id, *parts])
    if set(known) != {sku_id, *parts}:
        raise SkuUnknown(field="parts")
    # Whoever makes another bundle of these waits here, so that two cannot make a bundle of a bundle.
    await tx.execute(
        select(Stock.sku_id)
        .where(Stock.sku_id.in_([sku_id, *parts]))
        .order_by(Stock.sku_id, Stock.location_id)
        .with_for_update(key_share=True)
    )
    if parts:
        await _check(tx, sku_id, list(parts))
    before = dict(
        (
            await tx.execute(
                select(BundlePart.part_id, BundlePart.quantity)
                .where(BundlePart.bundle_id == sku_id)
                .order_by(BundlePart.part_id)
            )
        ).all()
    )
    await tx.execute(delete(BundlePart).where(BundlePart.bundle_id == sku_id))
    tx.add_all(
        BundlePart(bundle_id=sku_id, part_id=part_id, quantity=quantity)
        for part_id, quantity in sorted(parts.items())
    )
    await team.record_audit(
        tx,
        actor,
        "inventory.set_parts",
        f"sku:{sku_id}",
        before={str(part): many for part, many in before.items()},
        after={str(part): many for part, many in sorted(parts.items())},
    )


async def _check(tx: Tx, sku_id: int, part_ids: list[int]) -> None:
    nested = await tx.scalar(
        select(func.count()).where(
            or_(BundlePart.bundle_id.in_(part_ids), BundlePart.part_id == sku_id)
        )
    )
    if nested or sku_id in part_ids:
        raise BundleOfBundles(field="parts")
    own = await tx.scalar(
        select(func.coalesce(func.sum(Stock.on_hand), 0)).where(Stock.sku_id == sku_id)
    )
    if own:
        raise BundleStillHasStock(field="parts", pieces=int(own))
