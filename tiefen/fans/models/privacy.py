"""Requests about personal data: exports and erasures of one person."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.fans.values import RequestKind, RequestState
from tiefen.kernel.audit import invariant
from tiefen.kernel.crypto import Sealed
from tiefen.kernel.db import Base, Id, Utc, text_enum


class PersonRequest(Base):
    """Somebody asked for a copy of what is known of a person, or to have it erased."""

    __tablename__ = "fan_request"

    id: Mapped[Id]
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), index=True)
    kind: Mapped[RequestKind] = mapped_column(text_enum(RequestKind))
    state: Mapped[RequestState] = mapped_column(text_enum(RequestState))
    staff_id: Mapped[int | None]
    staff_name: Mapped[str] = mapped_column(Text, default="")
    """"" = the fan asked"""
    reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[Utc]
    due_at: Mapped[Utc]
    """when an erasure begins; when an export can no longer be fetched"""
    step: Mapped[str] = mapped_column(Text, default="")
    """the last table of the registry that is done, by name"""
    subject: Mapped[str | None] = mapped_column(Sealed)
    """whose data a running erasure removes: gone when it is done"""
    file: Mapped[str | None] = mapped_column(Sealed)
    """the export, in base64: gone when it is too old"""
    held_by: Mapped[str] = mapped_column(Text, default="")
    """what the erasure waits for"""
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_fan_request_open",
            "fan_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
        Index("ix_fan_request_due", "due_at", postgresql_where=text("file IS NOT NULL")),
        CheckConstraint("state <> 'done' OR subject IS NULL", name="forgotten"),
    )


invariant(
    "P2.erased",
    "the record of an erased person says nothing of them",
    """
    SELECT f.id FROM fan AS f
    WHERE f.erased_at IS NOT NULL
      AND (f.nickname <> '' OR f.avatar_url <> '' OR f.remark <> ''
           OR f.follow_up_note <> '' OR f.phone IS NOT NULL
           OR f.phone_blind IS NOT NULL OR f.real_name IS NOT NULL
           OR f.real_name_blind IS NOT NULL OR f.own IS NOT NULL OR cardinality(f.grams) > 0
           OR EXISTS (SELECT 1 FROM fan_identity AS i WHERE i.fan_id = f.id))
    """,
)
