"""Tables of promotion."""

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Fen, Ref, Utc

DEFAULT_TEMPLATE = 1


class FreightTemplate(Base):
    """What sending goods costs the buyer. Number 1 is the merchant's default."""

    __tablename__ = "freight_template"
    __table_args__ = (
        CheckConstraint("fee_fen >= 0", "fee"),
        CheckConstraint("free_from_fen IS NULL OR free_from_fen >= 0", "free_from"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    fee_fen: Mapped[Fen]
    free_from_fen: Mapped[int | None] = mapped_column(BigInteger)
    updated_at: Mapped[Utc]


class PurchaseCount(Base):
    """Pieces of a limited product one fan has bought or holds in an unpaid order."""

    __tablename__ = "purchase_count"
    __table_args__ = (CheckConstraint("quantity >= 0", "quantity"),)

    fan_id: Mapped[Ref] = mapped_column(primary_key=True)
    product_id: Mapped[Ref] = mapped_column(primary_key=True)
    quantity: Mapped[int]


invariant(
    "S3-limits",
    "nobody's count of a limited product is negative",
    "SELECT fan_id, product_id, quantity FROM purchase_count WHERE quantity < 0",
)
