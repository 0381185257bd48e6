"""What was asked, what came, what stands in suspense, what goes back, and moves by hand."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.db import Base, Fen, Id, Ref, Utc, text_enum
from tiefen.kernel.personal import person_rows
from tiefen.payments.values import (
    AttemptState,
    MoveKind,
    MoveState,
    PaymentFor,
    PaymentState,
    RefundState,
    Source,
    SuspenseReason,
    SuspenseState,
)
from tiefen.wechat.values import PayClientKind


class Payment(Base):
    """What one order asks of one fan, or the counter of anybody. One row a number and stage, for ever."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("order_no", "stage"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("(state = 'paid') = (transaction_id IS NOT NULL)", name="paid"),
        CheckConstraint("purpose = 'counter' OR fan_id IS NOT NULL", name="whose"),
        Index(None, "state", "id"),
    )

    id: Mapped[Id]
    order_no: Mapped[str] = mapped_column(Text)
    stage: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    """2: the balance of an order whose deposit was paid. The newest stage is the one that counts."""
    fan_id: Mapped[Ref | None]
    """Nobody in particular: whoever stands at the counter."""
    purpose: Mapped[PaymentFor] = mapped_column(
        text_enum(PaymentFor), default=PaymentFor.ORDER, server_default=text("'order'")
    )
    amount_fen: Mapped[Fen]
    currency: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    state: Mapped[PaymentState] = mapped_column(text_enum(PaymentState))
    expires_at: Mapped[Utc]
    created_at: Mapped[Utc]
    paid_at: Mapped[Utc | None]
    transaction_id: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[Utc | None]
    earned_at: Mapped[Utc | None]
    """When the order was received: from then on refunds come out of revenue, not out of unearned."""


class PaymentAttempt(Base):
    """One number at WeChat, and exactly what was asked under it."""

    __tablename__ = "payment_attempt"
    __table_args__ = (
        UniqueConstraint("out_trade_no"),
        Index(None, "payment_id", "id"),
        Index(
            "ix_payment_attempt_check", "check_at",
            postgresql_where=text("state IN ('intent', 'unknown', 'prepaid')"),
        ),
    )  # fmt: skip

    id: Mapped[Id]
    payment_id: Mapped[Ref] = mapped_column(ForeignKey("payment.id"))
    out_trade_no: Mapped[str] = mapped_column(Text)
    client: Mapped[PayClientKind] = mapped_column(text_enum(PayClientKind))
    mchid: Mapped[str] = mapped_column(Text)
    app_id: Mapped[str] = mapped_column(Text)
    openid: Mapped[str | None] = mapped_column(Text)
    amount_fen: Mapped[Fen]
    currency: Mapped[str] = mapped_column(Text)
    state: Mapped[AttemptState] = mapped_column(text_enum(AttemptState))
    prepay_id: Mapped[str | None] = mapped_column(Text)
    code_url: Mapped[str | None] = mapped_column(Text)
    h5_url: Mapped[str | None] = mapped_column(Text)
    payer_mark: Mapped[str | None] = mapped_column(Text)
    """A keyed hash of the address that an H5 payment was prepared for: WeChat takes no other under
    this number."""
    prepaid_at: Mapped[Utc | None]
    expires_at: Mapped[Utc]
    created_at: Mapped[Utc]
    check_at: Mapped[Utc]
    """When the sweep asks WeChat for it next, while it may still turn into money."""
    asked_at: Mapped[Utc | None]
    """When a waiting fan's page last made us ask: a second page within two seconds does not."""
    spent: Mapped[bool] = mapped_column(default=False)
    """WeChat took this number once and refuses it now: asked for still, but the next tap takes another."""
    error_code: Mapped[str] = mapped_column(Text, default="")


class PaymentCharge(Base):
    """Money WeChat took from a fan, once each by its transaction; kept whatever became of it."""

    __tablename__ = "payment_charge"
    __table_args__ = (
        UniqueConstraint("mchid", "transaction_id"),
        Index(
            "uq_payment_charge_applied", "payment_id", unique=True, postgresql_where=text("applied")
        ),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("refunding_fen >= 0 AND refunded_fen >= 0", name="parts"),
        CheckConstraint("refunding_fen + refunded_fen <= amount_fen", name="refund_cap"),
        CheckConstraint("NOT applied OR payment_id IS NOT NULL", name="applied"),
        Index(None, "out_trade_no"),
        Index(None, "paid_at"),
    )

    id: Mapped[Id]
    mchid: Mapped[str] = mapped_column(Text)
    transaction_id: Mapped[str] = mapped_column(Text)
    out_trade_no: Mapped[str] = mapped_column(Text)
    payment_id: Mapped[Ref | None] = mapped_column(ForeignKey("payment.id"))
    attempt_id: Mapped[Ref | None] = mapped_column(ForeignKey("payment_attempt.id"))
    app_id: Mapped[str] = mapped_column(Text)
    openid: Mapped[str | None] = mapped_column(Text)
    amount_fen: Mapped[Fen]
    currency: Mapped[str] = mapped_column(Text)
    applied: Mapped[bool]
    """True when it paid its order, False when it stands in suspense."""
    refunding_fen: Mapped[Fen] = mapped_column(default=0)
    refunded_fen: Mapped[Fen] = mapped_column(default=0)
    source: Mapped[Source] = mapped_column(text_enum(Source))
    paid_at: Mapped[Utc]
    recorded_at: Mapped[Utc]


