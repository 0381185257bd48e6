"""What orders are found by in the console: names of goods, newest first, however many were sold."""

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel import crypto
from tiefen.kernel.db import Base, Ref, Utc
from tiefen.kernel.text import bare_name


class SoldName(Base):
    """A name under which something was ever ordered, with its search keys."""

    __tablename__ = "sold_name"
    __table_args__ = (Index("ix_sold_name_grams", "grams", postgresql_using="gin"),)

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """Of the folded text."""
    folded: Mapped[str]
    grams: Mapped[list[str]] = mapped_column(ARRAY(Text))


class OrderName(Base):
    """An order holds something of this name. Read from the newest on, and no further than asked."""

    __tablename__ = "order_name"

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    placed_at: Mapped[Utc] = mapped_column(primary_key=True)
    order_id: Mapped[Ref] = mapped_column(primary_key=True, autoincrement=False)


class SearchFill(Base):
    """How far orders from before have got what they are found by; no row: there were none."""

    __tablename__ = "order_search_fill"
    __table_args__ = (CheckConstraint("id = 1", "one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    below_id: Mapped[int | None] = mapped_column(BigInteger)
    """Orders below it wait; null: it has not begun."""
    total: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    done: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    ended_at: Mapped[Utc | None]


def receiver_key(name: str) -> int:
    """The keyed hash of a receiver's whole name, however it is spaced."""
    return crypto.blind_key("orders.receiver", bare_name(name))
