"""Reads of promotion, by chapter."""

from tiefen.promotion.queries.activities import losses, names, performance, promotion, promotions
from tiefen.promotion.queries.coupons import (
    claimable,
    codes,
    coupon,
    coupons,
    gifts,
    holders,
    mine,
    results,
    template_names,
)
from tiefen.promotion.queries.freight import freights

__all__ = [
    "claimable",
    "codes",
    "coupon",
    "coupons",
    "freights",
    "gifts",
    "holders",
    "losses",
    "mine",
    "names",
    "performance",
    "promotion",
    "promotions",
    "results",
    "template_names",
]
