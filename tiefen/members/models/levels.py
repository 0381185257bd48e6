"""Levels: what growth is counted from, who stands where, and every move."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Fen, Id, Utc, text_enum
from tiefen.kernel.personal import Joined, person_rows
from tiefen.members.values import Counts, Downgrade, GrowthKind, LevelCause


class MemberLevel(Base):
    """A level of the merchant's. Number 0 is the one everybody begins on."""

    __tablename__ = "member_level"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    threshold_fen: Mapped[Fen]
    """growth needed; a yuan is one point of growth"""
    off_bp: Mapped[int] = mapped_column(default=0)
    rights: Mapped[str] = mapped_column(Text, default="")
    """what else it brings, in the merchant's words, one right a line"""
    colour: Mapped[str] = mapped_column(Text)
    gift_template_id: Mapped[int | None] = mapped_column(BigInteger)
    archived_at: Mapped[datetime | None]
    """taken away; moves of the past still name it"""

    __table_args__ = (
        CheckConstraint("threshold_fen >= 0", name="threshold"),
        CheckConstraint("off_bp BETWEEN 0 AND 9999", name="off"),
        CheckConstraint(
            "id <> 0 OR (threshold_fen = 0 AND archived_at IS NULL)", name="base_stays"
        ),
    )


class MemberRules(Base):
    """How growth is counted and levels are kept. One row."""

    __tablename__ = "member_rules"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    edits: Mapped[int] = mapped_column(default=0)
    """so many times saved: who saves says which they saw"""
    counts: Mapped[Counts] = mapped_column(text_enum(Counts))
    window_days: Mapped[int]
    keep_days: Mapped[int]
    downgrade: Mapped[Downgrade] = mapped_column(text_enum(Downgrade))
    grace_days: Mapped[int]
    refund_lowers: Mapped[bool]
    without_product_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    without_category_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)

    __table_args__ = (
        CheckConstraint("id = 1", name="one"),
        CheckConstraint("window_days BETWEEN 1 AND 3650", name="window"),
        CheckConstraint("keep_days BETWEEN 1 AND 3650", name="keep"),
        CheckConstraint("grace_days BETWEEN 0 AND 365", name="grace"),
    )


class GrowthRow(Base):
    """Something that happened to an order, noted once: the facts growth is a fold of."""

    __tablename__ = "member_growth"

    order_no: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[GrowthKind] = mapped_column(text_enum(GrowthKind), primary_key=True)
    at: Mapped[Utc] = mapped_column(primary_key=True)
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    amount_fen: Mapped[Fen]
    day: Mapped[date] = mapped_column(Date)

    __table_args__ = (
        CheckConstraint("amount_fen >= 0", name="amount"),
        Index("ix_member_growth_fan_id", "fan_id", "day"),
        {"info": {"append_only": True}},
    )


class MemberStanding(Base):
    """Where a person stands. Who has no row has bought nothing and stands on the lowest level."""

    __tablename__ = "member_standing"

    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True, autoincrement=False)
    level_id: Mapped[int] = mapped_column(ForeignKey("member_level.id"), default=0)
    growth_fen: Mapped[Fen] = mapped_column(default=0)
    """inside the window that ended on `counted_on`"""
    counted_on: Mapped[date] = mapped_column(Date)
    since: Mapped[Utc]
    review_on: Mapped[date | None] = mapped_column(Date)
    check_on: Mapped[date | None] = mapped_column(Date)
    """the next day on which anything changes by itself"""
    locked_until: Mapped[date | None] = mapped_column(Date)
    """the last day of a lock by hand"""
    lock_reason: Mapped[str] = mapped_column(Text, default="")
    locked_by: Mapped[int | None] = mapped_column(BigInteger)
    """of the staff; 0 = a program with a key"""

    __table_args__ = (
        CheckConstraint("growth_fen >= 0", name="growth"),
        Index("ix_member_standing_level", "level_id", "growth_fen"),
        Index(
            "ix_member_standing_check",
            "check_on",
            postgresql_where=text("check_on IS NOT NULL"),
        ),
    )


