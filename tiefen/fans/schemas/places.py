"""Places of fans and the merchant's points, as the faces see them. No coordinate of a fan is here."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from tiefen.kernel.http import In, Out

PointName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]


class PlaceSettingIn(In):
    """Whether fans' places are kept, of those who agree, and for how long."""

    kept: bool
    days: Annotated[int, Field(ge=1, le=365)]


class PointIn(In):
    """A named place. Degrees as a map shows them; north and east are positive."""

    name: PointName
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class PointOut(Out):
    """A named place and who uses it."""

    id: int
    name: str
    latitude: float
    longitude: float
    segments: list[str]
    """names of the segments that ask for it: while there are any, it stays"""


class PlacesOut(Out):
    """The setting, and the points."""

    kept: bool
    days: int
    agreed: int
    """records of fans who agreed"""
    placed: int
    """those of them with a place"""
    points: list[PointOut]


class NearestOut(Out):
    """The nearest point, and how far at most: a ring, not a place."""

    point_id: int
    name: str
    km: int


class FanPlaceOut(Out):
    """What may be seen of a fan's place without a reason."""

    kept: bool
    """whether the merchant keeps places at all"""
    agreed_at: datetime | None
    """None: the fan has not agreed"""
    at: datetime | None
    """when they were last somewhere; None: no place is known"""
    nearest: NearestOut | None


class PointDistance(Out):
    """How far a fan was from a point."""

    point_id: int
    name: str
    metres: int
    """to a hundred"""


class MyPlaceIn(In):
    """Whether the shop may keep roughly where I am."""

    agreed: bool


class MyPlace(Out):
    """Whether my place is kept."""

    offered: bool
    """whether the shop keeps places at all"""
    days: int
    """for how long"""
    agreed: bool
    at: datetime | None
    """when the place was from that is kept now"""
