"""Tables of the bottles room."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.bottles.values import AlarmKind, BottleRewardState, RewardKind
from tiefen.kernel.audit import invariant
from tiefen.kernel.crypto import Sealed
from tiefen.kernel.db import Base, Id, Ref, Utc, text_enum
from tiefen.kernel.personal import no_person, person_rows


class BottleKey(Base):
    """A key that codes are made with, sealed. New batches use the newest; old codes stay valid."""

    __tablename__ = "bottle_key"

    id: Mapped[Id]
    secret: Mapped[str] = mapped_column(Sealed)
    """16 bytes, as hexadecimal digits"""
    created_at: Mapped[Utc]


class BottleBatch(Base):
    """Up to a million codes of one SKU. The codes themselves stand nowhere: see `rules`."""

    __tablename__ = "bottle_batch"

    id: Mapped[Id]
    key_id: Mapped[int] = mapped_column(ForeignKey("bottle_key.id"))
    name: Mapped[str] = mapped_column(Text)
    sku_id: Mapped[int] = mapped_column(ForeignKey("sku.id"), index=True)
    size: Mapped[int]
    per_roll: Mapped[int]
    """codes of one roll of labels; 0 = all in one file"""
    reward: Mapped[RewardKind] = mapped_column(text_enum(RewardKind))
    coupon_template_id: Mapped[int | None]
    words: Mapped[str] = mapped_column(Text, default="")
    """said to who scans first"""
    cycle_days: Mapped[int | None]
    """how long a bottle lasts; None = no reminder"""
    remind_words: Mapped[str] = mapped_column(Text, default="")
    staff_name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Utc]
    opened: Mapped[int] = mapped_column(default=0)
    """bottles scanned at least once"""
    scans: Mapped[int] = mapped_column(default=0)
    rewarded: Mapped[int] = mapped_column(default=0)
    scene: Mapped[str] = mapped_column(Text, default="", server_default="")
    """of the channel code that counts who came by these bottles; empty until it is needed"""

    __table_args__ = (
        CheckConstraint("size BETWEEN 1 AND 1000000", name="size"),
        CheckConstraint("per_roll BETWEEN 0 AND size", name="per_roll"),
        CheckConstraint("(reward = 'coupon') = (coupon_template_id IS NOT NULL)", name="coupon"),
        CheckConstraint("cycle_days BETWEEN 1 AND 1000", name="cycle"),
    )


class BottleRange(Base):
    """Bottles of a batch that were handed out, and to whom. Live ranges never overlap."""

    __tablename__ = "bottle_range"

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("bottle_batch.id"))
    first: Mapped[int]
    last: Mapped[int]
    dealer: Mapped[str] = mapped_column(Text, default="")
    territory: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """codes of provinces, cities and districts; empty = sold everywhere"""
    staff_name: Mapped[str] = mapped_column(Text)
    activated_at: Mapped[Utc]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_bottle_range_batch", "batch_id", "first"),
        CheckConstraint("first BETWEEN 1 AND last", name="order"),
    )


class Bottle(Base):
    """A bottle that somebody scanned; the others have no row."""

    __tablename__ = "bottle"

    batch_id: Mapped[Ref] = mapped_column(ForeignKey("bottle_batch.id"), primary_key=True)
    serial: Mapped[Ref] = mapped_column(primary_key=True)
    first_fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    first_at: Mapped[Utc]
    scans: Mapped[int]
    rewarded_at: Mapped[datetime | None]
    """the one reward is taken: set once, by a guarded statement"""
    remind_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_bottle_fan", "first_fan_id"),
        Index(
            "ix_bottle_remind",
            "remind_at",
            postgresql_where=text("remind_at IS NOT NULL AND reminded_at IS NULL"),
        ),
        CheckConstraint("scans > 0", name="scans"),
    )


class BottleScan(Base):
    """One scan. Where it was is what the fan told."""

    __tablename__ = "bottle_scan"

    id: Mapped[Id]
    batch_id: Mapped[int]
    serial: Mapped[int]
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    region: Mapped[str] = mapped_column(Text, default="")
    lat_hundredths: Mapped[int | None]
    """of a degree: about a kilometre"""
    lng_hundredths: Mapped[int | None]
    range_id: Mapped[int | None] = mapped_column(ForeignKey("bottle_range.id"))
    first: Mapped[bool]
    outside: Mapped[bool] = mapped_column(default=False)
    """told from outside of the dealer's territory"""
    at: Mapped[Utc]

    __table_args__ = (
        Index("ix_bottle_scan_bottle", "batch_id", "serial", "at"),
        Index("ix_bottle_scan_region", "batch_id", "region"),
        Index("ix_bottle_scan_fan", "fan_id"),
        CheckConstraint("(lat_hundredths IS NULL) = (lng_hundredths IS NULL)", name="place"),
    )


