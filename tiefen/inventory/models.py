"""Tables of inventory."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.inventory.values import MovementReason, ReservationState
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Id, Ref, Utc, text_enum

MAIN_LOCATION = 1


class Location(Base):
    """A place where goods lie. Number 1 is made on first use; stores add more."""

    __tablename__ = "location"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str]


class Stock(Base):
    """Pieces of one SKU at one location. Free to sell: on_hand - reserved."""

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("reserved >= 0", "reserved"),
        CheckConstraint("on_hand >= reserved", "on_hand"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    sku_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sku.id"), primary_key=True)
    location_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("location.id"), primary_key=True
    )
    on_hand: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)


class Reservation(Base):
    """Pieces held for one reference (an order number) until they are sold or given back."""

    __tablename__ = "reservation"
    __table_args__ = (
        Index(
            "uq_reservation_live",
            "reference",
            "sku_id",
            "location_id",
            unique=True,
            postgresql_where=text("state <> 'released'"),
        ),
        CheckConstraint("quantity > 0", "quantity"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", "ended"),
        Index(
            "ix_reservation_open_until",
            "expires_at",
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_reservation_open_sku", "sku_id", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[Id]
    reference: Mapped[str]
    sku_id: Mapped[Ref]
    location_id: Mapped[Ref]
    quantity: Mapped[int]
    state: Mapped[ReservationState] = mapped_column(
        text_enum(ReservationState), default=ReservationState.OPEN
    )
    created_at: Mapped[Utc]
    expires_at: Mapped[Utc]
    ended_at: Mapped[Utc | None]


class Movement(Base):
    """One change of on_hand, signed. Never changed, never deleted."""

    __tablename__ = "movement"
    __table_args__ = (
        CheckConstraint("quantity <> 0", "quantity"),
        Index("ix_movement_sku", "sku_id", text("id DESC")),
        {"info": {"append_only": True}},
    )

    id: Mapped[Id]
    sku_id: Mapped[Ref]
    location_id: Mapped[Ref]
    quantity: Mapped[int]
    on_hand_after: Mapped[int]
    reason: Mapped[MovementReason] = mapped_column(text_enum(MovementReason))
    reference: Mapped[str] = mapped_column(default="")
    """Order or after-sale number, delivery note …"""
    actor: Mapped[str] = mapped_column(default="system")
    note: Mapped[str] = mapped_column(default="")
    at: Mapped[Utc]


invariant(
    "S1-reserved",
    "reserved = sum of open reservations, and on_hand >= reserved >= 0",
    """
    SELECT s.sku_id, s.location_id, s.on_hand, s.reserved, coalesce(r.held, 0) AS held
    FROM stock s LEFT JOIN (
        SELECT sku_id, location_id, sum(quantity) AS held FROM reservation
        WHERE state = 'open' GROUP BY sku_id, location_id
    ) r USING (sku_id, location_id)
    WHERE s.reserved <> coalesce(r.held, 0) OR s.reserved < 0 OR s.on_hand < s.reserved
    """,
)
invariant(
    "S1-on-hand",
    "on_hand = sum of movements: sold = received - on_hand - loss",
    """
    SELECT s.sku_id, s.location_id, s.on_hand, coalesce(m.moved, 0) AS moved
    FROM stock s LEFT JOIN (
        SELECT sku_id, location_id, sum(quantity) AS moved FROM movement
        GROUP BY sku_id, location_id
    ) m USING (sku_id, location_id)
    WHERE s.on_hand <> coalesce(m.moved, 0)
    """,
)
invariant(
    "S2-sold-once",
    "a converted reservation was sold exactly once, any other never",
    """
    SELECT reference, sku_id, location_id, coalesce(r.converted, 0) AS converted,
        coalesce(m.sold, 0) AS sold
    FROM (
        SELECT reference, sku_id, location_id, sum(quantity) AS converted FROM reservation
        WHERE state = 'converted' GROUP BY reference, sku_id, location_id
    ) r FULL JOIN (
        SELECT reference, sku_id, location_id, -sum(quantity) AS sold FROM movement
        WHERE reason = 'sold' GROUP BY reference, sku_id, location_id
    ) m USING (reference, sku_id, location_id)
    WHERE coalesce(m.sold, 0) <> coalesce(r.converted, 0)
    """,
)
invariant(
    "A1-stock",
    "each change of stock by a member of staff has its row in the audit log, of the same moment",
    """
    SELECT m.id, m.sku_id, m.actor FROM movement m
    WHERE m.actor LIKE 'staff:%' AND NOT EXISTS (SELECT FROM audit_entry a
        WHERE a.at = m.at AND (a.action LIKE 'inventory.%' OR a.action LIKE 'orders.%'))
    """,
)
