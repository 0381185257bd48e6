"""Points in the price: how many may pay, and that all parts still add up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import by_seed
from tests.promotion.factories import NOON, ORDER_BEST, basis, line, rule, some_case
from tiefen.catalog.values import Presale
from tiefen.kernel.money import share_bp
from tiefen.members.values import PointsOffer
from tiefen.promotion import rules
from tiefen.promotion.rules.guard import World
from tiefen.promotion.rules.points import may_pay
from tiefen.promotion.values import (
    POINTS_RULE,
    Basis,
    Costs,
    Freight,
    PromotionKind,
    Quote,
    Step,
    Terms,
    Tier,
)

HALF = PointsOffer(available=1_000, worth_fen=100, cap_bp=5_000, from_fen=0)
MayPay = Callable[[PointsOffer, int, int], tuple[int, int]]

offers = st.builds(
    PointsOffer,
    available=st.integers(0, 10**7),
    worth_fen=st.integers(1, 10_000),
    cap_bp=st.integers(1, 10_000),
    from_fen=st.integers(0, 100_000),
)


def fair(may: MayPay, offer: PointsOffer, goods_fen: int, freight_fen: int) -> bool:
    """No more than there is, than the cap, or than leaves a fen to pay; each point at its worth."""
    points, off_fen = may(offer, goods_fen, goods_fen + freight_fen)
    return (
        0 <= points <= offer.available
        and off_fen <= share_bp(goods_fen, offer.cap_bp)
        and off_fen <= goods_fen
        and (off_fen == 0 or goods_fen + freight_fen - off_fen >= 1)
        and (points == 0) == (off_fen == 0)
        and off_fen * 100 <= points * offer.worth_fen < off_fen * 100 + max(offer.worth_fen, 100)
        and (off_fen == 0 or goods_fen >= offer.from_fen)
    )


@given(offers, st.integers(0, 10**7), st.integers(0, 10_000))
def test_no_point_is_taken_without_its_worth(
    offer: PointsOffer, goods_fen: int, freight_fen: int
) -> None:
    assert fair(may_pay, offer, goods_fen, freight_fen)


def _all_of_it(offer: PointsOffer, goods_fen: int, total_fen: int) -> tuple[int, int]:
    return may_pay(offer, goods_fen, total_fen + 1)


def _all_points(offer: PointsOffer, goods_fen: int, total_fen: int) -> tuple[int, int]:
    points, off_fen = may_pay(offer, goods_fen, total_fen)
    return (offer.available, off_fen) if points else (0, 0)


def _no_cap(offer: PointsOffer, goods_fen: int, total_fen: int) -> tuple[int, int]:
    return may_pay(replace(offer, cap_bp=10_000), goods_fen, total_fen)


@pytest.mark.parametrize("planted", [_all_of_it, _all_points, _no_cap])
def test_the_property_catches_a_planted_bug(planted: MayPay) -> None:
    everything = replace(HALF, available=10_000, cap_bp=10_000)
    assert not (fair(planted, HALF, 100, 0) and fair(planted, everything, 100, 0))


def paid(cart: Basis, offer: PointsOffer = HALF) -> Quote:
    return rules.quote(replace(cart, points=offer, with_points=True))


@by_seed(200)
def test_whatever_is_stacked_the_parts_add_up(seed: int) -> None:
    chance = Random(seed)
    cart, promotions = some_case(seed)
    offer = PointsOffer(chance.randrange(1, 5_000), chance.choice([1, 30, 100, 999]), 4_000, 0)
    plain = rules.quote(cart, rules=promotions)
    with_them = replace(cart, points=offer, with_points=True)
    quote = rules.quote(with_them, rules=promotions)
    assert named(quote)
    assert quote.freight_fen == plain.freight_fen
    off_fen = quote.points.off_fen if quote.points else 0
    assert quote.total_fen == plain.total_fen - off_fen
    if quote.points:
        assert sum(points for _, points in quote.points.lines) == quote.points.points
    shuffled = replace(with_them, lines=tuple(reversed(with_them.lines)))
    assert rules.quote(shuffled, rules=promotions) == quote


def named(quote: Quote) -> bool:
    """As for all quotes: what points paid is no counted use, so it is set aside there."""
    by_points = sum(
        offer.amount_fen
        for one in quote.lines
        for offer in one.offers
        if offer.promotion_id == POINTS_RULE
    )
    if by_points != (quote.points.off_fen if quote.points and quote.points.used else 0):
        return False
    counted = sum(use.discount_fen for use in quote.uses) + by_points == quote.discount_fen
    return counted and all(one.pay_fen >= 0 for one in quote.lines)


def test_what_points_pay_stands_in_the_quote() -> None:
    cart = basis((line(1, 1, 6_000), line(2, 2, 2_000)), [])
    offered = rules.quote(replace(cart, points=HALF))
    assert offered.points is not None
    assert (offered.points.points, offered.points.off_fen, offered.points.used) == (
        1000,
        1000,
        False,
    )
    assert offered.total_fen == rules.quote(cart).total_fen
    quote = paid(cart)
    assert quote.total_fen == offered.total_fen - 1_000
    assert [(one.discount_fen, one.offers[0].name) for one in quote.lines] == [
        (600, "积分抵扣"),
        (400, "积分抵扣"),
    ]
    assert quote.points is not None
    assert quote.points.lines == ((1, 600), (2, 400))
    assert [(one.amount_fen, one.numbers) for one in quote.trace if one.step is Step.POINTS] == [
        (-1_000, {"points": 1_000})
    ]
    assert quote.digest != offered.digest
    assert rules.replay(rules.stored(quote)) == quote


def test_goods_left_out_are_paid_in_money() -> None:
    offer = replace(HALF, without_product_ids=(1,), without_category_ids=(2,))
    quote = paid(basis((line(1, 1, 6_000), line(2, 1, 6_000), line(3, 1, 1_500)), []), offer)
    assert [one.discount_fen for one in quote.lines] == [0, 0, 750]
    nothing = paid(basis((line(1, 1, 6_000), line(2, 1, 6_000)), []), offer)
    assert nothing.points is None


@by_seed(200)
def test_no_cart_paid_with_points_is_worse_than_the_floor(seed: int) -> None:
    chance = Random(seed)
    lines = tuple(
        line(number, chance.randint(1, 3), chance.randint(1, 9_000), 100) for number in (1, 2, 3)
    )
    offer = PointsOffer(10**6, chance.choice([1, 99, 100]), chance.choice([1, 3_333, 10_000]), 0)
    offer = replace(offer, without_product_ids=(3,) if chance.random() < 0.5 else ())
    cart = basis(lines, [])
    world = World((), Freight(0, None), Costs(), {}, {}, 0, 0, offer)
    for one in paid(cart, offer).lines:
        bought = next(each for each in lines if each.sku_id == one.sku_id)
        floor = rules.floor(bought, [], world, NOON)
        assert floor is not None
        assert one.pay_fen >= floor.pay_fen * one.quantity
        free = rules.floor(bought, [], replace(world, points=None), NOON)
        assert free is not None
        if one.discount_fen:
            assert one.pay_fen < free.pay_fen * one.quantity  # without points it would be wrong


def test_free_freight_stays_free() -> None:
    free = rule(1, PromotionKind.FREIGHT, Terms(tiers=(Tier(from_fen=5_000),)), ORDER_BEST)
    cart = basis((line(1, 1, 5_000),), [free], freight=Freight(800, None))
    plain = rules.quote(cart, rules=[free])
    quote = rules.quote(replace(cart, points=HALF, with_points=True), rules=[free])
    assert (plain.freight_fen, quote.freight_fen) == (0, 0)
    assert quote.total_fen == 4_000


def test_an_order_that_is_too_small_says_so() -> None:
    quote = paid(basis((line(1, 1, 3_000),), []), replace(HALF, from_fen=5_000))
    assert quote.points is None
    (short,) = (one for one in quote.trace if one.step is Step.POINTS_SHORT)
    assert short.numbers == {"missing_fen": 2_000, "from_fen": 5_000}
    assert rules.sentence(short.step, short.numbers)[0] == "商品满 ¥50.00 可用积分抵扣，还差 ¥20.00"


def test_a_presale_is_paid_in_money() -> None:
    terms = Presale(
        deposit_fen=1_000,
        deposit_bp=0,
        worth_fen=1_000,
        balance_from=NOON + timedelta(days=3),
        balance_until=NOON + timedelta(days=5),
        ships_by=date(2026, 12, 1),
        forfeits=False,
    )
    quote = paid(basis((replace(line(1, 1, 10_000), presale=terms),), []))
    assert (quote.points, quote.deposit_fen) == (None, 1_000)
