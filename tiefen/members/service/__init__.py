"""The doors of the members room, by chapter."""

from tiefen.members.service.laddering import LadderMoves, LevelWanted, preview_levels, save_levels
from tiefen.members.service.levels import (
    APPLY,
    apply_levels,
    best_level_price,
    level_after_refund,
    level_book,
    level_prices,
    lock_level,
    merge_levels,
    note_growth,
    part_levels,
    place,
    rebuild_levels,
    review_due,
    unlock_level,
)

__all__ = [
    "APPLY",
    "LadderMoves",
    "LevelWanted",
    "apply_levels",
    "best_level_price",
    "level_after_refund",
    "level_book",
    "level_prices",
    "lock_level",
    "merge_levels",
    "note_growth",
    "part_levels",
    "place",
    "preview_levels",
    "rebuild_levels",
    "review_due",
    "save_levels",
    "unlock_level",
]
