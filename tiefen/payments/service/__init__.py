"""The verbs of the payments room, by chapter.

In the caller's transaction: start, start_all, intent, paid_by, paid_parts, stop, reprice, settle, settle_refund, request_refund,
left_of, open_counter, close_counter, refund_counter, recognise, forfeit, resolve, ask_move, decide_move, statement, statement_file. With `Db` and a merchant (they call WeChat and must not run inside a
transaction): begin, poll, show_counter, poll_counter, close, fetch_bill, fetch_fund_bill.
"""

from tiefen.payments.service.asking import close, reprice, stop
from tiefen.payments.service.billing import fetch_bill, fetch_fund_bill
from tiefen.payments.service.breaks import decide_break
from tiefen.payments.service.counter import (
    close_counter,
    open_counter,
    poll_counter,
    refund_counter,
    show_counter,
)
from tiefen.payments.service.earning import forfeit, recognise
from tiefen.payments.service.moves import ask_move, decide_move
from tiefen.payments.service.paying import (
    begin,
    intent,
    paid_by,
    paid_parts,
    poll,
    start,
    start_all,
)
from tiefen.payments.service.refunding import (
    left_of,
    refund_evidence_of,
    request_refund,
    settle_refund,
)
from tiefen.payments.service.settling import evidence_of, settle
from tiefen.payments.service.stating import statement, statement_file
from tiefen.payments.service.suspense import resolve, waiting

__all__ = [
    "ask_move",
    "begin",
    "close",
    "close_counter",
    "decide_break",
    "decide_move",
    "evidence_of",
    "fetch_bill",
    "fetch_fund_bill",
    "forfeit",
    "intent",
    "left_of",
    "open_counter",
    "paid_by",
    "paid_parts",
    "poll",
    "poll_counter",
    "recognise",
    "refund_counter",
    "refund_evidence_of",
    "reprice",
    "request_refund",
    "resolve",
    "settle",
    "settle_refund",
    "show_counter",
    "start",
    "start_all",
    "statement",
    "statement_file",
    "stop",
    "waiting",
]
