"""What each kind of promotion does to the lines it may touch: pure, exact, never below zero.

An effect is worked out on what the steps before it left of each line. Pieces of a line that do not
all cost the same fen (after a split) are taken apart by `money.even`, so nothing is rounded twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tiefen.kernel.money import allocate, even, share_bp, times
from tiefen.promotion.values import (
    LEVEL_RULE,
    BasisLine,
    GiftStock,
    Pieces,
    PromotionKind,
    Rule,
    SkuPrice,
    Step,
    Tier,
)


@dataclass(frozen=True, slots=True)
class Cart:
    """The lines, and what is left to pay of each (by place)."""

    lines: Sequence[BasisLine]
    left: list[int]
    gifts: Mapping[int, GiftStock]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule would do. Nothing off and no gifts: it does not apply, and `step` says why."""

    step: Step
    numbers: Mapping[str, int]
    off: Mapping[int, int] = field(default_factory=dict)
    """Place → fen."""
    gifts: tuple[Pieces, ...] = ()
    worth_fen: int = 0
    """To the fan: what comes off, and what the gifts cost in the shop."""
    more: "Effect | None" = None
    """What is missing to the next tier."""

    @property
    def applies(self) -> bool:
        """It gives something."""
        return self.worth_fen > 0 or bool(self.gifts)


def effect(rule: Rule, cart: Cart, places: Sequence[int]) -> Effect:
    """What `rule` does to the lines at `places`."""
    return _EFFECTS[rule.kind](rule, cart, places)


def _limited(rule: Rule, cart: Cart, places: Sequence[int]) -> Effect:
    fixed: dict[int, SkuPrice] = {price.sku_id: price for price in rule.terms.prices}
    off: dict[int, int] = {}
    unit = 0
    for place in places:
        line, left = cart.lines[place], cart.left[place]
        if fixed:
            price = fixed.get(line.sku_id)
            if price is None:
                continue
            unit, took = price.price_fen, left - price.price_fen * line.quantity
        else:
            took = sum(
                share_bp(value, rule.terms.off_bp) * count for value, count, _ in _runs(cart, place)
            )
        if took > 0:
            off[place] = took
    if fixed:
        return _taken(Step.LIMITED_PRICE, {"price_fen": unit}, off)
    step = Step.LEVEL if rule.id == LEVEL_RULE else Step.LIMITED
    return _taken(step, {"off_bp": rule.terms.off_bp}, off)


def _nth(rule: Rule, cart: Cart, places: Sequence[int]) -> Effect:
    nth, numbers = rule.terms.nth, {"nth": rule.terms.nth, "off_bp": rule.terms.off_bp}
    off: dict[int, int] = {}
    most = often = 0
    for pool in [places] if rule.terms.across else [[place] for place in places]:
        passed = 0
        for value, count, place in _dearest(cart, pool):
            hits = (passed + count) // nth - passed // nth
            passed += count
            often += hits
            if hits and value:
                off[place] = off.get(place, 0) + hits * share_bp(value, rule.terms.off_bp)
        most = max(most, passed % nth if passed < nth else 0)
    if not off and most:
        return Effect(Step.SHORT_PIECES, {**numbers, "missing": nth - most})
    return _taken(Step.NTH, {**numbers, "times": often}, off)


def _off(rule: Rule, cart: Cart, places: Sequence[int]) -> Effect:
    tier, short = _reached(rule.terms.tiers, cart, places)
    if tier is None:
        return short or Effect(Step.NO_GAIN, {})
    base = sum(cart.left[place] for place in places)
    amount, numbers = tier.off_fen, {**_threshold(tier), "off_fen": tier.off_fen}
    if rule.terms.repeat:
        pieces = sum(cart.lines[place].quantity for place in places)
        often = times(base, tier.from_fen) if tier.from_fen else times(pieces, tier.from_pieces)
        amount = min(amount * often, rule.terms.cap_fen or amount * often)
        numbers["times"] = often
    return _split(Step.OFF, numbers, amount, cart, places, short)


