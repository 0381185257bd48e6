"""What the console sees and says of payments."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from tiefen.kernel.http import In, Out, Page
from tiefen.payments.values import (
    Decision,
    PaymentState,
    RefundState,
    Source,
    SuspenseReason,
    SuspenseState,
)


class PaymentOut(Out):
    """An order's payment: what was asked, what came, what went back."""

    id: int
    order_no: str
    fan_id: int
    amount_fen: int
    state: PaymentState
    transaction_id: str | None
    source: Source | None = Field(description="how we learned that it was paid")
    refunding_fen: int = Field(description="set aside for refunds under way")
    refunded_fen: int
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None


class RefundOut(Out):
    """A refund, whether of an order or of money in suspense."""

    id: int
    order_no: str | None
    reference: str
    out_refund_no: str
    transaction_id: str
    amount_fen: int
    paid_fen: int = Field(description="the whole charge it comes from")
    reason: str
    state: RefundState
    suspense_id: int | None
    error_code: str = Field(description="WeChat's last refusal, empty if none")
    requested_at: datetime
    settled_at: datetime | None


class SuspenseOut(Out):
    """Money that fits no open order."""

    id: int
    reason: SuspenseReason
    order_no: str | None
    transaction_id: str
    out_trade_no: str
    amount_fen: int
    currency: str
    state: SuspenseState
    owner: str | None = Field(description="who took it; null while the refund rule owns it")
    note: str
    refund_at: datetime | None = Field(description="when the rule sends it back")
    created_at: datetime
    decided_at: datetime | None
    age_seconds: int


class SuspensePage(Page[SuspenseOut]):
    """A page of money in suspense, with what is undecided altogether."""

    undecided_count: int
    undecided_fen: int
    oldest_at: datetime | None


class ResolveIn(In):
    """A decision about money in suspense, and why."""

    decision: Decision
    reason: Annotated[str, Field(min_length=2, max_length=200)]
