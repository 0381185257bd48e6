"""Decisions about stock: no session, no clock, no network."""

from tiefen.inventory.errors import BadAdjustment
from tiefen.inventory.values import MovementReason


def check_adjustment(quantity: int, reason: MovementReason) -> None:
    """Refuse a change whose sign does not fit its reason. Raises BadAdjustment."""
    wrong = {
        MovementReason.RECEIVED: quantity < 0,
        MovementReason.LOST: quantity > 0,
    }.get(reason, False)
    if quantity == 0 or wrong:
        raise BadAdjustment(field="quantity")
