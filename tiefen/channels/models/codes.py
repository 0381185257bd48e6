"""Tables of the channels room."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.channels.values import CodeForm, CodeKind, CodeState, Lifetime, TouchKind
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Fen, Id, Utc, text_enum
from tiefen.kernel.personal import person_rows


class ChannelCode(Base):
    """A code or link that carries where a fan came from, with what its fans did since."""

    __tablename__ = "channel_code"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[CodeKind] = mapped_column(text_enum(CodeKind))
    form: Mapped[CodeForm] = mapped_column(text_enum(CodeForm), server_default="qr")
    owner_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    scene: Mapped[str] = mapped_column(Text, unique=True)
    """what the platform gives back on a scan; never changes"""
    lifetime: Mapped[Lifetime] = mapped_column(text_enum(Lifetime))
    state: Mapped[CodeState] = mapped_column(text_enum(CodeState), default=CodeState.PENDING)
    failure: Mapped[str] = mapped_column(Text, default="")
    ticket: Mapped[str] = mapped_column(Text, default="")
    url: Mapped[str] = mapped_column(Text, default="")
    """what the QR code says"""
    page: Mapped[str] = mapped_column(Text, default="", server_default="")
    """of the mini program, for its codes"""
    image_key: Mapped[str] = mapped_column(Text, default="", server_default="")
    """the picture of a mini-program code, which only the platform can draw"""
    runs_out_at: Mapped[datetime | None]
    """when the platform's temporary code dies"""
    welcome: Mapped[str] = mapped_column(Text, default="")
    """empty = the merchant's default welcome"""
    late_words: Mapped[str] = mapped_column(Text, default="", server_default="")
    """said once the code is no longer valid; empty = the merchant's default welcome"""
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("channel_batch.id"))
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    cost_fen: Mapped[Fen] = mapped_column(default=0)
    """the sum of its costs, whatever their days"""
    note: Mapped[str] = mapped_column(Text, default="")
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    created_at: Mapped[Utc]
    scans: Mapped[int] = mapped_column(default=0)
    """touches of any kind through the code"""
    follows: Mapped[int] = mapped_column(default=0)
    """touches that were a follow"""
    fans: Mapped[int] = mapped_column(default=0)
    """fans whose first source this is"""
    unfollows: Mapped[int] = mapped_column(default=0)
    """of those, how often one left"""
    orders: Mapped[int] = mapped_column(default=0)
    received_orders: Mapped[int] = mapped_column(default=0)
    paid_fen: Mapped[Fen] = mapped_column(default=0)
    refunded_fen: Mapped[Fen] = mapped_column(default=0)

    __table_args__ = (
        Index(
            "uq_channel_code_name",
            "name",
            unique=True,
            postgresql_where=text("archived_at IS NULL"),
        ),
        Index("ix_channel_code_kind", "kind", "id"),
        Index(
            "ix_channel_code_batch",
            "batch_id",
            "id",
            postgresql_where=text("batch_id IS NOT NULL"),
        ),
        CheckConstraint("cost_fen >= 0", name="cost"),
        Index("ix_channel_code_form", "form", "id"),
    )


class Touch(Base):
    """One immutable line of the attribution log: this fan met this channel at this time."""

    __tablename__ = "channel_touch"

    id: Mapped[Id]
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    code_id: Mapped[int | None] = mapped_column(ForeignKey("channel_code.id"))
    """None for an organic follow"""
    kind: Mapped[TouchKind] = mapped_column(text_enum(TouchKind))
    ref: Mapped[str] = mapped_column(Text, unique=True)
    """the platform's own identity of what happened, so that a repeat is one touch"""
    at: Mapped[Utc]

    __table_args__ = (
        Index("ix_channel_touch_fan", "fan_id", "at", "id"),
        Index("ix_channel_touch_code", "code_id", "at", "id"),
        CheckConstraint("(code_id IS NULL) = (kind = 'organic')", name="organic"),
        {"info": {"append_only": True}},
    )


