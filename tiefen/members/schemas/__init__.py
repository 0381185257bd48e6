"""What the API says of members, by chapter."""

from tiefen.members.schemas.levels import (
    FanLevelOut,
    GrowthOrderOut,
    LevelBadgeOut,
    LevelIn,
    LevelLockIn,
    LevelMoveOut,
    LevelMovesOut,
    LevelOut,
    LevelRulesIO,
    LevelsIn,
    LevelsOut,
    LevelsSaveIn,
    LevelUnlockIn,
    MyLevelOut,
    ShopLevelOut,
)

__all__ = [
    "FanLevelOut",
    "GrowthOrderOut",
    "LevelBadgeOut",
    "LevelIn",
    "LevelLockIn",
    "LevelMoveOut",
    "LevelMovesOut",
    "LevelOut",
    "LevelRulesIO",
    "LevelUnlockIn",
    "LevelsIn",
    "LevelsOut",
    "LevelsSaveIn",
    "MyLevelOut",
    "ShopLevelOut",
]
