"""Recency, frequency and money: the scores of those who bought, and the runs that made them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.fans.values import RfmGroup
from tiefen.kernel.db import Base, Fen, Id, Utc, text_enum
from tiefen.kernel.personal import Erased, Joined, person_rows


class Rfm(Base):
    """A buyer's scores, 1 to 5, as the newest run found them. Narrow: it is read by the million."""

    __tablename__ = "fan_rfm"

    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True, autoincrement=False)
    r: Mapped[int] = mapped_column(SmallInteger)
    f: Mapped[int] = mapped_column(SmallInteger)
    m: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[RfmGroup] = mapped_column(text_enum(RfmGroup))
    last_on: Mapped[date] = mapped_column(Date)
    """the day of the newest purchase"""
    frequency: Mapped[int]
    monetary_fen: Mapped[Fen]
    since: Mapped[date] = mapped_column(Date)
    """the day on which this became so"""

    __table_args__ = (
        Index("ix_fan_rfm_grid", "r", "f", "m", "fan_id"),
        Index("ix_fan_rfm_kind", "kind", "fan_id"),
        CheckConstraint(
            "r BETWEEN 1 AND 5 AND f BETWEEN 1 AND 5 AND m BETWEEN 1 AND 5", name="scores"
        ),
    )


class RfmRun(Base):
    """One computation: asked for, done, and what it told about coming back."""

    __tablename__ = "fan_rfm_run"

    id: Mapped[Id]
    day: Mapped[date] = mapped_column(Date, index=True)
    """the merchant's day it stands for"""
    asked_at: Mapped[Utc]
    done_at: Mapped[datetime | None]
    buyers: Mapped[int] = mapped_column(default=0)
    """scored fans"""
    all_buyers: Mapped[int] = mapped_column(default=0)
    """with customers from before who are no fans: whom the two below are about"""
    repeat: Mapped[list[Any]] = mapped_column(JSONB)
    cohorts: Mapped[list[Any]] = mapped_column(JSONB)


person_rows("fan_rfm", "购买评分", "scores of buying", joined=Joined.PERSON, erased=Erased.GONE)
