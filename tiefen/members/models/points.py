"""Points: rules, what each person has, the lots it lies in, and every movement."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Fen, Id, Ref, Utc, text_enum
from tiefen.kernel.personal import Joined, person_rows
from tiefen.members.values import PointsKind, PointsRules

HELD_SQL = """
    SELECT fan.id AS fan_id, coalesce(a.available, 0) AS available, coalesce(a.frozen, 0) AS frozen,
           coalesce(a.debt, 0) AS debt
    FROM fan AS asked JOIN fan ON fan.id = coalesce(asked.merged_into, asked.id)
    LEFT JOIN points_account AS a ON a.fan_id = fan.id WHERE asked.id = :fan
"""
"""What the person behind a record has."""


class PointsRulesRow(Base):
    """How points are earned and what they are worth. One row."""

    __tablename__ = "points_rules"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    edits: Mapped[int] = mapped_column(default=0)
    earning: Mapped[bool]
    per_100: Mapped[int]
    hold_days: Mapped[int]
    live_days: Mapped[int]
    warn_days: Mapped[int]
    worth_fen: Mapped[Fen]
    spending: Mapped[bool] = mapped_column(server_default=text("false"))
    cap_bp: Mapped[int] = mapped_column(server_default=text("5000"))
    from_fen: Mapped[Fen] = mapped_column(server_default=text("0"))
    without_product_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    without_category_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)

    __table_args__ = (
        CheckConstraint("id = 1", name="one"),
        CheckConstraint("per_100 BETWEEN 1 AND 100000", name="per"),
        CheckConstraint("hold_days BETWEEN 0 AND 365", name="hold"),
        CheckConstraint("live_days BETWEEN 0 AND 3650", name="live"),
        CheckConstraint("warn_days BETWEEN 0 AND 365", name="warn"),
        CheckConstraint("worth_fen BETWEEN 1 AND 10000", name="worth"),
        CheckConstraint("cap_bp BETWEEN 1 AND 10000", name="cap"),
        CheckConstraint("from_fen >= 0", name="from"),
    )

    def rules(self) -> PointsRules:
        """As the calculation knows them."""
        return PointsRules(
            self.earning,
            self.per_100,
            self.hold_days,
            self.live_days,
            self.warn_days,
            self.worth_fen,
            self.spending,
            self.cap_bp,
            self.from_fen,
            tuple(self.without_product_ids),
            tuple(self.without_category_ids),
        )


class PointsAccount(Base):
    """What a person has. Every change goes through one guarded statement."""

    __tablename__ = "points_account"

    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True, autoincrement=False)
    available: Mapped[int] = mapped_column(BigInteger, default=0)
    frozen: Mapped[int] = mapped_column(BigInteger, default=0)
    debt: Mapped[int] = mapped_column(BigInteger, default=0)

    __table_args__ = (
        CheckConstraint("available >= 0 AND frozen >= 0 AND debt >= 0", name="floor"),
    )


class PointsLot(Base):
    """Points that came together and end together."""

    __tablename__ = "points_lot"

    id: Mapped[Id]
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    """who has them"""
    record_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    """the record they came to: theirs again when a join is undone"""
    kind: Mapped[PointsKind] = mapped_column(text_enum(PointsKind))
    order_no: Mapped[str] = mapped_column(Text, default="")
    granted: Mapped[int] = mapped_column(BigInteger)
    remaining: Mapped[int] = mapped_column(BigInteger)
    earned_at: Mapped[Utc]
    free_at: Mapped[datetime | None]
    """when they may be spent; None: the order has not been received"""
    freed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("remaining BETWEEN 0 AND granted AND granted > 0", name="remaining"),
        Index("ix_points_lot_fan", "fan_id", "expires_at", postgresql_where=text("remaining > 0")),
        Index(
            "ix_points_lot_order",
            "order_no",
            unique=True,
            postgresql_where=text("kind = 'earned'"),
        ),
        Index(
            "ix_points_lot_free",
            "free_at",
            postgresql_where=text("freed_at IS NULL AND free_at IS NOT NULL"),
        ),
        Index(
            "ix_points_lot_expires",
            "expires_at",
            postgresql_where=text("remaining > 0 AND expires_at IS NOT NULL"),
        ),
    )


class PointsMove(Base):
    """One movement of a person's points. Never changed; `key` makes it happen once."""

    __tablename__ = "points_move"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(Text)
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    kind: Mapped[PointsKind] = mapped_column(text_enum(PointsKind))
    available: Mapped[int] = mapped_column(BigInteger)
    """by how much it changed; so `frozen` and `debt`"""
    frozen: Mapped[int] = mapped_column(BigInteger)
    debt: Mapped[int] = mapped_column(BigInteger)
    rest: Mapped[int] = mapped_column(BigInteger)
    """available after it"""
    order_no: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[Utc]

    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_points_move_fan", "fan_id", "id"),
        Index("ix_points_move_at", "at"),
        CheckConstraint("rest >= 0", name="rest"),
        {"info": {"append_only": True}},
    )


