"""Which promotions apply together, decided by the merchant's stacking groups."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tiefen.kernel.days import CHINA
from tiefen.promotion.rules.effects import Cart, Effect, effect
from tiefen.promotion.rules.freight import free_anyway
from tiefen.promotion.values import (
    LEVEL_RULE,
    Basis,
    BasisLine,
    FanFacts,
    Group,
    Mode,
    Pieces,
    PromotionKind,
    Rule,
    Scope,
    Step,
    Target,
    TraceLine,
)


@dataclass(slots=True)
class Outcome:
    """What all promotions together did to a cart."""

    left: list[int]
    taken: list[dict[int, int]]
    """By place: promotion → fen off."""
    gifts: dict[int, list[Pieces]] = field(default_factory=dict)
    """By promotion."""
    trace: list[TraceLine] = field(default_factory=list)
    missed: dict[int, TraceLine] = field(default_factory=dict)
    """Why a promotion did not apply (dropped when it did after all, elsewhere)."""
    applied: dict[int, Rule] = field(default_factory=dict)
    more: dict[int, TraceLine] = field(default_factory=dict)
    """What is missing to the next tier of one that applied."""
    open: set[int] = field(default_factory=set)
    """Places no exclusive promotion has taken."""


def places(rule: Rule, lines: Sequence[BasisLine]) -> list[int]:
    """The lines a promotion looks at: its goods, its set, or what may be added under it."""
    if rule.kind is PromotionKind.PACKAGE and rule.terms.items:
        items = {item.sku_id for item in rule.terms.items}
        return [place for place, line in enumerate(lines) if line.sku_id in items]
    prices = {price.sku_id for price in rule.terms.prices}
    if rule.kind is PromotionKind.LIMITED and prices:
        return [place for place, line in enumerate(lines) if line.sku_id in prices]
    scope = rule.scope
    without = scope.without_sku_ids or scope.without_product_ids or scope.without_category_ids
    if scope.all and not without:
        return list(range(len(lines)))
    skus, products, above = set(scope.sku_ids), set(scope.product_ids), set(scope.category_ids)
    found = [
        place
        for place, line in enumerate(lines)
        if scope.all
        or line.sku_id in skus
        or line.product_id in products
        or not above.isdisjoint(line.category_ids)
    ]
    if without:
        found = [place for place in found if not _excluded(scope, lines[place])]
    if prices:
        added = {place for place, line in enumerate(lines) if line.sku_id in prices}
        return sorted(added.union(found))
    return found


def touches(rule: Rule, line: BasisLine) -> bool:
    """Whether a promotion looks at a line."""
    return bool(places(rule, (line,)))


def _excluded(scope: Scope, line: BasisLine) -> bool:
    return (
        line.sku_id in scope.without_sku_ids
        or line.product_id in scope.without_product_ids
        or not set(scope.without_category_ids).isdisjoint(line.category_ids)
    )


def in_force(rule: Rule, at: datetime) -> bool:
    """Whether a moment lies in the promotion's window and hours."""
    when = rule.conditions
    if (when.starts_at and at < when.starts_at) or (when.ends_at and at >= when.ends_at):
        return False
    if not when.hours:
        return True
    local = at.astimezone(CHINA)
    minute = local.hour * 60 + local.minute
    return any(
        local.isoweekday() in hours.days and hours.from_minute <= minute < hours.until_minute
        for hours in when.hours
    )


def barred(rule: Rule, fan: FanFacts, at: datetime) -> Step | None:
    """Why this fan may not use the promotion, if so."""
    when = rule.conditions
    if when.first_order and (fan.orders > 0 or dict(fan.used).get(0, 0) > 0):
        return Step.FIRST_ORDER
    if when.new_fan_days and (
        fan.joined_at is None or at >= fan.joined_at + timedelta(days=when.new_fan_days)
    ):
        return Step.NEW_FANS
    if when.per_fan and dict(fan.used).get(rule.id, 0) >= when.per_fan:
        return Step.USED_UP
    return None


