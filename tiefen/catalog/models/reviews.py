"""What buyers say of the goods."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Id, Ref, Utc
from tiefen.kernel.personal import person_rows


class Review(Base):
    """One buyer's word on one order line; said once, hidden or shown, never deleted."""

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("stars BETWEEN 1 AND 5", "stars"),
        CheckConstraint("hidden_at IS NULL OR hide_reason <> ''", "reason"),
        Index(
            "ix_review_product",
            "product_id",
            text("id DESC"),
            postgresql_where=text("hidden_at IS NULL"),
        ),
        Index("ix_review_open", text("id DESC"), postgresql_where=text("reply = ''")),
    )

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    sku_id: Mapped[Ref]
    order_line_id: Mapped[Ref] = mapped_column(unique=True)
    """One line, one review."""
    order_no: Mapped[str]
    fan_id: Mapped[Ref]
    author: Mapped[str]
    """Masked when written: a review never holds a name in clear."""
    spec_text: Mapped[str]
    stars: Mapped[int]
    words: Mapped[str]
    """With phone numbers masked."""
    images: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reply: Mapped[str] = mapped_column(default="")
    replied_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]
    hide_reason: Mapped[str] = mapped_column(default="")
    written_at: Mapped[Utc]


invariant(
    "B1-rating",
    "a product's stars are those of its reviews that are shown",
    """
    SELECT p.id FROM product p
    LEFT JOIN (
        SELECT product_id, count(*) AS shown, sum(stars) AS stars
        FROM review WHERE hidden_at IS NULL GROUP BY product_id
    ) r ON r.product_id = p.id
    WHERE p.rating_count <> coalesce(r.shown, 0) OR p.rating_sum <> coalesce(r.stars, 0)
    """,
)

person_rows("review", "评价", "reviews", clear={"author": ""})
