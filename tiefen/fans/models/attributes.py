"""What a merchant wants to know about a fan: the questions and the answers."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.fans.values import AttributeKind, Author
from tiefen.kernel.crypto import Sealed
from tiefen.kernel.db import Base, Id, Utc, text_enum
from tiefen.kernel.personal import Erased, person_rows


class Attribute(Base):
    """A question about fans that the merchant made. Archived ones keep their answers."""

    __tablename__ = "fan_attribute"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    hint: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[AttributeKind] = mapped_column(text_enum(AttributeKind))
    options: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    """what may be chosen, in order; an option is its own word"""
    minimum_milli: Mapped[int | None]
    """thousandths: numbers are exact and compared as integers"""
    maximum_milli: Mapped[int | None]
    required: Mapped[bool] = mapped_column(default=False)
    """in the fan's form"""
    in_form: Mapped[bool] = mapped_column(default=False)
    """fans are asked"""
    personal: Mapped[bool] = mapped_column(default=False)
    """answers are sealed, shown masked, and no rule can look at them"""
    position: Mapped[int] = mapped_column(default=0)
    archived_at: Mapped[datetime | None]
    created_at: Mapped[Utc]

    __table_args__ = (UniqueConstraint("key", name="uq_fan_attribute_key"),)


class AttributeValue(Base):
    """One answer; exactly one of the value columns is set, by the kind of the question."""

    __tablename__ = "fan_attribute_value"

    attribute_id: Mapped[int] = mapped_column(ForeignKey("fan_attribute.id"), primary_key=True)
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True)
    word: Mapped[str | None] = mapped_column(Text)
    """a text, or the one choice"""
    number_milli: Mapped[int | None]
    day: Mapped[date | None]
    yes: Mapped[bool | None]
    words: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    sealed: Mapped[str | None] = mapped_column(Sealed)
    author: Mapped[Author] = mapped_column(text_enum(Author))
    staff_id: Mapped[int | None]
    at: Mapped[Utc]

    __table_args__ = (
        Index("ix_fan_attribute_value_fan", "fan_id"),
        Index(
            "ix_fan_attribute_value_word",
            "attribute_id",
            "word",
            "fan_id",
            postgresql_where=text("word IS NOT NULL"),
        ),
        Index(
            "ix_fan_attribute_value_number",
            "attribute_id",
            "number_milli",
            "fan_id",
            postgresql_where=text("number_milli IS NOT NULL"),
        ),
        Index(
            "ix_fan_attribute_value_day",
            "attribute_id",
            "day",
            "fan_id",
            postgresql_where=text("day IS NOT NULL"),
        ),
    )


person_rows("fan_attribute_value", "资料问答", "answers", erased=Erased.GONE)
