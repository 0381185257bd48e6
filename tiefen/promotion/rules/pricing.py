"""The price calculation: pure, explained step by step, exact to the fen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from tiefen.catalog.values import Presale
from tiefen.kernel.money import share_bp
from tiefen.promotion.errors import QuoteTooLarge
from tiefen.promotion.rules import freight, points
from tiefen.promotion.rules.agreement import digest_of
from tiefen.promotion.rules.stacking import Outcome, freight_rule, stack
from tiefen.promotion.values import (
    POINTS_RULE,
    Basis,
    BasisLine,
    CouponUse,
    LineOffer,
    Problem,
    PromotionKind,
    Quote,
    QuoteLine,
    Rule,
    Step,
    TraceLine,
    Use,
)

VERSION = 7
"""Goes up when the calculation changes, so that an old basis is replayed by its own rules.
Version 1 knew no promotions, version 2 no coupons, version 3 one flat freight,
version 4 no presale, version 5 no level price and version 6 no points: their bases hold no more, and this calculation gives the same for them."""
MAX_TOTAL_FEN = 1_000_000_000
"""Ten million yuan: the most one payment may carry."""
POINTS_NAME = "积分抵扣"
MOST_MISSED = 20
"""So many reasons why promotions did not apply are kept; the nearest thresholds first."""


def quote(basis: Basis, problems: tuple[Problem, ...] = (), rules: Sequence[Rule] = ()) -> Quote:
    """Price a basis under `rules`. The order of lines and rules does not matter.

    Raises QuoteTooLarge.
    """
    lines = tuple(sorted(basis.lines, key=lambda line: line.sku_id))
    basis = replace(basis, lines=lines)
    listed = [line.price_fen * line.quantity for line in lines]
    trace = [
        TraceLine(
            Step.LIST_PRICE,
            line.sku_id,
            list_fen,
            {"unit_fen": line.price_fen, "quantity": line.quantity},
        )
        for line, list_fen in zip(lines, listed, strict=True)
    ]
    every = [*rules, *(one for one in (basis.coupon, basis.level) if one)]
    done = stack(basis, every)
    trace += done.trace
    terms = presale(basis)
    if terms:
        trace += _bonus(terms, lines[0], done)
    goods_fen = sum(listed)
    charged = freight.charges(basis, done.left)
    waived = freight_rule(basis, every, done) if freight.may_cost(basis) else None
    if waived:
        rule, found = waived
        done.applied[rule.id] = rule
        numbers = dict(found.numbers)
        trace.append(TraceLine(found.step, None, 0, numbers, rule.id, rule.name))
        parts: Mapping[int, int] = {}
    else:
        parts = charged.parts
        trace += charged.trace
    freight_fen = sum(parts.values())
    if goods_fen + freight_fen > MAX_TOTAL_FEN:
        raise QuoteTooLarge(field="lines")
    # What is paid in two parts is paid in money.
    paying = points.PaidByPoints() if terms else points.pay(basis, done.left, freight_fen)
    trace += paying.trace
    for place, off_fen in enumerate(paying.taken):
        done.left[place] -= off_fen
    discount_fen = goods_fen - sum(done.left)
    shares = freight.shares(basis, parts, listed)
    priced = _lines(basis, done, listed, shares, paying.taken or [0] * len(lines))
    total_fen = goods_fen - discount_fen + freight_fen
    deposit_fen = deposit(terms, lines[0], total_fen) if terms else 0
    if deposit_fen:
        numbers = {"deposit_fen": deposit_fen, "balance_fen": total_fen - deposit_fen}
        trace.append(TraceLine(Step.DEPOSIT, None, 0, numbers))
    trace += _reasons(done)
    return Quote(
        lines=priced,
        goods_fen=goods_fen,
        freight_fen=freight_fen,
        discount_fen=discount_fen,
        total_fen=total_fen,
        trace=tuple(trace),
        digest=digest_of(
            priced, freight_fen, discount_fen, total_fen, terms if deposit_fen else None
        ),
        basis=basis,
        problems=(*problems, *freight.undelivered(lines, basis.tariffs)),
        uses=_uses(done),
        coupon=_coupon(basis, done, charged.total_fen),
        deposit_fen=deposit_fen,
        points=paying.use,
    )


def presale(basis: Basis) -> Presale | None:
    """The terms under which a basis is sold: one line alone, while deposits are taken."""
    terms = basis.lines[0].presale if len(basis.lines) == 1 else None
    over = terms is not None and basis.at is not None and basis.at >= terms.balance_from
    return None if over else terms


def deposit(terms: Presale, line: BasisLine, total_fen: int) -> int:
    """What is paid first: at least 1 fen, and at least 1 fen remains for the balance. 0: the order
    is too cheap for two payments."""
    listed_fen = line.price_fen * line.quantity
    wanted_fen = terms.deposit_fen * line.quantity + share_bp(listed_fen, terms.deposit_bp)
    return max(min(wanted_fen, total_fen - 1), 1) if total_fen > 1 else 0


def _bonus(terms: Presale, line: BasisLine, done: Outcome) -> list[TraceLine]:
    """Take off what the deposit counts for beyond itself, as far as there is something left."""
    each_fen = max(terms.worth_fen - terms.deposit_fen, 0)
    off_fen = min(each_fen * line.quantity, done.left[0])
    if not off_fen:
        return []
    done.left[0] -= off_fen
    numbers = {
        "deposit_fen": terms.deposit_fen * line.quantity,
        "worth_fen": terms.worth_fen * line.quantity,
    }
    return [TraceLine(Step.PRESALE_BONUS, line.sku_id, -off_fen, numbers)]


def replay(stored: dict[str, Any], rules: Sequence[Rule] = ()) -> Quote:
    """Compute a stored quote again from the basis in it and the versions of rules it names."""
    basis = basis_of(stored)
    missing = set(basis.versions) - {(rule.id, rule.version) for rule in rules}
    if missing:
        raise ValueError(f"the quote was made with rules that were not given: {sorted(missing)}")
    return quote(basis, rules=[rule for rule in rules if (rule.id, rule.version) in basis.versions])


def basis_of(stored: dict[str, Any]) -> Basis:
    """The basis of a stored quote."""
    return msgspec.convert(stored["basis"], Basis)


def stored(priced: Quote) -> dict[str, Any]:
    """A quote as it is kept with its order."""
    kept: dict[str, Any] = msgspec.to_builtins(priced)
    return kept


def _lines(
    basis: Basis,
    done: Outcome,
    listed: Sequence[int],
    shares: Sequence[int],
    by_points: Sequence[int],
) -> tuple[QuoteLine, ...]:
    """The bought lines with their discounts and freight, then the gifts."""
    bought = [
        _line(
            line,
            line.quantity,
            list_fen,
            left,
            share,
            [
                *(LineOffer(one, done.applied[one].name, amount) for one, amount in taken.items()),
                *([LineOffer(POINTS_RULE, POINTS_NAME, points_fen)] if points_fen else []),
            ],
        )
        for line, list_fen, left, share, taken, points_fen in zip(
            basis.lines, listed, done.left, shares, done.taken, by_points, strict=True
        )
    ]
    there = {gift.line.sku_id: gift.line for gift in basis.gifts}
    pieces: dict[int, int] = {}
    offers: dict[int, list[LineOffer]] = {}
    for rule_id in sorted(done.gifts):
        for gift in done.gifts[rule_id]:
            pieces[gift.sku_id] = pieces.get(gift.sku_id, 0) + gift.quantity
            offer = LineOffer(rule_id, done.applied[rule_id].name, 0)
            offers.setdefault(gift.sku_id, []).append(offer)
    given = [
        _line(there[sku_id], pieces[sku_id], 0, 0, 0, offers[sku_id], gift=True)
        for sku_id in sorted(pieces)
    ]
    return (*bought, *given)


def _line(
    line: BasisLine,
    quantity: int,
    list_fen: int,
    pay_fen: int,
    freight_fen: int,
    offers: Iterable[LineOffer],
    *,
    gift: bool = False,
) -> QuoteLine:
    return QuoteLine(
        sku_id=line.sku_id,
        product_id=line.product_id,
        product_name=line.product_name,
        spec_text=line.spec_text,
        image_url=line.image_url,
        quantity=quantity,
        unit_price_fen=0 if gift else line.price_fen,
        list_fen=list_fen,
        discount_fen=list_fen - pay_fen,
        pay_fen=pay_fen,
        freight_fen=freight_fen,
        gift=gift,
        offers=tuple(offers),
    )


def _uses(done: Outcome) -> tuple[Use, ...]:
    """What each applied promotion gave, in the order of their numbers."""
    return tuple(
        Use(
            rule.id,
            rule.version,
            rule.conditions.per_fan,
            rule.conditions.first_order,
            sum(taken.get(rule.id, 0) for taken in done.taken),
            sum(gift.quantity for gift in done.gifts.get(rule.id, ())),
        )
        for rule in sorted(done.applied.values(), key=lambda rule: rule.id)
        if rule.id > 0
    )


def _coupon(basis: Basis, done: Outcome, charged_fen: int) -> CouponUse | None:
    """The coupon, if it gave something: off the lines, or the freight."""
    rule = basis.coupon
    if rule is None or rule.id not in done.applied:
        return None
    if rule.kind is PromotionKind.FREIGHT:
        saved = charged_fen
    else:
        saved = sum(taken.get(rule.id, 0) for taken in done.taken)
    return CouponUse(basis.coupon_id, -rule.id, rule.name, saved)


def _reasons(done: Outcome) -> list[TraceLine]:
    """Why others did not apply, and what the next tiers need: the coupon, then the nearest."""

    def distance(line: TraceLine) -> tuple[bool, int, int, int]:
        short = line.step in (Step.SHORT_FEN, Step.SHORT_PIECES)
        missing_fen = line.numbers.get("missing_fen", 0)
        return (line.promotion_id > 0, 0 if short else 1, missing_fen, line.promotion_id)

    return sorted([*done.missed.values(), *done.more.values()], key=distance)[:MOST_MISSED]
