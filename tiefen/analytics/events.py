"""What the analytics room tells."""

from datetime import datetime

from tiefen.kernel.events import event


@event("analytics.fan_visited")
class FanVisited:
    """A signed-in fan opened the shop; told once a day and fan."""

    fan_id: int
    at: datetime
