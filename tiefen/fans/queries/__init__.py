"""Reads of the fans room, by chapter."""

from tiefen.fans.queries.people import (
    Filter,
    fan_list,
    identities,
    merged_ids,
    one_fan,
    sort_key,
    timeline,
)
from tiefen.fans.queries.stages import (
    Moves,
    Quiet,
    count_sleeping,
    current_rules,
    moves_by_day,
    moves_of,
    preview,
    quiet,
    rule_sets,
)

__all__ = [
    "Filter",
    "Moves",
    "Quiet",
    "count_sleeping",
    "current_rules",
    "fan_list",
    "identities",
    "merged_ids",
    "moves_by_day",
    "moves_of",
    "one_fan",
    "preview",
    "quiet",
    "rule_sets",
    "sort_key",
    "timeline",
]