class Attribution(Base):
    """First and last source of a fan. The first is written once and never again."""

    __tablename__ = "channel_attribution"

    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True)
    first_touch_id: Mapped[int] = mapped_column(ForeignKey("channel_touch.id"), unique=True)
    first_code_id: Mapped[int | None] = mapped_column(ForeignKey("channel_code.id"))
    first_at: Mapped[Utc]
    last_code_id: Mapped[int | None] = mapped_column(ForeignKey("channel_code.id"))
    last_at: Mapped[Utc]
    following: Mapped[bool] = mapped_column(default=True)
    unfollows: Mapped[int] = mapped_column(default=0)

    __table_args__ = (Index("ix_channel_attribution_code", "first_code_id", "first_at", "fan_id"),)


class Credit(Base):
    """A paid order, counted for the code its buyer first came through and for its owner then.

    Without a code the buyer came by themselves, or the news of their first touch is still on its
    way: then the touch claims the order when it arrives.
    """

    __tablename__ = "channel_credit"

    order_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    order_no: Mapped[str] = mapped_column(Text)
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), index=True)
    code_id: Mapped[int | None] = mapped_column(ForeignKey("channel_code.id"))
    owner_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    paid_fen: Mapped[Fen]
    paid_at: Mapped[Utc]
    refunded_fen: Mapped[Fen] = mapped_column(default=0)
    received_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_channel_credit_code", "code_id", "paid_at"),
        Index("ix_channel_credit_owner", "owner_staff_id", "paid_at"),
        CheckConstraint("refunded_fen BETWEEN 0 AND paid_fen", name="refunded"),
    )


RECOUNT_SQL = """
    SELECT c.id,
        coalesce(t.scans, 0) AS scans, coalesce(t.follows, 0) AS follows,
        coalesce(a.fans, 0) AS fans, coalesce(a.unfollows, 0)::bigint AS unfollows,
        coalesce(k.orders, 0) AS orders, coalesce(k.received_orders, 0) AS received_orders,
        coalesce(k.paid_fen, 0)::bigint AS paid_fen,
        coalesce(k.refunded_fen, 0)::bigint AS refunded_fen,
        coalesce(p.cost_fen, 0)::bigint AS cost_fen
    FROM channel_code AS c
    LEFT JOIN (SELECT code_id, count(*) AS scans, count(*) FILTER (WHERE kind = 'follow') AS follows
               FROM channel_touch GROUP BY 1) AS t ON t.code_id = c.id
    LEFT JOIN (SELECT first_code_id, count(*) AS fans, sum(unfollows) AS unfollows
               FROM channel_attribution GROUP BY 1) AS a ON a.first_code_id = c.id
    LEFT JOIN (SELECT code_id, count(*) AS orders, count(received_at) AS received_orders,
                      sum(paid_fen) AS paid_fen, sum(refunded_fen) AS refunded_fen
               FROM channel_credit GROUP BY 1) AS k ON k.code_id = c.id
    LEFT JOIN (SELECT code_id, sum(amount_fen) AS cost_fen
               FROM channel_cost GROUP BY 1) AS p ON p.code_id = c.id
"""
"""A recount of every code from touches, attributions, credits and costs."""

invariant(
    "C1.counters",
    "a channel code's counters equal a recount",
    f"""
    SELECT c.id FROM channel_code AS c JOIN ({RECOUNT_SQL}) AS r ON r.id = c.id
    WHERE (c.scans, c.follows, c.fans, c.unfollows, c.orders, c.received_orders, c.paid_fen,
           c.refunded_fen, c.cost_fen)
       <> (r.scans, r.follows, r.fans, r.unfollows, r.orders, r.received_orders, r.paid_fen,
           r.refunded_fen, r.cost_fen)
    """,  # noqa: S608 our own text
)
invariant(
    "C2.first_source",
    "a fan's first source is their earliest touch in the log, and no fan with touches lacks one",
    """
    SELECT t.fan_id FROM (
        SELECT DISTINCT ON (fan_id) fan_id, id, code_id FROM channel_touch ORDER BY fan_id, id
    ) AS t LEFT JOIN channel_attribution AS a ON a.fan_id = t.fan_id
    WHERE a.fan_id IS NULL OR a.first_touch_id <> t.id OR a.first_code_id IS DISTINCT FROM t.code_id
    """,
)

person_rows("channel_touch", "来源触点", "touches", through="erase_touches", hidden=["ref"])
person_rows("channel_attribution", "首次与最近来源", "first and last source")
person_rows("channel_credit", "订单归因", "credited orders")
