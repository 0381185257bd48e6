"""Tables of promotion."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Fen, Id, Ref, Utc, text_enum
from tiefen.kernel.personal import person_rows
from tiefen.promotion.values import (
    CouponKind,
    CouponStatus,
    CouponWay,
    FreightMix,
    FreightPlan,
    FreightUnit,
    GiftState,
    LossRule,
    Mode,
    PromotionKind,
    Status,
    Target,
    TemplateStatus,
    Zone,
)


class FreightTemplate(Base):
    """What sending goods costs the buyer. Number 1 is the merchant's default."""

    __tablename__ = "freight_template"
    __table_args__ = (
        CheckConstraint("fee_fen >= 0", "fee"),
        CheckConstraint("free_from_fen IS NULL OR free_from_fen >= 0", "free_from"),
        CheckConstraint("first >= 0 AND next >= 0 AND next_fen >= 0", "steps"),
        CheckConstraint("next > 0 OR next_fen = 0", "step"),
        CheckConstraint("free_from_pieces IS NULL OR free_from_pieces > 0", "free_from_pieces"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(default="", server_default="")
    """Empty: the default has no name of its own."""
    unit: Mapped[FreightUnit] = mapped_column(
        text_enum(FreightUnit), default=FreightUnit.PIECE, server_default="piece"
    )
    fee_fen: Mapped[Fen]
    """Up to `first` units, where no zone says otherwise; so with the next five."""
    free_from_fen: Mapped[int | None] = mapped_column(BigInteger)
    first: Mapped[int] = mapped_column(default=1, server_default="1")
    next: Mapped[int] = mapped_column(default=0, server_default="0")
    next_fen: Mapped[Fen] = mapped_column(default=0, server_default="0")
    free_from_pieces: Mapped[int | None]
    closed: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Nothing is sent but to the zones."""
    zones: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    updated_at: Mapped[Utc]

    @property
    def plan(self) -> FreightPlan:
        """The template as rules read it."""
        rest = Zone(
            (),
            self.first,
            self.fee_fen,
            self.next,
            self.next_fen,
            self.free_from_fen,
            self.free_from_pieces,
            self.closed,
        )
        zones = msgspec.convert(self.zones, tuple[Zone, ...])
        return FreightPlan(self.id, self.name, self.unit, rest, zones)


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
        CheckConstraint("commission_bp BETWEEN 0 AND 10000", "commission"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    """Goes up with every change to what is in force; memories of it are checked against this."""
    pay_fee_bp: Mapped[int] = mapped_column(default=60)
    commission_bp: Mapped[int] = mapped_column(default=0, server_default="0")
    shipping_fen: Mapped[Fen] = mapped_column(default=0)
    loss_rule: Mapped[LossRule] = mapped_column(text_enum(LossRule), default=LossRule.FLAG)
    freight_mix: Mapped[FreightMix] = mapped_column(
        text_enum(FreightMix), default=FreightMix.SUM, server_default="sum"
    )
    level_group_id: Mapped[int | None] = mapped_column(BigInteger)
    """the stacking group of level prices; None: the first that looks at items"""


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


class CouponTemplate(Base):
    """A kind of coupon: its terms, whom it may reach, and how many there are."""

    __tablename__ = "coupon_template"
    __table_args__ = (
        CheckConstraint("issued >= 0 AND (stock = 0 OR issued <= stock)", "stock"),
        CheckConstraint(
            "per_fan >= 0 AND budget_fen >= 0 AND used >= 0 AND spent_fen >= 0", "signs"
        ),
        CheckConstraint("(days > 0) <> (ends_at IS NOT NULL)", "validity"),
        CheckConstraint("edits >= 1", "edits"),
        Index("ix_coupon_template_status", "status", text("id DESC")),
    )

    id: Mapped[Id]
    status: Mapped[TemplateStatus] = mapped_column(text_enum(TemplateStatus))
    kind: Mapped[CouponKind] = mapped_column(text_enum(CouponKind))
    name: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Its terms; they do not change once it is open."""
    days: Mapped[int] = mapped_column(default=0)
    """Good for so many days from receipt; 0: from `starts_at` to `ends_at`."""
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    claimable: Mapped[bool] = mapped_column(default=False)
    """Fans may take it in the shop."""
    claim_from: Mapped[datetime | None]
    claim_until: Mapped[datetime | None]
    stock: Mapped[int] = mapped_column(default=0)
    """So many may be issued in all; 0 = no limit."""
    per_fan: Mapped[int] = mapped_column(default=1)
    """So many one fan may take or redeem; 0 = no limit."""
    budget_fen: Mapped[Fen] = mapped_column(default=0)
    """No more are issued once those used have cost this much; 0 = no limit."""
    issued: Mapped[int] = mapped_column(default=0)
    used: Mapped[int] = mapped_column(default=0)
    spent_fen: Mapped[Fen] = mapped_column(default=0)
    """What those on orders that stand save their buyers."""
    edits: Mapped[int] = mapped_column(default=1)
    floor_fen: Mapped[int | None] = mapped_column(BigInteger)
    approved_because: Mapped[str] = mapped_column(default="")
    created_at: Mapped[Utc]
    updated_at: Mapped[Utc]
    opened_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Coupon(Base):
    """One coupon of one fan."""

    __tablename__ = "coupon"
    __table_args__ = (
        CheckConstraint("(status = 'used') = (order_no IS NOT NULL)", "order"),
        CheckConstraint("saved_fen >= 0", "saved"),
        UniqueConstraint("key"),
        Index("ix_coupon_fan", "fan_id", "status", "ends_at"),
        Index("ix_coupon_template", "template_id", text("id DESC")),
        Index(
            "uq_coupon_order",
            "order_no",
            unique=True,
            postgresql_where=text("order_no IS NOT NULL"),
        ),
        Index("ix_coupon_ends", "ends_at", postgresql_where=text("status = 'held'")),
    )

    id: Mapped[Id]
    template_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("coupon_template.id"))
    fan_id: Mapped[Ref]
    status: Mapped[CouponStatus] = mapped_column(text_enum(CouponStatus))
    way: Mapped[CouponWay] = mapped_column(text_enum(CouponWay))
    key: Mapped[str | None]
    """Who gives under a key gives once."""
    reason: Mapped[str] = mapped_column(default="")
    received_at: Mapped[Utc]
    starts_at: Mapped[Utc]
    ends_at: Mapped[Utc]
    order_no: Mapped[str | None]
    """The order it is on."""
    saved_fen: Mapped[Fen] = mapped_column(default=0)
    used_at: Mapped[datetime | None]
    returned_from: Mapped[str] = mapped_column(default="")
    """The order that gave it back last."""
    returned_at: Mapped[datetime | None]
    revoked: Mapped[bool] = mapped_column(default=False)
    """To be taken back, but used: it goes when its order falls through."""
    ended_at: Mapped[datetime | None]


class CouponHolder(Base):
    """How many of a kind a fan took or redeemed: the guard behind the limit per fan."""

    __tablename__ = "coupon_holder"
    __table_args__ = (CheckConstraint("received >= 0", "received"),)

    template_id: Mapped[Ref] = mapped_column(primary_key=True)
    fan_id: Mapped[Ref] = mapped_column(primary_key=True)
    received: Mapped[int]


class CouponCode(Base):
    """A text that is worth a coupon, `most` times."""

    __tablename__ = "coupon_code"
    __table_args__ = (
        CheckConstraint("redeemed BETWEEN 0 AND most", "redeemed"),
        Index("ix_coupon_code_template", "template_id", text("id DESC")),
        UniqueConstraint("code"),
    )

    id: Mapped[Id]
    template_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("coupon_template.id"))
    code: Mapped[str]
    most: Mapped[int]
    redeemed: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Utc]


