"""Whether a promotion makes sense, before anybody may publish it."""

from collections.abc import Callable, Mapping, Sequence

from tiefen.promotion.errors import BadPromotion
from tiefen.promotion.values import ON_ONE_LINE, Group, PromotionKind, Rule, Target, Terms, Tier

MOST_TIERS = 10


def check(rule: Rule, groups: Sequence[Group]) -> None:
    """Raises BadPromotion with the field and the reason."""
    _check_window(rule)
    _CHECKS[rule.kind](rule.terms)
    _check_scope(rule)
    if rule.kind is PromotionKind.FREIGHT:
        return
    group = next((one for one in groups if one.id == rule.group_id), None)
    if group is None:
        raise _bad("group_id", "请选择叠加组", "choose a stacking group")
    if group.target is Target.ITEM and (rule.kind not in ON_ONE_LINE or rule.terms.across):
        raise _bad(
            "group_id",
            "这种活动要看整单，不能放在单品组",
            "this kind looks at the whole order; it cannot stand in a group for single items",
        )


def _check_window(rule: Rule) -> None:
    when = rule.conditions
    if when.starts_at and when.ends_at and when.ends_at <= when.starts_at:
        raise _bad(
            "conditions.ends_at", "结束时间要晚于开始时间", "the end must be after the start"
        )
    for place, hours in enumerate(when.hours):
        if hours.until_minute <= hours.from_minute or not hours.days:
            raise _bad(
                f"conditions.hours.{place}",
                "请选择星期，且结束时刻要晚于开始时刻",
                "choose days; the end must be after the beginning",
            )


def _check_scope(rule: Rule) -> None:
    own_goods = (rule.kind is PromotionKind.LIMITED and rule.terms.prices) or (
        rule.kind is PromotionKind.PACKAGE and rule.terms.items
    )
    scope = rule.scope
    if not own_goods and not (
        scope.all or scope.category_ids or scope.product_ids or scope.sku_ids
    ):
        raise _bad("scope", "请选择适用商品", "choose the goods it is for")


def _limited(terms: Terms) -> None:
    if bool(terms.off_bp) == bool(terms.prices):
        raise _bad("terms.off_bp", "请填写折扣，或给出特价商品", "give a percent or fixed prices")
    if terms.off_bp >= 10_000:
        raise _bad("terms.off_bp", "折扣要小于 100%", "the discount must be below 100 %")
    _check_distinct([price.sku_id for price in terms.prices], "terms.prices")


def _off(terms: Terms) -> None:
    _check_tiers(terms.tiers)
    _check_rising([tier.off_fen for tier in terms.tiers], "off_fen")
    if terms.repeat and len(terms.tiers) > 1:
        raise _bad("terms.tiers", "每满减只能有一档", "a repeated one has one tier")
    for place, tier in enumerate(terms.tiers):
        if tier.from_fen and tier.off_fen > tier.from_fen:
            raise _bad(
                f"terms.tiers.{place}.off_fen",
                "减的金额不能大于门槛",
                "the amount off must not exceed the threshold",
            )


def _percent(terms: Terms) -> None:
    _check_tiers(terms.tiers)
    _check_rising([tier.off_bp for tier in terms.tiers], "off_bp")
    if any(tier.off_bp >= 10_000 for tier in terms.tiers):
        raise _bad("terms.tiers", "折扣要小于 100%", "the discount must be below 100 %")


def _gift(terms: Terms) -> None:
    _check_tiers(terms.tiers)
    for place, tier in enumerate(terms.tiers):
        if not tier.gifts:
            raise _bad(f"terms.tiers.{place}.gifts", "请选择赠品", "choose the gift")
        _check_distinct([gift.sku_id for gift in tier.gifts], f"terms.tiers.{place}.gifts")


def _nth(terms: Terms) -> None:
    if terms.nth < 2:
        raise _bad("terms.nth", "从第 2 件起", "from the second piece on")
    if not 0 < terms.off_bp <= 10_000:
        raise _bad("terms.off_bp", "请填写折扣", "give the discount")


def _package(terms: Terms) -> None:
    if bool(terms.pieces) == bool(terms.items):
        raise _bad("terms.pieces", "请填写任选件数，或选择固定组合", "give a number or a set")
    if terms.pieces == 1 or (terms.items and sum(item.quantity for item in terms.items) < 2):
        raise _bad("terms.pieces", "打包至少 2 件", "a package has at least two pieces")
    _check_distinct([item.sku_id for item in terms.items], "terms.items")


def _add_on(terms: Terms) -> None:
    if len(terms.tiers) != 1 or not terms.tiers[0].from_fen:
        raise _bad("terms.tiers", "请填写门槛金额", "give the amount to be reached")
    if not terms.prices:
        raise _bad("terms.prices", "请选择换购商品", "choose what may be added")
    _check_distinct([price.sku_id for price in terms.prices], "terms.prices")


def _freight(terms: Terms) -> None:
    if len(terms.tiers) != 1:
        raise _bad("terms.tiers", "请填写包邮门槛", "give the amount from which freight is free")


_CHECKS: Mapping[PromotionKind, Callable[[Terms], None]] = {
    PromotionKind.LIMITED: _limited,
    PromotionKind.OFF: _off,
    PromotionKind.PERCENT: _percent,
    PromotionKind.GIFT: _gift,
    PromotionKind.NTH: _nth,
    PromotionKind.PACKAGE: _package,
    PromotionKind.ADD_ON: _add_on,
    PromotionKind.FREIGHT: _freight,
}


def _check_tiers(tiers: Sequence[Tier]) -> None:
    if not 0 < len(tiers) <= MOST_TIERS:
        raise _bad("terms.tiers", f"请填写 1 到 {MOST_TIERS} 档", f"give 1 to {MOST_TIERS} tiers")
    by_pieces = bool(tiers[0].from_pieces)
    before = 0
    for place, tier in enumerate(tiers):
        mark = tier.from_pieces if by_pieces else tier.from_fen
        if bool(tier.from_pieces) != by_pieces or (by_pieces and tier.from_fen) or mark <= before:
            raise _bad(
                f"terms.tiers.{place}",
                "各档门槛要同为金额或同为件数，并逐档升高",
                "all tiers count money, or all count pieces, and they rise",
            )
        before = mark


def _check_rising(gifts: Sequence[int], name: str) -> None:
    before = 0
    for place, given in enumerate(gifts):
        if given <= before:
            raise _bad(
                f"terms.tiers.{place}.{name}",
                "优惠要逐档升高",
                "what is given must rise tier by tier",
            )
        before = given


def _check_distinct(sku_ids: Sequence[int], field: str) -> None:
    if len(set(sku_ids)) < len(sku_ids):
        raise _bad(field, "同一个 SKU 只能出现一次", "each SKU once")


def _bad(field: str, why_zh: str, why_en: str) -> BadPromotion:
    return BadPromotion(field=field, why_zh=why_zh, why_en=why_en)
