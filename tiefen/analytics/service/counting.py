"""Taking facts and hits in, each counted once, and counting anew."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text

from tiefen.analytics import rules
from tiefen.analytics.events import FanVisited
from tiefen.analytics.models import DAILY_SQL, FAN_DAY_SQL, METRIC_ROWS, STEP_ROWS
from tiefen.analytics.values import FactKind, Hit, Step
from tiefen.fans import service as fans
from tiefen.kernel import db as database
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish

_FACTS = text(
    f"""
    WITH wish AS (
        SELECT * FROM jsonb_to_recordset(CAST(:facts AS jsonb)) AS w(
            kind text, ref text, fan_id bigint, amount_fen bigint, at timestamptz, day date,
            shard smallint)
    ), fresh AS (
        INSERT INTO analytics_fact (kind, ref, fan_id, amount_fen, at, day)
        SELECT kind, ref, fan_id, amount_fen, at, day FROM wish ORDER BY kind, ref
        ON CONFLICT DO NOTHING RETURNING kind, ref
    ), told AS (
        SELECT wish.* FROM wish JOIN fresh USING (kind, ref)
    ), marked AS (
        INSERT INTO analytics_fan_day AS f (day, fan_id, steps)
        SELECT told.day, told.fan_id, bit_or(s.step)
        FROM told JOIN (VALUES {STEP_ROWS}) AS s(kind, step) ON s.kind = told.kind
        GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (day, fan_id) DO UPDATE SET steps = f.steps | excluded.steps
        WHERE f.steps & excluded.steps <> excluded.steps
    )
    INSERT INTO analytics_daily AS d (day, metric, shard, value)
    SELECT told.day, m.metric, told.shard,
           sum(CASE WHEN m.amount THEN told.amount_fen ELSE 1 END)
    FROM told JOIN (VALUES {METRIC_ROWS}) AS m(kind, metric, amount) ON m.kind = told.kind
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (day, metric, shard) DO UPDATE SET value = d.value + excluded.value
    """  # noqa: S608 names from our own enums
)
_HITS = text(
    """
    WITH stored AS (
        INSERT INTO analytics_hit (kind, page, target, source, visitor, fan_id, at, day)
        SELECT h.kind, h.page, h.target, h.source, :visitor, CAST(:fan_id AS bigint), :now,
               CAST(:day AS date)
        FROM jsonb_to_recordset(CAST(:hits AS jsonb))
             AS h(kind text, page text, target text, source text)
    ), seen AS (
        INSERT INTO analytics_visitor_day (day, visitor) VALUES (CAST(:day AS date), :visitor)
        ON CONFLICT DO NOTHING
    ), did AS (
        INSERT INTO analytics_fan_day AS f (day, fan_id, steps)
        SELECT CAST(:day AS date), CAST(:fan_id AS bigint), :step
        WHERE CAST(:fan_id AS bigint) IS NOT NULL
        ON CONFLICT (day, fan_id) DO UPDATE SET steps = f.steps | excluded.steps
        WHERE f.steps & excluded.steps <> excluded.steps
        RETURNING fan_id
    )
    INSERT INTO analytics_daily AS d (day, metric, shard, value)
    VALUES (CAST(:day AS date), 'hits', :shard, :count)
    ON CONFLICT (day, metric, shard) DO UPDATE SET value = d.value + excluded.value
    RETURNING (SELECT count(*) FROM did)
    """
)


def note_fact(
    tx: Tx, kind: FactKind, ref: str, *, fan_id: int, at: datetime, amount_fen: int = 0
) -> None:
    """Take a fact in, once: `ref` names it within its kind. Counted with the commit of `tx`."""
    row = {
        "kind": kind.value,
        "ref": ref,
        "fan_id": fan_id,
        "amount_fen": amount_fen,
        "at": at,
        "day": day_of(at).isoformat(),
        "shard": rules.shard_of(fan_id),
    }
    tx.info.setdefault("facts", {}).setdefault((kind, ref), row)


async def note_hits(tx: Tx, hits: Sequence[Hit], *, fan_id: int | None, visitor: str) -> None:
    """Take a batch of hits in: one statement, whatever its size; the first of a day is announced."""
    key = rules.visitor_key(fan_id, visitor)
    rows: list[dict[str, Any]] = [
        {"kind": hit.kind.value, "page": hit.page, "target": hit.target, "source": hit.source}
        for hit in hits
    ]
    came = await tx.scalar(
        _HITS,
        {
            "hits": msgspec.json.encode(rows).decode(),
            "visitor": key,
            "fan_id": fan_id,
            "now": tx.now,
            "day": day_of(tx.now),
            "step": int(Step.VISITED),
            "shard": rules.shard_of(sum(key.encode())),
            "count": len(rows),
        },
    )
    if fan_id is not None and came:
        publish(tx, FanVisited(fan_id, tx.now), aggregate=f"fan:{fan_id}")
    if fan_id is not None:
        fans.note_visit(tx, fan_id, rules.products_seen(hits))


async def rebuild(tx: Tx) -> None:
    """Count all days anew from facts and hits; readers see the old figures until it commits."""
    for statement in (
        "DELETE FROM analytics_daily",
        "DELETE FROM analytics_fan_day",
        "DELETE FROM analytics_visitor_day",
        f"INSERT INTO analytics_daily (day, metric, value, shard) SELECT r.*, 0 FROM ({DAILY_SQL}) AS r",  # noqa: S608 our own text
        f"INSERT INTO analytics_fan_day (day, fan_id, steps) {FAN_DAY_SQL}",
        "INSERT INTO analytics_visitor_day (day, visitor)"
        " SELECT DISTINCT day, visitor FROM analytics_hit",
    ):
        await tx.execute(text(statement))


async def _count(tx: Tx) -> None:
    """Count all facts noted on the transaction in one statement, the rows everybody wants last."""
    facts = tx.info.pop("facts", None)
    if facts:
        rows = sorted(facts.values(), key=lambda row: (row["kind"], row["ref"]))
        await tx.execute(_FACTS, {"facts": msgspec.json.encode(rows).decode()})


database.before_commit.append(_count)
