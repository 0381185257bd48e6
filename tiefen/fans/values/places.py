"""Values of places: a fan's coarse one, the merchant's named points, how far one is from the other."""

from dataclasses import dataclass

DAYS_BY_DEFAULT = 30
"""How long a place is kept unless the merchant says otherwise."""
MAX_POINTS = 200


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on earth, in degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Near:
    """What a condition of distance asks: within so many metres of a point."""

    point_id: int
    metres: int


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the earth that holds a circle, in thousandths of a degree, all ends included."""

    south: int
    north: int
    spans: tuple[tuple[int, int], ...]
    """from west to east; two where it lies across the antimeridian"""
