"""The promotions in force, kept in memory and checked against the database's number each time.

A quote costs one statement more for having promotions and freight templates at all, however many
there are: only another number of the book makes them be read again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select, text

from tiefen.catalog import service as catalog
from tiefen.catalog.values import SENT, SkuBrief
from tiefen.fans import service as fans
from tiefen.inventory import service as inventory
from tiefen.kernel.db import Tx
from tiefen.promotion import rules
from tiefen.promotion.models import FreightTemplate, Promotion, PromotionVersion, StackingGroup
from tiefen.promotion.values import (
    BasisLine,
    Costs,
    FanFacts,
    FreightMix,
    FreightPlan,
    GiftStock,
    Group,
    LossRule,
    Mode,
    PromotionKind,
    Rule,
    Status,
    Target,
)

GROUPS_AT_FIRST = (
    Group(1, "单品优惠", Target.ITEM, Mode.BEST),
    Group(2, "满减满折", Target.ORDER, Mode.BEST),
    Group(3, "套餐、换购与赠品", Target.ORDER, Mode.SEQUENCE),
)
"""What every merchant begins with: the best price of an item, the best of the order, then the rest."""
_USED = """
    SELECT w.fan_id, u.promotion_id, sum(u.used)::int AS used
    FROM unnest($1::bigint[], $2::bigint[]) AS w(fan_id, record)
    JOIN promotion_use AS u ON u.fan_id = w.record
    WHERE u.promotion_id = ANY($3) AND u.used > 0
    GROUP BY 1, 2 ORDER BY 2
"""
"""Uses of these promotions by person, asked by (fan, record of theirs)."""
_STATE = text(
    """
    SELECT b.version, b.pay_fee_bp, b.shipping_fen, b.loss_rule, b.commission_bp, b.freight_mix,
           b.level_group_id
    FROM (VALUES (CAST(1 AS bigint))) AS one(id) LEFT JOIN promotion_book b USING (id)
    """
)


@dataclass(frozen=True, slots=True)
class Book:
    """All published rules, found by what they are for."""

    version: int
    rules: tuple[Rule, ...]
    groups: tuple[Group, ...]
    plans: Mapping[int, FreightPlan] = field(default_factory=dict)
    """Freight templates by number."""
    _all: tuple[Rule, ...] = ()
    _by: Mapping[tuple[str, int], tuple[Rule, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        version: int,
        published: Iterable[Rule],
        groups: Sequence[Group],
        plans: Mapping[int, FreightPlan],
    ) -> "Book":
        """A book with its index."""
        by: dict[tuple[str, int], list[Rule]] = defaultdict(list)
        everywhere = []
        kept = tuple(published)
        for rule in kept:
            named = [("sku", price.sku_id) for price in rule.terms.prices]
            named += [("sku", item.sku_id) for item in rule.terms.items]
            if not _own_goods(rule):
                named += [("sku", one) for one in rule.scope.sku_ids]
                named += [("product", one) for one in rule.scope.product_ids]
                named += [("category", one) for one in rule.scope.category_ids]
                if rule.scope.all:
                    everywhere.append(rule)
            for key in set(named):
                by[key].append(rule)
        index = {key: tuple(found) for key, found in by.items()}
        return cls(version, kept, tuple(groups), plans, tuple(everywhere), index)

    def looking_at(self, lines: Sequence[BasisLine], at: datetime) -> list[Rule]:
        """The rules in force that look at any of the lines, by number."""
        found = {rule.id: rule for rule in self._all}
        for line in lines:
            keys = [("sku", line.sku_id), ("product", line.product_id)]
            keys += [("category", one) for one in line.category_ids]
            for key in keys:
                for rule in self._by.get(key, ()):
                    found[rule.id] = rule
        return [
            rule
            for _, rule in sorted(found.items())
            if rules.in_force(rule, at) and rules.places(rule, lines)
        ]


@dataclass(frozen=True, slots=True)
class State:
    """What holds now: costs, the book, and how freight templates go together."""

    costs: Costs
    book: Book
    mix: FreightMix
    level_group_id: int | None = None
    """the stacking group of level prices, as the merchant chose"""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the rules need to know for one cart."""

    rules: tuple[Rule, ...]
    groups: tuple[Group, ...]
    fan: FanFacts
    gifts: tuple[GiftStock, ...]


