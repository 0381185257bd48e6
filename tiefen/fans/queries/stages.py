"""Reads of the stages: rules, moves, who sleeps, and what other rules would change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import func, select, text, tuple_
from sqlalchemy.orm import aliased

from tiefen.fans import rules
from tiefen.fans.models import Fan, Line, StageMove, StageRuleSet
from tiefen.fans.values import (
    DEFAULT_RULES,
    SEEN,
    WINDOWED,
    Condition,
    Happening,
    Measure,
    Stage,
    StageRule,
    StageRules,
)
from tiefen.kernel.db import Tx


@dataclass(frozen=True, slots=True)
class Moves:
    """How many fans moved so, on a day or in a preview."""

    before: Stage
    after: Stage
    fans: int
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Quiet:
    """A fan who sleeps or is lost, with the last thing they did themselves."""

    fan: Fan
    last_kind: Happening | None
    last_at: datetime | None


_CURRENT = text("SELECT version, body FROM fan_stage_rules ORDER BY version DESC LIMIT 1")


async def current_rules(tx: Tx) -> tuple[int, StageRules]:
    """The newest version of the rules; 0 with those a merchant begins with."""
    row = (await tx.execute(_CURRENT)).one_or_none()
    if row is None:
        return 0, DEFAULT_RULES
    return row.version, msgspec.convert(row.body, StageRules)


async def rule_sets(tx: Tx, limit: int = 20) -> list[StageRuleSet]:
    """Published versions, newest first."""
    wanted = select(StageRuleSet).order_by(StageRuleSet.version.desc()).limit(limit)
    return list(await tx.scalars(wanted.execution_options(populate_existing=True)))


async def moves_by_day(tx: Tx, first: date, last: date) -> list[Moves]:
    """Moves of each day, read from an index alone."""
    rows = await tx.execute(
        select(StageMove.day, StageMove.before, StageMove.after, func.count())
        .where(StageMove.day.between(first, last))
        .group_by(StageMove.day, StageMove.before, StageMove.after)
        .order_by(StageMove.day)
    )
    return [Moves(before, after, fans, day) for day, before, after, fans in rows]


async def moves_of(
    tx: Tx, fan_ids: Sequence[int], *, before_id: int | None, limit: int
) -> list[StageMove]:
    """A person's moves, newest first, one more than `limit`."""
    wanted = select(StageMove).where(StageMove.fan_id.in_(fan_ids))
    if before_id is not None:
        wanted = wanted.where(StageMove.id < before_id)
    return list(await tx.scalars(wanted.order_by(StageMove.id.desc()).limit(limit + 1)))


