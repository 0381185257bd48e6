"""The coupons fans hold, ready for the calculation."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import text

from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.promotion import rules
from tiefen.promotion.values import COUPONS_SHOWN, CouponKind, HeldCoupon

_SELECT = """
    SELECT c.id, c.fan_id, c.template_id, c.starts_at, c.ends_at, t.kind, t.name, t.body
    FROM coupon c JOIN coupon_template t ON t.id = c.template_id
    WHERE c.status = 'held' AND c.ends_at > :now AND
"""
_BY_ID = text(f"{_SELECT} c.id = ANY(:ids)")
_OF_FAN = text(f"{_SELECT} c.fan_id = ANY(:ids) ORDER BY c.ends_at, c.id LIMIT :most")


async def held_by_id(tx: Tx, coupon_ids: Collection[int]) -> dict[int, HeldCoupon]:
    """Those of these coupons that are still held; no statement when none is asked for."""
    if not coupon_ids:
        return {}
    rows = await tx.execute(_BY_ID, {"ids": list(coupon_ids), "now": tx.now})
    return {row.id: _held(row) for row in rows}


async def held_coupons(tx: Tx, fan_id: int) -> list[HeldCoupon]:
    """What the person holds, those that end first; at most a hundred."""
    ids = await fans.person_ids(tx, fan_id)
    rows = await tx.execute(_OF_FAN, {"ids": ids, "now": tx.now, "most": COUPONS_SHOWN})
    return [_held(row) for row in rows]


def coupon_words(held: HeldCoupon) -> tuple[str, str]:
    """A coupon in a few words, in both languages."""
    return rules.coupon_label(held.kind, held.terms)


def _held(row: Any) -> HeldCoupon:
    kind = CouponKind(row.kind)
    terms = rules.terms_of(row.body)
    rule = rules.coupon_rule(row.template_id, row.name, kind, terms, row.starts_at, row.ends_at)
    return HeldCoupon(
        row.id, row.fan_id, row.template_id, kind, terms, rule, row.starts_at, row.ends_at
    )
