"""Taking facts and hits in, each counted once, and counting anew."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from tiefen.analytics import rules
from tiefen.analytics.events import FanVisited
from tiefen.analytics.models import DAILY_SQL, FAN_DAY_SQL, Daily, Fact, FanDay
from tiefen.analytics.values import METRICS, STEPS, FactKind, Hit, Step
from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish

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


async def note_fact(
    tx: Tx, kind: FactKind, ref: str, *, fan_id: int, at: datetime, amount_fen: int = 0
) -> bool:
    """Take a fact in; False when it was known. `ref` names it within its kind."""
    day = rules.day_of(at)
    fresh = await tx.scalar(
        insert(Fact)
        .values(kind=kind, ref=ref, fan_id=fan_id, amount_fen=amount_fen, at=at, day=day)
        .on_conflict_do_nothing()
        .returning(Fact.id)
    )
    if fresh is None:
        return False
    if kind in STEPS:
        await _mark(tx, day, fan_id, STEPS[kind])
    added = [
        {
            "day": day,
            "metric": metric.value,
            "shard": rules.shard_of(fan_id),
            "value": amount_fen if is_amount else 1,
        }
        for metric, is_amount in METRICS[kind]
    ]
    row = insert(Daily).values(added)
    await tx.execute(
        row.on_conflict_do_update(
            index_elements=["day", "metric", "shard"],
            set_={"value": Daily.value + row.excluded.value},
        )
    )
    return True


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
            "day": rules.day_of(tx.now),
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


async def _mark(tx: Tx, day: date, fan_id: int, step: Step) -> None:
    row = insert(FanDay).values(day=day, fan_id=fan_id, steps=int(step))
    await tx.execute(
        row.on_conflict_do_update(
            index_elements=["day", "fan_id"],
            set_={"steps": FanDay.steps.op("|")(row.excluded.steps)},
        )
    )
