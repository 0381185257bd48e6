"""How far it is from a fan to a point, on a sphere; what is near it; and how much of that is told."""

from collections.abc import Iterable, Mapping
from math import asin, ceil, cos, degrees, floor, radians, sin, sqrt

from tiefen.fans.values import Box, Spot

EARTH_METRES = 6_371_008.8
"""The mean radius."""
RINGS_KM = (1, 3, 5, 10, 20, 50, 100, 300, 1_000, 3_000, 10_000, 20_100)
"""How far somebody is, as far as it is told without a reason; nobody is beyond the last."""
NEAREST_METRES, FARTHEST_METRES = 500, 1_000_000
"""What a condition may ask for: a place is known to about a hundred metres."""
_ALL_ROUND = (-180_000, 180_000)


def metres(one: Spot, other: Spot) -> float:
    """The great-circle distance, by haversine. `queries.places.away` is the same in SQL."""
    high = sin(radians(other.latitude - one.latitude) / 2)
    wide = sin(radians(other.longitude - one.longitude) / 2)
    part = high * high + cos(radians(one.latitude)) * cos(radians(other.latitude)) * wide * wide
    return 2 * EARTH_METRES * asin(min(1.0, sqrt(part)))


def box(middle: Spot, radius_metres: float) -> Box:
    """A box around a circle: an index reads it, and what is in it is measured."""
    angle = radius_metres / EARTH_METRES
    high = degrees(angle)
    south = floor((middle.latitude - high) * 1000) - 1
    north = ceil((middle.latitude + high) * 1000) + 1
    if south <= -90_000 or north >= 90_000:  # a pole is in it: every longitude is
        return Box(max(south, -90_000), min(north, 90_000), (_ALL_ROUND,))
    wide = degrees(asin(sin(angle) / cos(radians(middle.latitude))))
    west = floor((middle.longitude - wide) * 1000) - 1
    east = ceil((middle.longitude + wide) * 1000) + 1
    if east - west >= 360_000:
        return Box(south, north, (_ALL_ROUND,))
    if west <= -180_000:
        return Box(south, north, ((west + 360_000, 180_000), (-180_000, east)))
    if east >= 180_000:
        return Box(south, north, ((west, 180_000), (-180_000, east - 360_000)))
    return Box(south, north, ((west, east),))


def distances(places: Iterable[Spot], points: Mapping[int, Spot]) -> dict[int, float] | None:
    """How far a person is from each point, from the nearest of their places; None: no place is known."""
    known = list(places)
    if not known:
        return None
    return {name: min(metres(one, point) for one in known) for name, point in points.items()}


def ring(away_metres: float) -> int:
    """So many kilometres away at most, in steps wide enough to tell no place."""
    return next(km for km in RINGS_KM if away_metres <= km * 1000)
