"""What the console sees and says of payments."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from tiefen.kernel.http import FenIn, In, Out, Page
from tiefen.payments.values import (
    BreakDecision,
    BreakKind,
    CounterState,
    Decision,
    FundKind,
    MoveDecision,
    MoveKind,
    MoveState,
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
    fan_id: int | None = Field(description="null at the counter: whoever stood there")
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


class CounterIn(In):
    """A bare amount to be collected at the counter; whoever pays sees the note."""

    amount_fen: Annotated[int, Field(strict=True, ge=1, le=100_000_000, description="fen, whole")]
    note: Annotated[str, Field(min_length=1, max_length=40)]


class CounterOut(Out):
    """One amount asked for at the counter."""

    number: str
    amount_fen: int
    note: str
    staff_name: str
    state: CounterState
    refunding_fen: int
    refunded_fen: int
    left_fen: int = Field(description="what of it can still be sent back")
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None


class CounterPage(Page[CounterOut]):
    """A page of one day's counter, newest first, with what the whole day adds up to."""

    day: date
    paid_count: int
    paid_fen: int
    refunded_fen: int


class CounterCodeOut(Out):
    """What is scanned."""

    picture: str = Field(description="SVG as a data address")
    expires_at: datetime


class CounterRefundIn(In):
    """How much goes back to the payer, and why."""

    amount_fen: FenIn
    reason: Annotated[str, Field(min_length=2, max_length=80)]


class BillOut(Out):
    """One day's bill as WeChat wrote it, and how it agreed with our books."""

    id: int
    mchid: str
    bill_date: date
    lines: int
    paid_fen: int
    refunded_fen: int
    fee_fen: int
    fees_posted_at: datetime | None = Field(description="when its fees were in the ledger")
    fetched_at: datetime
    breaks: int
    open_breaks: int


class BillDayIn(In):
    """A day whose bill is wanted now."""

    day: date = Field(description="the merchant's day; WeChat keeps bills for three months")


class BillPage(Page[BillOut]):
    """A page of daily runs, with what all bills add up to."""

    paid_fen: int
    refunded_fen: int
    fee_fen: int
    open_breaks: int
    oldest_break_at: datetime | None


class FundClassOut(Out):
    """What moved WeChat's account for one reason on a day."""

    kind: FundKind
    count: int
    amount_fen: int = Field(description="below zero: out")


class FundBillOut(Out):
    """One day of the merchant's account at WeChat, and whether our books moved as it did."""

    id: int
    bill_date: date
    lines: int
    opening_fen: int | None
    closing_fen: int | None = Field(description="null: nothing moved")
    classes: list[FundClassOut]
    breaks: int
    open_breaks: int
    fetched_at: datetime


class BreakOut(Out):
    """One place where a bill and our books differ."""

    id: int
    bill_date: date
    fund: bool = Field(description="found in the fund bill, not in the trade bill")
    kind: BreakKind
    transaction_id: str | None = Field(description="the charge it is about; null for a refund")
    out_refund_no: str | None = Field(description="the refund it is about; null for a charge")
    flow_no: str | None = Field(description="the account's movement it is about, if it is no other")
    order_no: str | None
    suspense_id: int | None
    ours_fen: int | None = Field(description="what our books say; null: nothing")
    theirs_fen: int | None = Field(description="what the bill says; null: nothing")
    note: str = Field(description="what the comparison found, in English")
    owner: str | None
    answer: str = Field(description="what the owner wrote")
    created_at: datetime
    closed_at: datetime | None
    age_seconds: int


class BreakIn(In):
    """What to do about a difference, and why."""

    decision: BreakDecision
    owner_id: Annotated[int | None, Field(ge=1, le=2**63 - 1, description="who gets it")] = None
    note: Annotated[str, Field(min_length=2, max_length=200)]


class BreakNoteOut(Out):
    """What somebody did about a difference, and wrote."""

    id: int
    decision: BreakDecision
    staff_name: str
    words: str
    at: datetime


class BreakTotalOut(Out):
    """The open differences of one kind."""

    kind: BreakKind
    count: int
    unowned: int = Field(description="nobody looks after them")
    amount_fen: int = Field(description="how far both sides are apart, added up")
    oldest_at: datetime | None


class BreakTotals(Out):
    """The open differences by kind."""

    items: list[BreakTotalOut]


class ProofOut(Out):
    """A bill counted against the books again, now."""

    bill_date: date
    checked_at: datetime
    lines: int
    agree: int = Field(description="lines that are in our books with the same amount")
    theirs_paid_fen: int
    ours_paid_fen: int
    theirs_refunded_fen: int
    ours_refunded_fen: int
    open_breaks: int
    proven: bool = Field(description="every line agrees, both sums are the same, nothing is open")


Account = Annotated[str, Field(min_length=1, max_length=120)]


class MoveIn(In):
    """A move of money by hand, to be approved by somebody else."""

    kind: MoveKind
    reason: Annotated[str, Field(min_length=2, max_length=200)]
    suspense_id: Annotated[int | None, Field(ge=1, le=2**63 - 1)] = None
    break_id: Annotated[int | None, Field(ge=1, le=2**63 - 1)] = None
    debit: Account | None = None
    credit: Account | None = None
    amount_fen: FenIn | None = None


class MoveDecideIn(In):
    """What is said to a move, and why."""

    decision: MoveDecision
    answer: Annotated[str, Field(min_length=2, max_length=200)]


class MoveOut(Out):
    """A move of money by hand."""

    id: int
    kind: MoveKind
    state: MoveState
    suspense_id: int | None
    break_id: int | None
    debit: str
    credit: str
    amount_fen: int
    reason: str
    asked_by_id: int
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    answer: str


class StatementLineOut(Out):
    """One period of the merchant's money at WeChat."""

    period: date = Field(description="its first day")
    opening_fen: int
    orders_fen: int = Field(description="came for orders")
    counter_fen: int = Field(description="came at the counter, without an order")
    suspense_fen: int = Field(description="came and fits no open order")
    refunds_fen: int = Field(description="went back for orders and the counter")
    suspense_back_fen: int = Field(description="went back out of suspense")
    fees_fen: int
    withdrawn_fen: int = Field(description="to the merchant's bank")
    other_fen: int = Field(description="moved by hand or reversed; below zero: less")
    closing_fen: int
    suspense_held_fen: int = Field(description="undecided in suspense at the end")


class StatementOut(Out):
    """Some days or months of a merchant's money at WeChat."""

    lines: list[StatementLineOut]
    total: StatementLineOut
