"""The verbs of the helpdesk room, by chapter."""

from tiefen.helpdesk.service.answering import find_answer, reply
from tiefen.helpdesk.service.editing import (
    add_reply,
    delete_reply,
    edit_reply,
    resolve_question,
    set_welcome,
    unanswered_count,
)
from tiefen.helpdesk.service.logging import note_answer, note_message
from tiefen.helpdesk.service.notifying import (
    ORDER_PAID,
    STOCK_LOW,
    bind_code,
    configure,
    push_low_stock,
    push_order,
)
from tiefen.helpdesk.service.recognising import bind_here, enter
from tiefen.helpdesk.service.telling import remind_fan, tell_after_sale, tell_level

__all__ = [
    "ORDER_PAID",
    "STOCK_LOW",
    "add_reply",
    "bind_code",
    "bind_here",
    "configure",
    "delete_reply",
    "edit_reply",
    "enter",
    "find_answer",
    "note_answer",
    "note_message",
    "push_low_stock",
    "push_order",
    "remind_fan",
    "reply",
    "resolve_question",
    "set_welcome",
    "tell_after_sale",
    "tell_level",
    "unanswered_count",
]
