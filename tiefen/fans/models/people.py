"""Tables of the fans room."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.fans.values import Happening, Stage
from tiefen.kernel.audit import invariant
from tiefen.kernel.crypto import Sealed
from tiefen.kernel.db import Base, Fen, Id, Ref, Utc, text_enum


class Fan(Base):
    """One person. Counters stand here so that a list can filter and sort by them with an index.

    A record that was merged into another keeps its rows and points at it: `merged_into`.
    """

    __tablename__ = "fan"

    id: Mapped[Id]
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("fan.id"), index=True)
    nickname: Mapped[str] = mapped_column(Text, default="")
    grams: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """search keys of the nickname and the remark"""
    avatar_url: Mapped[str] = mapped_column(Text, default="")
    remark: Mapped[str] = mapped_column(Text, default="")
    """what staff noted"""
    phone: Mapped[str | None] = mapped_column(Sealed)
    phone_blind: Mapped[str | None] = mapped_column(Text, index=True)
    real_name: Mapped[str | None] = mapped_column(Sealed)
    real_name_blind: Mapped[str | None] = mapped_column(Text, index=True)
    stage: Mapped[Stage] = mapped_column(text_enum(Stage), default=Stage.VISITOR)
    stage_at: Mapped[Utc]
    following: Mapped[bool] = mapped_column(default=False)
    ever_followed: Mapped[bool] = mapped_column(default=False)
    source_code_id: Mapped[int | None]
    """first channel code, told by channels; the rule that it never changes is kept there"""
    region_code: Mapped[str] = mapped_column(Text, default="", server_default="")
    """where the newest paid order went, by the national code of the district; "" = unknown"""
    joined_at: Mapped[Utc]
    last_seen_at: Mapped[Utc]
    last_paid_at: Mapped[datetime | None]
    orders: Mapped[int] = mapped_column(default=0)
    """paid orders"""
    received_orders: Mapped[int] = mapped_column(default=0)
    whole_refunds: Mapped[int] = mapped_column(default=0)
    paid_fen: Mapped[Fen] = mapped_column(default=0)
    refunded_fen: Mapped[Fen] = mapped_column(default=0)
    interactions: Mapped[int] = mapped_column(default=0)
    returned_orders: Mapped[int] = mapped_column(default=0, server_default="0")
    """orders refunded whole after they had been received"""
    friends: Mapped[int] = mapped_column(default=0, server_default="0")
    """friends they brought who bought"""
    next_check_on: Mapped[date | None] = mapped_column(
        Date, server_default=text("'2000-01-01'::date")
    )
    """the first day on which days alone may move them to another stage; None = never"""

    __table_args__ = (
        Index(
            "ix_fan_lost",
            "last_seen_at",
            "id",
            postgresql_where=text("stage = 'lost' AND merged_into IS NULL"),
        ),
        Index(
            "ix_fan_next_check",
            "next_check_on",
            "id",
            postgresql_where=text("next_check_on IS NOT NULL AND merged_into IS NULL"),
        ),
        Index("ix_fan_last_seen", "last_seen_at", "id"),
        Index("ix_fan_paid", "paid_fen", "id"),
        Index("ix_fan_orders", "orders", "id"),
        Index("ix_fan_stage", "stage", "id"),
        Index("ix_fan_source", "source_code_id", "id"),
        Index("ix_fan_grams", "grams", postgresql_using="gin"),
    )


class Identity(Base):
    """One id of a fan on one platform."""

    __tablename__ = "fan_identity"

    id: Mapped[Id]
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), index=True)
    app_id: Mapped[str] = mapped_column(Text)
    openid: Mapped[str] = mapped_column(Text)
    unionid: Mapped[str | None] = mapped_column(Text)
    following: Mapped[bool] = mapped_column(default=False)
    followed_at: Mapped[datetime | None]
    """newest follow"""
    unfollowed_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    """when the platform was last asked for the unionid"""
    created_at: Mapped[Utc]

    __table_args__ = (
        UniqueConstraint("app_id", "openid", name="uq_fan_identity_app_openid"),
        Index(
            "ix_fan_identity_unasked",
            "id",
            postgresql_where=text("asked_at IS NULL AND unionid IS NULL"),
        ),
    )


class Union(Base):
    """Which fan a unionid is: the row whose key decides a race between two apps."""

    __tablename__ = "fan_union"

    unionid: Mapped[str] = mapped_column(Text, primary_key=True)
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), index=True)


class Merge(Base):
    """That two records became one. Undoing it (issue of its own) clears `merged_into`."""

    __tablename__ = "fan_merge"

    id: Mapped[Id]
    winner_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), index=True)
    loser_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), index=True)
    moved: Mapped[list[Any]] = mapped_column(JSONB)
    """ids that pointed at the loser before, so that an undo restores exactly them"""
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[Utc]
    undone_at: Mapped[datetime | None]


class Line(Base):
    """One line of a timeline: the facts the counters are a fold of. Never changed."""

    __tablename__ = "fan_line"

    id: Mapped[Id]
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    kind: Mapped[Happening] = mapped_column(text_enum(Happening))
    ref: Mapped[str] = mapped_column(Text)
    """what it is about, such as `order:TF2026…`; the same (fan, kind, ref) is one line"""
    at: Mapped[Utc]
    amount_fen: Mapped[Fen] = mapped_column(default=0)
    whole: Mapped[bool] = mapped_column(default=False)
    """for a refund: the whole order"""
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)

    __table_args__ = (
        UniqueConstraint("fan_id", "kind", "ref", name="uq_fan_line_fact"),
        Index("ix_fan_line_fan_at", "fan_id", "at", "id"),
        {"info": {"append_only": True}},
    )


class Source(Base):
    """Names of channel codes, as channels last told them: a dictionary for lists."""

    __tablename__ = "fan_source"

    code_id: Mapped[Ref] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    owner_staff_id: Mapped[int | None]


class UsedState(Base):
    """OAuth states that were used: each is good once. Swept when past their life."""

    __tablename__ = "oauth_used_state"

    state: Mapped[str] = mapped_column(Text, primary_key=True)
    used_at: Mapped[Utc] = mapped_column(index=True)


COUNTED_SQL = """
    SELECT coalesce(f.merged_into, f.id) AS fan_id,
           count(l.id) FILTER (WHERE l.kind = 'order_paid') AS orders,
           count(l.id) FILTER (WHERE l.kind = 'order_received') AS received_orders,
           count(l.id) FILTER (WHERE l.kind = 'order_refunded' AND l.whole) AS whole_refunds,
           coalesce(sum(l.amount_fen) FILTER (WHERE l.kind = 'order_paid'), 0)::bigint AS paid_fen,
           coalesce(sum(l.amount_fen) FILTER (WHERE l.kind = 'order_refunded'), 0)::bigint
               AS refunded_fen,
           count(l.id) FILTER (WHERE l.kind IN ('followed', 'scanned', 'message_in', 'menu'))
               AS interactions,
           count(l.id) FILTER (WHERE l.kind = 'order_refunded' AND l.data ? 'received_on')
               AS returned_orders,
           count(l.id) FILTER (WHERE l.kind = 'friend') AS friends,
           max(l.at) FILTER (WHERE l.kind = 'order_paid') AS last_paid_at
    FROM fan AS f LEFT JOIN fan_line AS l ON l.fan_id = f.id
    GROUP BY 1
