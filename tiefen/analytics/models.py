"""Tables of the analytics room: facts, hits, and what is counted from them."""

from datetime import date

from sqlalchemy import Date, Index, SmallInteger, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.analytics.values import METRICS, STEPS, FactKind, HitKind
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Fen, Id, Utc, text_enum
from tiefen.kernel.personal import person_rows


class Fact(Base):
    """Something another room announced, once. Never changed."""

    __tablename__ = "analytics_fact"

    id: Mapped[Id]
    kind: Mapped[FactKind] = mapped_column(text_enum(FactKind))
    ref: Mapped[str] = mapped_column(Text)
    fan_id: Mapped[int]
    amount_fen: Mapped[Fen]
    at: Mapped[Utc]
    day: Mapped[date] = mapped_column(Date)
    """the merchant's day"""

    __table_args__ = (
        UniqueConstraint("kind", "ref", name="uq_analytics_fact_ref"),
        Index("ix_analytics_fact_day", "day", "kind"),
        {"info": {"append_only": True}},
    )


class HitRow(Base):
    """One tracked behaviour in the shop."""

    __tablename__ = "analytics_hit"

    id: Mapped[Id]
    kind: Mapped[HitKind] = mapped_column(text_enum(HitKind))
    page: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    visitor: Mapped[str] = mapped_column(Text)
    fan_id: Mapped[int | None]
    at: Mapped[Utc]
    day: Mapped[date] = mapped_column(Date)

    __table_args__ = (Index("ix_analytics_hit_day", "day"),)


class Daily(Base):
    """A day's figure, spread over a few rows that are summed when read."""

    __tablename__ = "analytics_daily"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    metric: Mapped[str] = mapped_column(Text, primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    value: Mapped[Fen]


class VisitorDay(Base):
    """Who visited on a day, once each."""

    __tablename__ = "analytics_visitor_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    visitor: Mapped[str] = mapped_column(Text, primary_key=True)


class FanDay(Base):
    """What a fan did on a day, one bit a step."""

    __tablename__ = "analytics_fan_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    fan_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    steps: Mapped[int]

    __table_args__ = (Index("ix_analytics_fan_day_fan", "fan_id", "day"),)


METRIC_ROWS = ", ".join(
    f"('{kind.value}', '{metric.value}', {str(amount).lower()})"
    for kind, metrics in METRICS.items()
    for metric, amount in metrics
)
STEP_ROWS = ", ".join(f"('{kind.value}', {int(step)})" for kind, step in STEPS.items())
DAILY_SQL = f"""
    SELECT f.day, m.metric, sum(CASE WHEN m.amount THEN f.amount_fen ELSE 1 END)::bigint AS value
    FROM analytics_fact AS f JOIN (VALUES {METRIC_ROWS}) AS m(kind, metric, amount)
      ON m.kind = f.kind
    GROUP BY 1, 2
    UNION ALL SELECT day, 'hits', count(*) FROM analytics_hit GROUP BY 1
"""  # noqa: S608 names from our own enums
"""A recount of every day's figures."""
FAN_DAY_SQL = f"""
    SELECT day, fan_id, bit_or(step)::integer AS steps FROM (
        SELECT f.day, f.fan_id, s.step FROM analytics_fact AS f
        JOIN (VALUES {STEP_ROWS}) AS s(kind, step) ON s.kind = f.kind
        UNION ALL
        SELECT day, fan_id, 4 FROM analytics_hit WHERE fan_id IS NOT NULL
    ) AS done GROUP BY 1, 2
"""  # noqa: S608 names from our own enums
"""A recount of what every fan did on every day."""

invariant(
    "N1.daily",
    "daily figures equal a recount of facts and hits",
    f"""
    SELECT coalesce(d.day, r.day) AS day, coalesce(d.metric, r.metric) AS metric,
           d.value AS kept, r.value AS recounted
    FROM (SELECT day, metric, sum(value) AS value FROM analytics_daily GROUP BY 1, 2) AS d
    FULL JOIN ({DAILY_SQL}) AS r ON r.day = d.day AND r.metric = d.metric
    WHERE coalesce(d.value, 0) <> coalesce(r.value, 0)
    """,  # noqa: S608 our own text
)
invariant(
    "N2.fan_day",
    "what a fan did on a day equals a recount of facts and hits",
    f"""
    SELECT coalesce(d.day, r.day) AS day, coalesce(d.fan_id, r.fan_id) AS fan_id
    FROM analytics_fan_day AS d FULL JOIN ({FAN_DAY_SQL}) AS r
      ON r.day = d.day AND r.fan_id = d.fan_id
    WHERE d.steps IS DISTINCT FROM r.steps
    """,  # noqa: S608 our own text
)

person_rows(
    "analytics_fact", "经营事件", "events of reports", through="erase_facts", hidden=["ref"]
)
person_rows("analytics_fan_day", "每日到访", "days in reports")
person_rows("analytics_hit", "浏览记录", "page views", clear={"visitor": "", "source": ""})