class PointsNote(Base):
    """Who moved points by hand, and why."""

    __tablename__ = "points_note"

    move_id: Mapped[int] = mapped_column(
        ForeignKey("points_move.id"), primary_key=True, autoincrement=False
    )
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    staff_id: Mapped[int] = mapped_column(BigInteger)
    """0 = a program with a key"""
    reason: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("ix_points_note_fan", "fan_id"),)


class PointsUse(Base):
    """What a movement took out of a lot."""

    __tablename__ = "points_use"

    move_id: Mapped[int] = mapped_column(
        ForeignKey("points_move.id"), primary_key=True, autoincrement=False
    )
    lot_id: Mapped[Ref] = mapped_column(ForeignKey("points_lot.id"), primary_key=True)
    points: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        Index("ix_points_use_lot", "lot_id"),
        {"info": {"append_only": True}},
    )


class PointsLineRow(Base):
    """What an order line brought and cost in points, and how much of it went back."""

    __tablename__ = "points_line"

    order_no: Mapped[str] = mapped_column(Text, primary_key=True)
    sku_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    quantity: Mapped[int]
    paid_fen: Mapped[Fen] = mapped_column(default=0)
    earned: Mapped[int] = mapped_column(BigInteger, default=0)
    spent: Mapped[int] = mapped_column(BigInteger, default=0)
    returned: Mapped[int] = mapped_column(default=0)
    refunded_fen: Mapped[Fen] = mapped_column(default=0)
    earned_back: Mapped[int] = mapped_column(BigInteger, default=0)
    spent_back: Mapped[int] = mapped_column(BigInteger, default=0)

    __table_args__ = (
        CheckConstraint("earned_back BETWEEN 0 AND earned", name="earned"),
        CheckConstraint("spent_back BETWEEN 0 AND spent", name="spent"),
        CheckConstraint("quantity > 0 AND returned BETWEEN 0 AND quantity", name="pieces"),
        CheckConstraint("refunded_fen BETWEEN 0 AND paid_fen", name="money"),
    )


invariant(
    "C3.balance",
    "a person's points are what is left in their lots, frozen ones apart",
    """
    SELECT coalesce(a.fan_id, l.fan_id) AS fan_id, a.available, l.available AS in_lots,
           a.frozen, l.frozen AS frozen_in_lots
    FROM points_account AS a FULL JOIN (
        SELECT fan_id,
               coalesce(sum(remaining) FILTER (WHERE freed_at IS NOT NULL), 0) AS available,
               coalesce(sum(remaining) FILTER (WHERE freed_at IS NULL), 0) AS frozen
        FROM points_lot GROUP BY fan_id
    ) AS l ON l.fan_id = a.fan_id
    WHERE coalesce(a.available, 0) <> coalesce(l.available, 0)
       OR coalesce(a.frozen, 0) <> coalesce(l.frozen, 0)
    """,
)
invariant(
    "C3.log",
    "a person's points and debt are the sum of their movements",
    """
    SELECT coalesce(a.fan_id, m.fan_id) AS fan_id, a.available, m.available AS moved, a.debt
    FROM points_account AS a FULL JOIN (
        SELECT fan_id, sum(available) AS available, sum(frozen) AS frozen, sum(debt) AS debt
        FROM points_move GROUP BY fan_id
    ) AS m ON m.fan_id = a.fan_id
    WHERE coalesce(a.available, 0) <> coalesce(m.available, 0)
       OR coalesce(a.frozen, 0) <> coalesce(m.frozen, 0) OR coalesce(a.debt, 0) <> coalesce(m.debt, 0)
    """,
)
invariant(
    "C3.lots",
    "what is missing from a lot is what movements took out of it",
    """
    SELECT l.id, l.granted, l.remaining, coalesce(u.points, 0) AS used
    FROM points_lot AS l LEFT JOIN (
        SELECT lot_id, sum(points) AS points FROM points_use GROUP BY lot_id
    ) AS u ON u.lot_id = l.id
    WHERE l.granted - l.remaining <> coalesce(u.points, 0)
    """,
)
invariant(
    "C3.once",
    "an order earns points once: what its lines brought is its one lot",
    """
    SELECT l.order_no, l.earned, lot.granted FROM (
        SELECT order_no, sum(earned) AS earned FROM points_line GROUP BY order_no
    ) AS l FULL JOIN (
        SELECT order_no, sum(granted) AS granted FROM points_lot WHERE kind = 'earned' GROUP BY order_no
    ) AS lot ON lot.order_no = l.order_no
    WHERE coalesce(l.earned, 0) <> coalesce(lot.granted, 0)
    """,
)
invariant(
    "C3.debt",
    "who owes points has none to spend: what comes pays the debt first",
    "SELECT fan_id, available, debt FROM points_account WHERE debt > 0 AND available > 0",
)

person_rows("points_account", "积分", "points", joined=Joined.PERSON)
person_rows("points_lot", "积分批次", "lots of points", joined=Joined.PERSON)
person_rows("points_move", "积分明细", "movements of points")
person_rows("points_note", "手工积分的原因", "reasons of points by hand", clear={"reason": ""})