class CouponGift(Base):
    """Coupons given by staff to many fans, batch by batch."""

    __tablename__ = "coupon_gift"
    __table_args__ = (Index("ix_coupon_gift_template", "template_id", text("id DESC")),)

    id: Mapped[Id]
    template_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("coupon_template.id"))
    state: Mapped[GiftState] = mapped_column(text_enum(GiftState))
    audience: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """{"fan_ids": […]} or {"rule": …}."""
    reason: Mapped[str]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    given: Mapped[int] = mapped_column(default=0)
    place: Mapped[Ref] = mapped_column(default=0)
    """The last fan that was served."""
    trouble: Mapped[str] = mapped_column(default="")
    staff_id: Mapped[Ref]
    staff_name: Mapped[str]
    created_at: Mapped[Utc]
    ended_at: Mapped[datetime | None]


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
invariant(
    "C1-issued",
    "every coupon issued is held, used, expired or taken back, and no kind is issued beyond its stock",
    """
    SELECT t.id, t.issued, coalesce(c.there, 0) AS there FROM coupon_template t LEFT JOIN (
        SELECT template_id, count(*) FILTER (
            WHERE status IN ('held', 'used', 'expired', 'taken_back')) AS there
        FROM coupon GROUP BY template_id) c ON c.template_id = t.id
    WHERE t.issued <> coalesce(c.there, 0) OR (t.stock > 0 AND t.issued > t.stock)
    """,
)
invariant(
    "C1-holders",
    "nobody took more of a kind than its limit, and the count is that of the coupons",
    """
    SELECT template_id, fan_id, coalesce(h.received, 0) AS counted, coalesce(c.there, 0) AS there
    FROM coupon_holder h FULL JOIN (
        SELECT template_id, fan_id, count(*) AS there FROM coupon
        WHERE way IN ('claim', 'code') GROUP BY template_id, fan_id) c USING (template_id, fan_id)
    WHERE coalesce(h.received, 0) <> coalesce(c.there, 0)
    """,
)
invariant(
    "C2-spent",
    "what a kind of coupon cost is the sum over those in use",
    """
    SELECT t.id, t.used, t.spent_fen FROM coupon_template t LEFT JOIN (
        SELECT template_id, count(*) AS used, sum(saved_fen) AS spent FROM coupon
        WHERE status = 'used' GROUP BY template_id) c ON c.template_id = t.id
    WHERE t.used <> coalesce(c.used, 0) OR t.spent_fen <> coalesce(c.spent, 0)
    """,
)
invariant(
    "C1-codes",
    "every code was redeemed as often as coupons came of it",
    """
    SELECT t.id FROM coupon_template t
    WHERE (SELECT coalesce(sum(redeemed), 0) FROM coupon_code k WHERE k.template_id = t.id)
        <> (SELECT count(*) FROM coupon c WHERE c.template_id = t.id AND c.way = 'code')
    """,
)

person_rows("purchase_count", "限购计数", "pieces of limited products")
person_rows("promotion_use", "活动使用次数", "uses of promotions")
person_rows("promotion_grant", "活动优惠", "what promotions gave")
person_rows("coupon", "优惠券", "coupons")
person_rows("coupon_holder", "领券次数", "coupons taken")
