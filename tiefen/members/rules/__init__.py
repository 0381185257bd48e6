"""The rules of the members room, by chapter."""

from tiefen.members.rules.levels import check, check_order, earned, growth, judge
from tiefen.members.rules.points import after_refund, earns, expiry, pays_more, returned_until

__all__ = [
    "after_refund",
    "check",
    "check_order",
    "earned",
    "earns",
    "expiry",
    "growth",
    "judge",
    "pays_more",
    "returned_until",
]
