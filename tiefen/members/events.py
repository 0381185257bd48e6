"""What members announces."""

from datetime import datetime

from tiefen.kernel.events import event


@event("members.level_changed")
class LevelChanged:
    """A fan moved to another level. `cause` is one of `values.LevelCause`."""

    fan_id: int
    before_id: int
    after_id: int
    name: str
    """of the level they stand on now"""
    up: bool
    cause: str
    at: datetime


@event("members.level_gift_due")
class LevelGiftDue:
    """A fan reached a level for the first time ever, and the level has a gift: a coupon."""

    fan_id: int
    level_id: int
    name: str
    template_id: int
    at: datetime
