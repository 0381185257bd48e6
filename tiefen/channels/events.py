"""What happens on channels."""

from datetime import datetime

from tiefen.kernel.events import event


@event("channels.touch_recorded")
class TouchRecorded:
    """A fan met a channel. `first` when this became the fan's first source."""

    fan_id: int
    channel_code_id: int
    kind: str
    first: bool
    at: datetime


@event("channels.code_saved")
class CodeSaved:
    """A channel code was made or renamed; rooms below keep its name for their lists."""

    channel_code_id: int
    name: str
    kind: str
    owner_staff_id: int | None
    at: datetime
    tags: tuple[str, ...] = ()
    """names of the tags that whoever comes through it gets"""
