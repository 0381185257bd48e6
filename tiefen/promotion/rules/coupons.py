"""Coupons as rules of the price calculation: what they do, whether they make sense, which is best."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from tiefen.promotion.errors import BadPromotion
from tiefen.promotion.rules.pricing import quote
from tiefen.promotion.rules.wording import plain, tag
from tiefen.promotion.values import (
    LAST_GROUP,
    Basis,
    Conditions,
    CouponChoice,
    CouponKind,
    CouponReason,
    CouponTerms,
    Group,
    HeldCoupon,
    Problem,
    PromotionKind,
    Quote,
    Rule,
    Scope,
    SkuPrice,
    Step,
    Target,
    Terms,
    Tier,
)

LATE = 10_000
"""A coupon's priority: a promotion that gives as much goes first, so that the coupon is kept."""
_REASONS: Mapping[Step, CouponReason] = {
    Step.SHORT_FEN: CouponReason.SHORT,
    Step.CLOSED: CouponReason.CLOSED,
    Step.BEATEN: CouponReason.BEATEN,
    Step.NO_GAIN: CouponReason.NO_GAIN,
}


def terms_of(body: Mapping[str, Any]) -> CouponTerms:
    """Stored terms."""
    return msgspec.convert(body, CouponTerms)


def terms_body(terms: CouponTerms) -> dict[str, Any]:
    """Terms as they are stored."""
    kept: dict[str, Any] = msgspec.to_builtins(terms)
    return kept


