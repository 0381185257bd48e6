"""Segments and who is in them; deeds done to many fans at once."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.fans.values import BulkDeed, BulkState, SegmentKind, SegmentState
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Id, Json, Ref, Utc, text_enum
from tiefen.kernel.personal import Erased, Joined, person_rows


class Segment(Base):
    """A saved rule over fans, or a list kept by hand."""

    __tablename__ = "fan_segment"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[SegmentKind] = mapped_column(text_enum(SegmentKind))
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """None for a list kept by hand"""
    touches: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """what the rule looks at; a change of one of these looks at the fan again"""
    moves: Mapped[bool] = mapped_column(default=False)
    """the rule has a window that moves at midnight"""
    state: Mapped[SegmentState] = mapped_column(text_enum(SegmentState))
    version: Mapped[int] = mapped_column(default=1)
    """grows with each change of the rule; a refresh of an older one stops"""
    members: Mapped[int] = mapped_column(default=0)
    """as counted when last refreshed, kept by each entering and leaving since"""
    trouble: Mapped[str] = mapped_column(Text, default="")
    refreshed_at: Mapped[datetime | None]
    staff_id: Mapped[int | None]
    created_at: Mapped[Utc]
    archived_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("name", name="uq_fan_segment_name"),
        Index("ix_fan_segment_touches", "touches", postgresql_using="gin"),
    )


class Member(Base):
    """A fan is in a segment."""

    __tablename__ = "fan_segment_member"

    segment_id: Mapped[int] = mapped_column(ForeignKey("fan_segment.id"), primary_key=True)
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True)
    since: Mapped[Utc]

    __table_args__ = (Index("ix_fan_segment_member_fan", "fan_id", "segment_id"),)


class Bulk(Base):
    """Something done to many fans: who asked, to whom, how far it is."""

    __tablename__ = "fan_bulk"

    id: Mapped[Id]
    deed: Mapped[BulkDeed] = mapped_column(text_enum(BulkDeed))
    args: Mapped[Json]
    chosen: Mapped[Json]
    """how the fans were chosen: a rule, or that they were picked"""
    state: Mapped[BulkState] = mapped_column(text_enum(BulkState))
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    place: Mapped[int] = mapped_column(default=0)
    """the last fan it was done to"""
    trouble: Mapped[str] = mapped_column(Text, default="")
    staff_id: Mapped[int]
    staff_name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Utc]
    ended_at: Mapped[datetime | None]


class BulkTarget(Base):
    """A fan chosen for a deed when it was asked for; gone when it is done."""

    __tablename__ = "fan_bulk_target"

    bulk_id: Mapped[Ref] = mapped_column(ForeignKey("fan_bulk.id"), primary_key=True)
    fan_id: Mapped[Ref] = mapped_column(primary_key=True)


invariant(
    "F5.members",
    "a segment's number of members is how many rows it has",
    """
    SELECT segment.id FROM fan_segment AS segment
    WHERE segment.state = 'ready' AND segment.members <> (
        SELECT count(*) FROM fan_segment_member AS member WHERE member.segment_id = segment.id)
    """,
)

person_rows("fan_segment_member", "所在人群", "segments", joined=Joined.PERSON, erased=Erased.GONE)
person_rows(
    "fan_bulk_target",
    "批量操作",
    "bulk deeds that wait",
    joined=Joined.PERSON,
    erased=Erased.GONE,
    exported=False,
)
