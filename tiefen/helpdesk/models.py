"""Tables of the helpdesk room."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.helpdesk.values import AnswerSource, Direction, Match
from tiefen.kernel.audit import invariant
from tiefen.kernel.crypto import SealedSince
from tiefen.kernel.db import Base, Id, Utc, text_enum
from tiefen.kernel.personal import Erased, person_rows


class Setting(Base):
    """One row: the welcome, the default reply, and the version that every change moves on.

    The version is what each process compares its compiled matcher with: one read by key.
    """

    __tablename__ = "helpdesk_setting"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    welcome: Mapped[list[Any]] = mapped_column(JSONB)
    default_reply: Mapped[list[Any]] = mapped_column(JSONB)

    __table_args__ = (CheckConstraint("id = 1", name="single"),)


class AutoReply(Base):
    """A keyword reply."""

    __tablename__ = "auto_reply"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    match: Mapped[Match] = mapped_column(text_enum(Match))
    patterns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    priority: Mapped[int]
    from_minute: Mapped[int | None]
    to_minute: Mapped[int | None]
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    answer: Mapped[list[Any]] = mapped_column(JSONB)
    active: Mapped[bool]
    hits: Mapped[int] = mapped_column(default=0)
    last_hit_at: Mapped[datetime | None]
    created_at: Mapped[Utc]
    updated_at: Mapped[Utc]

    __table_args__ = (
        CheckConstraint("(from_minute IS NULL) = (to_minute IS NULL)", name="range"),
        CheckConstraint(
            "from_minute BETWEEN 0 AND 1439 AND to_minute BETWEEN 0 AND 1439", name="minutes"
        ),
    )


class Message(Base):
    """One message between a fan and us."""

    __tablename__ = "helpdesk_message"

    id: Mapped[Id]
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    app_id: Mapped[str] = mapped_column(Text)
    direction: Mapped[Direction] = mapped_column(text_enum(Direction))
    kind: Mapped[str] = mapped_column(Text)
    """WeChat's message type, or the part kind of what we said"""
    content: Mapped[str] = mapped_column(SealedSince)
    """what was said; people write phone numbers and addresses in chats"""
    source: Mapped[AnswerSource | None] = mapped_column(text_enum(AnswerSource, "source"))
    """of what we said"""
    rule_id: Mapped[int | None]
    ref: Mapped[str] = mapped_column(Text)
    """what it belongs to, once per direction and place"""
    place: Mapped[int] = mapped_column(default=0)
    at: Mapped[Utc]

    __table_args__ = (
        UniqueConstraint("ref", "direction", "place", name="uq_helpdesk_message_ref"),
        Index("ix_helpdesk_message_fan", "fan_id", "id"),
    )


class Question(Base):
    """What was asked and found no keyword, counted by its normal form."""

    __tablename__ = "unanswered_question"

    id: Mapped[Id]
    question: Mapped[str] = mapped_column(Text, unique=True)
    """its normal form as a keyed digest: found again, not read"""
    sample: Mapped[str | None] = mapped_column(SealedSince)
    """as it was written last; nothing once who wrote it is erased, until it is asked again"""
    fan_id: Mapped[int | None] = mapped_column(ForeignKey("fan.id"))
    """whose words the sample is"""
    count: Mapped[int]
    first_at: Mapped[Utc]
    last_at: Mapped[Utc]
    resolved_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_unanswered_question_open",
            "count",
            "id",
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index("ix_unanswered_question_fan", "fan_id", postgresql_where=text("fan_id IS NOT NULL")),
    )


invariant(
    "H1",
    "what people wrote lies sealed",
    """
    SELECT id FROM helpdesk_message WHERE content !~ '^v1[.][A-Za-z0-9_=-]{40,}$'
    UNION ALL SELECT id FROM unanswered_question WHERE sample !~ '^v1[.][A-Za-z0-9_=-]{40,}$'
    """,
)
person_rows(
    "unanswered_question",
    "未答上的问题",
    "unanswered questions",
    clear={"sample": None, "fan_id": None},
    hidden=["question"],
)


person_rows("helpdesk_message", "客服消息", "messages", erased=Erased.GONE, hidden=["ref"])
