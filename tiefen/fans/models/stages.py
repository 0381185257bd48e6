"""Tables of the stages: what a fan did by day, the merchant's rules, every move."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.fans.values import MoveCause, Stage
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Id, Utc, text_enum
from tiefen.kernel.personal import person_rows


class FanDay(Base):
    """What a record did on a day of the merchant's: a fold of the timeline, for windows."""

    __tablename__ = "fan_day"

    fan_id: Mapped[int] = mapped_column(
        ForeignKey("fan.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    interactions: Mapped[int] = mapped_column(default=0)
    received: Mapped[int] = mapped_column(default=0)
    """orders received that day; one less for each of them sent back whole since"""
    friends: Mapped[int] = mapped_column(default=0)
    past: Mapped[int] = mapped_column(default=0, server_default="0")
    """purchases made elsewhere on that day, as imported; stages count them as received"""

    __table_args__ = (Index("ix_fan_day_day", "day", "fan_id"),)


class StageRuleSet(Base):
    """A published version of the rules. The newest counts; the rest is how it applied it."""

    __tablename__ = "fan_stage_rules"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    note: Mapped[str] = mapped_column(Text, default="")
    published_by: Mapped[int]
    """of the staff; 0 = a program with a key"""
    published_at: Mapped[Utc]
    fans: Mapped[int] = mapped_column(default=0)
    """how many are to be looked at"""
    looked_at: Mapped[int] = mapped_column(default=0)
    moved: Mapped[int] = mapped_column(default=0)
    applied_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("version > 0", name="version"),)


class StageMove(Base):
    """One move of a fan from a stage to another. Never changed."""

    __tablename__ = "fan_stage_move"

    id: Mapped[Id]
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    before: Mapped[Stage] = mapped_column(text_enum(Stage, "stage_before"))
    after: Mapped[Stage] = mapped_column(text_enum(Stage, "stage_after"))
    because: Mapped[list[Any]] = mapped_column(JSONB)
    """the evidence, as it stood"""
    cause: Mapped[MoveCause] = mapped_column(text_enum(MoveCause))
    version: Mapped[int]
    """of the rules; 0 = those a merchant begins with"""
    at: Mapped[Utc]
    day: Mapped[date] = mapped_column(Date)

    __table_args__ = (
        Index("ix_fan_stage_move_fan", "fan_id", "id"),
        Index("ix_fan_stage_move_day", "day", "before", "after"),
        CheckConstraint("before <> after", name="moves"),
        {"info": {"append_only": True}},
    )


DAY_SQL = """
    SELECT fan_id, day, sum(interactions)::bigint AS interactions,
           sum(received)::bigint AS received, sum(friends)::bigint AS friends,
           sum(past)::bigint AS past
    FROM (
        SELECT fan_id, (at AT TIME ZONE 'Asia/Shanghai')::date AS day,
               (kind IN ('followed', 'scanned', 'message_in', 'menu'))::int AS interactions,
               (kind = 'order_received')::int AS received, (kind = 'friend')::int AS friends,
               0 AS past
        FROM fan_line
        WHERE kind IN ('followed', 'scanned', 'message_in', 'menu', 'order_received', 'friend')
        UNION ALL
        SELECT fan_id, (data ->> 'received_on')::date, 0, -1, 0, 0 FROM fan_line
        WHERE kind = 'order_refunded' AND data ? 'received_on'
        UNION ALL
        SELECT c.fan_id, (p.at AT TIME ZONE 'Asia/Shanghai')::date, 0, 0, 0, 1
        FROM fan_past_purchase AS p JOIN fan_past_customer AS c ON c.id = p.customer_id
        WHERE c.fan_id IS NOT NULL
    ) AS done GROUP BY 1, 2
"""
"""A recount of every record's days from the timeline."""

invariant(
    "F7.days",
    "what a fan did on a day equals a recount of their timeline and purchases from before",
    f"""
    SELECT coalesce(d.fan_id, r.fan_id) AS fan_id, coalesce(d.day, r.day) AS day
    FROM fan_day AS d FULL JOIN ({DAY_SQL}) AS r ON r.fan_id = d.fan_id AND r.day = d.day
    WHERE (coalesce(d.interactions, 0), coalesce(d.received, 0), coalesce(d.friends, 0),
           coalesce(d.past, 0))
       <> (coalesce(r.interactions, 0), coalesce(r.received, 0), coalesce(r.friends, 0),
           coalesce(r.past, 0))
    """,  # noqa: S608 our own text
)
invariant(
    "F8.stage_log",
    "a fan stands where the log last moved them",
    """
    SELECT fan.id FROM fan
    LEFT JOIN LATERAL (
        SELECT after FROM fan_stage_move AS m WHERE m.fan_id = fan.id ORDER BY m.id DESC LIMIT 1
    ) AS last ON true
    WHERE fan.merged_into IS NULL AND fan.stage <> coalesce(last.after, fan.stage)
    """,
)

person_rows("fan_day", "每日统计", "days")
person_rows("fan_stage_move", "阶段变化", "moves between stages")
