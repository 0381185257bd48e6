"""Recency, frequency and money: scores of everybody who bought, in one statement.

A score says how many fifths of the buyers have less: 5 = at least four fifths do. So equal values
have equal scores, and more never scores lower. Recency is the day of the newest payment (kept or not), frequency
the number of purchases that were not given back whole, money what was paid and not given back; all
of it since ever, of the shop and of purchases from before together. Who kept no purchase, or was
erased, has no score.
"""

import msgspec
from sqlalchemy import select, text

from tiefen.fans import rules
from tiefen.fans.models import RfmRun
from tiefen.fans.service.segments import refresh_touching
from tiefen.fans.values import COHORT_MONTHS, COHORTS, GROUPS, HIGH, REPEAT_DAYS, FactKind, Repeat
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.jobs import later

RUN = "fans.rfm"
_KINDS = " ".join(
    f"WHEN (score.r >= {HIGH}, score.f >= {HIGH}, score.m >= {HIGH}) = ({r}, {f}, {m}) THEN '{group.value}'"
    for (r, f, m), group in GROUPS.items()
)
_ROOM = text(
    "SELECT set_config('work_mem', '128MB', true), set_config('statement_timeout', '180s', true)"
)
SCORE_SQL = f"""
    WITH buyer AS (
        SELECT id,
               (greatest(last_paid_at, past_last_at)
                AT TIME ZONE 'Asia/Shanghai')::date AS last_on,
               orders - whole_refunds + past_orders AS frequency,
               paid_fen - refunded_fen + past_fen AS monetary_fen
        FROM fan
        WHERE merged_into IS NULL AND erased_at IS NULL AND orders - whole_refunds + past_orders > 0
    ), score AS (
        SELECT *,
               1 + (rank() OVER (ORDER BY last_on) - 1) * 5 / count(*) OVER () AS r,
               1 + (rank() OVER (ORDER BY frequency) - 1) * 5 / count(*) OVER () AS f,
               1 + (rank() OVER (ORDER BY monetary_fen) - 1) * 5 / count(*) OVER () AS m
        FROM buyer
    ), kept AS (
        INSERT INTO fan_rfm AS k (fan_id, r, f, m, kind, last_on, frequency, monetary_fen, since)
        SELECT score.id, score.r, score.f, score.m, CASE {_KINDS} END, score.last_on,
               score.frequency, score.monetary_fen,
               CAST(:today AS date)
        FROM score LEFT JOIN fan_rfm AS old ON old.fan_id = score.id
        WHERE old.fan_id IS NULL
           OR (old.r, old.f, old.m, old.last_on, old.frequency, old.monetary_fen)
           <> (score.r, score.f, score.m, score.last_on, score.frequency, score.monetary_fen)
        ON CONFLICT (fan_id) DO UPDATE SET
            since = CASE WHEN (k.r, k.f, k.m) = (excluded.r, excluded.f, excluded.m)
                         THEN k.since ELSE excluded.since END,
            r = excluded.r, f = excluded.f, m = excluded.m, kind = excluded.kind,
            last_on = excluded.last_on, frequency = excluded.frequency,
            monetary_fen = excluded.monetary_fen
    ), gone AS (
        DELETE FROM fan_rfm AS k WHERE NOT EXISTS (SELECT 1 FROM buyer WHERE buyer.id = k.fan_id)
    )
    SELECT count(*) FROM buyer
"""  # noqa: S608 our own text
_SCORE = text(SCORE_SQL)
_TOPICS = text("SELECT id FROM fan_topic WHERE subject = '' AND kind = ANY(:kinds)")
BACK_SQL = """
    WITH bought AS (
        SELECT f.fan_id AS buyer, f.day FROM fan_fact AS f WHERE f.topic_id = ANY(:topics)
        UNION ALL
        SELECT -c.id, (p.at AT TIME ZONE 'Asia/Shanghai')::date
        FROM fan_past_customer AS c JOIN fan_past_purchase AS p ON p.customer_id = c.id
        WHERE c.fan_id IS NULL
    ), seen AS (
        SELECT day, lag(day) OVER w AS before, first_value(day) OVER w AS first_on
        FROM bought WINDOW w AS (PARTITION BY buyer ORDER BY day)
    ), pair AS MATERIALIZED (
        SELECT first_on, day, count(*) FILTER (WHERE before IS NULL) AS firsts,
               count(*) FILTER (WHERE before = first_on) AS seconds,
               count(*) FILTER (WHERE before IS NULL
                                   OR before <= day - date_part('day', day)::int) AS months
        FROM seen WHERE before IS DISTINCT FROM day GROUP BY 1, 2
    ), month AS (
        SELECT (date_part('year', first_on) * 12 + date_part('month', first_on) - 1)::int AS first,
               (date_part('year', day) * 12 + date_part('month', day) - 1)::int AS month, months
        FROM pair WHERE months > 0
    )
    SELECT w.days, CAST(NULL AS int) AS first, CAST(NULL AS int) AS k,
           coalesce(sum(firsts) FILTER (WHERE first_on <= CAST(:today AS date) - w.days), 0)::bigint
               AS buyers,
           coalesce(sum(seconds) FILTER (WHERE first_on <= CAST(:today AS date) - w.days
                                           AND day <= first_on + w.days), 0)::bigint AS again,
           coalesce(sum(firsts), 0)::bigint AS everybody
    FROM unnest(CAST(:windows AS int[])) AS w(days) LEFT JOIN pair ON true GROUP BY 1
    UNION ALL
    SELECT CAST(NULL AS int), first, month - first, sum(months)::bigint, 0, 0 FROM month
    WHERE month - first <= :months
      AND first >= (SELECT min(first) FROM (SELECT DISTINCT first FROM month
                                            ORDER BY 1 DESC LIMIT :cohorts) AS newest)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
"""Who came back: one row a window of days, then one a month of first buying and month since.

