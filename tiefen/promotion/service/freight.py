"""The merchant's freight templates. Orders already placed keep what they were quoted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import func, select, text

from tiefen.catalog import service as catalog
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.promotion import rules
from tiefen.promotion.errors import FreightInUse, FreightMissing, TooManyFreights
from tiefen.promotion.models import FreightTemplate, PromotionBook
from tiefen.promotion.service import book
from tiefen.promotion.values import FreightMix, FreightPlan
from tiefen.team import service as team

MOST = 50


async def create_freight(tx: Tx, actor: StaffActor, wanted: FreightPlan) -> int:
    """A new template; returns its number. Raises BadFreight, TooManyFreights."""
    rules.check_plan(wanted)
    await book.bump(tx)  # also keeps two from taking the same number
    highest, count = (
        await tx.execute(select(func.max(FreightTemplate.id), func.count(FreightTemplate.id)))
    ).one()
    if count >= MOST:
        raise TooManyFreights(most=MOST)
    made = replace(wanted, id=max(highest or 0, rules.DEFAULT) + 1)
    await _write(tx, actor, FreightTemplate(id=made.id), made, before=None)
    return made.id


async def save_freight(tx: Tx, actor: StaffActor, wanted: FreightPlan) -> None:
    """Change the template `wanted.id`; the default need not be there yet.

    Raises BadFreight, FreightMissing.
    """
    rules.check_plan(wanted)
    await book.bump(tx)
    row = await tx.get(FreightTemplate, wanted.id, with_for_update=True)
    if row is None and wanted.id != rules.DEFAULT:
        raise FreightMissing
    before = _shown(row.plan) if row else None
    await _write(tx, actor, row or FreightTemplate(id=rules.DEFAULT), wanted, before)


async def delete_freight(tx: Tx, actor: StaffActor, template_id: int) -> None:
    """Take a template away that no goods have. Raises FreightMissing, FreightInUse."""
    await book.bump(tx)
    row = await tx.get(FreightTemplate, template_id, with_for_update=True)
    if row is None:
        raise FreightMissing
    users = (await catalog.freight_users(tx)).get(template_id, 0)
    if users or template_id == rules.DEFAULT:
        raise FreightInUse(count=users)
    before = _shown(row.plan)
    await tx.delete(row)
    await team.record_audit(
        tx, actor, "promotion.delete_freight", f"freight_template:{template_id}", before=before
    )


async def save_freight_mix(tx: Tx, actor: StaffActor, wanted: FreightMix) -> None:
    """Change what an order pays whose goods have several templates."""
    await book.bump(tx)
    before = await tx.scalar(select(PromotionBook.freight_mix))
    await tx.execute(
        text("UPDATE promotion_book SET freight_mix = :mix WHERE id = 1"), {"mix": wanted.value}
    )
    await team.record_audit(
        tx,
        actor,
        "promotion.save_freight_mix",
        "promotion_book",
        before={"freight_mix": (before or FreightMix.SUM).value},
        after={"freight_mix": wanted.value},
    )


async def _write(
    tx: Tx,
    actor: StaffActor,
    row: FreightTemplate,
    wanted: FreightPlan,
    before: Mapping[str, Any] | None,
) -> None:
    rest = wanted.rest
    row.name, row.unit = wanted.name, wanted.unit
    row.fee_fen, row.free_from_fen = rest.first_fen, rest.free_from_fen
    row.first, row.next, row.next_fen = rest.first, rest.next, rest.next_fen
    row.free_from_pieces, row.closed = rest.free_from_pieces, rest.closed
    row.zones = msgspec.to_builtins(wanted.zones)
    row.updated_at = tx.now
    tx.add(row)
    await tx.flush()
    await team.record_audit(
        tx,
        actor,
        "promotion.save_freight",
        f"freight_template:{row.id}",
        before=before,
        after=_shown(wanted),
    )


def _shown(plan: FreightPlan) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(plan)
    return shown
