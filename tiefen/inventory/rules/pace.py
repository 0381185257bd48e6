"""How long stock lasts at the pace it sells."""

PACE_DAYS = 30
"""The days that a pace is taken from."""
COVER_DAYS = 7
"""What lasts no longer than this is running low, whoever drew a line or not."""


def days_left(free: int, sold: int, days: int) -> int | None:
    """Whole days that `free` pieces last when `sold` go in `days`; None: nothing sells."""
    return None if sold <= 0 else max(free, 0) * days // sold


def to_order(free: int, sold: int, days: int) -> int:
    """Pieces that are wanting for another 30 days at this pace."""
    wanted = -(-sold * PACE_DAYS // days) if sold > 0 else 0
    return max(wanted - max(free, 0), 0)
