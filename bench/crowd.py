"""A crowd to count: 600,000 fans and 20 million facts of two years, made by the database itself.

`TIEFEN_BENCH_FANS` makes a smaller one; facts, tags and answers shrink with it.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from bench.harness import MERCHANT, Installation, installation

FANS = int(os.environ.get("TIEFEN_BENCH_FANS", "600000"))
FACTS_PER_FAN = 33
"""20 million for 600,000 fans."""
TOPICS: tuple[tuple[str, str, int], ...] = (
    ("visited", "", 26),
    *(("visited", str(product), 1) for product in range(1, 31)),
    ("bought", "", 6),
    *(("bought", str(product), 0) for product in range(1, 31)),
    ("received", "", 5),
    ("wrote", "", 8),
    ("menu", "", 6),
    ("followed", "", 3),
    ("asked", "发货", 1),
    ("refunded", "", 1),
)
"""(kind, subject, weight); 0 = two fifths of one."""


@asynccontextmanager
async def crowd() -> AsyncIterator[Installation]:
    """An installation with the crowd in it, vacuumed and analysed."""
    async with installation(f"crowd-{FANS}", _crowd) as home:
        await _told(home, _look_after)
        yield home


async def _crowd(home: Installation) -> None:
    await _told(home, _fill)


async def _told(home: Installation, tell: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    admin = await asyncpg.connect(home.url.replace("postgresql+asyncpg://", "postgresql://"))
    try:
        await admin.execute(f'SET search_path TO "m_{MERCHANT}"')
        await admin.execute("SET statement_timeout = 0")
        await tell(admin)
    finally:
        await admin.close()


async def _look_after(admin: asyncpg.Connection) -> None:
    """Owners, levels and plans, also for a crowd that was kept from before there were any."""
    if await admin.fetchval("SELECT EXISTS (SELECT FROM fan WHERE follow_up_on IS NOT NULL)"):
        return
    await admin.execute(_LOOKED_AFTER)
    for statement in ("VACUUM FULL fan", "VACUUM ANALYZE fan"):  # as if they had been made so
        await admin.execute(statement)


async def _fill(admin: asyncpg.Connection) -> None:
    for statement in (
        "SET maintenance_work_mem = '512MB'",
        "SET work_mem = '256MB'",
        "SET synchronous_commit = off",
        "SELECT setseed(0.5)",
        PEOPLE.format(fans=FANS),
        "INSERT INTO fan_source (code_id, name, kind, owner_staff_id) SELECT n, '码' || n,"
        " CASE WHEN n % 3 = 0 THEN 'employee' ELSE 'media' END, n % 7 FROM generate_series(1, 200) n",
        "INSERT INTO fan_tag (name, group_name, shared, platform_name, trouble, created_at)"
        " SELECT '标签' || n, '', false, '', '', now() FROM generate_series(1, 50) n",
        _TAGGINGS.format(fans=FANS),
        "INSERT INTO fan_place_setting (id, kept, days) VALUES (1, true, 365)",
        "INSERT INTO fan_point (name, latitude_micro, longitude_micro, created_at)"
        " VALUES ('店', 30250000, 120150000, now())",
        _PLACES.format(fans=FANS),
        "DROP INDEX ix_fan_fact_topic",
        # The keys are right by construction: checking 20 million one by one would take half an hour.
        "ALTER TABLE fan_fact DROP CONSTRAINT pk_fan_fact,"
        " DROP CONSTRAINT fk_fan_fact_fan_id, DROP CONSTRAINT fk_fan_fact_topic_id",
    ):
        await admin.execute(statement)
    share = FANS * FACTS_PER_FAN / sum(weight or 0.4 for _, _, weight in TOPICS)
    for kind, subject, weight in TOPICS:
        topic = await admin.fetchval(
            "INSERT INTO fan_topic (kind, subject, name) VALUES ($1, $2, '') RETURNING id",
            kind,
            subject,
        )
        rows = int(share * (weight or 0.4))
        await admin.execute(_FACTS.format(topic=topic, rows=rows, fans=FANS))
    for statement in (
        "ALTER TABLE fan_fact ADD CONSTRAINT pk_fan_fact PRIMARY KEY (fan_id, topic_id, day)",
        "CREATE INDEX ix_fan_fact_topic ON fan_fact (topic_id, day, fan_id) INCLUDE (times)",
        "VACUUM ANALYZE fan_fact",
        "VACUUM ANALYZE fan",
        "VACUUM ANALYZE fan_tagging",
        "ANALYZE fan_source",
        "VACUUM ANALYZE fan_place",
    ):
        await admin.execute(statement)


PEOPLE = """
    INSERT INTO fan (nickname, grams, avatar_url, remark, stage, stage_at, following, ever_followed,
        source_code_id, region_code, joined_at, last_seen_at, last_paid_at, orders, received_orders,
        whole_refunds, paid_fen, refunded_fen, interactions)
    SELECT '粉丝' || n, ARRAY['粉', '丝', n::text], '', '',
        (ARRAY['visitor', 'follower', 'follower', 'customer', 'user', 'fan', 'core', 'lost'])
            [1 + floor(random() * 8)::int],
        now() - random() * interval '300 days', random() < 0.7, true,
        1 + floor(random() * 200)::int, (ARRAY['310104', '310115', '110101', '440305', ''])
            [1 + floor(random() * 5)::int],
        now() - random() * interval '730 days', now() - random() * interval '365 days',
        CASE WHEN orders > 0 THEN now() - random() * interval '365 days' END,
        orders, least(orders, floor(random() ^ 4 * 18)), 0,
        CASE WHEN orders > 0 THEN 100 + floor(random() ^ 4 * 300000) ELSE 0 END, 0,
        floor(random() ^ 2 * 60)
    FROM (SELECT n, floor(random() ^ 4 * 20)::int AS orders
          FROM generate_series(1, {fans}) AS n) AS made
