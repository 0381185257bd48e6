"""What happens in the team."""

from datetime import datetime

from tiefen.kernel.events import event


@event("team.staff_changed")
class StaffChanged:
    """A member of staff was added, renamed, moved to another department, or switched on or off."""

    staff_id: int
    name: str
    department: str
    active: bool
    at: datetime
