"""Pure decisions of the channels room, by chapter."""

from tiefen.channels.rules.codes import (
    PERMANENT_LIMIT,
    RENEW_BEFORE,
    TEMPORARY_LIFE,
    WELCOME_BYTES,
    check_validity,
    check_welcome,
    clean_tags,
    greets,
    wanted,
)
from tiefen.channels.rules.sharing import (
    APPEAL_LIFE,
    APPEAL_WINDOW,
    Part,
    check_weights,
    owner_at,
    parts,
)

__all__ = [
    "APPEAL_LIFE",
    "APPEAL_WINDOW",
    "PERMANENT_LIMIT",
    "RENEW_BEFORE",
    "TEMPORARY_LIFE",
    "WELCOME_BYTES",
    "Part",
    "check_validity",
    "check_weights",
    "check_welcome",
    "clean_tags",
    "greets",
    "owner_at",
    "parts",
    "wanted",
]
