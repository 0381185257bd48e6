"""What the console gets about imports of followers."""

from datetime import datetime

from tiefen.fans.values import FollowerImportState, ImportStep
from tiefen.kernel.http import Out


class ImportOut(Out):
    """One import: how far it is, how fast, what it found.

    `left` follow no more; `rest_seconds` is for asking about the rest of the list at this speed.
    """

    id: int
    state: FollowerImportState
    step: ImportStep
    stalled: bool
    total: int
    listed: int
    asked: int
    added: int
    updated: int
    unchanged: int
    skipped: int
    left: int
    per_second: float | None
    rest_seconds: int | None
    trouble: str
    wait_until: datetime | None
    staff_name: str
    started_at: datetime
    ended_at: datetime | None


class ImportsOut(Out):
    """The newest imports first; `connected` when there is a 公众号 to import from."""

    connected: bool
    imports: list[ImportOut]
