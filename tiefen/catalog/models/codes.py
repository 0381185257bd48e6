"""Codes that are sold: each piece is one, sealed until its buyer has paid."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.crypto import Sealed
from tiefen.kernel.db import Base, Id, Utc
from tiefen.kernel.personal import no_person


class CardCode(Base):
    """One code of a SKU's pool. Taken once, by one order, and never given to another."""

    __tablename__ = "card_code"
    __table_args__ = (
        UniqueConstraint("sku_id", "blind"),
        CheckConstraint("(order_no IS NULL) = (taken_at IS NULL)", "taken"),
        Index(
            "ix_card_code_free",
            "sku_id",
            "id",
            postgresql_where=text("order_no IS NULL AND voided_at IS NULL"),
        ),
        Index("ix_card_code_order", "order_no", postgresql_where=text("order_no IS NOT NULL")),
    )

    id: Mapped[Id]
    sku_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sku.id"))
    code: Mapped[str] = mapped_column(Sealed)
    blind: Mapped[str]
    """Tells two codes apart without opening them: none is loaded twice."""
    order_no: Mapped[str | None]
    taken_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    """Given back after it was seen: it is not sold again."""
    added_at: Mapped[Utc]


invariant(
    "B1-codes",
    "a code that was given back is not in anybody's order",
    """
    SELECT id FROM card_code WHERE voided_at IS NOT NULL AND order_no IS NULL
    """,
)

no_person("card_code", "codes that are sold, not words about a fan")