def _percent(rule: Rule, cart: Cart, places: Sequence[int]) -> Effect:
    tier, short = _reached(rule.terms.tiers, cart, places)
    if tier is None:
        return short or Effect(Step.NO_GAIN, {})
    amount = share_bp(sum(cart.left[place] for place in places), tier.off_bp)
    amount = min(amount, rule.terms.cap_fen or amount)
    numbers = {**_threshold(tier), "off_bp": tier.off_bp}
    return _split(Step.PERCENT, numbers, amount, cart, places, short)


def _gift(rule: Rule, cart: Cart, places: Sequence[int]) -> Effect:
    tier, short = _reached(rule.terms.tiers, cart, places)
    if tier is None:
        return short or Effect(Step.NO_GAIN, {})
    numbers = {**_threshold(tier), "pieces": sum(gift.quantity for gift in tier.gifts)}
    for gift in tier.gifts:
        there = cart.gifts.get(gift.sku_id)
        if there is None or there.available < gift.quantity:
            return Effect(Step.GIFT_OUT, numbers)
    worth = sum(cart.gifts[gift.sku_id].line.price_fen * gift.quantity for gift in tier.gifts)
    return Effect(Step.GIFT, numbers, gifts=tier.gifts, worth_fen=worth, more=short)


def _package(rule: Rule, cart: Cart, places: Sequence[int]) -> Effect:
    if rule.terms.items:
        return _package_of_set(rule, cart, places)
    size, price_fen = rule.terms.pieces, rule.terms.price_fen
    numbers = {"pieces": size, "price_fen": price_fen}
    off: dict[int, int] = {}
    made, filling = 0, 0
    inside: list[tuple[int, int]] = []
    runs = _dearest(cart, places)
    for value, count, place in runs:
        rest = count
        while rest:
            whole = times(rest, size) if not filling else 0
            if whole and value * size <= price_fen:
                return _packed(numbers, off, made, runs)
            if whole:  # packages made of this run alone: all save the same
                off[place] = off.get(place, 0) + whole * (value * size - price_fen)
                made, rest = made + whole, rest - whole * size
                continue
            put = min(rest, size - filling)
            inside.append((place, value * put))
            filling, rest = filling + put, rest - put
            if filling == size:
                saved = sum(amount for _, amount in inside) - price_fen
                if saved <= 0:
                    return _packed(numbers, off, made, runs)
                _share(off, saved, inside)
                made, filling, inside = made + 1, 0, []
    return _packed(numbers, off, made, runs)


def _packed(
    numbers: Mapping[str, int],
    off: Mapping[int, int],
    made: int,
    runs: Sequence[tuple[int, int, int]],
) -> Effect:
    missing = numbers["pieces"] - sum(count for _, count, _ in runs)
    if not made and missing > 0:
        return Effect(Step.SHORT_PIECES, {**numbers, "missing": missing})
    return _taken(Step.PACKAGE, {**numbers, "times": made}, off)


def _package_of_set(rule: Rule, cart: Cart, places: Sequence[int]) -> Effect:
    at = {cart.lines[place].sku_id: place for place in places}
    items, price_fen = rule.terms.items, rule.terms.price_fen
    have = {sku_id: cart.lines[place].quantity for sku_id, place in at.items()}
    made = min(times(have.get(item.sku_id, 0), item.quantity) for item in items)
    numbers = {"pieces": sum(item.quantity for item in items), "price_fen": price_fen}
    if not made:
        missing = sum(max(item.quantity - have.get(item.sku_id, 0), 0) for item in items)
        return Effect(Step.SHORT_PIECES, {**numbers, "missing": missing})
    inside = [
        (at[item.sku_id], _worth(cart, at[item.sku_id], made * item.quantity)) for item in items
    ]
    saved = sum(amount for _, amount in inside) - made * price_fen
    off: dict[int, int] = {}
    if saved > 0:
        _share(off, saved, inside)
    return _taken(Step.PACKAGE, {**numbers, "times": made}, off)


def _add_on(rule: Rule, cart: Cart, places: Sequence[int]) -> Effect:
    offered = {price.sku_id: price for price in rule.terms.prices}
    bought = [place for place in places if cart.lines[place].sku_id not in offered]
    tier, short = _reached(rule.terms.tiers, cart, bought)
    if tier is None:
        return short or Effect(Step.NO_GAIN, {})
    off: dict[int, int] = {}
    for place in places:
        price = offered.get(cart.lines[place].sku_id)
        if price is None:
            continue
        count = min(price.most or cart.lines[place].quantity, cart.lines[place].quantity)
        saved = _worth(cart, place, count) - count * price.price_fen
        if saved > 0:
            off[place] = saved
    step = Step.EXCHANGED if rule.id < 0 else Step.ADD_ON
    return _taken(step, _threshold(tier), off)


