"""Carts and promotions, made up at random or by hand."""

from datetime import UTC, datetime
from random import Random

from tiefen.promotion import rules
from tiefen.promotion.values import (
    Basis,
    BasisLine,
    Conditions,
    FanFacts,
    Freight,
    GiftStock,
    Group,
    Mode,
    Pieces,
    PromotionKind,
    Rule,
    Scope,
    SkuPrice,
    Target,
    Terms,
    Tier,
)

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
ITEM_BEST = Group(1, "单品", Target.ITEM, Mode.BEST)
ORDER_BEST = Group(2, "订单", Target.ORDER, Mode.BEST)
ORDER_ALL = Group(3, "赠品", Target.ORDER, Mode.SEQUENCE)
FREE = Freight(0, None)
NOBODY = FanFacts()


def line(sku_id: int, quantity: int, price_fen: int, cost_fen: int | None = None) -> BasisLine:
    """A line; its product has its number, its category is one of five."""
    return BasisLine(
        sku_id, sku_id, f"商品{sku_id}", "", "", quantity, price_fen, cost_fen, None, (sku_id % 5,)
    )


def rule(
    number: int,
    kind: PromotionKind,
    terms: Terms,
    group: Group,
    *,
    priority: int = 0,
    scope: Scope | None = None,
    conditions: Conditions | None = None,
) -> Rule:
    """A promotion on everything, unless `scope` says otherwise."""
    return Rule(
        number,
        1,
        kind,
        f"活动{number}",
        group.id,
        priority,
        scope or Scope(all=True),
        terms,
        conditions or Conditions(),
    )


def basis(
    lines: tuple[BasisLine, ...],
    promotions: list[Rule],
    groups: tuple[Group, ...] = (ITEM_BEST, ORDER_BEST, ORDER_ALL),
    freight: Freight = FREE,
    fan: FanFacts = NOBODY,
    gifts: tuple[GiftStock, ...] = (),
) -> Basis:
    """A basis at noon that knows these promotions."""
    versions = tuple(sorted((one.id, one.version) for one in promotions))
    return Basis(rules.VERSION, lines, freight, NOON, fan, groups, versions, gifts)


def some_terms(kind: PromotionKind, chance: Random) -> Terms:
    """Terms of a kind."""
    pick = chance.randint
    ids = chance.sample(range(1, 16), 4)
    if kind is PromotionKind.LIMITED and chance.random() < 0.5:
        return Terms(off_bp=pick(1, 9_999))
    if kind is PromotionKind.LIMITED:
        return Terms(prices=tuple(SkuPrice(one, pick(0, 3_000)) for one in ids))
    if kind is PromotionKind.NTH:
        return Terms(nth=pick(2, 4), off_bp=pick(1, 10_000), across=chance.random() < 0.5)
    if kind is PromotionKind.PACKAGE and chance.random() < 0.5:
        return Terms(pieces=pick(2, 5), price_fen=pick(0, 8_000))
    if kind is PromotionKind.PACKAGE:
        items = tuple(Pieces(one, pick(1, 2)) for one in ids[:2])
        return Terms(items=items, price_fen=pick(0, 5_000))
    return _tiered(kind, chance, ids)


def _tiered(kind: PromotionKind, chance: Random, ids: list[int]) -> Terms:
    by_pieces = chance.random() < 0.3 and kind not in (PromotionKind.ADD_ON, PromotionKind.FREIGHT)
    marks = sorted(chance.sample(range(1, 20 if by_pieces else 20_000), 2))
    offs = sorted(chance.sample(range(1, 9_000), 2))
    tiers = tuple(
        Tier(
            from_fen=0 if by_pieces else mark,
            from_pieces=mark if by_pieces else 0,
            off_fen=off if kind is PromotionKind.OFF else 0,
            off_bp=off if kind is PromotionKind.PERCENT else 0,
            gifts=(Pieces(chance.randint(90, 92), chance.randint(1, 2)),)
            if kind is PromotionKind.GIFT
            else (),
        )
        for mark, off in zip(marks, offs, strict=True)
    )
    cap_fen = chance.choice([0, 4_000])
    if kind is PromotionKind.OFF and chance.random() < 0.3:
        return Terms(tiers=tiers[:1], repeat=True, cap_fen=cap_fen)
    if kind is PromotionKind.OFF:
        return Terms(tiers=tiers)
    if kind is PromotionKind.ADD_ON:
        prices = tuple(SkuPrice(one, chance.randrange(900), chance.randrange(4)) for one in ids[:2])
        return Terms(tiers=tiers[:1], prices=prices)
    return Terms(tiers=tiers, cap_fen=cap_fen)


def some_groups(chance: Random) -> tuple[Group, ...]:
    """Two to five groups of every sort, in some order."""
    return tuple(
        Group(number, f"组{number}", chance.choice(list(Target)), chance.choice(list(Mode)))
        for number in range(1, chance.randint(3, 6))
    )


def some_rules(chance: Random, groups: tuple[Group, ...], most: int = 12) -> list[Rule]:
    """Promotions of every kind in the groups they may stand in."""
    made = []
    for number in range(1, chance.randint(1, most) + 1):
        group = chance.choice(groups)
        kinds = (
            list(PromotionKind)
            if group.target is Target.ORDER
            else [PromotionKind.LIMITED, PromotionKind.NTH]
        )
        kind = chance.choice(kinds)
        terms = some_terms(kind, chance)
        if group.target is Target.ITEM and kind is PromotionKind.NTH:
            terms = Terms(nth=terms.nth, off_bp=terms.off_bp)
        scope = Scope(all=True)
        if chance.random() < 0.5:
            scope = Scope(
                category_ids=tuple(chance.sample(range(5), 2)),
                sku_ids=tuple(chance.sample(range(1, 16), 3)),
                without_sku_ids=tuple(chance.sample(range(1, 16), 2)),
            )
        priority = chance.randint(0, 2)
        made.append(rule(number, kind, terms, group, scope=scope, priority=priority))
    return made


def some_lines(chance: Random, most: int = 8) -> tuple[BasisLine, ...]:
    """Up to so many lines of SKUs 1 to 15."""
    ids = chance.sample(range(1, 16), chance.randint(1, most))
    return tuple(line(one, chance.randint(1, 12), chance.randrange(6_000)) for one in ids)


def some_gifts(chance: Random) -> tuple[GiftStock, ...]:
    """SKUs 90 to 92, some of them out of stock."""
    return tuple(
        GiftStock(line(one, 1, chance.randrange(3_000), 100), chance.choice([0, 5, 100]))
        for one in (90, 91, 92)
    )


def some_case(seed: int) -> tuple[Basis, list[Rule]]:
    """A cart, a fan, a freight rule, groups and promotions."""
    chance = Random(seed)
    groups = some_groups(chance)
    promotions = some_rules(chance, groups)
    freight = Freight(chance.choice([0, 800]), chance.choice([None, 9_900]))
    lines = some_lines(chance)
    return basis(lines, promotions, groups, freight, FanFacts(), some_gifts(chance)), promotions
