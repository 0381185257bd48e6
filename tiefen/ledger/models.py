"""The ledger's two tables. The application's role may neither update nor delete a transfer."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Fen, Id, Ref, Utc, text_enum
from tiefen.ledger.values import Asset, Kind, Side


class LedgerAccount(Base):
    """An account and its running totals. Rows are only ever added, and moved by `service.post`."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("id", "asset"),
        CheckConstraint("debited_fen >= 0 AND credited_fen >= 0", name="totals"),
        CheckConstraint(
            "NOT guarded OR CASE side WHEN 'debit' THEN debited_fen - credited_fen"
            " ELSE credited_fen - debited_fen END >= 0",
            name="floor",
        ),
        # The hot rows are updated in place: no indexed column changes, so room on the page is enough.
        {"postgresql_with": {"fillfactor": 50}},
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    asset: Mapped[Asset] = mapped_column(text_enum(Asset))
    side: Mapped[Side] = mapped_column(text_enum(Side))
    kind: Mapped[Kind] = mapped_column(text_enum(Kind))
    guarded: Mapped[bool]
    debited_fen: Mapped[Fen] = mapped_column(default=0)
    credited_fen: Mapped[Fen] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(BigInteger, default=0)
    """How many transfers have touched the account; each stamps its own number, without gaps."""
    opened_at: Mapped[Utc]


class LedgerTransfer(Base):
    """One amount that moved. Never changed; a correction is another row that names this one."""

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        UniqueConstraint("key"),
        UniqueConstraint("debit_account_id", "debit_version"),
        UniqueConstraint("credit_account_id", "credit_version"),
        UniqueConstraint("reverses_id"),
        # Both ends count the same asset: the pair is what the key points at.
        ForeignKeyConstraint(
            ["debit_account_id", "asset"], ["ledger_account.id", "ledger_account.asset"]
        ),
        ForeignKeyConstraint(
            ["credit_account_id", "asset"], ["ledger_account.id", "ledger_account.asset"]
        ),
        ForeignKeyConstraint(["reverses_id"], ["ledger_transfer.id"]),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        Index(None, "reference"),
        Index(None, "posted_at", postgresql_using="brin"),
        {"info": {"append_only": True}},
    )

    id: Mapped[Id]
    asset: Mapped[Asset] = mapped_column(text_enum(Asset))
    debit_account_id: Mapped[Ref]
    credit_account_id: Mapped[Ref]
    amount_fen: Mapped[Fen]
    code: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    input_hash: Mapped[bytes] = mapped_column(LargeBinary)
    reverses_id: Mapped[Ref | None]
    debit_version: Mapped[int] = mapped_column(BigInteger)
    credit_version: Mapped[int] = mapped_column(BigInteger)
    debit_balance_fen: Mapped[Fen]
    """The debited account's balance after this transfer, on its own side."""
    credit_balance_fen: Mapped[Fen]
    posted_at: Mapped[Utc]


_LEGS = """
    SELECT debit_account_id AS account_id, amount_fen AS debited, 0 AS credited,
           debit_version AS version, debit_balance_fen AS after FROM ledger_transfer
    UNION ALL
    SELECT credit_account_id, 0, amount_fen, credit_version, credit_balance_fen FROM ledger_transfer
"""
invariant(
    "M1",
    "each asset's debits equal its credits: no money appears or vanishes",
    """
    SELECT asset, sum(debited_fen) AS debited, sum(credited_fen) AS credited
    FROM ledger_account GROUP BY asset HAVING sum(debited_fen) <> sum(credited_fen)
    """,
)
invariant(
    "M2",
    "each balance is the sum of its transfers, and each account's versions run 1, 2, 3 … without a gap",
    f"""
    SELECT a.name, a.debited_fen, a.credited_fen, a.version,
           l.debited, l.credited, l.legs, l.last
    FROM ledger_account a
    LEFT JOIN (
        SELECT account_id, sum(debited) AS debited, sum(credited) AS credited, count(*) AS legs,
               count(DISTINCT version) AS distinct_versions, max(version) AS last
        FROM ({_LEGS}) AS leg GROUP BY account_id
    ) AS l ON l.account_id = a.id
    WHERE a.debited_fen <> coalesce(l.debited, 0) OR a.credited_fen <> coalesce(l.credited, 0)
       OR a.version <> coalesce(l.legs, 0) OR a.version <> coalesce(l.last, 0)
       OR a.version <> coalesce(l.distinct_versions, 0)
    """,  # noqa: S608 constants of this module
)
invariant(
    "M2.history",
    "the balance each transfer recorded is the one its account's history leads to",
    f"""
    SELECT a.name, run.version, run.after, run.expected
    FROM ledger_account a JOIN (
        SELECT account_id, version, after,
               sum(debited - credited) OVER (PARTITION BY account_id ORDER BY version) AS expected
        FROM ({_LEGS}) AS leg
    ) AS run ON run.account_id = a.id
    WHERE run.after <> CASE a.side WHEN 'debit' THEN run.expected ELSE -run.expected END
    """,  # noqa: S608 constants of this module
)
invariant(
    "M3",
    "guarded accounts (stored value, points, commission, unearned, suspense) are not below zero",
    """
    SELECT name, debited_fen, credited_fen FROM ledger_account
    WHERE guarded AND CASE side WHEN 'debit' THEN debited_fen - credited_fen
                      ELSE credited_fen - debited_fen END < 0
    """,
)
invariant(
    "M4",
    "a reversal moves the same amount the other way round",
    """
    SELECT r.id, r.reverses_id FROM ledger_transfer r JOIN ledger_transfer o ON o.id = r.reverses_id
    WHERE r.amount_fen <> o.amount_fen OR r.debit_account_id <> o.credit_account_id
       OR r.credit_account_id <> o.debit_account_id
    """,
)
