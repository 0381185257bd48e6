"""Pure decisions of the fans room, by chapter."""

from tiefen.fans.rules.people import (
    NAMELESS,
    PHONE,
    STATE_LIFE,
    check_redirect,
    check_state,
    clean_phone,
    display_name,
    fold,
    grams,
    make_state,
    nameless_ids,
    query_grams,
    whole_phone,
)
from tiefen.fans.rules.stages import (
    LADDER,
    check_rules,
    conditions,
    day_of,
    rule_of,
    stage,
    window_start,
)

__all__ = [
    "LADDER",
    "NAMELESS",
    "PHONE",
    "STATE_LIFE",
    "check_redirect",
    "check_rules",
    "check_state",
    "clean_phone",
    "conditions",
    "day_of",
    "display_name",
    "fold",
    "grams",
    "make_state",
    "nameless_ids",
    "query_grams",
    "rule_of",
    "stage",
    "whole_phone",
    "window_start",
]
