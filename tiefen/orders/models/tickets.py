"""Services that were bought, and their uses (核销)."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Id, Ref, Utc


class ServiceTicket(Base):
    """A service of one order line: its code, and how often it was used."""

    __tablename__ = "service_ticket"
    __table_args__ = (
        UniqueConstraint("order_line_id"),
        UniqueConstraint("code"),
        CheckConstraint("each > 0 AND used >= 0", "uses"),
        Index(None, "order_id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"))
    order_line_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("order_line.id"))
    code: Mapped[str]
    """Twelve digits that the fan shows; who has them may use it."""
    each: Mapped[int]
    """Uses of one piece."""
    used: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime | None]
    created_at: Mapped[Utc]


class TicketUse(Base):
    """One time a service was given, and whether that was taken back."""

    __tablename__ = "ticket_use"
    __table_args__ = (CheckConstraint("count > 0", "count"), Index(None, "ticket_id", "id"))

    id: Mapped[Id]
    ticket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("service_ticket.id"))
    count: Mapped[int]
    staff_id: Mapped[Ref]
    staff_name: Mapped[str]
    at: Mapped[Utc]
    undone_at: Mapped[Utc | None]
    undone_by: Mapped[str] = mapped_column(default="")


invariant(
    "V1-tickets",
    "a service was used as often as its uses say, and never more often than was bought",
    """
    SELECT t.id, t.used, u.count, l.quantity * t.each AS most FROM service_ticket t
    JOIN order_line l ON l.id = t.order_line_id
    LEFT JOIN (SELECT ticket_id, sum(count) AS count FROM ticket_use WHERE undone_at IS NULL
        GROUP BY ticket_id) u ON u.ticket_id = t.id
    WHERE t.used <> coalesce(u.count, 0) OR t.used > l.quantity * t.each
    """,
)
