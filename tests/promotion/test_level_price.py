"""The level price: a step of the one quote, in the merchant's groups, kept in its basis."""

from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import text

from tests.cases import by_seed
from tests.catalog.factories import STAFF
from tests.conftest import Drain, FanClient
from tests.inventory.factories import stocked
from tests.members.factories import RULES, ladder
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tests.promotion.factories import ITEM_BEST, NOON, basis, line, rule, some_case
from tests.promotion.test_stacking import adds_up
from tiefen.kernel import audit, money
from tiefen.kernel.db import Db, Tx
from tiefen.members import service as members
from tiefen.members.values import Counts, LevelPrice
from tiefen.orders import service as orders
from tiefen.promotion import rules, service
from tiefen.promotion.rules import effects
from tiefen.promotion.values import (
    LEVEL_RULE,
    Basis,
    Costs,
    Group,
    Mode,
    PromotionKind,
    Quote,
    Rule,
    Step,
    Target,
    Terms,
)

GOLD = LevelPrice("金卡", 1_000)


def leveled(cart: Basis, price: LevelPrice = GOLD, chosen: int | None = None) -> Basis:
    return rules.with_level(cart, price, cart.groups or (ITEM_BEST,), chosen)


def of_level(quote: Quote) -> int:
    return sum(
        offer.amount_fen
        for one in quote.lines
        for offer in one.offers
        if offer.promotion_id == LEVEL_RULE
    )


def parts_add_up(quote: Quote) -> bool:
    """As for all quotes; what the level gave is no counted use, so it is set aside there."""
    level_fen = of_level(quote)
    if not quote.uses:
        return quote.discount_fen == level_fen
    first = quote.uses[0]
    uses = (replace(first, discount_fen=first.discount_fen + level_fen), *quote.uses[1:])
    return adds_up(replace(quote, uses=uses))


def some_leveled(seed: int) -> tuple[Basis, list[Rule]]:
    """A random cart of a fan with a level, in any group of any sort, some goods left out."""
    cart, promotions = some_case(seed)
    chance = Random(seed)
    without = tuple(chance.sample(range(1, 16), chance.randint(0, 3)))
    price = LevelPrice("金卡", chance.randint(1, 9_999), without_product_ids=without)
    return leveled(cart, price, chance.choice([None, 1, 2, 3])), promotions


@by_seed(3_000)
def test_the_parts_are_the_whole_with_a_level(seed: int) -> None:
    cart, promotions = some_leveled(seed)
    quote = rules.quote(cart, rules=promotions)
    assert parts_add_up(quote)
    assert cart.level is not None
    out = set(cart.level.scope.without_product_ids)
    for one in quote.lines:
        assert one.product_id not in out or all(
            offer.promotion_id != LEVEL_RULE for offer in one.offers
        )
    told = [step for step in quote.trace if step.promotion_id == LEVEL_RULE and step.name]
    assert told, "the level says what it did, or why not"


@by_seed(1_000)
def test_a_quote_with_a_level_is_computed_again_from_what_was_stored(seed: int) -> None:
    cart, promotions = some_leveled(seed)
    quote = rules.quote(cart, rules=promotions)
    assert rules.replay(rules.stored(quote), promotions) == quote
    lines = list(cart.lines)
    Random(seed).shuffle(lines)
    turned = replace(cart, lines=tuple(lines))
    assert rules.quote(turned, rules=promotions[::-1]) == quote


def test_a_level_price_kept_out_of_the_basis_would_be_noticed() -> None:
    """The planted bug: a quote stored without the level."""
    quote = rules.quote(leveled(basis((line(1, 3, 1_999),), [])))
    kept = rules.stored(quote)
    assert rules.replay(kept) == quote
    del kept["basis"]["level"]
    assert rules.replay(kept).total_fen > quote.total_fen


def test_old_quotes_know_no_level() -> None:
    quote = rules.quote(basis((line(1, 2, 5_000),), []))
    kept = rules.stored(quote)
    del kept["basis"]["level"]
    kept["basis"]["rules"] = 5
    again = rules.replay(kept)
    assert (again.total_fen, again.digest) == (quote.total_fen, quote.digest)


def test_the_better_of_level_and_limited_price_holds_and_the_other_says_why() -> None:
    sale = rule(7, PromotionKind.LIMITED, Terms(off_bp=2_000), ITEM_BEST)
    quote = rules.quote(leveled(basis((line(1, 1, 10_000),), [sale])), rules=[sale])
    assert quote.total_fen == 8_000
    (missed,) = [step for step in quote.trace if step.step is Step.BEATEN]
    assert (missed.promotion_id, missed.name) == (LEVEL_RULE, "金卡价")
    alone = rules.quote(leveled(basis((line(1, 1, 10_000),), [])))
    assert alone.total_fen == 9_000
    assert Step.LEVEL in {step.step for step in alone.trace}
    left_out = LevelPrice("金卡", 1_000, without_product_ids=(1,))
    none = rules.quote(leveled(basis((line(1, 1, 10_000),), []), left_out))
    assert none.total_fen == 10_000
    assert Step.LEVEL_OUT in {step.step for step in none.trace}
    assert rules.sentence("level", {"off_bp": 1_000}, "金卡价") == (
        "金卡价：打 9 折",
        "金卡价: 10% off",
    )