def stack(basis: Basis, rules: Sequence[Rule]) -> Outcome:
    """Apply the promotions to a basis group by group. The order of `rules` does not matter."""
    cart = Cart(
        basis.lines,
        [line.price_fen * line.quantity for line in basis.lines],
        {gift.line.sku_id: gift for gift in basis.gifts},
    )
    done = Outcome(cart.left, [{} for _ in basis.lines], open=set(range(len(basis.lines))))
    where: dict[int, list[int]] = {}
    by_group: dict[int, list[Rule]] = defaultdict(list)
    for rule in sorted(rules, key=lambda rule: (rule.priority, rule.id)):
        if rule.kind is PromotionKind.FREIGHT or basis.at is None or not in_force(rule, basis.at):
            continue
        looked = places(rule, basis.lines)
        if not looked:
            if rule.id == LEVEL_RULE:
                _miss(done, rule, Effect(Step.LEVEL_OUT, {}))
            continue
        reason = barred(rule, basis.fan, basis.at)
        if reason is not None:
            _miss(done, rule, Effect(reason, {"days": rule.conditions.new_fan_days}))
            continue
        where[rule.id] = looked
        by_group[rule.group_id].append(rule)
    for group in basis.groups:
        if by_group[group.id]:
            _decide(group, by_group[group.id], cart, where, done)
    for rule_id in done.applied:
        done.missed.pop(rule_id, None)
    return done


def freight_rule(basis: Basis, rules: Sequence[Rule], done: Outcome) -> tuple[Rule, Effect] | None:
    """The promotion that makes the freight free, if one does; else why not goes to `missed`."""
    cart = Cart(basis.lines, done.left, {})
    for rule in sorted(rules, key=lambda rule: (rule.priority, rule.id)):
        if (
            rule.kind is not PromotionKind.FREIGHT
            or basis.at is None
            or not in_force(rule, basis.at)
        ):
            continue
        looked = places(rule, basis.lines)
        if not looked:
            continue
        if rule.id < 0 and free_anyway(basis, done.left):
            _miss(done, rule, Effect(Step.NO_GAIN, {}))
            continue
        reason = barred(rule, basis.fan, basis.at)
        found = (
            effect(rule, cart, looked)
            if reason is None
            else Effect(reason, {"days": rule.conditions.new_fan_days})
        )
        if found.step is Step.FREIGHT_WAIVED:
            return rule, found
        _miss(done, rule, found)
    return None


def _decide(
    group: Group,
    rules: Sequence[Rule],
    cart: Cart,
    where: Mapping[int, Sequence[int]],
    done: Outcome,
) -> None:
    """One group: line by line, or once for the order."""
    if group.target is Target.ORDER:
        _choose(group, [(rule, where[rule.id]) for rule in rules], cart, done)
        return
    by_place: dict[int, list[tuple[Rule, Sequence[int]]]] = defaultdict(list)
    for rule in rules:
        for place in where[rule.id]:
            by_place[place].append((rule, (place,)))
    for place in sorted(by_place):
        _choose(group, by_place[place], cart, done)


def _choose(
    group: Group, offers: Sequence[tuple[Rule, Sequence[int]]], cart: Cart, done: Outcome
) -> None:
    """Apply all in turn, or the best for the fan (a tie goes to the earlier one)."""
    best: tuple[Rule, Sequence[int], Effect] | None = None
    for rule, wanted in offers:
        still = [place for place in wanted if place in done.open]
        if not still:
            _miss(done, rule, Effect(Step.CLOSED, {}))
            continue
        found = effect(rule, cart, still)
        if not found.applies:
            _miss(done, rule, found)
        elif group.mode is Mode.SEQUENCE:
            _apply(rule, found, cart, done)
        elif best is None or found.worth_fen > best[2].worth_fen:
            if best is not None:
                _miss(done, best[0], Effect(Step.BEATEN, {"worth_fen": best[2].worth_fen}))
            best = (rule, still, found)
        else:
            _miss(done, rule, Effect(Step.BEATEN, {"worth_fen": found.worth_fen}))
    if best is not None:
        _apply(best[0], best[2], cart, done)
        if group.mode is Mode.EXCLUSIVE:
            done.open.difference_update(best[1])


def _apply(rule: Rule, found: Effect, cart: Cart, done: Outcome) -> None:
    for place, amount in found.off.items():
        cart.left[place] -= amount
        done.taken[place][rule.id] = done.taken[place].get(rule.id, 0) + amount
    if found.gifts:
        done.gifts[rule.id] = list(found.gifts)
    done.applied[rule.id] = rule
    if found.more:
        done.more[rule.id] = _why(rule, found.more)
    only = next(iter(found.off)) if len(found.off) == 1 else None
    done.trace.append(
        TraceLine(
            found.step,
            cart.lines[only].sku_id if only is not None else None,
            -sum(found.off.values()),
            dict(found.numbers),
            rule.id,
            rule.name,
        )
    )


def _miss(done: Outcome, rule: Rule, found: Effect) -> None:
    """Note why; the first reason stays."""
    done.missed.setdefault(rule.id, _why(rule, found))


def _why(rule: Rule, found: Effect) -> TraceLine:
    return TraceLine(found.step, None, 0, dict(found.numbers), rule.id, rule.name)
