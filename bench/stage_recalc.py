"""Stages and sources at 600,000 fans: judging one fan after an event, a preview of other rules over
everybody, a year's report of sources; each against the database's own work in the same run.
"""

import os
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from bench.harness import MERCHANT, Result, installation
from tiefen.channels import queries as channels
from tiefen.channels.values import Grouping, Model
from tiefen.fans import queries
from tiefen.fans.models import Fan
from tiefen.fans.service import timeline
from tiefen.fans.values import DEFAULT_RULES, Condition, Measure, StageRule
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Db

FANS = int(os.environ.get("FANS") or 600_000)
EVENTS, CODES, DAYS = 200, 500, 365
_WORLD = (
    """
    INSERT INTO fan (stage, stage_at, joined_at, last_seen_at, nickname, grams, avatar_url, remark,
                     following, ever_followed, orders, received_orders, whole_refunds, paid_fen,
                     refunded_fen, interactions, last_paid_at)
    SELECT 'follower', now(), now() - n % 365 * interval '1 day', now() - n % 200 * interval '1 day',
           '', '{}', '', '', true, true, n % 5, n % 5, 0, n % 5 * 9900, 0, n % 9,
           CASE WHEN n % 5 > 0 THEN now() - n % 200 * interval '1 day' END
    FROM generate_series(1, :fans) AS n
    """,
    """
    INSERT INTO fan_day (fan_id, day, interactions, received, friends)
    SELECT n, current_date - ((n + k * 37) % 365)::int, 1 + n % 3, (n + k) % 2, 0
    FROM generate_series(1, :fans) AS n, generate_series(0, 3) AS k ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO channel_income (model, day, code_id, owner_staff_id, orders_bp, received_bp, paid_fen,
                                received_fen, refunded_fen)
    SELECT m, current_date - d, c, c % 40, 20000, 10000, 19800, 9900, 0
    FROM unnest(ARRAY['first', 'last', 'linear', 'rule']) AS m, generate_series(0, :days - 1) AS d,
         generate_series(1, :codes) AS c
    """,
    """
    INSERT INTO channel_reach (day, code_id, owner_staff_id, scans, follows, fans, ruled, gone,
                               visited, ordered, buyers, receivers, keepers)
    SELECT current_date - d, c, c % 40, 9, 8, 7, 0, 1, 5, 4, 3, 2, 1
    FROM generate_series(0, :days - 1) AS d, generate_series(1, :codes) AS c
    """,
)


async def _build(db: Db) -> None:
    async with db.merchant(MERCHANT) as tx:
        await tx.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in _WORLD:
            given = {"fans": FANS, "days": DAYS, "codes": CODES}
            used = {name: value for name, value in given.items() if f":{name}" in statement}
            await tx.execute(text(statement), used)
    async with db.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        for table in ("fan", "fan_day", "channel_income", "channel_reach"):
            await plain.execute(text(f'ANALYZE "m_{MERCHANT}".{table}'))


async def _timed(act: Callable[[], Awaitable[object]], times: int) -> float:
    """Median seconds."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        await act()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


async def _judgements(db: Db) -> tuple[float, float]:
    """Median seconds of judging one locked fan anew, and of reading one row by its key."""
    judged, bare = [], []
    for number in range(EVENTS):
        fan_id = 1 + number * 1_999 % FANS
        async with db.merchant(MERCHANT) as tx:
            person = await tx.get_one(Fan, fan_id, with_for_update=True)
            began = time.perf_counter()
            await timeline.restage(tx, person, tx.now)
            await tx.flush()
            judged.append(time.perf_counter() - began)
            began = time.perf_counter()
            await tx.execute(text("SELECT orders FROM fan WHERE id = :id"), {"id": fan_id})
            bare.append(time.perf_counter() - began)
    return statistics.median(judged), statistics.median(bare)


async def run() -> list[Result]:
    """Four lines; times in milliseconds, ratio = limit / median."""
    async with installation() as home:
        db = home.db
        await _build(db)
        moving, bare = await _judgements(db)
        judged, again = await _judgements(db)
        wanted = replace(DEFAULT_RULES, fan=StageRule((Condition(Measure.RECEIVED, 1, 90),)))

        async def preview() -> None:
            async with db.merchant(MERCHANT) as tx:
                await queries.preview(tx, wanted, day_of(tx.now))

        async def scan() -> None:
            async with db.merchant(MERCHANT) as tx:
                await tx.execute(text("SELECT stage, sum(orders) FROM fan GROUP BY 1"))
                await tx.execute(text("SELECT sum(received) FROM fan_day"))

        async def report() -> None:
            async with db.merchant(MERCHANT) as tx:
                last = day_of(tx.now)
                days = last - timedelta(days=DAYS), last
                await channels.report(tx, Grouping.CODE, *days)
                await channels.costs(tx, Grouping.CODE, Model.FIRST, *days)

        async def add_up() -> None:
            async with db.merchant(MERCHANT) as tx:
                await tx.execute(text("SELECT model, sum(paid_fen) FROM channel_income GROUP BY 1"))

        return [
            _line("stage_recalc", judged, again, "rules, days, judgement; limit: one row read by its key"),
            _line("stage_recalc_move", moving, bare, "the same with a move: log, timeline, event; limit as above"),
            _line("stage_recalc_preview", await _timed(preview, 3), await _timed(scan, 3), f"{FANS} fans, windows of 90 to 365 days; limit: one scan of both tables"),
            _line("stage_recalc_report", await _timed(report, 5), await _timed(add_up, 5), f"a year of {CODES} codes, four models; limit: one sum over the same rows"),
        ]  # fmt: skip


def _line(name: str, seconds: float, limit: float, note: str) -> Result:
    command = "make bench ONLY=stage_recalc"
    return Result(name, seconds * 1000, "ms", limit * 1000, limit / seconds, command, note)