Of fans by their facts, of customers from before who are no fans by their purchases. Their days are
sorted once; pairs of a first and a later day say all the rest, and there are few of those.
"""
_BACK = text(BACK_SQL)


async def ask_rfm(tx: Tx) -> RfmRun:
    """Have everybody scored anew by a job; one that is asked for already is enough."""
    waiting: RfmRun | None = await tx.scalar(
        select(RfmRun).where(RfmRun.done_at.is_(None)).order_by(RfmRun.id.desc()).limit(1)
    )
    if waiting is not None:
        later(tx, RUN, run_id=waiting.id)  # whatever became of the job that was left for it
        return waiting
    made = _made(tx)
    tx.add(made)
    await tx.flush()
    later(tx, RUN, run_id=made.id)
    return made


async def run_rfm(tx: Tx, run_id: int) -> None:
    """Score everybody, and count who came back. Safe to run twice."""
    run = await tx.get(RfmRun, run_id, with_for_update=True)
    if run is None or run.done_at is not None:
        return
    await _compute(tx, run)


async def run_rfm_now(tx: Tx) -> RfmRun:
    """As `run_rfm`, at once."""
    made = _made(tx)
    tx.add(made)
    await tx.flush()
    await _compute(tx, made)
    return made


async def rfm_is_due(tx: Tx) -> bool:
    """Whether today's run is missing."""
    today = day_of(tx.now)
    done = select(RfmRun.id).where(RfmRun.day == today, RfmRun.done_at.is_not(None)).limit(1)
    return await tx.scalar(done) is None


async def _compute(tx: Tx, run: RfmRun) -> None:
    await tx.execute(_ROOM)
    today = day_of(tx.now)
    run.buyers = await tx.scalar(_SCORE, {"today": today}) or 0
    kinds = [FactKind.BOUGHT.value, FactKind.PAST_BOUGHT.value]
    topics = list(await tx.scalars(_TOPICS, {"kinds": kinds}))
    given = {
        "topics": topics,
        "today": today,
        "windows": list(REPEAT_DAYS),
        "months": COHORT_MONTHS,
        "cohorts": COHORTS,
    }
    rows = list(await tx.execute(_BACK, given))
    windows = [one for one in rows if one.days is not None]
    run.all_buyers = windows[0].everybody
    run.repeat = [msgspec.to_builtins(Repeat(one.days, one.buyers, one.again)) for one in windows]
    months = [(one.first, one.k, one.buyers) for one in rows if one.days is None]
    run.cohorts = [msgspec.to_builtins(one) for one in rules.cohorts(months, today)]
    run.day, run.done_at = today, tx.now
    await refresh_touching(tx, "rfm")


def _made(tx: Tx) -> RfmRun:
    return RfmRun(
        day=day_of(tx.now), asked_at=tx.now, buyers=0, all_buyers=0, repeat=[], cohorts=[]
    )
