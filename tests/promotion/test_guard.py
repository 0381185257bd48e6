"""The margin guard: its floor is never above what a cart can really do to a piece."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest

from tests.cases import by_seed
from tests.promotion.factories import (
    ITEM_BEST,
    NOON,
    ORDER_BEST,
    basis,
    line,
    rule,
    some_groups,
    some_rules,
)
from tiefen.kernel.money import allocate, share_bp
from tiefen.promotion import rules
from tiefen.promotion.rules import guard
from tiefen.promotion.values import (
    BasisLine,
    Conditions,
    Costs,
    Freight,
    GiftStock,
    Group,
    PromotionKind,
    Quote,
    Rule,
    SkuPrice,
    Terms,
    Tier,
)

GIFTS = tuple(GiftStock(line(one, 1, 900, 300), 1_000) for one in (90, 91, 92))
COSTS = Costs(60, 500, commission_bp=1_250)


def shop(chance: Random) -> list[BasisLine]:
    """Five SKUs with prices and costs: all there is to fill a cart with."""
    return [
        line(one, 1, price, chance.randrange(price))
        for one in chance.sample(range(1, 16), 5)
        for price in [chance.randint(50, 6_000)]
    ]


def world(goods: list[BasisLine], groups: tuple[Group, ...], freight: Freight) -> guard.World:
    return guard.World(
        groups=groups,
        freight=freight,
        costs=COSTS,
        gift_costs={gift.line.sku_id: gift.line.cost_fen or 0 for gift in GIFTS},
        prices={one.sku_id: one.price_fen for one in goods},
        cheapest_fen=min(one.price_fen for one in goods),
        dearest_fen=max(one.price_fen for one in goods),
    )


def worst(quote: Quote, sku_id: int, freight_cost_fen: int) -> float:
    """What a piece of a SKU brings in this cart: its line's share of everything, per piece."""
    lists = [one.list_fen for one in quote.lines]
    gifts = sum(300 * one.quantity for one in quote.lines if one.gift)
    sending = max(freight_cost_fen - quote.freight_fen, 0)
    place = next(i for i, one in enumerate(quote.lines) if one.sku_id == sku_id and not one.gift)
    mine = quote.lines[place]
    cost = next(one.cost_fen or 0 for one in quote.basis.lines if one.sku_id == sku_id)
    spent = (
        cost * mine.quantity
        + share_bp(mine.pay_fen, COSTS.pay_fee_bp)
        + share_bp(mine.pay_fen, COSTS.commission_bp)
        + allocate(gifts, lists)[place]
        + allocate(sending, lists)[place]
    )
    return (mine.pay_fen - spent) / mine.quantity


def is_safe(seed: int) -> bool:
    """No cart of up to four lines and six pieces each brings less a piece than the floor says."""
    chance = Random(seed)
    groups = some_groups(chance)
    promotions = [one for one in some_rules(chance, groups, 5) if not _scoped(one)]
    goods = shop(chance)
    freight = Freight(chance.choice([0, 800]), chance.choice([None, 9_900]))
    around = world(goods, groups, freight)
    floors = {one.sku_id: rules.floor(one, promotions, around, NOON) for one in goods}
    for _ in range(25):
        chosen = chance.sample(goods, chance.randint(1, 4))
        lines = tuple(replace(one, quantity=chance.randint(1, 6)) for one in chosen)
        cart = basis(lines, promotions, groups, freight, gifts=GIFTS)
        quote = rules.quote(cart, rules=promotions)
        for one in lines:
            found = floors[one.sku_id]
            assert found is not None
            if worst(quote, one.sku_id, COSTS.shipping_fen) < found.margin_fen - 1:
                return False
    return True


def _scoped(one: Rule) -> bool:
    """Gifts shared over some goods only are shared by other weights than the test's."""
    return one.kind is PromotionKind.GIFT and not one.scope.all


