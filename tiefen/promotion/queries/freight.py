"""Freight templates as the console lists them."""

from sqlalchemy import select

from tiefen.catalog import service as catalog
from tiefen.kernel.db import Tx
from tiefen.promotion import rules
from tiefen.promotion.models import FreightTemplate, PromotionBook
from tiefen.promotion.schemas import FreightOut, FreightsOut
from tiefen.promotion.values import FreightMix, FreightPlan, FreightUnit, Zone

_NONE_YET = FreightPlan(rules.DEFAULT, "", FreightUnit.PIECE, Zone((), 1, 0))


async def freights(tx: Tx) -> FreightsOut:
    """All templates, the default first, with how many products name each."""
    rows = await tx.scalars(select(FreightTemplate))
    plans = {rules.DEFAULT: _NONE_YET, **{row.id: row.plan for row in rows}}
    users = await catalog.freight_users(tx)
    mix = await tx.scalar(select(PromotionBook.freight_mix))
    return FreightsOut(
        items=[FreightOut.of(plan, users.get(plan.id, 0)) for _, plan in sorted(plans.items())],
        mix=mix or FreightMix.SUM,
    )
