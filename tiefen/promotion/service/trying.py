"""A draft tried on orders of the past: what they would have cost under it."""

from collections.abc import Sequence
from dataclasses import replace

from tiefen.catalog import service as catalog
from tiefen.kernel.db import Tx
from tiefen.promotion import rules
from tiefen.promotion.errors import PromotionMissing, QuoteTooLarge
from tiefen.promotion.models import Promotion
from tiefen.promotion.service import book
from tiefen.promotion.values import (
    Basis,
    FanFacts,
    GiftStock,
    PastOrder,
    PromotionKind,
    Rule,
    Tried,
)


async def draft_body(tx: Tx, promotion_id: int) -> dict[str, object]:
    """The text of a promotion's draft as it stands. Raises PromotionMissing."""
    row = await tx.get(Promotion, promotion_id)
    if row is None:
        raise PromotionMissing
    return dict(row.body)


async def try_on(tx: Tx, draft: Rule, orders: Sequence[PastOrder]) -> list[Tried]:
    """What each order cost, and would have cost with `draft` among the rules of its day.

    The draft's window is set aside (it lies ahead), its hours of the week count; its older versions
    are left out. Both sides are priced by today's calculation; margins count today's costs.
    """
    always = replace(draft.conditions, starts_at=None, ends_at=None)
    draft = replace(draft, conditions=always)
    state = await book.opened(tx)
    groups = await book.groups(tx)
    bases = [rules.basis_of(order.quote) for order in orders]
    known = await book.versions(tx, {pair for basis in bases for pair in basis.versions})
    of_day = {(rule.id, rule.version): rule for rule in known}
    briefs = await catalog.skus(tx, {line.sku_id for basis in bases for line in basis.lines})
    gifts = await _gifts(tx, draft)
    tried = []
    for order, kept in zip(orders, bases, strict=True):
        basis = _dated(kept, order, draft)
        above = {one: brief.category_ids for one, brief in briefs.items()}
        lines = tuple(
            replace(line, category_ids=line.category_ids or above.get(line.sku_id, ()))
            for line in basis.lines
        )
        basis = replace(basis, lines=lines)
        standing = [of_day[pair] for pair in basis.versions]
        others = [rule for rule in standing if rule.id != draft.id]
        named = {group.id for group in basis.groups}
        stacked = (*basis.groups, *(one for one in groups if one.id not in named))
        with_draft = replace(basis, groups=stacked, gifts=(*basis.gifts, *gifts))
        try:
            before = rules.quote(basis, rules=standing)
            after = rules.quote(with_draft, rules=[*others, draft])
        except QuoteTooLarge:
            continue
        tried.append(
            Tried(
                order.order_no,
                order.fan_id,
                before.total_fen,
                after.total_fen,
                rules.margin(before, state.costs),
                rules.margin(after, state.costs),
            )
        )
    return tried


def _dated(basis: Basis, order: PastOrder, draft: Rule) -> Basis:
    """The basis with what the draft's conditions ask of the fan on that day."""
    used = tuple(pair for pair in basis.fan.used if pair[0] != draft.id)
    facts = FanFacts(order.joined_at, order.earlier, (*used, (draft.id, order.earlier_in_window)))
    return replace(basis, at=basis.at or order.at, fan=facts)


async def _gifts(tx: Tx, draft: Rule) -> list[GiftStock]:
    """The draft's gifts as if there were always enough of them."""
    if draft.kind is not PromotionKind.GIFT:
        return []
    wanted = {gift.sku_id for tier in draft.terms.tiers for gift in tier.gifts}
    briefs = await catalog.skus(tx, wanted)
    return [GiftStock(book.basis_line(brief, 1), 10**6) for brief in briefs.values()]
