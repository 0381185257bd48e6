"""Decisions about goods: no session, no clock, no network. By chapter."""

from tiefen.catalog.rules.files import byte_range, file_url, is_mp4
from tiefen.catalog.rules.goods import (
    MAX_CATEGORY_LEVELS,
    MAX_SKUS,
    MAX_SPECS,
    SHELF,
    Spec,
    check_grid,
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

__all__ = [
    "MAX_CATEGORY_LEVELS",
    "MAX_SKUS",
    "MAX_SPECS",
    "SHELF",
    "Spec",
    "byte_range",
    "check_grid",
    "clean_html",
    "due",
    "file_url",
    "height",
    "is_mp4",
    "level",
    "missing_for_shelf",
    "refuse",
    "repeated_codes",
    "spec_text",
    "value_picture",
]
