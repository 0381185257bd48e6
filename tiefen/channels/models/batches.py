"""Codes made many at once."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.channels.values import BatchState, CodeKind, Lifetime
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Id, Utc, text_enum


class CodeBatch(Base):
    """Codes made together. They stand there at once; the platform draws them one after another."""

    __tablename__ = "channel_batch"

    id: Mapped[Id]
    kind: Mapped[CodeKind] = mapped_column(text_enum(CodeKind))
    lifetime: Mapped[Lifetime] = mapped_column(text_enum(Lifetime))
    total: Mapped[int]
    state: Mapped[BatchState] = mapped_column(text_enum(BatchState))
    failure: Mapped[str] = mapped_column(Text, default="")
    """what the platform answered last, when it did not draw"""
    resumes_at: Mapped[datetime | None]
    """when it will be asked again after it refused"""
    staff_id: Mapped[int]
    staff_name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Utc]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("total BETWEEN 1 AND 1000", name="total"),
        CheckConstraint("(state = 'making') = (ended_at IS NULL)", name="ended"),
    )


invariant(
    "C7.batches",
    "a batch that is done has all its codes, and each of them is drawn",
    """
    SELECT b.id FROM channel_batch AS b
    WHERE b.total <> (SELECT count(*) FROM channel_code AS c WHERE c.batch_id = b.id)
       OR (b.state = 'done' AND EXISTS (
            SELECT 1 FROM channel_code AS c WHERE c.batch_id = b.id AND c.state = 'pending'
              AND c.archived_at IS NULL))
    """,
)
