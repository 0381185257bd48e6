"""What a product page may promise: offers that hold now, and the price every fan gets."""

from tiefen.catalog import service as catalog
from tiefen.kernel.db import Tx
from tiefen.members import service as membership
from tiefen.promotion import rules
from tiefen.promotion.schemas import OfferTag, ProductOffers, SkuOffer, say
from tiefen.promotion.service import book
from tiefen.promotion.values import Basis, Freight, PromotionKind, Rule, Target

MOST_TAGS = 8


async def product_offers(tx: Tx, product_id: int, fan_id: int | None = None) -> ProductOffers:
    """The offers that look at a product on the shelf now, and prices of one piece under them; for a
    fan whose member level takes something off, what one piece costs them.

    Only what depends on nobody counts for the price: offers for new fans or first orders, or with a
    limit a fan may have used up, are shown as tags.
    """
    briefs = await catalog.skus(tx, await catalog.sku_ids_of(tx, product_id))
    lines = [book.basis_line(sku, 1) for sku in briefs.values() if sku.on_shelf]
    state = await book.opened(tx)
    found = state.book.looking_at(lines, tx.now)
    items = {group.id for group in state.book.groups if group.target is Target.ITEM}
    plain = [
        rule
        for rule in found
        if rule.kind is PromotionKind.LIMITED and rule.group_id in items and _for_everybody(rule)
    ]
    terms = (await membership.price_terms(tx, [fan_id])).get(fan_id) if fan_id else None
    level = terms.level if terms else None
    prices, own = [], []
    for line in lines:
        basis = Basis(rules.VERSION, (line,), Freight(0, None), tx.now, groups=state.book.groups)
        pay_fen = rules.quote(basis, rules=plain).total_fen
        if pay_fen < line.price_fen:
            prices.append(SkuOffer(sku_id=line.sku_id, price_fen=pay_fen))
        with_level = rules.with_level(basis, level, state.book.groups, state.level_group_id)
        own_fen = rules.quote(with_level, rules=plain).total_fen
        if own_fen < pay_fen:
            own.append(SkuOffer(sku_id=line.sku_id, price_fen=own_fen))
    mine = [rules.level_rule(level, state.book.groups, state.level_group_id)] if level else []
    return ProductOffers(
        tags=[_level_tag(rule) for rule in mine if own]
        + [
            OfferTag(
                promotion_id=rule.id,
                kind=rule.kind,
                label=say(rules.tag(rule)),
                sentence=f"{rule.name}：{say(rules.summary(rule))}",
                ends_at=rule.conditions.ends_at,
            )
            for rule in sorted(found, key=lambda rule: (rule.priority, rule.id))[:MOST_TAGS]
        ],
        prices=sorted(prices, key=lambda one: one.sku_id),
        level_name=level.name if level and own else "",
        level_prices=sorted(own, key=lambda one: one.sku_id),
    )


def _level_tag(rule: Rule) -> OfferTag:
    words = rules.sentence("level", {"off_bp": rule.terms.off_bp}, rule.name)
    return OfferTag(
        promotion_id=rule.id, kind=rule.kind, label=rule.name, sentence=say(words), ends_at=None
    )


def _for_everybody(rule: Rule) -> bool:
    when = rule.conditions
    return not (when.first_order or when.new_fan_days or when.per_fan)
