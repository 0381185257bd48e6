"""The level price as a rule of the price calculation, in its group among the merchant's."""

from collections.abc import Sequence
from dataclasses import replace

from tiefen.members.values import LevelPrice
from tiefen.promotion.values import (
    LEVEL_RULE,
    Basis,
    Group,
    PromotionKind,
    Rule,
    Scope,
    Target,
    Terms,
)


def level_group(groups: Sequence[Group], chosen: int | None) -> Group:
    """The group level prices stand in: the merchant's choice, else the first that looks at items,
    where the better of a limited price and the level price holds."""
    by_id = {group.id: group for group in groups}
    items = (group for group in groups if group.target is Target.ITEM)
    return by_id.get(chosen or 0) or next(items, groups[0])


def level_rule(price: LevelPrice, groups: Sequence[Group], chosen: int | None) -> Rule:
    """What a level takes off, as a rule."""
    return Rule(
        LEVEL_RULE,
        0,
        PromotionKind.LIMITED,
        f"{price.name}价",
        level_group(groups, chosen).id,
        0,
        Scope(
            all=True,
            without_product_ids=price.without_product_ids,
            without_category_ids=price.without_category_ids,
        ),
        Terms(off_bp=price.off_bp),
    )


def with_level(
    basis: Basis, price: LevelPrice | None, groups: Sequence[Group], chosen: int | None
) -> Basis:
    """The basis with the level price, and its group at its place among the merchant's."""
    if price is None or not groups:
        return basis
    rule = level_rule(price, groups, chosen)
    inside = {rule.group_id, *(group.id for group in basis.groups)}
    stacked = tuple(one for one in groups if one.id in inside)
    return replace(basis, level=rule, groups=stacked)
