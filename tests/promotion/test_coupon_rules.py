"""Coupons in the price calculation, over thousands of random carts under random promotions."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from tests.cases import by_seed
from tests.promotion.factories import (
    NOON,
    ORDER_ALL,
    ORDER_BEST,
    basis,
    line,
    rule,
    some_case,
    some_groups,
    some_rules,
)
from tests.promotion.test_guard import COSTS, GIFTS, shop, world, worst
from tiefen.promotion import rules
from tiefen.promotion.errors import BadPromotion
from tiefen.promotion.rules import coupons as chapter
from tiefen.promotion.rules import effects, stacking
from tiefen.promotion.values import (
    LAST_GROUP,
    CouponKind,
    CouponReason,
    CouponTerms,
    Freight,
    Group,
    HeldCoupon,
    Mode,
    PromotionKind,
    Quote,
    Rule,
    Scope,
    Target,
    Terms,
    Tier,
)


def coupon(
    kind: CouponKind, terms: CouponTerms, number: int = 1, *, days: int = 30, begins: int = -1
) -> HeldCoupon:
    starts, ends = NOON + timedelta(days=begins), NOON + timedelta(days=days)
    made = rules.coupon_rule(number, f"券{number}", kind, terms, starts, ends)
    return HeldCoupon(number, 1, number, kind, terms, made, starts, ends)


def some_coupon(chance: Random, groups: tuple[Group, ...], number: int = 1) -> HeldCoupon:
    """A coupon of any kind, in one of the groups that may hold it or after all of them."""
    kind = chance.choice(list(CouponKind))
    wide = [group.id for group in groups if group.target is Target.ORDER]
    scope = Scope(all=True)
    if chance.random() < 0.4:
        scope = Scope(sku_ids=tuple(chance.sample(range(1, 16), 5)), without_sku_ids=(3,))
    from_fen = chance.choice([0, chance.randint(1, 20_000)])
    terms = CouponTerms(
        off_fen=chance.randint(1, from_fen or 5_000),
        off_bp=chance.randint(1, 9_999),
        cap_fen=chance.choice([0, 2_000]),
        from_fen=from_fen,
        sku_id=chance.randint(1, 15),
        pieces=chance.randint(1, 3),
        scope=scope,
        group_id=chance.choice([0, 99, *wide]),
    )
    return coupon(kind, terms, number)


def priced(seed: int) -> tuple[Quote, Quote, HeldCoupon]:
    """A random cart without and with a random coupon."""
    case, promotions = some_case(seed)
    held = some_coupon(Random(seed + 1), case.groups)
    plain = rules.quote(case, rules=promotions)
    return plain, rules.quote(rules.with_coupon(case, held, case.groups), rules=promotions), held


def adds_up(quote: Quote) -> bool:
    lines = quote.lines
    taken = [sum(offer.amount_fen for offer in one.offers) for one in lines]
    named = [
        sum(offer.amount_fen for offer in one.offers if offer.promotion_id < 0) for one in lines
    ]
    freight = quote.basis.coupon and quote.basis.coupon.kind is PromotionKind.FREIGHT
    saved = 0 if quote.coupon is None or freight else quote.coupon.saved_fen
    return (
        quote.total_fen == quote.goods_fen + quote.freight_fen - quote.discount_fen
        and quote.total_fen >= 0
        and all(one.pay_fen >= 0 for one in lines)
        and sum(one.pay_fen for one in lines) == quote.goods_fen - quote.discount_fen
        and taken == [one.discount_fen for one in lines]
        and sum(named) == saved
        and all(use.promotion_id > 0 for use in quote.uses)
    )


@by_seed(5_000)
def test_the_parts_are_the_whole_with_a_coupon(seed: int) -> None:
    _, quote, _ = priced(seed)
    assert adds_up(quote)


@by_seed(1_000)
def test_a_quote_with_a_coupon_can_be_computed_again(seed: int) -> None:
    case, promotions = some_case(seed)
    held = some_coupon(Random(seed + 1), case.groups)
    quote = rules.quote(rules.with_coupon(case, held, case.groups), rules=promotions)
    again = rules.replay(rules.stored(quote), promotions)
    assert (again.digest, again.coupon) == (quote.digest, quote.coupon)
    Random(seed).shuffle(promotions)
    turned = replace(quote.basis, lines=tuple(reversed(quote.basis.lines)))
    assert rules.quote(turned, rules=promotions).digest == quote.digest


def chooses_well(seed: int) -> bool:
    """The best is as cheap as the cheapest of all tried by hand, and each number is true."""
    case, promotions = some_case(seed)
    chance = Random(seed + 2)
    held = [some_coupon(chance, case.groups, number) for number in range(1, 6)]
    plain = rules.quote(case, rules=promotions)
    found = rules.choices(case, (), promotions, held, case.groups)
    alone = {
        one.id: rules.quote(rules.with_coupon(case, one, case.groups), rules=promotions)
        for one in held
    }
    for one in found:
        mine = alone[one.coupon.id]
        usable = mine.coupon is not None
        if (one.reason is CouponReason.OK) != usable:
            return False
        if usable and (one.total_fen, one.saved_fen) != (
            mine.total_fen,
            mine.coupon.saved_fen if mine.coupon else 0,
        ):
            return False
    best = rules.best(found, plain.total_fen)
    cheapest = min([plain.total_fen, *(one.total_fen for one in alone.values() if one.coupon)])
    return (alone[best.coupon.id].total_fen if best else plain.total_fen) == cheapest


@by_seed(1_000)
def test_the_best_coupon_is_the_best(seed: int) -> None:
    assert chooses_well(seed)


def is_safe(seed: int) -> bool:
    """No cart with any one of three coupons brings less a piece than the lowest of their floors."""
    chance = Random(seed)
    groups = some_groups(chance)
    promotions = [
        one for one in some_rules(chance, groups, 3) if one.kind is not PromotionKind.GIFT
    ]
    held = [some_coupon(chance, groups, number) for number in range(1, 4)]
    goods = shop(chance)
    freight = Freight(chance.choice([0, 800]), chance.choice([None, 9_900]))
    around = replace(world(goods, groups, freight), groups=(*groups, LAST_GROUP))
    placed = [rules.with_coupon(basis((), []), one, groups).coupon for one in held]
    for sku in goods:
        tried = [rules.floor(sku, promotions, around, NOON)]
        tried += [rules.floor(sku, [*promotions, one], around, NOON) for one in placed if one]
        least = min(one.margin_fen for one in tried if one)
        for _ in range(8):
            others = [one for one in chance.sample(goods, 3) if one.sku_id != sku.sku_id]
            lines = tuple(replace(one, quantity=chance.randint(1, 6)) for one in (sku, *others))
            cart = basis(lines, promotions, groups, freight, gifts=GIFTS)
            with_one = rules.with_coupon(cart, chance.choice(held), groups)
            quote = rules.quote(with_one, rules=promotions)
            if worst(quote, sku.sku_id, COSTS.shipping_fen) < least - 1:
                return False
    return True


@by_seed(500)
def test_no_cart_with_a_coupon_is_worse_than_the_floor(seed: int) -> None:
    assert is_safe(seed)


def test_control_a_guard_that_forgets_coupons_would_be_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = rules.floor
    monkeypatch.setattr(
        rules,
        "floor",
        lambda sku, found, around, now: real(
            sku, [one for one in found if one.id > 0], around, now
        ),
    )
    assert not all(is_safe(seed) for seed in range(200))


def test_control_an_uncapped_coupon_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a coupon takes its whole amount off the first line, whatever is left of it."""
    real = effects.effect

    def careless(found: Any, cart: Any, places: Any) -> Any:
        made = real(found, cart, places)
        if found.id < 0 and made.off:
            first = next(iter(made.off))
            return replace(made, off={first: sum(made.off.values())})
        return made

    monkeypatch.setattr(stacking, "effect", careless)
    case, _ = some_case(1)
    held = coupon(CouponKind.AMOUNT, CouponTerms(off_fen=10**6))
    quote = rules.quote(rules.with_coupon(case, held, case.groups))
    assert len(quote.lines) > 1
    assert not adds_up(quote)


