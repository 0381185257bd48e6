"""What the console sends to and gets from the channels room."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from tiefen.channels.values import (
    BatchState,
    CodeForm,
    CodeKind,
    CodeState,
    DrawnForm,
    Lifetime,
    MiniPage,
    TouchKind,
)
from tiefen.kernel.http import IdIn, In, Out

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Welcome = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8000)]
Cost = Annotated[int, Field(strict=True, ge=0, le=100_000_000_00)]


class CommonIn(In):
    """What every channel code is made with, links too."""

    kind: CodeKind
    owner_staff_id: IdIn | None = None
    welcome: Welcome = ""
    tags: list[Tag] = Field(default_factory=list, max_length=20)
    cost_fen: Cost = 0
    """counts on the first day, else today; more are booked with their days afterwards"""
    note: Note = ""
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None


class DrawnIn(CommonIn):
    """What codes that the platform draws are made with besides."""

    form: DrawnForm = DrawnForm.QR
    page: MiniPage = MiniPage.HOME
    """that a mini-program code opens"""
    lifetime: Lifetime = Lifetime.PERMANENT
    late_words: Welcome = ""


class CodeIn(DrawnIn):
    """A channel code to make."""

    name: Name


class CommonPatch(In):
    """Changes to what every channel code has; what is absent stays."""

    name: Name | None = None
    owner_staff_id: IdIn | None = None
    welcome: Welcome | None = None
    tags: list[Tag] | None = Field(default=None, max_length=20)
    note: Note | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    archived: bool | None = None


class CodePatch(CommonPatch):
    """Changes to a channel code; what is absent stays. Kind, scene and lifetime never change."""

    late_words: Welcome | None = None


class OwnerOut(Out):
    """Whose code it is."""

    id: int
    name: str
    department: str


class CodeOut(Out):
    """A channel code and what its fans did since. Money is fen."""

    id: int
    name: str
    kind: CodeKind
    form: CodeForm
    page: str
    owner: OwnerOut | None
    scene: str
    lifetime: Lifetime
    state: CodeState
    failure: str
    url: str
    runs_out_at: datetime | None
    welcome: str
    late_words: str
    batch_id: int | None
    tags: list[str]
    cost_fen: int
    """everything booked, whatever its days"""
    note: str
    starts_at: datetime | None
    ends_at: datetime | None
    archived_at: datetime | None
    created_at: datetime
    scans: int
    follows: int
    fans: int
    unfollows: int
    orders: int
    received_orders: int
    paid_fen: int
    refunded_fen: int
    cost_per_fan_fen: int | None
    """None while there is no fan"""
    live: bool = False
    """whether it gives its fans to employees in turn"""


class CodeLineIn(In):
    """One code of a batch; what is absent is the same for all."""

    name: Name
    owner_staff_id: IdIn | None = None
    cost_fen: Cost | None = None


class BatchIn(DrawnIn):
    """Codes to make at once: their names, and what they share."""

    lines: list[CodeLineIn] = Field(min_length=1, max_length=1000)


class BatchOut(Out):
    """A batch and how far the platform is with drawing it."""

    id: int
    kind: CodeKind
    lifetime: Lifetime
    total: int
    drawn: int
    state: BatchState
    failure: str
    resumes_at: datetime | None
    staff_name: str
    created_at: datetime
    ended_at: datetime | None


class UsageOut(Out):
    """How much of the platform's allowance of permanent codes is used."""

    permanent: int
    limit: int
    left: int
    temporary: int
    waiting: int


class CodesPatch(In):
    """The same change for many codes; what is absent stays."""

    code_ids: list[IdIn] = Field(min_length=1, max_length=1000)
    owner_staff_id: IdIn | None = None
    welcome: Welcome | None = None
    late_words: Welcome | None = None
    tags: list[Tag] | None = Field(default=None, max_length=20)
    note: Note | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    archived: bool | None = None


class CodesChanged(Out):
    """How many codes were changed."""

    changed: int


class CodeFan(Out):
    """A fan whose first source is the code."""

    fan_id: int
    name: str
    avatar_url: str
    stage: str
    first_at: datetime
    following: bool
    orders: int
    paid_fen: int
    refunded_fen: int


class TouchOut(Out):
    """One line of the attribution log."""

    id: int
    kind: TouchKind
    code_id: int | None
    code_name: str
    at: datetime
    first: bool