class LevelMove(Base):
    """One move of a fan from a level to another. Never changed."""

    __tablename__ = "member_level_move"

    id: Mapped[Id]
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    before_id: Mapped[int] = mapped_column(ForeignKey("member_level.id"))
    after_id: Mapped[int] = mapped_column(ForeignKey("member_level.id"))
    cause: Mapped[LevelCause] = mapped_column(text_enum(LevelCause))
    growth_fen: Mapped[Fen]
    """as it stood"""
    at: Mapped[Utc]

    __table_args__ = (
        Index("ix_member_level_move_fan", "fan_id", "id"),
        {"info": {"append_only": True}},
    )


class LevelGift(Base):
    """A gift for reaching a level; once ever for a fan and level."""

    __tablename__ = "member_level_gift"

    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True, autoincrement=False)
    level_id: Mapped[int] = mapped_column(
        ForeignKey("member_level.id"), primary_key=True, autoincrement=False
    )
    template_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[Utc]

    __table_args__ = ({"info": {"append_only": True}},)


GROWN_SQL = """
    SELECT person, sum(greatest(amount_fen - back_fen, 0))::bigint AS fen, min(day) AS first_day
    FROM (
        SELECT coalesce(f.merged_into, f.id) AS person, g.order_no,
               coalesce(max(g.amount_fen) FILTER (WHERE g.kind = 'paid'), 0) AS amount_fen,
               min(g.day) FILTER (WHERE g.kind = {counts}) AS day,
               coalesce(sum(g.amount_fen) FILTER (WHERE g.kind = 'refunded'), 0) AS back_fen
        FROM member_growth AS g JOIN fan AS f ON f.id = g.fan_id
        {only}
        GROUP BY 1, 2
    ) AS orders
    {inside}
    GROUP BY 1
"""
"""Growth by person: orders that count inside a window, less what went back of them."""

_RECOUNT = GROWN_SQL.format(
    counts="(SELECT counts FROM member_rules)",
    only="",
    inside="""JOIN member_standing AS s ON s.fan_id = orders.person
    WHERE orders.day > s.counted_on - (SELECT window_days::int FROM member_rules)""",
)
invariant(
    "L1.growth",
    "a member's growth equals a recount of their orders inside the window",
    f"""
    SELECT s.fan_id, s.growth_fen, r.fen
    FROM member_standing AS s JOIN fan ON fan.id = s.fan_id AND fan.merged_into IS NULL
    LEFT JOIN ({_RECOUNT}) AS r ON r.person = s.fan_id
    WHERE s.growth_fen <> coalesce(r.fen, 0)
    """,  # noqa: S608 our own text
)
invariant(
    "L2.level",
    "a fan has at least the level their growth reaches, unless locked; the fan record and the"
    " last move say the same",
    """
    SELECT fan.id, fan.level_id, s.level_id AS stands
    FROM fan LEFT JOIN member_standing AS s ON s.fan_id = fan.id
    LEFT JOIN member_level AS has ON has.id = s.level_id
    LEFT JOIN LATERAL (
        SELECT after_id FROM member_level_move AS m WHERE m.fan_id = fan.id ORDER BY m.id DESC LIMIT 1
    ) AS last ON true
    WHERE fan.merged_into IS NULL AND (
        fan.level_id <> coalesce(s.level_id, 0)
        OR coalesce(s.level_id, 0) <> coalesce(last.after_id, 0)
        OR (s.locked_until IS NULL AND EXISTS (
            SELECT FROM member_level AS l
            WHERE l.archived_at IS NULL AND l.threshold_fen <= s.growth_fen
              AND l.threshold_fen > has.threshold_fen)))
    """,
)

person_rows("member_growth", "成长值明细", "growth")
person_rows(
    "member_standing",
    "会员等级",
    "member level",
    joined=Joined.PERSON,
    clear={"lock_reason": ""},
)
person_rows("member_level_move", "等级变化", "moves between levels")
person_rows("member_level_gift", "升级礼", "gifts for levels")
