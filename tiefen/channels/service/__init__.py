"""The verbs of the channels room, by chapter."""

from tiefen.channels.service.attribution import (
    credit_order,
    credit_received,
    credit_refunded,
    fan_came_back,
    fan_left,
    first_source,
    rebuild_counters,
    record_touch,
)
from tiefen.channels.service.codes import ask_again, create_code, edit_code, greeting, mint, renew
from tiefen.channels.service.pictures import code_picture

__all__ = [
    "ask_again",
    "code_picture",
    "create_code",
    "credit_order",
    "credit_received",
    "credit_refunded",
    "edit_code",
    "fan_came_back",
    "fan_left",
    "first_source",
    "greeting",
    "mint",
    "rebuild_counters",
    "record_touch",
    "renew",
]