@by_seed(1_000)
def test_no_cart_is_worse_than_the_floor(seed: int) -> None:
    assert is_safe(seed)


@pytest.mark.parametrize("seed", [271749])
def test_carts_that_were_worse_than_the_floor(seed: int) -> None:
    """Cheap pieces earned an amount off that a dear one bore."""
    assert is_safe(seed)


def test_cheap_pieces_earn_what_a_dear_one_bears() -> None:
    terms = Terms(tiers=(Tier(from_pieces=1, off_fen=10),), repeat=True)
    each = rule(1, PromotionKind.OFF, terms, ORDER_BEST)
    dear, cheap = line(7, 1, 1_000, 100), line(8, 99, 20, 1)
    around = world([dear, cheap], (ORDER_BEST,), Freight(0, None))
    found = rules.floor(dear, [each], around, NOON)
    quote = rules.quote(basis((dear, cheap), [each], (ORDER_BEST,)), rules=[each])
    assert found is not None
    bears = next(one.pay_fen for one in quote.lines if one.sku_id == 7)
    assert found.pay_fen <= bears < 990


@by_seed(1_000)
def test_the_floor_of_promotions_on_one_line_is_exact(seed: int) -> None:
    chance = Random(seed)
    made = [
        rule(1, PromotionKind.LIMITED, Terms(off_bp=chance.randint(1, 9_000)), ITEM_BEST),
        rule(2, PromotionKind.LIMITED, Terms(off_bp=chance.randint(1, 9_000)), ITEM_BEST),
        rule(
            3,
            PromotionKind.LIMITED,
            Terms(prices=(SkuPrice(7, chance.randint(1, 5_000)),)),
            ITEM_BEST,
        ),
    ]
    sku = line(7, 1, chance.randint(1, 5_000), 100)
    around = world([sku], (ITEM_BEST,), Freight(0, None))
    found = rules.floor(sku, made, around, NOON)
    quote = rules.quote(basis((sku,), made, (ITEM_BEST,)), rules=made)
    assert found is not None
    assert found.pay_fen == quote.total_fen


def test_promotions_that_never_run_together_do_not_stack() -> None:
    groups = (ITEM_BEST, replace(ITEM_BEST, id=9))
    first = rule(
        1,
        PromotionKind.LIMITED,
        Terms(off_bp=5_000),
        groups[0],
        conditions=Conditions(ends_at=NOON + timedelta(days=1)),
    )
    then = rule(
        2,
        PromotionKind.LIMITED,
        Terms(off_bp=5_000),
        groups[1],
        conditions=Conditions(starts_at=NOON + timedelta(days=1)),
    )
    sku = line(7, 1, 1_000, 100)
    around = world([sku], groups, Freight(0, None))
    apart = rules.floor(sku, [first, then], around, NOON)
    always = replace(then, conditions=Conditions())
    together = rules.floor(sku, [first, always], around, NOON)
    assert apart is not None
    assert together is not None
    assert (apart.pay_fen, together.pay_fen) == (500, 250)
    assert rules.floor(replace(sku, cost_fen=None), [first], around, NOON) is None


def test_control_looking_at_each_promotion_alone_would_be_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Planted bug: every promotion is judged on the list price, none on what the last one left."""
    real = guard._after

    def alone(
        one: Rule, group: Group, sku: BasisLine, state: object, around: guard.World
    ) -> object:
        return real(one, group, sku, guard._State(sku.price_fen, True, ()), around)

    monkeypatch.setattr(guard, "_after", alone)
    assert not all(is_safe(seed) for seed in range(120))


def test_control_a_floor_that_forgets_commission_would_be_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = rules.floor

    def careless(
        sku: BasisLine, made: list[Rule], around: guard.World, now: datetime
    ) -> guard.Floor | None:
        return real(sku, made, replace(around, costs=replace(around.costs, commission_bp=0)), now)

    monkeypatch.setattr(rules, "floor", careless)
    assert not all(is_safe(seed) for seed in range(120))