"""
# Seven of ten have somebody of forty, the first of whom has a sixth of all those, the last 1.3 %.
_LOOKED_AFTER = """
    UPDATE fan SET
        owner_staff_id = CASE WHEN id % 10 < 7 THEN 1 + (id % 1009) * (id % 1009) * 40 / 1018081 END,
        level_id = CASE WHEN id % 50 = 0 THEN 3 WHEN id % 10 = 1 THEN 2 WHEN id % 4 = 3 THEN 1 ELSE 0 END,
        follow_up_on = CASE WHEN id % 97 = 0 AND id % 10 < 7 THEN current_date + (id % 31)::int - 15 END,
        follow_up_note = CASE WHEN id % 97 = 0 AND id % 10 < 7 THEN '回访' ELSE '' END
"""
_TAGGINGS = """
    INSERT INTO fan_tagging (tag_id, fan_id, author, reason, at)
    SELECT DISTINCT 1 + floor(random() ^ 2 * 50)::int, 1 + floor(random() * {fans})::int, 'staff', '',
        now()
    FROM generate_series(1, {fans} * 3)
"""
_PLACES = """
    INSERT INTO fan_place (fan_id, agreed_at, latitude_milli, longitude_milli, at)
    SELECT n, now(), 22000 + (town * 7919 % 18000) + floor((random() + random() - 1) * 300)::int,
        104000 + (town * 104729 % 18000) + floor((random() + random() - 1) * 300)::int, now()
    FROM (SELECT n, floor(random() ^ 2 * 60)::int AS town
          FROM generate_series(1, {fans}, 2) AS n) AS made
    UNION ALL
    SELECT n, now(), 30250 + floor((random() + random() - 1) * 300)::int,
        120150 + floor((random() + random() - 1) * 300)::int, now()
    FROM generate_series(2, {fans}, 10) AS n
"""
"""Three fifths of the fans: half in sixty towns, a tenth around the store."""
_FACTS = """
    INSERT INTO fan_fact (fan_id, topic_id, day, times)
    SELECT fan, {topic}, current_date - ago, count(*) FROM (
        SELECT 1 + floor(random() ^ 1.5 * {fans})::bigint AS fan, floor(random() * 730)::int AS ago
        FROM generate_series(1, {rows})) AS done
    GROUP BY fan, ago
"""
