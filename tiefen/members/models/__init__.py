"""The tables of the members room, by chapter."""

from tiefen.members.models.levels import (
    GROWN_SQL,
    GrowthRow,
    LevelGift,
    LevelMove,
    MemberLevel,
    MemberRules,
    MemberStanding,
)

__all__ = [
    "GROWN_SQL",
    "GrowthRow",
    "LevelGift",
    "LevelMove",
    "MemberLevel",
    "MemberRules",
    "MemberStanding",
]
