"""What channel codes cost, by the days it was spent for."""

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.db import Base, Fen, Id, Utc


class CodeCost(Base):
    """Money spent on a code, the same on each of its days. A correction takes it away whole."""

    __tablename__ = "channel_cost"

    id: Mapped[Id]
    code_id: Mapped[int] = mapped_column(ForeignKey("channel_code.id"))
    first: Mapped[date] = mapped_column(Date)
    last: Mapped[date] = mapped_column(Date)
    """included"""
    amount_fen: Mapped[Fen]
    note: Mapped[str] = mapped_column(Text, default="")
    booked_by: Mapped[int]
    """of the staff; 0 = a program with a key, or the system"""
    booked_at: Mapped[Utc]

    __table_args__ = (
        Index("ix_channel_cost_code", "code_id", "id"),
        Index("ix_channel_cost_day", "last", "first"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("last >= first", name="days"),
    )
