"""Tables of promotion."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Fen, Id, Ref, Utc, text_enum
from tiefen.promotion.values import LossRule, Mode, PromotionKind, Status, Target

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


class Promotion(Base):
    """A promotion: the text staff work on, and which version of it is in force."""

    __tablename__ = "promotion"
    __table_args__ = (
        CheckConstraint("version >= 0 AND edits >= 1", "version"),
        CheckConstraint("(status = 'draft') = (version = 0)", "draft"),
        Index("ix_promotion_status", "status", text("id DESC")),
    )

    id: Mapped[Id]
    kind: Mapped[PromotionKind] = mapped_column(text_enum(PromotionKind))
    status: Mapped[Status] = mapped_column(text_enum(Status))
    name: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The rule as it is being edited."""
    version: Mapped[int] = mapped_column(default=0)
    """The newest published version; 0 = never published."""
    changed: Mapped[bool] = mapped_column(default=True)
    """The text differs from that version."""
    edits: Mapped[int] = mapped_column(default=1)
    """Goes up with every save; an editor sends back the one it opened."""
    created_at: Mapped[Utc]
    updated_at: Mapped[Utc]
    ended_at: Mapped[datetime | None]


class PromotionVersion(Base):
    """What was published, for ever: orders are computed again from it."""

    __tablename__ = "promotion_version"
    __table_args__ = ({"info": {"append_only": True}},)

    promotion_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("promotion.id"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    published_at: Mapped[Utc]
    published_by: Mapped[Ref]
    floor_fen: Mapped[int | None] = mapped_column(BigInteger)
    """The worst margin of a piece the guard found; None when no cost was known."""
    approved_because: Mapped[str] = mapped_column(default="")
    """Why somebody with the right to published it at a loss."""


class StackingGroup(Base):
    """A stacking group. None saved: the three every merchant begins with."""

    __tablename__ = "stacking_group"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    position: Mapped[int]
    name: Mapped[str]
    target: Mapped[Target] = mapped_column(text_enum(Target))
    mode: Mapped[Mode] = mapped_column(text_enum(Mode))


class PromotionBook(Base):
    """One row: the state of all promotions as a number, and the settings of the margin guard."""

    __tablename__ = "promotion_book"
    __table_args__ = (
        CheckConstraint("id = 1", "one"),
        CheckConstraint("pay_fee_bp BETWEEN 0 AND 10000 AND shipping_fen >= 0", "costs"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    """Goes up with every change to what is in force; memories of it are checked against this."""
    pay_fee_bp: Mapped[int] = mapped_column(default=60)
    shipping_fen: Mapped[Fen] = mapped_column(default=0)
    loss_rule: Mapped[LossRule] = mapped_column(text_enum(LossRule), default=LossRule.FLAG)


class PromotionUse(Base):
    """Orders of one fan that hold a use of a promotion with a limit; 0 = of a first-order one."""

    __tablename__ = "promotion_use"
    __table_args__ = (CheckConstraint("used >= 0", "used"),)

    fan_id: Mapped[Ref] = mapped_column(primary_key=True)
    promotion_id: Mapped[Ref] = mapped_column(primary_key=True)
    used: Mapped[int]


class PromotionGrant(Base):
    """What one promotion gave one order."""

    __tablename__ = "promotion_grant"
    __table_args__ = (
        CheckConstraint("discount_fen >= 0 AND gifts >= 0", "signs"),
        Index("ix_promotion_grant_promotion", "promotion_id", "at"),
    )

    order_no: Mapped[str] = mapped_column(primary_key=True)
    promotion_id: Mapped[Ref] = mapped_column(primary_key=True)
    version: Mapped[int]
    fan_id: Mapped[Ref]
    discount_fen: Mapped[Fen]
    gifts: Mapped[int]
    counted: Mapped[bool]
    """It takes one of the uses a fan has."""
    first_order: Mapped[bool]
    at: Mapped[Utc]
    given_back_at: Mapped[datetime | None]
    """The order was closed or wholly refunded: its uses are free again."""


class LossOrder(Base):
    """An order that brings less than it costs, as the guard saw it when it was placed."""

    __tablename__ = "loss_order"
    __table_args__ = (
        CheckConstraint("loss_fen > 0", "loss"),
        Index("ix_loss_order_at", text("at DESC"), "order_no"),
    )

    order_no: Mapped[str] = mapped_column(primary_key=True)
    loss_fen: Mapped[Fen]
    at: Mapped[Utc]


invariant(
    "S3-uses",
    "what counts against a fan's uses of a promotion is what the orders hold",
    """
    SELECT fan_id, promotion_id, u.used, coalesce(h.held, 0) AS held
    FROM promotion_use u FULL JOIN (
        SELECT fan_id, promotion_id, count(*) AS held FROM (
            SELECT fan_id, promotion_id FROM promotion_grant
            WHERE counted AND given_back_at IS NULL
            UNION ALL
            SELECT fan_id, 0 FROM (SELECT DISTINCT fan_id, order_no FROM promotion_grant
                WHERE first_order AND given_back_at IS NULL) f
        ) g GROUP BY fan_id, promotion_id
    ) h USING (fan_id, promotion_id)
    WHERE coalesce(u.used, 0) <> coalesce(h.held, 0)
    """,
)
invariant(
    "B3-versions",
    "every promotion in force has the version it says",
    """
    SELECT p.id, p.version FROM promotion p LEFT JOIN promotion_version v
        ON v.promotion_id = p.id AND v.version = p.version
    WHERE p.version > 0 AND v.version IS NULL
    """,
)
invariant(
    "S3-limits",
    "nobody's count of a limited product is negative",
    "SELECT fan_id, product_id, quantity FROM purchase_count WHERE quantity < 0",
)
