"""Purchases made elsewhere before: history that counts for a fan, apart from orders of the house."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.fans.values import Dates, Decimals, PastField, PastImportState
from tiefen.kernel.audit import invariant
from tiefen.kernel.crypto import Sealed
from tiefen.kernel.db import Base, Fen, Id, Json, Utc, text_enum
from tiefen.kernel.personal import no_person, person_rows


class PastImport(Base):
    """One file of purchases: how it is read, how far it is, what came of it."""

    __tablename__ = "fan_past_import"

    id: Mapped[Id]
    source: Mapped[str] = mapped_column(Text)
    """where the purchases were made; a number counts once in it"""
    file_name: Mapped[str] = mapped_column(Text)
    state: Mapped[PastImportState] = mapped_column(text_enum(PastImportState))
    heading: Mapped[list[Any]] = mapped_column(JSONB)
    sample: Mapped[list[Any]] = mapped_column(JSONB)
    """the first lines, masked"""
    columns: Mapped[Json]
    dates: Mapped[Dates] = mapped_column(text_enum(Dates))
    decimals: Mapped[Decimals] = mapped_column(text_enum(Decimals))
    parts: Mapped[int] = mapped_column(default=0)
    part: Mapped[int] = mapped_column(default=0)
    """the next one to work on; moves in the commit that did the one before"""
    lines: Mapped[int] = mapped_column(default=0)
    looked_at: Mapped[int] = mapped_column(default=0)
    """lines, in the step that is under way or was last"""
    good: Mapped[int] = mapped_column(default=0)
    wrong: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    """there already, the same"""
    added: Mapped[int] = mapped_column(default=0)
    of_fans: Mapped[int] = mapped_column(default=0)
    """good lines whose customer is a fan"""
    amount_fen: Mapped[Fen] = mapped_column(default=0)
    """of the good lines"""
    first_on: Mapped[date | None] = mapped_column(Date)
    last_on: Mapped[date | None] = mapped_column(Date)
    faults: Mapped[Json]
    """how often each"""
    staff_id: Mapped[int]
    staff_name: Mapped[str] = mapped_column(Text)
    started_at: Mapped[Utc]
    moved_at: Mapped[Utc]
    ended_at: Mapped[datetime | None]


class PastPart(Base):
    """Some thousand lines of a file, sealed; of a part that is done, the wrong ones alone."""

    __tablename__ = "fan_past_part"

    import_id: Mapped[int] = mapped_column(
        ForeignKey("fan_past_import.id", ondelete="CASCADE"), primary_key=True
    )
    part: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str] = mapped_column(Sealed)
    """JSON: [[number of the line, [cells]], …]; of a part that is done, with faults as a third"""


class PastCustomer(Base):
    """Somebody who bought elsewhere. `fan_id` is the record they turned out to be, if they did."""

    __tablename__ = "fan_past_customer"

    id: Mapped[Id]
    fan_id: Mapped[int | None] = mapped_column(ForeignKey("fan.id"))
    kind: Mapped[PastField] = mapped_column(text_enum(PastField))
    scope: Mapped[str] = mapped_column(Text)
    """the source for the merchant's own numbers, which mean nothing elsewhere; else empty"""
    blind: Mapped[str] = mapped_column(Text)
    """the key by which purchases find them"""
    code: Mapped[str | None] = mapped_column(Sealed)
    """the merchant's own number of them"""
    openid: Mapped[str | None] = mapped_column(Text)
    unionid: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Sealed)
    phone_blind: Mapped[str | None] = mapped_column(Text)
    purchases: Mapped[int] = mapped_column(default=0)
    amount_fen: Mapped[Fen] = mapped_column(default=0)
    first_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("kind", "scope", "blind", name="uq_fan_past_customer_key"),
        Index("ix_fan_past_customer_fan", "fan_id"),
        Index("ix_fan_past_customer_openid", "openid", postgresql_where=text("fan_id IS NULL")),
        Index("ix_fan_past_customer_unionid", "unionid", postgresql_where=text("fan_id IS NULL")),
        Index("ix_fan_past_customer_phone", "phone_blind", postgresql_where=text("fan_id IS NULL")),
    )