NO_PLANS: Mapping[int, FreightPlan] = {}
_books: WeakKeyDictionary[Any, dict[str, Book]] = WeakKeyDictionary()


async def opened(tx: Tx) -> State:
    """What holds now; one statement, unless promotions have changed since this process looked."""
    row = (await tx.execute(_STATE)).one()
    version = row.version or 0
    costs = Costs(
        row.pay_fee_bp if version else Costs().pay_fee_bp,
        row.shipping_fen or 0,
        LossRule(row.loss_rule) if version else LossRule.FLAG,
        row.commission_bp or 0,
    )
    shelf = _books.setdefault(tx.bind, {})
    book = shelf.get(tx.merchant)
    if book is None or book.version != version:
        rules_now = await published(tx) if version else []
        book = Book.of(version, rules_now, await groups(tx), await freights(tx))
        shelf[tx.merchant] = book
    return State(costs, book, FreightMix(row.freight_mix or FreightMix.SUM), row.level_group_id)


async def freights(tx: Tx) -> dict[int, FreightPlan]:
    """The merchant's freight templates by number; goods travel free as long as there are none."""
    rows = await tx.scalars(select(FreightTemplate).order_by(FreightTemplate.id))
    return {row.id: row.plan for row in rows}


def template_of(sku: SkuBrief, plans: Mapping[int, FreightPlan]) -> int:
    """The freight template of a SKU; the default where it names none, or one that has gone."""
    if sku.kind not in SENT:
        return rules.NO_PARCEL
    named = sku.freight_template_id
    return named if named in plans and named else rules.DEFAULT


async def published(tx: Tx) -> list[Rule]:
    """The rules of all promotions that are published and not ended."""
    rows = await tx.execute(
        select(PromotionVersion.promotion_id, PromotionVersion.version, PromotionVersion.body)
        .join(Promotion, Promotion.id == PromotionVersion.promotion_id)
        .where(
            Promotion.status == Status.PUBLISHED,
            PromotionVersion.version == Promotion.version,
        )
        .order_by(PromotionVersion.promotion_id)
    )
    return [rules.rule_of(row.promotion_id, row.version, row.body) for row in rows]


async def versions(tx: Tx, wanted: Iterable[tuple[int, int]]) -> list[Rule]:
    """Rules by (promotion, version): what stored quotes were made with."""
    pairs = set(wanted)
    rows = await tx.execute(
        select(
            PromotionVersion.promotion_id, PromotionVersion.version, PromotionVersion.body
        ).where(PromotionVersion.promotion_id.in_({one for one, _ in pairs}))
    )
    return [
        rules.rule_of(row.promotion_id, row.version, row.body)
        for row in rows
        if (row.promotion_id, row.version) in pairs
    ]


async def groups(tx: Tx) -> tuple[Group, ...]:
    """The merchant's stacking groups in their order."""
    rows = await tx.scalars(select(StackingGroup).order_by(StackingGroup.position))
    saved = tuple(Group(row.id, row.name, row.target, row.mode) for row in rows)
    return saved or GROUPS_AT_FIRST


async def bump(tx: Tx) -> None:
    """Say that what is in force has changed; every process reads it anew at its next quote."""
    await tx.execute(
        text(
            "INSERT INTO promotion_book (id, version, pay_fee_bp, shipping_fen, loss_rule)"
            " VALUES (1, 1, 60, 0, 'flag')"
            " ON CONFLICT (id) DO UPDATE SET version = promotion_book.version + 1"
        )
    )


