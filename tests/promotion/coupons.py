"""Kinds of coupons for tests."""

from datetime import datetime
from typing import Any

from tests.catalog.factories import STAFF
from tiefen.kernel.db import Tx
from tiefen.promotion import service
from tiefen.promotion.service.coupons import Template
from tiefen.promotion.values import CouponKind, CouponTerms


def template(kind: str = "amount", **more: Any) -> Template:
    """¥10 off from ¥50, for thirty days from receipt, claimable, one per fan."""
    given = more.pop("terms", None) or {"off_fen": 1_000, "from_fen": 5_000}
    ends_at: datetime | None = more.pop("ends_at", None)
    return Template(
        kind=CouponKind(kind),
        name=more.pop("name", "满 50 减 10"),
        terms=CouponTerms(**given),
        days=0 if ends_at else more.pop("days", 30),
        starts_at=more.pop("starts_at", None),
        ends_at=ends_at,
        claimable=more.pop("claimable", True),
        claim_from=more.pop("claim_from", None),
        claim_until=more.pop("claim_until", None),
        stock=more.pop("stock", 0),
        per_fan=more.pop("per_fan", 1),
        budget_fen=more.pop("budget_fen", 0),
    )


async def opened(tx: Tx, kind: str = "amount", **more: Any) -> int:
    """A kind of coupon that may be issued."""
    made = await service.create_template(tx, STAFF, template(kind, **more))
    await service.open_template(tx, STAFF, made.id, "")
    await tx.flush()
    return made.id
