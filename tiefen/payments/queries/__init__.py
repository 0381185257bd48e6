"""What the console reads of payments, by chapter."""

from tiefen.payments.queries.books import (
    bill_total,
    bills,
    breaks,
    payments,
    refunds,
    suspense,
    suspense_total,
)
from tiefen.payments.queries.counter import counter_line, counter_lines, counter_total
from tiefen.payments.queries.funds import fund_bills
from tiefen.payments.queries.moves import break_notes, break_totals, moves, proof

__all__ = [
    "bill_total",
    "bills",
    "break_notes",
    "break_totals",
    "breaks",
    "counter_line",
    "counter_lines",
    "counter_total",
    "fund_bills",
    "moves",
    "payments",
    "proof",
    "refunds",
    "suspense",
    "suspense_total",
]