def basis_line(
    sku: SkuBrief, quantity: int, plans: Mapping[int, FreightPlan] = NO_PLANS
) -> BasisLine:
    """A SKU as a quote's basis holds it; a gift travels with the rest, by no template."""
    return BasisLine(
        sku_id=sku.id,
        product_id=sku.product_id,
        product_name=sku.product_name,
        spec_text=sku.spec_text,
        image_url=sku.image_url,
        quantity=quantity,
        price_fen=sku.price_fen,
        cost_fen=sku.cost_fen,
        purchase_limit=sku.purchase_limit,
        category_ids=sku.category_ids,
        template_id=template_of(sku, plans),
        weight_g=sku.weight_g or 0,
        volume_cm3=sku.volume_cm3 or 0,
        presale=sku.presale,
    )


async def looked_at(
    tx: Tx, book: Book, carts: Sequence[tuple[int, Sequence[BasisLine]]], at: datetime
) -> list[Looked]:
    """For each cart (fan, lines) the rules that look at it and what they ask; no statement when
    none does, at most four however many carts and rules there are."""
    chosen = [book.looking_at(lines, at) for _, lines in carts]
    every = {rule.id: rule for found in chosen for rule in found}
    if not every:
        return [Looked((), (), FanFacts(), ()) for _ in carts]
    facts = await _facts(tx, [fan_id for fan_id, _ in carts], list(every.values()))
    gifts = await _gifts(tx, list(every.values()))
    looked = []
    for (fan_id, _), found in zip(carts, chosen, strict=True):
        inside = {rule.group_id for rule in found if rule.kind is not PromotionKind.FREIGHT}
        given = {
            gift.sku_id
            for rule in found
            if rule.kind is PromotionKind.GIFT
            for tier in rule.terms.tiers
            for gift in tier.gifts
        }
        looked.append(
            Looked(
                tuple(found),
                tuple(group for group in book.groups if group.id in inside),
                facts[fan_id] if found else FanFacts(),
                tuple(gifts[sku_id] for sku_id in sorted(given) if sku_id in gifts),
            )
        )
    return looked


async def _facts(tx: Tx, fan_ids: Sequence[int], found: Sequence[Rule]) -> dict[int, FanFacts]:
    """What the conditions of these rules ask of these fans."""
    asked = [rule.conditions for rule in found]
    first = any(when.first_order for when in asked)
    known = (
        await fans.trade_facts(tx, fan_ids)
        if first or any(when.new_fan_days for when in asked)
        else {}
    )
    limited = [rule.id for rule in found if rule.conditions.per_fan] + ([0] if first else [])
    used: dict[int, list[tuple[int, int]]] = defaultdict(list)
    if limited:
        people = await fans.joined(tx, fan_ids)
        pairs = [(fan, one) for fan in fan_ids for one in people.get(fan, (fan,))]
        rows = await tx.rows(_USED, [fan for fan, _ in pairs], [one for _, one in pairs], limited)
        for row in rows:
            used[row["fan_id"]].append((row["promotion_id"], row["used"]))
    return {
        fan_id: FanFacts(
            known[fan_id].joined_at if fan_id in known else None,
            known[fan_id].orders if fan_id in known else 0,
            tuple(used[fan_id]),
        )
        for fan_id in fan_ids
    }


async def _gifts(tx: Tx, found: Sequence[Rule]) -> dict[int, GiftStock]:
    """Gift SKUs of these rules that are on the shelf's grid or off it, with what is free of them."""
    wanted = {
        gift.sku_id
        for rule in found
        if rule.kind is PromotionKind.GIFT
        for tier in rule.terms.tiers
        for gift in tier.gifts
    }
    if not wanted:
        return {}
    briefs = await catalog.skus(tx, wanted)
    free = await inventory.available(tx, wanted)
    return {
        sku_id: GiftStock(basis_line(brief, 1), free[sku_id]) for sku_id, brief in briefs.items()
    }


def _own_goods(rule: Rule) -> bool:
    """Its goods are named in its terms, not in its scope."""
    return (rule.kind is PromotionKind.LIMITED and bool(rule.terms.prices)) or (
        rule.kind is PromotionKind.PACKAGE and bool(rule.terms.items)
    )
