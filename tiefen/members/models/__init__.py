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
from tiefen.members.models.points import (
    HELD_SQL,
    PointsAccount,
    PointsLineRow,
    PointsLot,
    PointsMove,
    PointsNote,
    PointsRulesRow,
    PointsUse,
)

__all__ = [
    "GROWN_SQL",
    "HELD_SQL",
    "GrowthRow",
    "LevelGift",
    "LevelMove",
    "MemberLevel",
    "MemberRules",
    "MemberStanding",
    "PointsAccount",
    "PointsLineRow",
    "PointsLot",
    "PointsMove",
    "PointsNote",
    "PointsRulesRow",
    "PointsUse",
]
