"""Decisions about goods: no session, no clock, no network. By chapter."""

from tiefen.catalog.rules.bulk import PRICES, check_change, new_price
from tiefen.catalog.rules.files import byte_range, file_url, is_mp4
from tiefen.catalog.rules.goods import (
    MAX_CATEGORY_LEVELS,
    MAX_SKUS,
    MAX_SPECS,
    SHELF,
    Spec,
    check_grid,
    delivery,
    due,
    height,
    level,
    missing_for_shelf,
    refuse,
    repeated_codes,
    spec_text,
    value_picture,
)
from tiefen.catalog.rules.html import clean_html
from tiefen.catalog.rules.presale import check_presale, kept_presale, presale_of
from tiefen.catalog.rules.reviews import author, masked_words
from tiefen.catalog.rules.sheets import BY_ID, COLUMNS, Line, Merged, Places, columns, line, merge

__all__ = [
    "BY_ID",
    "COLUMNS",
    "MAX_CATEGORY_LEVELS",
    "MAX_SKUS",
    "MAX_SPECS",
    "PRICES",
    "SHELF",
    "Line",
    "Merged",
    "Places",
    "Spec",
    "author",
    "byte_range",
    "check_change",
    "check_grid",
    "check_presale",
    "clean_html",
    "columns",
    "delivery",
    "due",
    "file_url",
    "height",
    "is_mp4",
    "kept_presale",
    "level",
    "line",
    "masked_words",
    "merge",
    "missing_for_shelf",
    "new_price",
    "presale_of",
    "refuse",
    "repeated_codes",
    "spec_text",
    "value_picture",
]