def coupon_rule(
    template_id: int,
    name: str,
    kind: CouponKind,
    terms: CouponTerms,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Rule:
    """A coupon as the calculation takes it: a rule whose number is minus that of its kind."""
    tier = Tier(from_fen=terms.from_fen, off_fen=terms.off_fen, off_bp=terms.off_bp)
    scope = terms.scope
    match kind:
        case CouponKind.AMOUNT:
            what, gives = PromotionKind.OFF, Terms(tiers=(replace(tier, off_bp=0),))
        case CouponKind.PERCENT:
            what = PromotionKind.PERCENT
            gives = Terms(tiers=(replace(tier, off_fen=0),), cap_fen=terms.cap_fen)
        case CouponKind.FREIGHT:
            what, gives = PromotionKind.FREIGHT, Terms(tiers=(Tier(from_fen=terms.from_fen),))
        case CouponKind.EXCHANGE:
            what = PromotionKind.ADD_ON
            free = SkuPrice(terms.sku_id, 0, terms.pieces)
            gives = Terms(tiers=(Tier(from_fen=terms.from_fen),), prices=(free,))
            scope = scope if terms.from_fen else Scope()
    when = Conditions(starts_at=starts_at, ends_at=ends_at)
    return Rule(-template_id, 1, what, name, terms.group_id, LATE, scope, gives, when)


def check_coupon(kind: CouponKind, terms: CouponTerms, groups: Sequence[Group]) -> None:
    """Raises BadPromotion with the field and the reason."""
    if kind is CouponKind.AMOUNT:
        _need(terms.off_fen > 0, "terms.off_fen", "请填写减免金额", "give the amount off")
        _need(
            not terms.from_fen or terms.off_fen <= terms.from_fen,
            "terms.off_fen",
            "减的金额不能大于门槛",
            "the amount off must not exceed the threshold",
        )
    if kind is CouponKind.PERCENT:
        _need(
            0 < terms.off_bp < 10_000,
            "terms.off_bp",
            "折扣要大于 0、小于 100%",
            "the discount lies between 0 and 100 %",
        )
    if kind is CouponKind.EXCHANGE:
        _need(terms.sku_id > 0, "terms.sku_id", "请选择兑换的商品", "choose what is given")
        _need(1 <= terms.pieces <= 99, "terms.pieces", "件数 1 到 99", "1 to 99 pieces")
    scope = terms.scope
    if kind is not CouponKind.EXCHANGE:
        named = scope.all or scope.category_ids or scope.product_ids or scope.sku_ids
        _need(bool(named), "terms.scope", "请选择适用商品", "choose the goods it is for")
    if terms.group_id and kind is not CouponKind.FREIGHT:
        group = next((one for one in groups if one.id == terms.group_id), None)
        _need(
            group is not None and group.target is Target.ORDER,
            "terms.group_id",
            "优惠券只能放在看整单的叠加组",
            "a coupon stands in a group that looks at the whole order",
        )


def with_coupon(basis: Basis, held: HeldCoupon | None, groups: Sequence[Group]) -> Basis:
    """The basis with a coupon, and the group it stands in at its place among the merchant's.

    A group that has gone, or looks at single items by now, counts as none: the coupon comes last.
    """
    if held is None:
        return basis
    own = next(
        (one for one in groups if one.id == held.rule.group_id and one.target is Target.ORDER), None
    )
    rule = held.rule if own else replace(held.rule, group_id=LAST_GROUP.id)
    inside = {group.id for group in basis.groups}
    if own is None:
        stacked = (*basis.groups, LAST_GROUP)
    else:
        stacked = tuple(one for one in groups if one.id in inside or one.id == own.id)
    return replace(basis, coupon=rule, coupon_id=held.id, groups=stacked)


def choices(
    basis: Basis,
    problems: tuple[Problem, ...],
    rules: Sequence[Rule],
    held: Iterable[HeldCoupon],
    groups: Sequence[Group],
) -> list[CouponChoice]:
    """What each coupon would do to a cart: the helpful ones first, the best at the top.

    Coupons of one kind do the same; the calculation is done once for them.
    """
    done: dict[tuple[int, bool], CouponChoice] = {}
    found = []
    for one in held:
        begun = basis.at is None or one.starts_at <= basis.at
        key = (one.template_id, begun)
        if key not in done:
            done[key] = _choice(basis, problems, rules, one, groups, begun=begun)
        found.append(replace(done[key], coupon=one))
    return sorted(found, key=_goodness)


def best(found: Sequence[CouponChoice], plain_total_fen: int) -> CouponChoice | None:
    """The coupon to begin with: the cheapest order; None when none makes it cheaper."""
    for one in found[:1]:
        if one.reason is CouponReason.OK and one.total_fen < plain_total_fen:
            return one
    return None


def coupon_label(kind: CouponKind, terms: CouponTerms) -> tuple[str, str]:
    """A coupon in a few words, without its name."""
    if kind is CouponKind.EXCHANGE:
        zh, en = f"免费兑换 {terms.pieces} 件", f"{terms.pieces} piece(s) free"
        if terms.from_fen:
            zh, en = f"满 {plain(terms.from_fen)} {zh}", f"{en} from {plain(terms.from_fen)}"
        return zh, en
    if not terms.from_fen and kind is CouponKind.AMOUNT:
        return f"无门槛减 {plain(terms.off_fen)}", f"{plain(terms.off_fen)} off any order"
    if not terms.from_fen and kind is CouponKind.PERCENT:
        zh, en = tag(coupon_rule(0, "", kind, terms))
        return zh.replace("满 ¥0 ", "", 1), en.replace(" from ¥0.00", "", 1)
    return tag(coupon_rule(0, "", kind, terms))


def _choice(
    basis: Basis,
    problems: tuple[Problem, ...],
    rules: Sequence[Rule],
    one: HeldCoupon,
    groups: Sequence[Group],
    *,
    begun: bool,
) -> CouponChoice:
    if not begun:
        return CouponChoice(one, CouponReason.NOT_YET)
    priced = quote(with_coupon(basis, one, groups), problems, rules)
    if priced.coupon is not None:
        return CouponChoice(one, CouponReason.OK, priced.coupon.saved_fen, priced.total_fen)
    return _missed(priced, one)


def _missed(priced: Quote, one: HeldCoupon) -> CouponChoice:
    for step in priced.trace:
        if step.promotion_id == one.rule.id:
            reason = _REASONS.get(step.step, CouponReason.NO_GAIN)
            wanted = {price.sku_id for price in one.rule.terms.prices}
            if wanted.isdisjoint(line.sku_id for line in priced.lines) and wanted:
                reason = CouponReason.NO_GOODS
            missing = step.numbers.get("missing_fen", 0)
            return CouponChoice(one, reason, missing_fen=missing)
    freight_only = one.kind is CouponKind.FREIGHT and priced.freight_fen == 0
    return CouponChoice(one, CouponReason.NO_GAIN if freight_only else CouponReason.NO_GOODS)


def _goodness(one: CouponChoice) -> tuple[int, int, int, datetime, int]:
    useless = one.reason is not CouponReason.OK
    return (int(useless), one.total_fen, one.missing_fen, one.coupon.ends_at, one.coupon.id)


def _need(there: bool, field: str, why_zh: str, why_en: str) -> None:
    if not there:
        raise BadPromotion(field=field, why_zh=why_zh, why_en=why_en)