class PastPurchase(Base):
    """One purchase made elsewhere, by its number there. No money of the ledger's."""

    __tablename__ = "fan_past_purchase"

    id: Mapped[Id]
    import_id: Mapped[int] = mapped_column(ForeignKey("fan_past_import.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("fan_past_customer.id"))
    source: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text)
    at: Mapped[Utc]
    quantity: Mapped[int]
    amount_fen: Mapped[Fen]
    product: Mapped[str] = mapped_column(Text, default="")
    """as the file says; several goods of one order are parted by ; or |"""
    category: Mapped[str] = mapped_column(Text, default="", server_default="")
    note: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        UniqueConstraint("source", "number", name="uq_fan_past_purchase_number"),
        Index("ix_fan_past_purchase_customer", "customer_id", "at", "id"),
        Index("ix_fan_past_purchase_import", "import_id", "id"),
        CheckConstraint("amount_fen >= 0 AND quantity >= 0", name="not_below"),
    )


SUMS_SQL = """
    SELECT customer_id, count(*) AS purchases, sum(amount_fen)::bigint AS amount_fen,
           min(at) AS first_at, max(at) AS last_at
    FROM fan_past_purchase {where} GROUP BY 1
"""
"""A recount of customers from their purchases."""
PEOPLE_SQL = """
    SELECT coalesce(f.merged_into, f.id) AS fan_id, sum(c.purchases)::bigint AS past_orders,
           sum(c.amount_fen)::bigint AS past_fen, min(c.first_at) AS past_first_at,
           max(c.last_at) AS past_last_at
    FROM fan_past_customer AS c JOIN fan AS f ON f.id = c.fan_id {where} GROUP BY 1
"""
"""A recount of people from the customers they are."""


def _named(column: str, word: str) -> str:
    """The names in a column, several being parted by ; or |, as subjects."""
    return rf"""
        SELECT '{word}:' || btrim(left(part, 80))
        FROM regexp_split_to_table({column}, '\s*[;；|｜]\s*') AS part WHERE part <> ''"""  # noqa: S608 our own text


ABOUT_SQL = f"""CROSS JOIN LATERAL (
        SELECT '' AS subject UNION {_named("p.product", "product")}
        UNION {_named("p.category", "category")}) AS about"""
"""Joins what a purchase `p` was about, once each: anything, its goods, its categories."""

invariant(
    "F11.past",
    "what fans bought elsewhere equals a recount of the purchases that were imported",
    f"""
    SELECT 'customer' AS what, c.id
    FROM fan_past_customer AS c LEFT JOIN ({SUMS_SQL.format(where="")}) AS s ON s.customer_id = c.id
    WHERE (c.purchases, c.amount_fen) <> (coalesce(s.purchases, 0), coalesce(s.amount_fen, 0))
       OR (c.first_at, c.last_at) IS DISTINCT FROM (s.first_at, s.last_at)
    UNION ALL
    SELECT 'fan', fan.id
    FROM fan LEFT JOIN ({PEOPLE_SQL.format(where="")}) AS s ON s.fan_id = fan.id
    WHERE fan.merged_into IS NULL AND (
        (fan.past_orders, fan.past_fen) <> (coalesce(s.past_orders, 0), coalesce(s.past_fen, 0))
        OR (fan.past_first_at, fan.past_last_at) IS DISTINCT FROM (s.past_first_at, s.past_last_at))
    """,  # noqa: S608 our own text
)
invariant(
    "F12.past_import",
    "every line of an import of purchases that is done was added, known or wrong, once",
    """
    SELECT id FROM fan_past_import
    WHERE state = 'done' AND (lines <> good + wrong OR good <> added + known)
    """,
)

no_person(
    "fan_past_part", "lines of a file on their way in, sealed; forgotten when the import is over"
)
person_rows(
    "fan_past_customer",
    "以前的顾客",
    "customers from before",
    clear={
        "blind": "='erased:' || fan_past_customer.id",
        "code": None,
        "openid": None,
        "unionid": None,
        "phone": None,
        "phone_blind": None,
    },
    hidden=["blind", "phone_blind", "scope"],
)
person_rows(
    "fan_past_purchase",
    "以前的购买",
    "purchases from before",
    by="customer_id",
    via="fan_past_customer",
    clear={"note": ""},
)
