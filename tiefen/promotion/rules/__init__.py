"""The price calculation, by chapter: pure, exact to the fen."""

from tiefen.promotion.rules.agreement import changes, digest_of
from tiefen.promotion.rules.bodies import body_of, rule_of
from tiefen.promotion.rules.checking import check
from tiefen.promotion.rules.coupons import (
    best,
    check_coupon,
    choices,
    coupon_label,
    coupon_rule,
    terms_body,
    terms_of,
    with_coupon,
)
from tiefen.promotion.rules.freight import DEFAULT, MAX_ZONES, NO_PARCEL, bound, check_plan, tariffs
from tiefen.promotion.rules.guard import Floor, World, floor, margin
from tiefen.promotion.rules.levels import level_group, level_rule, with_level
from tiefen.promotion.rules.pricing import MAX_TOTAL_FEN, VERSION, basis_of, quote, replay, stored
from tiefen.promotion.rules.stacking import barred, in_force, places, touches
from tiefen.promotion.rules.wording import fold, sentence, summary, tag

__all__ = [
    "DEFAULT",
    "MAX_TOTAL_FEN",
    "MAX_ZONES",
    "NO_PARCEL",
    "VERSION",
    "Floor",
    "World",
    "barred",
    "basis_of",
    "best",
    "body_of",
    "bound",
    "changes",
    "check",
    "check_coupon",
    "check_plan",
    "choices",
    "coupon_label",
    "coupon_rule",
    "digest_of",
    "floor",
    "fold",
    "in_force",
    "level_group",
    "level_rule",
    "margin",
    "places",
    "quote",
    "replay",
    "rule_of",
    "sentence",
    "stored",
    "summary",
    "tag",
    "tariffs",
    "terms_body",
    "terms_of",
    "touches",
    "with_coupon",
    "with_level",
]