def test_control_taking_the_largest_amount_would_be_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Planted: the coupon that says most is taken for the best, whatever the order comes to."""
    monkeypatch.setattr(
        chapter,
        "_goodness",
        lambda one: (one.reason is not CouponReason.OK, -one.saved_fen, one.coupon.id),
    )
    assert not all(chooses_well(seed) for seed in range(600))


CART = basis((line(1, 2, 3_000), line(2, 1, 2_000)), [], freight=Freight(800, 9_900))
AMOUNT, PERCENT = CouponKind.AMOUNT, CouponKind.PERCENT


@pytest.mark.parametrize(
    ("kind", "terms", "saved", "total"),
    [
        (AMOUNT, CouponTerms(off_fen=1_000, from_fen=5_000), 1_000, 7_800),
        (AMOUNT, CouponTerms(off_fen=99_900), 8_000, 800),
        (PERCENT, CouponTerms(off_bp=2_000, cap_fen=1_000), 1_000, 7_800),
        (PERCENT, CouponTerms(off_bp=2_000, scope=Scope(sku_ids=(2,))), 400, 8_400),
        (CouponKind.FREIGHT, CouponTerms(), 800, 8_000),
        (CouponKind.EXCHANGE, CouponTerms(sku_id=1), 3_000, 5_800),
        (CouponKind.EXCHANGE, CouponTerms(sku_id=1, pieces=9), 6_000, 2_800),
        (CouponKind.EXCHANGE, CouponTerms(sku_id=2, from_fen=6_000), 2_000, 6_800),
    ],
)
def test_what_a_coupon_gives(kind: CouponKind, terms: CouponTerms, saved: int, total: int) -> None:
    held = coupon(kind, terms)
    quote = rules.quote(rules.with_coupon(CART, held, CART.groups))
    assert quote.coupon is not None
    assert (quote.coupon.saved_fen, quote.total_fen) == (saved, total)
    assert (quote.coupon.coupon_id, quote.coupon.template_id) == (1, 1)


EXCLUSIVE = Group(4, "独享", Target.ORDER, Mode.EXCLUSIVE)
ALONE = rule(9, PromotionKind.PERCENT, Terms(tiers=(Tier(from_fen=1, off_bp=100),)), EXCLUSIVE)
BETTER = rule(8, PromotionKind.OFF, Terms(tiers=(Tier(from_fen=1, off_fen=2_000),)), ORDER_BEST)


@pytest.mark.parametrize(
    ("held", "promotions", "reason"),
    [
        (coupon(AMOUNT, CouponTerms(off_fen=1, from_fen=9_000)), [], CouponReason.SHORT),
        (
            coupon(AMOUNT, CouponTerms(off_fen=1, scope=Scope(sku_ids=(7,)))),
            [],
            CouponReason.NO_GOODS,
        ),
        (coupon(CouponKind.EXCHANGE, CouponTerms(sku_id=7)), [], CouponReason.NO_GOODS),
        (coupon(AMOUNT, CouponTerms(off_fen=1), begins=2), [], CouponReason.NOT_YET),
        (coupon(AMOUNT, CouponTerms(off_fen=1)), [ALONE], CouponReason.CLOSED),
        (coupon(AMOUNT, CouponTerms(off_fen=1_000, group_id=2)), [BETTER], CouponReason.BEATEN),
        (coupon(AMOUNT, CouponTerms(off_fen=1_000)), [BETTER], CouponReason.OK),
    ],
)
def test_why_a_coupon_does_not_help(
    held: HeldCoupon, promotions: list[Rule], reason: CouponReason
) -> None:
    groups = (EXCLUSIVE, ORDER_BEST, ORDER_ALL)
    cart = replace(CART, groups=groups)
    (found,) = rules.choices(cart, (), promotions, [held], groups)
    assert found.reason is reason
    assert (found.missing_fen > 0) == (reason is CouponReason.SHORT)


def test_a_freight_coupon_is_not_wasted_on_free_freight() -> None:
    held = coupon(CouponKind.FREIGHT, CouponTerms())
    free = replace(CART, freight=Freight(800, 5_000))
    (found,) = rules.choices(free, (), [], [held], CART.groups)
    assert found.reason is CouponReason.NO_GAIN


def test_coupons_that_make_no_sense_are_refused() -> None:
    wrong = [
        (AMOUNT, CouponTerms()),
        (AMOUNT, CouponTerms(off_fen=2, from_fen=1)),
        (PERCENT, CouponTerms(off_bp=10_000)),
        (CouponKind.EXCHANGE, CouponTerms()),
        (AMOUNT, CouponTerms(off_fen=1, scope=Scope())),
        (AMOUNT, CouponTerms(off_fen=1, group_id=77)),
    ]
    for kind, terms in wrong:
        with pytest.raises(BadPromotion):
            rules.check_coupon(kind, terms, (ORDER_BEST,))


def test_a_label_says_it_in_few_words() -> None:
    said = [
        rules.coupon_label(AMOUNT, CouponTerms(off_fen=1_000, from_fen=5_000))[0],
        rules.coupon_label(AMOUNT, CouponTerms(off_fen=500))[0],
        rules.coupon_label(PERCENT, CouponTerms(off_bp=2_000, cap_fen=3_000))[0],
        rules.coupon_label(CouponKind.FREIGHT, CouponTerms())[0],
        rules.coupon_label(CouponKind.EXCHANGE, CouponTerms(sku_id=1))[0],
    ]
    assert said == [
        "满 ¥50 减 ¥10",
        "无门槛减 ¥5",
        "打 8 折（最多减 ¥30）",
        "包邮",
        "免费兑换 1 件",
    ]
