"""Tables of payments, and what must always be true of them."""

from tiefen.payments.models import promises as promises
from tiefen.payments.models.bills import (
    PaymentBill,
    PaymentBillLine,
    PaymentBreak,
    PaymentBreakNote,
    PaymentFundBill,
    PaymentFundLine,
)
from tiefen.payments.models.tables import (
    CounterCharge,
    Payment,
    PaymentAttempt,
    PaymentCharge,
    PaymentMove,
    PaymentRefund,
    PaymentSuspense,
)

__all__ = [
    "CounterCharge",
    "Payment",
    "PaymentAttempt",
    "PaymentBill",
    "PaymentBillLine",
    "PaymentBreak",
    "PaymentBreakNote",
    "PaymentCharge",
    "PaymentFundBill",
    "PaymentFundLine",
    "PaymentMove",
    "PaymentRefund",
    "PaymentSuspense",
]