class BottleReward(Base):
    """What a first scan gave."""

    __tablename__ = "bottle_reward"

    batch_id: Mapped[Ref] = mapped_column(primary_key=True)
    serial: Mapped[Ref] = mapped_column(primary_key=True)
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), index=True)
    kind: Mapped[RewardKind] = mapped_column(text_enum(RewardKind))
    state: Mapped[BottleRewardState] = mapped_column(text_enum(BottleRewardState))
    coupon_template_id: Mapped[int | None]
    coupon_id: Mapped[int | None]
    failure: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[Utc]

    __table_args__ = (
        Index("ix_bottle_reward_owed", "at", postgresql_where=text("state = 'owed'")),
        CheckConstraint("(state = 'given') = (coupon_id IS NOT NULL)", name="given"),
    )


class BottleAlarm(Base):
    """A bottle that is suspicious, one open line a reason."""

    __tablename__ = "bottle_alarm"

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("bottle_batch.id"))
    serial: Mapped[int]
    kind: Mapped[AlarmKind] = mapped_column(text_enum(AlarmKind))
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[Utc]
    last_at: Mapped[Utc]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        Index(
            "uq_bottle_alarm_open",
            "batch_id",
            "serial",
            "kind",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_bottle_alarm_batch", "batch_id", "id"),
    )


class BottleLimits(Base):
    """When a bottle becomes suspicious; one row."""

    __tablename__ = "bottle_limits"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    window_hours: Mapped[int]
    scans: Mapped[int]
    fans: Mapped[int]
    far_km: Mapped[int]

    __table_args__ = (
        CheckConstraint("id = 1", name="one"),
        CheckConstraint(
            "window_hours BETWEEN 1 AND 720 AND scans > 0 AND fans > 0 AND far_km > 0", name="sane"
        ),
    )


invariant(
    "B1.rewards",
    "a bottle is rewarded once at most, to who scanned it first, when it was taken",
    """
    SELECT r.batch_id, r.serial FROM bottle_reward AS r
    LEFT JOIN bottle AS b ON (b.batch_id, b.serial) = (r.batch_id, r.serial)
    WHERE b.first_fan_id IS DISTINCT FROM r.fan_id OR b.rewarded_at IS NULL
    """,
)
invariant(
    "B2.counters",
    "the counters of a batch and of its bottles equal a recount",
    """
    SELECT b.id FROM bottle_batch AS b
    WHERE b.opened <> (SELECT count(*) FROM bottle AS o WHERE o.batch_id = b.id)
       OR b.scans <> (SELECT count(*) FROM bottle_scan AS s WHERE s.batch_id = b.id)
       OR b.rewarded <> (SELECT count(*) FROM bottle_reward AS r WHERE r.batch_id = b.id)
       OR b.scans <> (SELECT coalesce(sum(o.scans), 0) FROM bottle AS o WHERE o.batch_id = b.id)
    """,
)
invariant(
    "B3.firsts",
    "a scanned bottle has one first scan, by its first fan",
    """
    SELECT b.batch_id, b.serial FROM bottle AS b
    WHERE (SELECT count(*) FROM bottle_scan AS s
           WHERE (s.batch_id, s.serial) = (b.batch_id, b.serial) AND s.first
             AND s.fan_id = b.first_fan_id) <> 1
    """,
)
invariant(
    "B4.ranges",
    "ranges that are in use never overlap, and lie within their batch",
    """
    SELECT a.id FROM bottle_range AS a JOIN bottle_batch AS b ON b.id = a.batch_id
    WHERE a.last > b.size OR (a.withdrawn_at IS NULL AND EXISTS (
        SELECT 1 FROM bottle_range AS o WHERE o.batch_id = a.batch_id AND o.id <> a.id
          AND o.withdrawn_at IS NULL AND o.first <= a.last AND a.first <= o.last))
    """,
)

person_rows("bottle", "一物一码", "bottles first scanned", by="first_fan_id")
person_rows("bottle_reward", "扫码奖励", "rewards of bottles", clear={"failure": ""})
person_rows(
    "bottle_scan",
    "扫码记录",
    "scans of bottles",
    clear={"lat_hundredths": None, "lng_hundredths": None},
)
no_person("bottle_key", "the merchant's key of bottle codes")
