"""Services that were bought, for the fan and for staff."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tiefen.kernel.http import In, Out


class TicketState(StrEnum):
    """Whether a service can be used."""

    READY = "ready"
    USED_UP = "used_up"
    EXPIRED = "expired"


class TicketOut(Out):
    """A service as its buyer sees it."""

    line_id: int
    title: str
    code: str
    qr: str
    """The code as a picture (data URL); empty when it cannot be used any more."""
    state: TicketState
    total: int
    """Uses that were bought and not refunded."""
    used: int
    left: int
    expires_at: datetime | None
    used_at: list[datetime]


class TicketUseOut(Out):
    """One time a service was given."""

    id: int
    count: int
    staff_name: str
    at: datetime
    undone_at: datetime | None
    undone_by: str
    can_undo: bool


class ConsoleTicket(Out):
    """A service as staff see it, with its uses."""

    code: str
    order_no: str
    title: str
    fan_name: str
    """Masked."""
    state: TicketState
    total: int
    used: int
    left: int
    expires_at: datetime | None
    uses: list[TicketUseOut]
    """The latest first."""


class UseIn(In):
    """How often the service was given now."""

    count: Annotated[int, Field(strict=True, ge=1, le=50)] = 1