async def quiet(
    tx: Tx,
    stage: Stage | None,
    seen_before: datetime,
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[Quiet]:
    """Fans not seen since `seen_before`, the most recently seen first, one more than `limit`.

    `stage` LOST = those lost; None = those who are neither lost nor mere visitors: they sleep.
    """
    last = aliased(Line)
    newest = (
        select(last.kind, last.at)
        .where(last.fan_id == Fan.id, last.kind.in_(SEEN))
        .order_by(last.at.desc(), last.id.desc())
        .limit(1)
        .lateral()
    )
    wanted = select(Fan, newest.c.kind, newest.c.at).outerjoin(newest, text("true"))
    wanted = wanted.where(Fan.merged_into.is_(None))
    if stage is Stage.LOST:
        # Written out, so that a prepared statement too can walk the index of the lost.
        wanted = wanted.where(text("fan.stage = 'lost'"))
    else:
        wanted = wanted.where(
            Fan.last_seen_at < seen_before, Fan.stage.not_in((Stage.LOST, Stage.VISITOR))
        )
    if after is not None:
        wanted = wanted.where(tuple_(Fan.last_seen_at, Fan.id) < tuple_(*after))
    rows = await tx.execute(
        wanted.order_by(Fan.last_seen_at.desc(), Fan.id.desc()).limit(limit + 1)
    )
    return [Quiet(fan, kind, at) for fan, kind, at in rows]


async def count_sleeping(tx: Tx, seen_before: datetime) -> int:
    """How many sleep."""
    counted = select(func.count()).where(
        Fan.merged_into.is_(None),
        Fan.last_seen_at < seen_before,
        Fan.stage.not_in((Stage.LOST, Stage.VISITOR)),
    )
    return await tx.scalar(counted) or 0


async def preview(tx: Tx, wanted: StageRules, today: date) -> list[Moves]:
    """How many fans stand where and would stand where under other rules; one statement, exact."""
    # One answer about everybody, asked for now and then: memory for its sums, and time to read.
    await tx.execute(text("SET LOCAL work_mem = '128MB'"))
    await tx.execute(text("SET LOCAL statement_timeout = '120s'"))
    rows = await tx.execute(text(preview_sql(wanted, today)))
    return [Moves(Stage(before), Stage(after), fans) for before, after, fans in rows]


def preview_sql(wanted: StageRules, today: date) -> str:
    """The rules as SQL over counters and days; only whole numbers and our own names go in.

    Days are summed by record; those of the few joined records are added to their persons.
    """
    since = rules.window_start(wanted, today)
    windows = sorted(
        {
            f"{one.measure.value}_{one.within_days}": one
            for one in rules.conditions(wanted)
            if one.within_days
        }.items()
    )
    with_, joined = "", ""
    if windows and since:
        columns = ", ".join(
            f"sum({_DAILY[one.measure]}::int) FILTER (WHERE d.day >= {_date(today, one)}) AS {name}"
            for name, one in windows
        )
        both = ", ".join(
            f"coalesce(own.{name}, 0) + coalesce(others.{name}, 0) AS {name}" for name, _ in windows
        )
        sums = ", ".join(f"sum(w.{name})::bigint AS {name}" for name, _ in windows)
        with_ = f"""
        WITH w AS MATERIALIZED (
            SELECT d.fan_id, {columns} FROM fan_day AS d
            WHERE d.day >= '{since.isoformat()}'::date GROUP BY 1)"""  # noqa: S608 as above
        joined = f"""
        LEFT JOIN w AS own ON own.fan_id = f.id
        LEFT JOIN (
            SELECT p.merged_into AS person, {sums} FROM fan AS p JOIN w ON w.fan_id = p.id
            WHERE p.merged_into IS NOT NULL GROUP BY 1
        ) AS others ON others.person = f.id
        CROSS JOIN LATERAL (SELECT {both}) AS w"""  # noqa: S608 as above
    return f"""
        {with_}
        SELECT f.stage, CASE {_lost_sql(wanted, today)} {_ladder_sql(wanted)}
                             WHEN f.following THEN 'follower' ELSE 'visitor' END AS after, count(*)
        FROM fan AS f {joined}
        WHERE f.merged_into IS NULL GROUP BY 1, 2
    """  # noqa: S608 as above


_LIFETIME = {
    Measure.ORDERS: "f.orders + f.past_orders - f.whole_refunds",
    Measure.RECEIVED: "f.received_orders + f.past_orders - f.returned_orders",
    Measure.KEPT_FEN: "f.paid_fen + f.past_fen - f.refunded_fen",
    Measure.INTERACTIONS: "f.interactions",
    Measure.FRIENDS: "f.friends",
}
_DAILY = {
    Measure.RECEIVED: "(d.received + d.past)",
    Measure.INTERACTIONS: "d.interactions",
    Measure.FRIENDS: "d.friends",
}
assert set(_LIFETIME) == set(Measure) > WINDOWED == set(_DAILY)
_SEEN = "greatest(f.last_seen_at, f.past_last_at)"
_PAID = "greatest(f.last_paid_at, f.past_last_at)"
_BOUGHT = "f.orders + f.past_orders > f.whole_refunds"


def _ladder_sql(wanted: StageRules) -> str:
    return " ".join(
        f"WHEN {_rule_sql(rules.rule_of(wanted, name))} THEN '{name.value}'"
        for name in reversed(rules.LADDER)
    )


def _rule_sql(rule: StageRule) -> str:
    every = " AND ".join(map(_condition_sql, rule.every))
    if not rule.one_of:
        return every
    return f"{every} AND ({' OR '.join(map(_condition_sql, rule.one_of))})"


def _condition_sql(one: Condition) -> str:
    have = _LIFETIME[one.measure]
    if one.within_days is not None:
        have = f"w.{one.measure.value}_{int(one.within_days)}"
    return f"{have} >= {int(one.at_least)}"


def _lost_sql(wanted: StageRules, today: date) -> str:
    def passed(column: str, days: int) -> str:
        local = f"({column} AT TIME ZONE 'Asia/Shanghai')::date"
        return f"{local} <= '{today.isoformat()}'::date - {int(days)}"

    silent = wanted.silent_days
    cases = [
        f"f.ever_followed AND NOT f.following AND ({_PAID} IS NULL OR {passed(_PAID, silent)})",
        f"{_BOUGHT} AND {passed(_SEEN, silent)}",
    ]
    if wanted.follower_silent_days is not None:
        limit = wanted.follower_silent_days
        cases.append(f"f.following AND NOT {_BOUGHT} AND {passed(_SEEN, limit)}")
    return " ".join(f"WHEN {case} THEN 'lost'" for case in cases)


def _date(today: date, one: Condition) -> str:
    first = today - timedelta(days=(one.within_days or 1) - 1)
    return f"'{first.isoformat()}'::date"
