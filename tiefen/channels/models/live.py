"""Tables of live codes: one printed code, whose fans are given to employees in turn."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.channels.values import Rotation
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Id, Utc, text_enum
from tiefen.kernel.personal import person_rows


class LiveCode(Base):
    """A channel code whose fans are given to employees in turn."""

    __tablename__ = "channel_live"

    code_id: Mapped[int] = mapped_column(
        ForeignKey("channel_code.id"), primary_key=True, autoincrement=False
    )
    rotation: Mapped[Rotation] = mapped_column(text_enum(Rotation))
    active: Mapped[bool] = mapped_column(default=True)
    turns: Mapped[int] = mapped_column(default=0)
    """fans given so far; whoever counts one up has the rotation to themselves until they commit"""


class LiveMember(Base):
    """An employee of a live code, and where they stand in the rotation."""

    __tablename__ = "channel_live_member"

    code_id: Mapped[int] = mapped_column(
        ForeignKey("channel_live.code_id"), primary_key=True, autoincrement=False
    )
    staff_id: Mapped[int] = mapped_column(
        ForeignKey("staff.id"), primary_key=True, autoincrement=False, index=True
    )
    weight: Mapped[int]
    most_a_day: Mapped[int | None]
    shifts: Mapped[list[Any]] = mapped_column(JSONB)
    contact: Mapped[str] = mapped_column(Text)
    listed: Mapped[bool]
    """the merchant has them in the rotation; who was taken out keeps the fans they were given"""
    resting: Mapped[bool]
    """they said themselves that they take no fans now"""
    credit: Mapped[int]
    given: Mapped[int]

    __table_args__ = (
        CheckConstraint("weight BETWEEN 1 AND 100", name="weight"),
        CheckConstraint("most_a_day > 0", name="most"),
    )


class LivePick(Base):
    """This fan was given to this employee by this code: once, for ever."""

    __tablename__ = "channel_live_pick"

    id: Mapped[Id]
    code_id: Mapped[int] = mapped_column(ForeignKey("channel_live.code_id"))
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    day: Mapped[date] = mapped_column(Date)
    at: Mapped[Utc]

    __table_args__ = (
        Index("uq_channel_live_pick_fan", "code_id", "fan_id", unique=True),
        Index("ix_channel_live_pick_day", "staff_id", "code_id", "day"),
        {"info": {"append_only": True}},
    )


invariant(
    "C9.live",
    "what a live code gave each employee, and in all, equals a count of the fans given",
    """
    SELECT m.code_id, m.staff_id FROM channel_live_member AS m
    LEFT JOIN (SELECT code_id, staff_id, count(*) AS given FROM channel_live_pick GROUP BY 1, 2)
           AS p ON (p.code_id, p.staff_id) = (m.code_id, m.staff_id)
    WHERE m.given <> coalesce(p.given, 0)
    UNION ALL
    SELECT l.code_id, 0 FROM channel_live AS l
    WHERE l.turns <> (SELECT count(*) FROM channel_live_pick AS p WHERE p.code_id = l.code_id)
    """,
)

person_rows("channel_live_pick", "活码分配", "given to an employee by a live code")
