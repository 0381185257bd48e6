"""Where fans were last, coarsely and only if they agreed; the merchant's named points."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Id, Utc
from tiefen.kernel.personal import Erased, person_rows


class PlaceSetting(Base):
    """One row, once the merchant has decided: whether places are kept at all, and how long."""

    __tablename__ = "fan_place_setting"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kept: Mapped[bool]
    days: Mapped[int]
    """a place older than this is forgotten"""

    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        CheckConstraint("days BETWEEN 1 AND 365", name="days"),
    )


class Point(Base):
    """A place of the merchant's own, such as a store: no personal data, so as exact as on a map."""

    __tablename__ = "fan_point"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    latitude_micro: Mapped[int]
    """millionths of a degree, north is positive"""
    longitude_micro: Mapped[int]
    created_at: Mapped[Utc]

    __table_args__ = (
        UniqueConstraint("name", name="uq_fan_point_name"),
        CheckConstraint("latitude_micro BETWEEN -90000000 AND 90000000", name="latitude"),
        CheckConstraint("longitude_micro BETWEEN -180000000 AND 180000000", name="longitude"),
    )


class Place(Base):
    """That a fan agreed to have their place kept, and the last one since: one, never a trail.

    A fan without a row has not agreed, and nothing of where they are is written down.
    """

    __tablename__ = "fan_place"

    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True, autoincrement=False)
    agreed_at: Mapped[Utc]
    latitude_milli: Mapped[int | None]
    """thousandths of a degree, about a hundred metres: the column cannot know better"""
    longitude_milli: Mapped[int | None]
    at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("latitude_milli BETWEEN -90000 AND 90000", name="latitude"),
        CheckConstraint("longitude_milli BETWEEN -180000 AND 180000", name="longitude"),
        CheckConstraint(
            "num_nulls(latitude_milli, longitude_milli, at) IN (0, 3)", name="all_or_nothing"
        ),
        Index(
            "ix_fan_place_where",
            "latitude_milli",
            "longitude_milli",
            postgresql_include=["fan_id"],
            postgresql_where=text("latitude_milli IS NOT NULL"),
        ),
    )


invariant(
    "F13.places",
    "no fan's place is kept where the merchant does not keep places",
    """
    SELECT fan_id FROM fan_place
    WHERE at IS NOT NULL AND NOT EXISTS (SELECT FROM fan_place_setting WHERE kept)
    """,
)

person_rows("fan_place", "大致位置", "last place", erased=Erased.GONE)
