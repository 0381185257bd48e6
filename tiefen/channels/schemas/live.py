"""What is sent and told about live codes."""

from typing import Annotated

from pydantic import Field, StringConstraints

from tiefen.channels.values import Rotation
from tiefen.kernel.http import IdIn, In, Out

Contact = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]


class ShiftIn(In):
    """A time of duty: minutes of the merchant's day, on a day of the week (Monday is 1)."""

    weekday: Annotated[int, Field(strict=True, ge=1, le=7)]
    start: Annotated[int, Field(strict=True, ge=0, le=1440)]
    end: Annotated[int, Field(strict=True, ge=0, le=1440)]


class LiveMemberIn(In):
    """An employee whom the code gives fans to."""

    staff_id: IdIn
    weight: Annotated[int, Field(strict=True, ge=1, le=100)] = 1
    most_a_day: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    shifts: list[ShiftIn] = Field(default_factory=list, max_length=42)
    contact: Contact = ""


class LiveIn(In):
    """How a code gives its fans to employees."""

    rotation: Rotation
    active: bool = True
    members: list[LiveMemberIn] = Field(min_length=1, max_length=100)


class ShiftOut(Out):
    """A time of duty."""

    weekday: int
    start: int
    end: int


class LiveMemberOut(Out):
    """An employee of a live code."""

    staff_id: int
    name: str
    department: str
    employed: bool
    weight: int
    most_a_day: int | None
    shifts: list[ShiftOut]
    contact: str
    listed: bool
    resting: bool
    given: int
    """fans given in all"""
    today: int


class LiveOut(Out):
    """How a code gives its fans to employees, and whom it has given how many."""

    rotation: Rotation
    active: bool
    turns: int
    members: list[LiveMemberOut]


class MyLiveCode(Out):
    """A live code that gives fans to oneself."""

    code_id: int
    name: str
    resting: bool
    given: int
    today: int
    most_a_day: int | None


class RestIn(In):
    """Whether one takes no new fans for now."""

    resting: bool
