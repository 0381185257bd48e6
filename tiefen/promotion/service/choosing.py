"""Which of a fan's coupons help a cart, and the price with the one that is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tiefen.kernel.db import Tx
from tiefen.promotion import rules
from tiefen.promotion.service.held import held_coupons
from tiefen.promotion.service.pricing import guarded, prepare
from tiefen.promotion.values import CouponChoice, Quote


@dataclass(frozen=True, slots=True)
class Chosen:
    """A price, and what each coupon the fan holds would do to it."""

    quote: Quote
    choices: tuple[CouponChoice, ...]
    best_id: int
    """The coupon that makes the order cheapest; 0: none does."""


async def choose(
    tx: Tx,
    fan_id: int,
    lines: Sequence[tuple[int, int]],
    at: datetime,
    coupon_id: int | None = None,
    region_code: str = "",
    *,
    with_points: bool = False,
) -> Chosen:
    """Price `lines` with a coupon: the best one (None), none (0), or the one the fan picked.

    `region_code`: where it goes; empty: nobody knows yet. What points pay comes after the coupon is chosen. A coupon picked that does not help is left out of the price; its reason is among the choices.
    Raises QuoteTooLarge.
    """
    (cart,), state = await prepare(tx, [(fan_id, lines)], at, [region_code])
    groups = state.book.groups
    plain = rules.quote(cart.basis, cart.problems, cart.rules)
    held = await held_coupons(tx, fan_id) if plain.lines else []
    found = rules.choices(cart.basis, cart.problems, cart.rules, held, groups)
    top = rules.best(found, plain.total_fen)
    best_id = top.coupon.id if top else 0
    wanted = best_id if coupon_id is None else coupon_id
    picked = next((one.coupon for one in found if one.coupon.id == wanted), None)
    if picked is None and not with_points:
        priced = plain
    else:
        basis = replace(cart.basis, with_points=with_points)
        basis = rules.with_coupon(basis, picked, groups)
        priced = rules.quote(basis, cart.problems, cart.rules)
    return Chosen(guarded(priced, state.costs), tuple(found), best_id)