def test_where_the_merchant_puts_it_decides_what_it_takes_part_in() -> None:
    groups = (
        Group(1, "单品", Target.ITEM, Mode.EXCLUSIVE),
        Group(2, "叠加", Target.ITEM, Mode.SEQUENCE),
    )
    sale = rule(7, PromotionKind.LIMITED, Terms(off_bp=2_000), groups[0])
    cart = basis((line(1, 1, 10_000),), [sale], groups)
    beaten = rules.quote(rules.with_level(cart, GOLD, groups, 1), rules=[sale])
    closed = rules.quote(rules.with_level(cart, GOLD, groups, 2), rules=[sale])
    assert beaten.total_fen == closed.total_fen == 8_000
    assert {one.step for one in closed.trace} & {Step.CLOSED}
    both = (replace(groups[0], mode=Mode.BEST), groups[1])
    cart = basis((line(1, 1, 10_000),), [sale], both)
    assert rules.quote(rules.with_level(cart, GOLD, both, 2), rules=[sale]).total_fen == 7_200
    assert rules.level_group(groups, 99).id == 1


@by_seed(300)
def test_no_cart_is_worse_than_the_guard_says(seed: int) -> None:
    chance = Random(seed)
    price = LevelPrice("金卡", chance.randint(1, 9_999))
    one = line(1, chance.randint(1, 9), chance.randint(100, 6_000), 50)
    groups = (Group(1, "单品", Target.ITEM, chance.choice(list(Mode))),)
    sale = rule(7, PromotionKind.LIMITED, Terms(off_bp=chance.randint(1, 9_999)), groups[0])
    cart = rules.with_level(basis((one,), [sale], groups), price, groups, None)
    world = rules.World(groups, cart.freight, Costs(0, 0), {}, {}, 100, 6_000)
    known = [sale, rules.level_rule(price, groups, None)]
    floor = rules.floor(one, known, world, NOON)
    assert floor is not None
    paid = rules.quote(cart, rules=[sale]).total_fen
    assert paid >= floor.pay_fen * one.quantity
    blind = rules.floor(one, [sale], world, NOON)
    assert blind is not None
    assert blind.pay_fen >= floor.pay_fen


def test_a_level_that_takes_a_fen_too_much_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: the level's share is rounded up on every piece."""
    cart = leveled(basis((line(1, 1, 100),), []), LevelPrice("金", 9_999))
    assert parts_add_up(rules.quote(cart))
    monkeypatch.setattr(effects, "share_bp", lambda value, bp: money.share_bp(value, bp) + 1)
    assert rules.quote(cart).total_fen < 0


async def test_from_the_product_page_to_the_order_and_back(
    db: Db, drain: Drain, wechat: FakeWeChat, fan_client: FanClient
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 50, skus=[{"price_fen": 10_000, "cost_fen": 9_500}])
        product_id = await tx.scalar(text("SELECT product_id FROM sku"))
        fan_id, other = await make.fan(tx), await make.fan(tx)
    await ladder(db, ("金卡", 500, 1_000))
    async with db.merchant("demo") as tx:
        gold = (await members.level_book(tx)).ladder[1].id
        until = (tx.now.date()).replace(year=tx.now.year + 1)
        await members.lock_level(tx, STAFF, fan_id, gold, until, "贵客")
        assert await price_of(tx, fan_id, one) == 9_000
        assert await price_of(tx, other, one) == 10_000
        risk = await service.at_risk(tx, with_drafts=False)
        assert (risk.below, risk.worst[0].floor.by) == (1, (LEVEL_RULE,))
    shop = await fan_client(fan_id)
    offers = (await shop.get(f"/api/shop/products/{product_id}/offers")).json()
    assert (offers["level_name"], offers["prices"]) == ("金卡", [])
    assert [one["label"] for one in offers["tags"]] == ["金卡价"]
    assert offers["level_prices"] == [{"sku_id": one, "price_fen": 9_000}]
    stranger = await fan_client(other)
    offers = (await stranger.get(f"/api/shop/products/{product_id}/offers")).json()
    assert (offers["level_name"], offers["level_prices"]) == ("", [])
    _, order_no = await make.paid(db, wechat, drain, (one, 1), fan_id=fan_id)
    order = await make.order(db, order_no)
    assert order.total_fen == 9_000
    assert [offer.name for offer in next(iter(order.offers.values()))] == ["金卡价"]
    async with db.merchant("demo") as tx:
        kept = await tx.scalar(text("SELECT quote FROM orders"))
        await members.unlock_level(tx, STAFF, fan_id, "离开")
        assert (await service.replay(tx, kept)).total_fen == 9_000
        assert await price_of(tx, fan_id, one) == 10_000


async def price_of(tx: Tx, fan_id: int, sku_id: int) -> int:
    return (await service.quote(tx, fan_id, [(sku_id, 1)], tx.now)).total_fen


async def test_a_refund_tells_and_takes_the_level(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 50, skus=[{"price_fen": 60_000, "cost_fen": 100}])
        fan_id = await make.fan(tx)
    await ladder(db, ("金卡", 500, 1_000), rules=replace(RULES, counts=Counts.PAID))
    _, order_no = await make.paid(db, wechat, drain, (one, 1), fan_id=fan_id)
    async with db.merchant("demo") as tx:
        assert await price_of(tx, fan_id, one) == 54_000
    asked = await make.ask(db, fan_id, order_no)
    async with db.merchant("demo") as tx:
        told = await orders.preview(tx, asked.after_sale_no)
    assert "成长值 600 → 0，会员等级由“金卡”变为“普通会员”" in told.model_dump_json()
    await make.approve(db, asked.after_sale_no)
    await drain()
    async with db.merchant("demo") as tx:
        assert await price_of(tx, fan_id, one) == 60_000
    assert await audit.run(db) == []
