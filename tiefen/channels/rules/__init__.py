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
from tiefen.channels.rules.costs import LONGEST, check_days, day_of_cost
from tiefen.channels.rules.links import (
    SLUG_LENGTH,
    SLUG_LETTERS,
    VISIT_WINDOW,
    in_wechat,
    is_program,
    shop_path,
    utm,
)
from tiefen.channels.rules.live import check_members, choose, fill_welcome, on_duty, weight_of
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
    "LONGEST",
    "PERMANENT_LIMIT",
    "RENEW_BEFORE",
    "SLUG_LENGTH",
    "SLUG_LETTERS",
    "TEMPORARY_LIFE",
    "VISIT_WINDOW",
    "WELCOME_BYTES",
    "Part",
    "check_days",
    "check_members",
    "check_validity",
    "check_weights",
    "check_welcome",
    "choose",
    "clean_tags",
    "day_of_cost",
    "fill_welcome",
    "greets",
    "in_wechat",
    "is_program",
    "on_duty",
    "owner_at",
    "parts",
    "shop_path",
    "utm",
    "wanted",
    "weight_of",
]
