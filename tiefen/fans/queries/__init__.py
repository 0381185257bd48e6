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

__all__ = [
    "Filter",
    "fan_list",
    "identities",
    "merged_ids",
    "one_fan",
    "sort_key",
    "timeline",
]
