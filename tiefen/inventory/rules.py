"""Decisions about stock: no session, no clock, no network."""

from collections.abc import Mapping, Sequence

from tiefen.inventory.errors import BadAdjustment
from tiefen.inventory.values import MovementReason, Short, Wish


def check_adjustment(quantity: int, reason: MovementReason) -> None:
    """Refuse a change whose sign does not fit its reason. Raises BadAdjustment."""
    wrong = {
        MovementReason.RECEIVED: quantity < 0,
        MovementReason.LOST: quantity > 0,
    }.get(reason, False)
    if quantity == 0 or wrong:
        raise BadAdjustment(field="quantity")


def first_come(free: Mapping[int, int], wishes: Sequence[Wish]) -> dict[str, Short]:
    """Reference → what is short, for the wishes that `free` does not cover when served in order.

    A wish gets all its lines or none; one that gets none leaves its pieces to those behind it.
    """
    left = dict(free)
    short: dict[str, Short] = {}
    for wish in wishes:
        for place, (sku_id, wanted) in enumerate(wish.lines):
            if wanted > left.get(sku_id, 0):
                available = min(max(left.get(sku_id, 0), 0), wanted - 1)
                short[wish.reference] = Short(place, sku_id, wanted, available)
                break
        else:
            for sku_id, wanted in wish.lines:
                left[sku_id] -= wanted
    return short