def _freight(rule: Rule, cart: Cart, places: Sequence[int]) -> Effect:
    tier, short = _reached(rule.terms.tiers, cart, places)
    if tier is None:
        return short or Effect(Step.NO_GAIN, {})
    return Effect(Step.FREIGHT_WAIVED, _threshold(tier))


_EFFECTS: Mapping[PromotionKind, Callable[[Rule, Cart, Sequence[int]], Effect]] = {
    PromotionKind.LIMITED: _limited,
    PromotionKind.OFF: _off,
    PromotionKind.PERCENT: _percent,
    PromotionKind.GIFT: _gift,
    PromotionKind.NTH: _nth,
    PromotionKind.PACKAGE: _package,
    PromotionKind.ADD_ON: _add_on,
    PromotionKind.FREIGHT: _freight,
}


def _reached(
    tiers: Sequence[Tier], cart: Cart, places: Sequence[int]
) -> tuple[Tier | None, Effect | None]:
    """The highest tier the lines reach, and what is missing to the next one."""
    base = sum(cart.left[place] for place in places)
    pieces = sum(cart.lines[place].quantity for place in places)
    best = None
    for tier in tiers:
        gives = {"off_fen": tier.off_fen, "off_bp": tier.off_bp, **_threshold(tier)}
        if tier.from_pieces > pieces:
            missing = {**gives, "missing": tier.from_pieces - pieces}
            return best, Effect(Step.SHORT_PIECES, missing)
        if tier.from_fen > base:
            return best, Effect(Step.SHORT_FEN, {**gives, "missing_fen": tier.from_fen - base})
        best = tier
    return best, None


def _threshold(tier: Tier) -> dict[str, int]:
    return {"from_pieces": tier.from_pieces} if tier.from_pieces else {"from_fen": tier.from_fen}


def _split(
    step: Step,
    numbers: Mapping[str, int],
    amount: int,
    cart: Cart,
    places: Sequence[int],
    more: Effect | None,
) -> Effect:
    """Take `amount` (at most all that is left) off the lines by what is left of each."""
    lefts = [cart.left[place] for place in places]
    parts = allocate(min(amount, sum(lefts)), lefts)
    off = {place: part for place, part in zip(places, parts, strict=True) if part}
    return _taken(step, numbers, off, more)


def _share(off: dict[int, int], saved: int, inside: Sequence[tuple[int, int]]) -> None:
    """Spread what a package saves over the pieces in it, by what they cost."""
    parts = allocate(saved, [amount for _, amount in inside])
    for (place, _), part in zip(inside, parts, strict=True):
        off[place] = off.get(place, 0) + part


def _taken(
    step: Step, numbers: Mapping[str, int], off: Mapping[int, int], more: Effect | None = None
) -> Effect:
    if not off:
        return Effect(Step.NO_GAIN, numbers)
    return Effect(step, numbers, off, worth_fen=sum(off.values()), more=more)


def _runs(cart: Cart, place: int) -> list[tuple[int, int, int]]:
    """(fen of a piece, pieces, place) of a line: those with one fen more, then the others."""
    count = cart.lines[place].quantity
    base, more = even(cart.left[place], count)
    return [run for run in ((base + 1, more, place), (base, count - more, place)) if run[1]]


def _dearest(cart: Cart, places: Sequence[int]) -> list[tuple[int, int, int]]:
    """Runs of all the lines, the dearest pieces first; ties in the order of the lines."""
    runs = [run for place in places for run in _runs(cart, place)]
    return sorted(runs, key=lambda run: (-run[0], run[2]))


def _worth(cart: Cart, place: int, count: int) -> int:
    """What the `count` dearest pieces of a line cost."""
    total = 0
    for value, there, _ in _runs(cart, place):
        put = min(count, there)
        total, count = total + value * put, count - put
    return total
