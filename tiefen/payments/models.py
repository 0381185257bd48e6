"""Tables of payments, and what must always be true of them."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Fen, Id, Ref, Utc, text_enum
from tiefen.kernel.personal import person_rows
from tiefen.payments.values import (
    AttemptState,
    BreakDecision,
    BreakKind,
    LineKind,
    MoveKind,
    MoveState,
    PaymentState,
    RefundState,
    Source,
    SuspenseReason,
    SuspenseState,
)
from tiefen.wechat.values import PayClientKind


class Payment(Base):
    """What one order asks of one fan. One row an order and stage, for ever."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("order_no", "stage"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("(state = 'paid') = (transaction_id IS NOT NULL)", name="paid"),
        Index(None, "state", "id"),
    )

    id: Mapped[Id]
    order_no: Mapped[str] = mapped_column(Text)
    stage: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    """2: the balance of an order whose deposit was paid. The newest stage is the one that counts."""
    fan_id: Mapped[Ref]
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


class PaymentBreak(Base):
    """One place where a bill and our books differ, until somebody closes it."""

    __tablename__ = "payment_break"
    __table_args__ = (
        UniqueConstraint("bill_id", "kind", "subject"),
        Index(None, "closed_at", "id"),
    )

    id: Mapped[Id]
    bill_id: Mapped[Ref] = mapped_column(ForeignKey("payment_bill.id"))
    kind: Mapped[BreakKind] = mapped_column(text_enum(BreakKind))
    subject: Mapped[str] = mapped_column(Text)
    """The transaction, or the refund's number after `refund:`."""
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


