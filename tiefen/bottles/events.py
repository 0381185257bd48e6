"""What happens to bottles."""

from datetime import datetime

from tiefen.kernel.events import event


@event("bottles.scanned")
class BottleScanned:
    """A fan scanned a bottle. `scene`: of the channel code of its batch."""

    batch_id: int
    serial: int
    fan_id: int
    scene: str
    at: datetime
