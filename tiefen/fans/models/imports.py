"""Imports of followers: how far one is, and the list it works through."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.fans.values import FollowerImportState, ImportStep
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Id, Utc, text_enum
from tiefen.kernel.personal import Erased, person_rows


class FollowerImport(Base):
    """One import of an account's followers. Its row moves with each page, in the page's commit."""

    __tablename__ = "fan_import"

    id: Mapped[Id]
    app_id: Mapped[str] = mapped_column(Text)
    state: Mapped[FollowerImportState] = mapped_column(
        text_enum(FollowerImportState, "importstate")
    )
    step: Mapped[ImportStep] = mapped_column(text_enum(ImportStep))
    turn: Mapped[int] = mapped_column(default=0)
    """grows when another job takes over; what an earlier one still does is not kept"""
    next_openid: Mapped[str] = mapped_column(Text, default="")
    """where the next page of the list begins"""
    place: Mapped[int] = mapped_column(default=0)
    """the last one asked about: a place in the list, then an identity's id"""
    total: Mapped[int] = mapped_column(default=0)
    """followers, says the platform"""
    listed: Mapped[int] = mapped_column(default=0)
    asked: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    """in the list, but gone when asked about"""
    left_us: Mapped[int] = mapped_column(default=0)
    """known to follow, and not in the list any more"""
    refusals: Mapped[int] = mapped_column(default=0)
    """in a row, with nothing done in between"""
    restarts: Mapped[int] = mapped_column(default=0)
    """of the list, because where it went on had left"""
    active_ms: Mapped[int] = mapped_column(default=0)
    """at work asking"""
    trouble: Mapped[str] = mapped_column(Text, default="")
    """the platform's code, or a word for what is wrong"""
    wait_until: Mapped[datetime | None]
    staff_id: Mapped[int]
    staff_name: Mapped[str] = mapped_column(Text)
    started_at: Mapped[Utc]
    moved_at: Mapped[Utc]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_fan_import_running",
            "app_id",
            unique=True,
            postgresql_where=text("state IN ('running', 'waiting')"),
        ),
        CheckConstraint("place >= 0 AND asked <= listed", name="place"),
    )


class ListedFollower(Base):
    """An openid of an import's list, until the import is done."""

    __tablename__ = "fan_import_openid"

    import_id: Mapped[int] = mapped_column(ForeignKey("fan_import.id"), primary_key=True)
    openid: Mapped[str] = mapped_column(Text, primary_key=True)
    place: Mapped[int]
    done: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """taken care of before the page it is on"""

    __table_args__ = (UniqueConstraint("import_id", "place", name="uq_fan_import_openid_place"),)


invariant(
    "F9.import",
    "everybody an import asked about was added, updated, unchanged or skipped, once",
    """
    SELECT id FROM fan_import WHERE asked <> added + updated + unchanged + skipped
    """,
)

person_rows(
    "fan_import_openid",
    "关注者导入",
    "imports of followers",
    by="openid",
    erased=Erased.GONE,
    exported=False,
)
