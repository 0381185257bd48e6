"""Tables of the fans room."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.fans.values import Happening, Stage
from tiefen.kernel.audit import invariant
from tiefen.kernel.crypto import Sealed
from tiefen.kernel.db import Base, Fen, Id, Json, Ref, Utc, text_enum
from tiefen.kernel.personal import Erased, person_rows


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
    owner_staff_id: Mapped[int | None]
    """the member of staff who looks after them; None = nobody"""
    follow_up_on: Mapped[date | None] = mapped_column(Date)
    """the day staff want to turn to them; None = nothing is planned"""
    follow_up_note: Mapped[str] = mapped_column(Text, default="", server_default="")
    """what is to be done then; "" exactly when no day is planned"""
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
    past_orders: Mapped[int] = mapped_column(default=0, server_default="0")
    """purchases made elsewhere before, as imported; no orders of ours"""
    past_fen: Mapped[Fen] = mapped_column(default=0, server_default="0")
    past_first_at: Mapped[datetime | None]
    past_last_at: Mapped[datetime | None]
    no_contact: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """asked us not to write to them of our own accord"""
    level_id: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """the member level, as members last told it; 0 = the one everybody begins on"""
    erased_at: Mapped[datetime | None] = mapped_column(index=True)
    """their personal data was removed; the record is a pseudonym"""
    own: Mapped[str | None] = mapped_column(Sealed)
    """of a person of several records: what this one said itself where it shows another's word"""
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
        Index(
            "ix_fan_owner",
            "owner_staff_id",
            "id",
            postgresql_where=text("owner_staff_id IS NOT NULL"),
        ),
        Index(
            "ix_fan_follow_up",
            "owner_staff_id",
            "follow_up_on",
            "id",
            postgresql_where=text("follow_up_on IS NOT NULL"),
        ),
        Index("ix_fan_level", "level_id", "id", postgresql_where=text("level_id > 0")),
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
    """That two records became one person. Undoing it lets the record that was joined live again.

    No row of any room moves by it: rows stay with the record whose deed they are.
    """

    __tablename__ = "fan_merge"

    id: Mapped[Id]
    winner_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), index=True)
    loser_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), index=True)
    moved: Mapped[list[Any]] = mapped_column(JSONB)
    """ids that pointed at the loser before"""
    lists: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    """lists kept by hand that the loser was on: {"left": ids, "joined": those new to the winner}"""
    reason: Mapped[str] = mapped_column(Text)
    staff_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    """"" = by itself, since the platform said so"""
    at: Mapped[Utc]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(Text, default="", server_default="")
    undo_reason: Mapped[str] = mapped_column(Text, default="", server_default="")

    __table_args__ = (
        Index(
            "uq_fan_merge_standing",
            "loser_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )


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


def counted(only: str = "") -> str:
    """A recount of people from their timelines; records that were joined count for the person.

    `only` narrows the records `f` whose lines are read.
    """
    return f"""
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
    {only}
    GROUP BY 1
"""  # noqa: S608 our own text


COUNTED_SQL = counted()
"""A recount of every person."""

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
invariant(
    "F10.merges",
    "a record points at another exactly where its standing merges lead",
    """
    WITH RECURSIVE up AS (
        SELECT loser_id AS id, winner_id AS to_id FROM fan_merge WHERE undone_at IS NULL
        UNION
        SELECT up.id, m.winner_id FROM up
        JOIN fan_merge AS m ON m.loser_id = up.to_id AND m.undone_at IS NULL
    ), top AS (
        SELECT id, to_id FROM up WHERE NOT EXISTS (
            SELECT 1 FROM fan_merge AS m WHERE m.loser_id = up.to_id AND m.undone_at IS NULL)
    )
    SELECT fan.id FROM fan LEFT JOIN top ON top.id = fan.id
    WHERE fan.merged_into IS DISTINCT FROM top.to_id
    """,
)

person_rows(
    "fan_identity",
    "平台身份",
    "identities",
    erased=Erased.GONE,
    hidden=["asked_at"],
)
person_rows("fan_union", "统一身份", "unionids", erased=Erased.GONE)
person_rows("fan_line", "动态", "timeline", through="erase_lines", hidden=["ref"])
