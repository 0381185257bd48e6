"""毛利护栏: how little a piece of a SKU can bring under everything that may stack.

For promotions that look at one line the floor is exact. For those that look at the whole cart it is
a bound that is never too high: the thresholds are reached as cheaply as can be, by whatever other
goods it takes. A rule only ever lowers what is left and keeps its order, so the floors of its steps
may be chained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tiefen.kernel.money import BP, ratio_up, share_bp
from tiefen.members.values import PointsOffer
from tiefen.promotion.rules.stacking import touches
from tiefen.promotion.values import (
    BasisLine,
    Costs,
    Freight,
    Group,
    Mode,
    PromotionKind,
    Quote,
    Rule,
    Target,
    Tier,
)

_LEAVES_PRICES = (PromotionKind.FREIGHT, PromotionKind.GIFT)


@dataclass(frozen=True, slots=True)
class Floor:
    """The least one piece can bring, and by which promotions."""

    sku_id: int
    price_fen: int
    cost_fen: int
    pay_fen: int
    """What the fan pays for it at worst."""
    extra_fen: int
    """Its share of gifts, payment fee and shipping at worst."""
    by: tuple[int, ...]
    """The promotions of that stack."""

    @property
    def margin_fen(self) -> int:
        """Negative: it can be sold at a loss."""
        return self.pay_fen - self.cost_fen - self.extra_fen


@dataclass(frozen=True, slots=True)
class World:
    """What the guard knows besides the SKU itself."""

    groups: Sequence[Group]
    freight: Freight
    costs: Costs
    gift_costs: Mapping[int, int]
    """Gift SKU → cost, or its price where no cost is known."""
    prices: Mapping[int, int]
    """List prices of SKUs named in fixed sets."""
    cheapest_fen: int
    """The cheapest price in the shop; 0: other promotions may leave less of some goods."""
    dearest_fen: int
    """The dearest price in the shop: what a package may be filled with."""
    points: PointsOffer | None = None
    """What points may pay at most."""


@dataclass(frozen=True, slots=True)
class _State:
    left: int
    even: bool
    """All pieces of the line still cost the same fen."""
    by: tuple[int, ...]


def floor(line: BasisLine, rules: Sequence[Rule], world: World, now: datetime) -> Floor | None:
    """The floor of a SKU from now on; None when its cost is not known.

    `rules` are all that are or will be in force; hours of the day are taken to overlap.
    """
    if line.cost_fen is None:
        return None
    mine = [rule for rule in rules if rule.kind is PromotionKind.FREIGHT or touches(rule, line)]
    starts = {rule.conditions.starts_at for rule in mine if rule.conditions.starts_at}
    moments = [now, *sorted(at for at in starts if at > now)]
    if sum(rule.kind not in _LEAVES_PRICES for rule in rules) > 1:
        world = replace(world, cheapest_fen=0)
    floors = [_floor_at(line, _running(mine, at), world, at) for at in moments]
    return min(floors, key=lambda one: one.margin_fen)


def margin(priced: Quote, costs: Costs) -> int | None:
    """What an order brings: paid, less goods, gifts, payment fee, commission and shipping.

    Commission is of the goods' money, not of the freight. None: a cost is unknown.
    """
    if not priced.lines:
        return None
    known = {line.sku_id: line.cost_fen for line in priced.basis.lines}
    known.update({gift.line.sku_id: gift.line.cost_fen for gift in priced.basis.gifts})
    spent = 0
    for line in priced.lines:
        cost_fen = known[line.sku_id]
        if cost_fen is None:
            return None
        spent += cost_fen * line.quantity
    fee_fen = share_bp(priced.total_fen, costs.pay_fee_bp)
    commission_fen = share_bp(priced.total_fen - priced.freight_fen, costs.commission_bp)
    return priced.total_fen - spent - fee_fen - commission_fen - costs.shipping_fen


def _running(rules: Sequence[Rule], at: datetime) -> list[Rule]:
    return [
        rule
        for rule in rules
        if not (rule.conditions.starts_at and at < rule.conditions.starts_at)
        and not (rule.conditions.ends_at and at >= rule.conditions.ends_at)
    ]


def _floor_at(line: BasisLine, rules: Sequence[Rule], world: World, at: datetime) -> Floor:
    by_group: dict[int, list[Rule]] = {}
    for rule in sorted(rules, key=lambda rule: (rule.priority, rule.id)):
        if rule.kind not in _LEAVES_PRICES:
            by_group.setdefault(rule.group_id, []).append(rule)
    state = _State(line.price_fen, True, ())
    ends = []
    for group in world.groups:
        found = by_group.get(group.id, [])
        if group.mode is Mode.SEQUENCE:
            for rule in found:
                state = min(state, _after(rule, group, line, state, world), key=_left)
        elif found:
            best = min((_after(rule, group, line, state, world) for rule in found), key=_left)
            if group.mode is Mode.EXCLUSIVE:
                ends.append(best)
            else:
                state = min(state, best, key=_left)
    end = min([state, *ends], key=_left)
    gifts_fen, givers = _gifts(line, rules, world)
    pay_fen = _less_points(max(end.left - _bonus(line, at), 0), line, world.points)
    extra_fen = (
        gifts_fen
        + ratio_up(pay_fen, world.costs.pay_fee_bp + world.costs.commission_bp, BP)
        + _shipping(line, rules, world.freight, world.costs)
    )
    return Floor(
        line.sku_id, line.price_fen, line.cost_fen or 0, pay_fen, extra_fen, (*end.by, *givers)
    )


def _bonus(line: BasisLine, at: datetime) -> int:
    """What a deposit paid at this moment counts for beyond itself, a piece."""
    terms = line.presale
    if terms is None or at >= terms.balance_from:
        return 0
    return max(terms.worth_fen - terms.deposit_fen, 0)


def _less_points(pay_fen: int, line: BasisLine, points: PointsOffer | None) -> int:
    """What is left to pay in money; a line's share may be a fen above its part."""
    if points is None or not points.pays(line.product_id, line.category_ids):
        return pay_fen
    return max(pay_fen - ratio_up(pay_fen, points.cap_bp, BP) - 1, 0)


