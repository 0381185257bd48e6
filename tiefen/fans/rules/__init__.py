"""Pure decisions of the fans room, by chapter."""

from tiefen.fans.rules.people import (
    CORE_INTERACTIONS,
    CORE_RECEIVED,
    FAN_RECEIVED,
    MAX_GRAMS,
    PHONE,
    SILENT_AFTER,
    STATE_LIFE,
    check_redirect,
    check_state,
    clean_phone,
    display_name,
    grams,
    make_state,
    query_grams,
    stage,
)

__all__ = [
    "CORE_INTERACTIONS",
    "CORE_RECEIVED",
    "FAN_RECEIVED",
    "MAX_GRAMS",
    "PHONE",
    "SILENT_AFTER",
    "STATE_LIFE",
    "check_redirect",
    "check_state",
    "clean_phone",
    "display_name",
    "grams",
    "make_state",
    "query_grams",
    "stage",
]
