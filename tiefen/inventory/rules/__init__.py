"""Decisions about stock, by chapter: no session, no clock, no network."""

from tiefen.inventory.rules.holding import (
    allot,
    check_adjustment,
    check_arrival,
    check_named_once,
    check_transfer,
    first_come,
    in_order,
    nearness,
)
from tiefen.inventory.rules.pace import COVER_DAYS, PACE_DAYS, days_left, to_order
from tiefen.inventory.rules.tables import BY_ID, COLUMNS, MOST, columns, read_line, take_back, worth

__all__ = [
    "BY_ID",
    "COLUMNS",
    "COVER_DAYS",
    "MOST",
    "PACE_DAYS",
    "allot",
    "check_adjustment",
    "check_arrival",
    "check_named_once",
    "check_transfer",
    "columns",
    "days_left",
    "first_come",
    "in_order",
    "nearness",
    "read_line",
    "take_back",
    "to_order",
    "worth",
]
