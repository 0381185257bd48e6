"""What payments announce, each in the transaction that made it true."""

from datetime import datetime
from typing import Literal

from tiefen.kernel.events import event


@event("payments.succeeded")
class PaymentSucceeded:
    """An order's payment was received, for the first and only time."""

    payment_id: int
    order_no: str
    amount_fen: int
    transaction_id: str
    paid_at: datetime


@event("payments.refund_settled")
class RefundSettled:
    """WeChat gave its word on a refund; `reference` is the one it was requested under.

    success: the money went back. closed: it did not and will not; what was reserved is free again.
    abnormal: it left us and did not arrive; a person must help, success may still follow.
    """

    refund_id: int
    payment_id: int
    reference: str
    amount_fen: int
    status: Literal["success", "closed", "abnormal"]
    at: datetime
