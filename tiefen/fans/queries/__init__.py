"""Reads of the fans room, by chapter."""

from tiefen.fans.queries.attributes import (
    answer,
    answered_counts,
    answers,
    attributes,
    question,
    questions,
)
from tiefen.fans.queries.people import (
    FEW,
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
    preview_sql,
    quiet,
    rule_sets,
)

__all__ = [
    "FEW",
    "Filter",
    "Moves",
    "Quiet",
    "answer",
    "answered_counts",
    "answers",
    "attributes",
    "count_sleeping",
    "current_rules",
    "fan_list",
    "identities",
    "merged_ids",
    "moves_by_day",
    "moves_of",
    "one_fan",
    "preview",
    "preview_sql",
    "question",
    "questions",
    "quiet",
    "rule_sets",
    "sort_key",
    "timeline",
]