"""
"""A recount of every person from their timeline; merged records count for the one they joined."""

invariant(
    "F1.counters",
    "a fan's counters equal a recount of their timeline",
    f"""
    SELECT fan.id FROM fan JOIN ({COUNTED_SQL}) AS c ON c.fan_id = fan.id
    WHERE fan.merged_into IS NULL AND (
        (fan.orders, fan.received_orders, fan.whole_refunds, fan.paid_fen, fan.refunded_fen,
         fan.interactions, fan.returned_orders, fan.friends)
        IS DISTINCT FROM
        (c.orders, c.received_orders, c.whole_refunds, c.paid_fen, c.refunded_fen, c.interactions,
         c.returned_orders, c.friends)
        OR fan.last_paid_at IS DISTINCT FROM c.last_paid_at)
    """,  # noqa: S608 our own text
)
invariant(
    "F2.following",
    "a fan follows exactly when one of their identities does",
    """
    SELECT fan.id FROM fan
    WHERE fan.merged_into IS NULL AND fan.following <> EXISTS (
        SELECT 1 FROM fan_identity AS i JOIN fan AS f ON f.id = i.fan_id
        WHERE i.following AND coalesce(f.merged_into, f.id) = fan.id)
    """,
)
invariant(
    "F3.person",
    "one unionid is one person, and a merged record points at a living one",
    """
    SELECT 'unionid' AS what, i.unionid AS id
    FROM fan_identity AS i JOIN fan AS f ON f.id = i.fan_id
    WHERE i.unionid IS NOT NULL
    GROUP BY i.unionid HAVING count(DISTINCT coalesce(f.merged_into, f.id)) > 1
    UNION ALL
    SELECT 'merged_into', loser.id::text
    FROM fan AS loser JOIN fan AS winner ON winner.id = loser.merged_into
    WHERE winner.merged_into IS NOT NULL
    """,
)
