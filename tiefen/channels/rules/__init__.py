"""Pure decisions of the channels room, by chapter."""

from tiefen.channels.rules.codes import (
    RENEW_BEFORE,
    TEMPORARY_LIFE,
    WELCOME_BYTES,
    check_validity,
    check_welcome,
    clean_tags,
    greets,
)
from tiefen.channels.rules.sharing import (
    APPEAL_LIFE,
    APPEAL_WINDOW,
    Part,
    check_weights,
    day_of,
    owner_at,
    parts,
    plain_cell,
)

__all__ = [
    "APPEAL_LIFE",
    "APPEAL_WINDOW",
    "RENEW_BEFORE",
    "TEMPORARY_LIFE",
    "WELCOME_BYTES",
    "Part",
    "check_validity",
    "check_weights",
    "check_welcome",
    "clean_tags",
    "day_of",
    "greets",
    "owner_at",
    "parts",
    "plain_cell",
]
