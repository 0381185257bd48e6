"""Reads of members for its own HTTP, by chapter."""

from tiefen.members.queries.levels import fan_level, levels, my_level

__all__ = ["fan_level", "levels", "my_level"]
