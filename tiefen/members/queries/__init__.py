"""Reads of members for its own HTTP, by chapter."""

from tiefen.members.queries.levels import fan_level, level_names, levels, my_level
from tiefen.members.queries.points import (
    fan_points,
    moves_of,
    my_points,
    points_report,
    points_settings,
)

__all__ = [
    "fan_level",
    "fan_points",
    "level_names",
    "levels",
    "moves_of",
    "my_level",
    "my_points",
    "points_report",
    "points_settings",
]
