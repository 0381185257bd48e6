"""The doors of the members room, by chapter."""

from tiefen.members.service.laddering import LadderMoves, LevelWanted, preview_levels, save_levels
from tiefen.members.service.levels import (
    APPLY,
    apply_levels,
    level_after_refund,
    level_book,
    lock_level,
    merge_levels,
    note_growth,
    part_levels,
    place,
    rebuild_levels,
    review_due,
    unlock_level,
)
from tiefen.members.service.points import (
    Paid,
    earn_points,
    join_points,
    points_after_refund,
    points_due,
    points_rules,
    refund_points,
    release_points,
    spend_points,
    start_hold,
)
from tiefen.members.service.points_desk import move_by_hand, save_points_rules
from tiefen.members.service.pricing import best_level_price, price_terms

__all__ = [
    "APPLY",
    "LadderMoves",
    "LevelWanted",
    "Paid",
    "apply_levels",
    "best_level_price",
    "earn_points",
    "join_points",
    "level_after_refund",
    "level_book",
    "lock_level",
    "merge_levels",
    "move_by_hand",
    "note_growth",
    "part_levels",
    "place",
    "points_after_refund",
    "points_due",
    "points_rules",
    "preview_levels",
    "price_terms",
    "rebuild_levels",
    "refund_points",
    "release_points",
    "review_due",
    "save_levels",
    "save_points_rules",
    "spend_points",
    "start_hold",
    "unlock_level",
]