def _left(state: _State) -> int:
    return state.left


def _after(rule: Rule, group: Group, line: BasisLine, state: _State, world: World) -> _State:
    """What is left of a piece at least. Uneven pieces are rounded down by a fen for safety."""
    left, terms = state.left, rule.terms
    uneven = 0 if state.even else 1
    even = state.even
    match rule.kind:
        case PromotionKind.LIMITED if terms.prices:
            after = min(price.price_fen for price in terms.prices if price.sku_id == line.sku_id)
        case PromotionKind.LIMITED:
            after = left - share_bp(left, terms.off_bp) - uneven
        case PromotionKind.NTH if terms.across and group.target is Target.ORDER:
            after, even = left - share_bp(left, terms.off_bp) - uneven, False
        case PromotionKind.NTH:
            after, even = (
                left - ratio_up(share_bp(left, terms.off_bp), 1, terms.nth) - uneven,
                False,
            )
        case PromotionKind.OFF:
            most = max(_off(left, tier, terms.repeat, world.cheapest_fen) for tier in terms.tiers)
            after, even = left - most, False
        case PromotionKind.PERCENT:
            most = max(tier.off_bp for tier in terms.tiers)
            after, even = left - ratio_up(left, most, BP) - 1, False
        case PromotionKind.PACKAGE:
            after, even = _in_package(rule, left, world), False
        case PromotionKind.ADD_ON:
            offered = [price.price_fen for price in terms.prices if price.sku_id == line.sku_id]
            after, even = min(offered, default=left), False
        case _:
            return state
    if after >= left:
        return state
    return _State(max(after, 0), even, (*state.by, rule.id))


def _off(left: int, tier: Tier, repeat: bool, cheapest_fen: int) -> int:
    """The most a tier takes off a piece: the threshold just reached, or one piece taking it all.

    Where each so many pieces take off an amount, cheap pieces earn what dear ones bear: a piece bears
    at most its price's share of a cart of the cheapest goods.
    """
    if tier.from_fen:
        share = ratio_up(left, tier.off_fen, tier.from_fen) + 1
        return share if repeat else min(tier.off_fen, share)
    if not repeat:
        return tier.off_fen
    if not cheapest_fen:
        return left
    return ratio_up(left, tier.off_fen, tier.from_pieces * cheapest_fen) + 1


def _in_package(rule: Rule, left: int, world: World) -> int:
    """A piece pays its share of the package's price; the dearer the others, the less."""
    terms = rule.terms
    if terms.items:
        whole_fen = sum(world.prices.get(item.sku_id, 0) * item.quantity for item in terms.items)
    else:
        whole_fen = left + (terms.pieces - 1) * world.dearest_fen
    if whole_fen <= terms.price_fen:
        return left
    return left - ratio_up(left, whole_fen - terms.price_fen, whole_fen) - 1


def _gifts(line: BasisLine, rules: Sequence[Rule], world: World) -> tuple[int, tuple[int, ...]]:
    """What gifts cost a piece at most: its share of them when the threshold is just reached."""
    total, givers = 0, list[int]()
    for rule in rules:
        if rule.kind is not PromotionKind.GIFT:
            continue
        most = 0
        for tier in rule.terms.tiers:
            cost = sum(world.gift_costs.get(gift.sku_id, 0) * gift.quantity for gift in tier.gifts)
            share = ratio_up(cost, line.price_fen, tier.from_fen) + 1 if tier.from_fen else cost
            most = max(most, min(cost, share))
        total, givers = total + most, [*givers, rule.id]
    return total, tuple(givers)


def _shipping(line: BasisLine, rules: Sequence[Rule], freight: Freight, costs: Costs) -> int:
    """What sending costs a piece at most, less the freight its buyer pays."""
    free_from = [
        rule.terms.tiers[0].from_fen
        for rule in rules
        if rule.kind is PromotionKind.FREIGHT and not rule.terms.tiers[0].from_pieces
    ]
    by_pieces = any(
        rule.kind is PromotionKind.FREIGHT and rule.terms.tiers[0].from_pieces for rule in rules
    )
    if freight.free_from_fen is not None:
        free_from.append(freight.free_from_fen)
    least = 0 if by_pieces or not freight.fee_fen else min(free_from, default=None)
    alone = max(costs.shipping_fen - freight.fee_fen, 0)
    if least is None:
        return alone
    if least == 0:
        return costs.shipping_fen
    return max(alone, min(costs.shipping_fen, ratio_up(costs.shipping_fen, line.price_fen, least)))