class PaymentSuspense(Base):
    """A charge that fits no open order: why, whose it is, and when it goes back."""

    __tablename__ = "payment_suspense"
    __table_args__ = (
        UniqueConstraint("charge_id"),
        Index(None, "state", "id"),
        Index("ix_payment_suspense_due", "refund_at", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[Id]
    charge_id: Mapped[Ref] = mapped_column(ForeignKey("payment_charge.id"))
    reason: Mapped[SuspenseReason] = mapped_column(text_enum(SuspenseReason))
    order_no: Mapped[str | None] = mapped_column(Text)
    amount_fen: Mapped[Fen]
    currency: Mapped[str] = mapped_column(Text)
    state: Mapped[SuspenseState] = mapped_column(text_enum(SuspenseState))
    refund_at: Mapped[Utc | None]
    """When the rule sends it back; None: only a person does."""
    owner_id: Mapped[Ref | None]
    """The member of staff who took it; None: the rule owns it."""
    owner_name: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    refunds: Mapped[int] = mapped_column(Integer, default=0)
    """How many refunds were tried; all but the last ended closed."""
    created_at: Mapped[Utc]
    decided_at: Mapped[Utc | None]


class PaymentRefund(Base):
    """Money on its way back. Its number at WeChat never changes."""

    __tablename__ = "payment_refund"
    __table_args__ = (
        UniqueConstraint("reference"),
        UniqueConstraint("out_refund_no"),
        CheckConstraint("amount_fen > 0", name="amount"),
        Index(None, "charge_id", "id"),
        Index(None, "state", "id"),
        Index(
            "ix_payment_refund_check", "check_at",
            postgresql_where=text("state IN ('reserved', 'unknown', 'processing')"),
        ),
    )  # fmt: skip

    id: Mapped[Id]
    charge_id: Mapped[Ref] = mapped_column(ForeignKey("payment_charge.id"))
    payment_id: Mapped[Ref | None] = mapped_column(ForeignKey("payment.id"))
    suspense_id: Mapped[Ref | None] = mapped_column(ForeignKey("payment_suspense.id"))
    reference: Mapped[str] = mapped_column(Text)
    out_refund_no: Mapped[str] = mapped_column(Text)
    refund_id: Mapped[str | None] = mapped_column(Text)
    """WeChat's own number, once it has told us."""
    amount_fen: Mapped[Fen]
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[RefundState] = mapped_column(text_enum(RefundState))
    requested_at: Mapped[Utc]
    check_at: Mapped[Utc]
    """When the sweep looks after it next, while it is not final."""
    settled_at: Mapped[Utc | None]
    error_code: Mapped[str] = mapped_column(Text, default="")


class CounterCharge(Base):
    """A bare amount that staff asked for at the counter (收款码); its payment has its number."""

    __tablename__ = "payment_counter"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("payment_id"),
        Index(None, "created_at"),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(Text)
    payment_id: Mapped[Ref] = mapped_column(ForeignKey("payment.id"))
    note: Mapped[str] = mapped_column(Text)
    """What it is for, as staff wrote it; the payer sees it."""
    staff_id: Mapped[Ref]
    staff_name: Mapped[str] = mapped_column(Text)
    refunds: Mapped[int] = mapped_column(Integer, default=0)
    """How many refunds were asked for: each has a reference of its own."""
    created_at: Mapped[Utc]


class PaymentMove(Base):
    """A move of money by hand: asked for by one person, decided by another."""

    __tablename__ = "payment_move"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint(
            "state NOT IN ('approved', 'refused')"
            " OR (decided_by_id IS NOT NULL AND decided_by_id <> asked_by_id)",
            name="second_person",
        ),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(kind IN ('suspense_refund', 'suspense_keep')) = (suspense_id IS NOT NULL)", name="suspense"),
        Index(
            "uq_payment_move_waiting", "suspense_id", unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(None, "state", "id"),
    )  # fmt: skip

    id: Mapped[Id]
    kind: Mapped[MoveKind] = mapped_column(text_enum(MoveKind))
    state: Mapped[MoveState] = mapped_column(text_enum(MoveState))
    suspense_id: Mapped[Ref | None] = mapped_column(ForeignKey("payment_suspense.id"))
    break_id: Mapped[Ref | None] = mapped_column(ForeignKey("payment_break.id"))
    """The difference it settles, if it is about one."""
    debit: Mapped[str] = mapped_column(Text)
    credit: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[Fen]
    reason: Mapped[str] = mapped_column(Text)
    asked_by_id: Mapped[Ref]
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[Utc]
    decided_by_id: Mapped[Ref | None]
    decided_by: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[Utc | None]
    answer: Mapped[str] = mapped_column(Text, default="")


person_rows("payment", "支付", "payments")
person_rows("payment_attempt", "支付请求", "payment attempts", by="openid", clear={"openid": None})
person_rows("payment_charge", "收款", "charges", by="openid", clear={"openid": None})
