"""WeChat's bills, line by line, and where they and our books differ."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.db import Base, Fen, Id, Ref, Utc, text_enum
from tiefen.payments.values import BreakDecision, BreakKind, FundKind, LineKind


class PaymentBill(Base):
    """One day's trade bill as WeChat wrote it."""

    __tablename__ = "payment_bill"
    __table_args__ = (UniqueConstraint("mchid", "bill_date"),)

    id: Mapped[Id]
    mchid: Mapped[str] = mapped_column(Text)
    bill_date: Mapped[date]
    sha1: Mapped[str] = mapped_column(Text)
    """Empty for a day on which WeChat has no bill because nothing happened."""
    lines: Mapped[int] = mapped_column(Integer)
    paid_fen: Mapped[Fen]
    refunded_fen: Mapped[Fen]
    fee_fen: Mapped[Fen]
    fetched_at: Mapped[Utc]
    fees_posted_at: Mapped[Utc | None]
    """When the last of its fees was in the ledger."""


class PaymentBillLine(Base):
    """One line of a bill, amounts in fen."""

    __tablename__ = "payment_bill_line"
    __table_args__ = (
        UniqueConstraint("bill_id", "line"),
        Index(None, "transaction_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[Id]
    bill_id: Mapped[Ref] = mapped_column(ForeignKey("payment_bill.id"))
    line: Mapped[int] = mapped_column(Integer)
    kind: Mapped[LineKind] = mapped_column(text_enum(LineKind))
    transaction_id: Mapped[str] = mapped_column(Text)
    out_trade_no: Mapped[str] = mapped_column(Text)
    out_refund_no: Mapped[str | None] = mapped_column(Text)
    refund_id: Mapped[str | None] = mapped_column(Text)
    amount_fen: Mapped[Fen]
    fee_fen: Mapped[Fen]
    state: Mapped[str] = mapped_column(Text)
    at: Mapped[Utc]


class PaymentFundBill(Base):
    """One day of the merchant's account at WeChat as its fund bill (资金账单) tells it."""

    __tablename__ = "payment_fund_bill"
    __table_args__ = (UniqueConstraint("mchid", "bill_date"),)

    id: Mapped[Id]
    mchid: Mapped[str] = mapped_column(Text)
    bill_date: Mapped[date]
    sha1: Mapped[str] = mapped_column(Text)
    """Empty for a day on which WeChat has no bill because nothing moved."""
    lines: Mapped[int] = mapped_column(Integer)
    opening_fen: Mapped[Fen | None]
    """What the account held before its first line; None: nothing moved."""
    closing_fen: Mapped[Fen | None]
    sums: Mapped[dict[str, list[int]] | None] = mapped_column(JSONB)
    """Kind → how many lines, and what they add up to in fen; None: kept before it was written down."""
    fetched_at: Mapped[Utc]


class PaymentFundLine(Base):
    """One line of a fund bill, in fen; below zero: out."""

    __tablename__ = "payment_fund_line"
    __table_args__ = (
        UniqueConstraint("fund_id", "line"),
        Index(None, "business_no"),
        {"info": {"append_only": True}},
    )

    id: Mapped[Id]
    fund_id: Mapped[Ref] = mapped_column(ForeignKey("payment_fund_bill.id"))
    line: Mapped[int] = mapped_column(Integer)
    kind: Mapped[FundKind] = mapped_column(text_enum(FundKind))
    business_no: Mapped[str] = mapped_column(Text)
    flow_no: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[Fen]
    balance_fen: Mapped[Fen]
    reference: Mapped[str] = mapped_column(Text)
    at: Mapped[Utc]


class PaymentBreak(Base):
    """One place where a bill and our books differ, until somebody closes it."""

    __tablename__ = "payment_break"
    __table_args__ = (
        UniqueConstraint("bill_id", "kind", "subject"),
        UniqueConstraint("fund_id", "kind", "subject"),
        CheckConstraint("num_nonnulls(bill_id, fund_id) = 1", name="one_bill"),
        Index(None, "closed_at", "id"),
    )

    id: Mapped[Id]
    bill_id: Mapped[Ref | None] = mapped_column(ForeignKey("payment_bill.id"))
    fund_id: Mapped[Ref | None] = mapped_column(ForeignKey("payment_fund_bill.id"))
    """The fund bill it was found in, where it is not the trade bill."""
    kind: Mapped[BreakKind] = mapped_column(text_enum(BreakKind))
    subject: Mapped[str] = mapped_column(Text)
    """The transaction, the refund's number after `refund:`, or the account's own line after `fund:`."""
    transaction_id: Mapped[str | None] = mapped_column(Text)
    """The charge of a refund that our books do not know: the bill names it, so its order is found."""
    ours_fen: Mapped[Fen | None]
    theirs_fen: Mapped[Fen | None]
    note: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[Ref | None]
    owner_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Who took or closed it; empty while nobody has."""
    answer: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What the owner wrote."""
    created_at: Mapped[Utc]
    closed_at: Mapped[Utc | None]


class PaymentBreakNote(Base):
    """What somebody did about a difference, and wrote."""

    __tablename__ = "payment_break_note"
    __table_args__ = (Index(None, "break_id", "id"), {"info": {"append_only": True}})

    id: Mapped[Id]
    break_id: Mapped[Ref] = mapped_column(ForeignKey("payment_break.id"))
    decision: Mapped[BreakDecision] = mapped_column(text_enum(BreakDecision))
    staff_id: Mapped[Ref]
    staff_name: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    at: Mapped[Utc]