invariant(
    "M6-moves",
    "a move by hand is in the ledger exactly once when a second person approved it, else not at all",
    """
    SELECT m.id AS move_id, m.state, m.amount_fen, t.amount_fen AS posted_fen, t.key
    FROM (SELECT *, 'move:' || id AS key FROM payment_move
          WHERE state = 'approved' AND kind IN ('write_off', 'adjustment')) AS m
    FULL JOIN (SELECT * FROM ledger_transfer WHERE key LIKE 'move:%') AS t ON t.key = m.key
    WHERE m.id IS NULL OR t.id IS NULL OR m.amount_fen <> t.amount_fen
       OR m.decided_by_id IS NULL OR m.decided_by_id = m.asked_by_id
    """,
)
invariant(
    "P1",
    "each WeChat charge is in the ledger exactly once, with its amount",
    """
    SELECT c.id AS charge_id, c.transaction_id, c.amount_fen, t.amount_fen AS posted_fen, t.key
    FROM (SELECT *, 'charge:' || mchid || ':' || transaction_id AS key
          FROM payment_charge WHERE currency = 'CNY') AS c
    FULL JOIN (SELECT * FROM ledger_transfer WHERE key LIKE 'charge:%') AS t ON t.key = c.key
    WHERE c.id IS NULL OR t.id IS NULL OR c.amount_fen <> t.amount_fen
    """,
)
invariant(
    "P2",
    "a charge that paid an order agrees with what was asked: merchant, app, number, currency, amount, payer",
    """
    SELECT c.id AS charge_id, c.out_trade_no FROM payment_charge c
    LEFT JOIN payment_attempt a ON a.id = c.attempt_id
    LEFT JOIN payment p ON p.id = c.payment_id
    WHERE c.applied AND (
        a.id IS NULL OR p.id IS NULL OR a.payment_id <> p.id OR a.out_trade_no <> c.out_trade_no
        OR a.mchid <> c.mchid OR a.app_id <> c.app_id OR a.currency <> c.currency
        OR a.amount_fen <> c.amount_fen OR p.amount_fen <> c.amount_fen
        OR (a.openid IS NOT NULL AND c.openid IS NOT NULL AND a.openid <> c.openid))
    """,
)
invariant(
    "P3",
    "each line of a fetched bill is in our books with the same amount, or is an open break",
    """
    SELECT l.id AS line_id, l.kind, l.transaction_id, l.out_refund_no, l.amount_fen
    FROM payment_bill_line l JOIN payment_bill b ON b.id = l.bill_id
    LEFT JOIN payment_charge c ON c.mchid = b.mchid AND c.transaction_id = l.transaction_id
    LEFT JOIN payment_refund r ON r.out_refund_no = l.out_refund_no
    WHERE (CASE l.kind WHEN 'pay' THEN c.id IS NULL OR c.amount_fen <> l.amount_fen
                       ELSE r.id IS NULL OR r.amount_fen <> l.amount_fen END)
      AND NOT EXISTS (SELECT FROM payment_break k WHERE k.bill_id = l.bill_id AND k.subject =
          CASE l.kind WHEN 'pay' THEN l.transaction_id ELSE 'refund:' || l.out_refund_no END)
    """,
)
invariant(
    "P3.fees",
    "what a bill's fees add up to is in the ledger once its fees are posted, and nothing else is",
    """
    SELECT b.id AS bill_id, b.charged, b.returned, b.posted, b.posted_back
    FROM (
        SELECT b.id, b.fees_posted_at, coalesce(l.charged, 0) AS charged,
               coalesce(l.returned, 0) AS returned,
               coalesce(l.posted, 0) + coalesce(f.amount_fen, 0) AS posted,
               coalesce(l.posted_back, 0) + coalesce(r.amount_fen, 0) AS posted_back
        FROM payment_bill b
        LEFT JOIN (
            SELECT l.bill_id, sum(l.fee_fen) FILTER (WHERE l.fee_fen > 0) AS charged,
                   -sum(l.fee_fen) FILTER (WHERE l.fee_fen < 0) AS returned,
                   sum(t.amount_fen) FILTER (WHERE t.code = 'payment.fee') AS posted,
                   sum(t.amount_fen) FILTER (WHERE t.code = 'payment.fee_returned') AS posted_back
            FROM payment_bill_line l
            LEFT JOIN (SELECT * FROM ledger_transfer WHERE key LIKE 'fee:%') AS t
                   ON t.key = 'fee:' || l.id
            GROUP BY l.bill_id
        ) AS l ON l.bill_id = b.id
        LEFT JOIN ledger_transfer f ON f.key = 'bill-fee:' || b.id AND f.code = 'payment.fee'
        LEFT JOIN ledger_transfer r
               ON r.key = 'bill-fee-returned:' || b.id AND r.code = 'payment.fee_returned'
    ) AS b
    WHERE b.fees_posted_at IS NOT NULL
          AND (b.charged <> b.posted OR b.returned <> b.posted_back)
       OR b.fees_posted_at IS NULL AND (b.posted > b.charged OR b.posted_back > b.returned)
    UNION ALL
    SELECT NULL, NULL, NULL, t.amount_fen, NULL FROM ledger_transfer t
    WHERE t.code IN ('payment.fee', 'payment.fee_returned') AND NOT EXISTS (
        SELECT FROM payment_bill b
        WHERE t.key IN ('bill-fee:' || b.id, 'bill-fee-returned:' || b.id)
        UNION ALL SELECT FROM payment_bill_line l WHERE t.key = 'fee:' || l.id)
    """,
)
invariant(
    "P4",
    "each charge paid its order or stands in suspense, and the suspense account holds what is undecided",
    """
    SELECT c.id AS charge_id, NULL AS held_fen, NULL AS booked_fen FROM payment_charge c
    LEFT JOIN payment_suspense s ON s.charge_id = c.id
    WHERE c.applied = (s.id IS NOT NULL) OR s.amount_fen <> c.amount_fen
    UNION ALL
    SELECT NULL, held.fen, booked.fen
    FROM (SELECT coalesce(sum(amount_fen), 0)::bigint AS fen FROM payment_suspense
          WHERE currency = 'CNY' AND state IN ('open', 'refunding')) AS held,
         (SELECT coalesce(sum(credited_fen - debited_fen), 0)::bigint AS fen FROM ledger_account
          WHERE name = 'suspense') AS booked
    WHERE held.fen <> booked.fen
    """,
)
invariant(
    "P5",
    "refunding and refunded are the sums of their refunds, and together never exceed the charge",
    """
    SELECT c.id AS charge_id, c.amount_fen, c.refunding_fen, c.refunded_fen, r.refunding, r.refunded
    FROM payment_charge c LEFT JOIN (
        SELECT charge_id,
               sum(amount_fen) FILTER (WHERE state IN ('reserved', 'unknown', 'processing', 'abnormal'))
                   AS refunding,
               sum(amount_fen) FILTER (WHERE state = 'success') AS refunded
        FROM payment_refund GROUP BY charge_id
    ) AS r ON r.charge_id = c.id
    WHERE c.refunding_fen <> coalesce(r.refunding, 0) OR c.refunded_fen <> coalesce(r.refunded, 0)
       OR c.refunding_fen + c.refunded_fen > c.amount_fen
    """,
)
invariant(
    "P5.books",
    "each refund that reached the fan is in the ledger exactly once, and no other is",
    """
    SELECT r.id AS refund_id, r.amount_fen, t.amount_fen AS posted_fen, t.key
    FROM (SELECT r.*, 'refund:' || r.out_refund_no AS key
          FROM payment_refund r JOIN payment_charge c ON c.id = r.charge_id
          WHERE r.state = 'success' AND c.currency = 'CNY') AS r
    FULL JOIN (SELECT * FROM ledger_transfer WHERE key LIKE 'refund:%') AS t ON t.key = r.key
    WHERE r.id IS NULL OR t.id IS NULL OR r.amount_fen <> t.amount_fen
    """,
)
invariant(
    "P7",
    "a payment is paid exactly when a charge of its own, on WeChat's evidence, paid it",
    """
    SELECT p.id AS payment_id, p.state, c.id AS charge_id FROM payment p
    LEFT JOIN payment_charge c ON c.payment_id = p.id AND c.applied
    WHERE (p.state = 'paid') <> (c.id IS NOT NULL) OR p.transaction_id <> c.transaction_id
    """,
)
invariant(
    "P4.unearned",
    "the unearned account holds exactly what paid, not yet received orders still hold",
    """
    SELECT owed.fen AS owed_fen, booked.fen AS booked_fen
    FROM (SELECT coalesce(sum(c.amount_fen - c.refunded_fen), 0)::bigint AS fen
          FROM payment_charge c JOIN payment p ON p.id = c.payment_id
          WHERE c.applied AND c.currency = 'CNY' AND p.earned_at IS NULL) AS owed,
         (SELECT coalesce(sum(credited_fen - debited_fen), 0)::bigint AS fen FROM ledger_account
          WHERE name = 'orders:unearned') AS booked
    WHERE owed.fen <> booked.fen
    """,
)
invariant(
    "K1.attempts",
    "no number is given out after its order's time to pay is over",
    "SELECT id, out_trade_no, created_at, expires_at FROM payment_attempt WHERE created_at >= expires_at",
)
invariant(
    "E1.payments",
    "a month back, each charge that paid its order was announced exactly once, and no other",
    """
    SELECT coalesce(c.order_no, e.order_no) AS order_no, coalesce(c.paid, 0) AS paid,
           coalesce(e.told, 0) AS told
    FROM (SELECT p.order_no, count(*) AS paid FROM payment_charge c JOIN payment p ON p.id = c.payment_id
          WHERE c.applied AND c.recorded_at > now() - interval '30 days' GROUP BY 1) AS c
    FULL JOIN (SELECT p.order_no, count(*) AS told
          FROM platform.event v JOIN payment p ON p.transaction_id = v.payload->>'transaction_id'
          WHERE v.merchant = substr(current_schema(), 3) AND v.name = 'payments.succeeded'
            AND v.at > now() - interval '30 days' GROUP BY 1) AS e ON e.order_no = c.order_no
    WHERE coalesce(c.paid, 0) <> coalesce(e.told, 0)
    """,
)

person_rows("payment", "支付", "payments")
person_rows("payment_attempt", "支付请求", "payment attempts", by="openid", clear={"openid": None})
person_rows("payment_charge", "收款", "charges", by="openid", clear={"openid": None})
