"""Tags, who wears them and why, the rules that give them, and their twins in the 公众号."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.fans.values import Author, FactKind, SyncState
from tiefen.kernel.db import Base, Id, Json, Ref, Utc, text_enum
from tiefen.kernel.personal import Erased, Joined, person_rows


class Tag(Base):
    """A word of the merchant's about fans. `platform_id` is its twin in the 公众号, if it has one."""

    __tablename__ = "fan_tag"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    group_name: Mapped[str] = mapped_column(Text, default="")
    shared: Mapped[bool] = mapped_column(default=False)
    """kept the same in the 公众号"""
    platform_id: Mapped[int | None]
    platform_name: Mapped[str] = mapped_column(Text, default="")
    """the name the platform last knew"""
    trouble: Mapped[str] = mapped_column(Text, default="")
    """why the platform does not have it, in its own code; empty when all is well"""
    created_at: Mapped[Utc]

    __table_args__ = (
        UniqueConstraint("name", name="uq_fan_tag_name"),
        UniqueConstraint("platform_id", name="uq_fan_tag_platform"),
    )


class Tagging(Base):
    """A fan wears a tag: since when, given by whom, why, and until when."""

    __tablename__ = "fan_tagging"

    tag_id: Mapped[int] = mapped_column(ForeignKey("fan_tag.id"), primary_key=True)
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True)
    author: Mapped[Author] = mapped_column(text_enum(Author))
    staff_id: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    """in the words of who gave it, or what happened"""
    at: Mapped[Utc]
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_fan_tagging_fan", "fan_id", "tag_id"),
        Index(
            "ix_fan_tagging_expires",
            "expires_at",
            postgresql_where=text("expires_at IS NOT NULL"),
        ),
    )


class CodeTag(Base):
    """Who comes through this channel code gets this tag."""

    __tablename__ = "fan_code_tag"

    code_id: Mapped[Ref] = mapped_column(primary_key=True, autoincrement=False)
    tag_id: Mapped[int] = mapped_column(ForeignKey("fan_tag.id"), primary_key=True)


class TagRule(Base):
    """Behaviour that gives a tag: `times` facts of a kind (and subject) within some days."""

    __tablename__ = "fan_tag_rule"

    id: Mapped[Id]
    tag_id: Mapped[int] = mapped_column(ForeignKey("fan_tag.id"), index=True)
    fact: Mapped[FactKind] = mapped_column(text_enum(FactKind))
    subject: Mapped[str] = mapped_column(Text, default="")
    """a product's id, a word asked for, a code's id; empty = any"""
    times: Mapped[int] = mapped_column(default=1)
    within_days: Mapped[int | None]
    """None = ever"""
    keep_days: Mapped[int | None]
    """the tag falls off after so many days without another such fact; None = stays"""
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Utc]

    __table_args__ = (Index("ix_fan_tag_rule_fact", "fact", postgresql_where=text("active")),)


class TagChange(Base):
    """A tagging that the platform must still be told; the newest word on (tag, fan) stands."""

    __tablename__ = "fan_tag_change"

    tag_id: Mapped[int] = mapped_column(ForeignKey("fan_tag.id"), primary_key=True)
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True)
    wears: Mapped[bool]
    at: Mapped[Utc]


class TagSync(Base):
    """A look at all tags of the 公众号: where it stands, so that it goes on after a stop."""

    __tablename__ = "fan_tag_sync"

    id: Mapped[Id]
    state: Mapped[SyncState] = mapped_column(text_enum(SyncState))
    todo: Mapped[Json]
    """{"tags": platform ids still to be read}"""
    place: Mapped[str] = mapped_column(Text, default="")
    """where the next page of the first of them begins"""
    read: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    removed: Mapped[int] = mapped_column(default=0)
    unknown: Mapped[int] = mapped_column(default=0)
    """followers the platform named whom we have not met"""
    trouble: Mapped[str] = mapped_column(Text, default="")
    started_at: Mapped[Utc]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_fan_tag_sync_running",
            "state",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
    )


class TagSeen(Base):
    """Who wears a tag on the platform, while it is being read."""

    __tablename__ = "fan_tag_seen"

    tag_id: Mapped[int] = mapped_column(ForeignKey("fan_tag.id"), primary_key=True)
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True)


person_rows("fan_tagging", "标签", "tags", erased=Erased.GONE)
for _waiting in ("fan_tag_change", "fan_tag_seen"):
    person_rows(
        _waiting,
        "标签同步",
        "tags on their way to the platform",
        joined=Joined.PERSON,
        erased=Erased.GONE,
        exported=False,
    )
