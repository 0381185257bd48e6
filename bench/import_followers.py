"""Importing followers: fans a second against the sandbox, beside what the database alone can insert.

The sandbox is a process of its own that answers at once, on the same cores. The limit is the same
rows (fan, unionid, identity, two lines, day, fact) written in bulk by one statement a table. Memory
is what this process, the worker, held at most while it imported beyond what it held before.
"""

import asyncio
import os
import time
from pathlib import Path

import asyncpg
import httpx

from bench.harness import MERCHANT, Installation, Result, installation
from tiefen.fans import service
from tiefen.kernel import worker
from tiefen.kernel.auth import StaffActor
from tiefen.wechat import service as wechat
from tiefen.wechat.values import AccountKind

SIZES = tuple(int(one) for one in os.environ.get("IMPORT_SIZES", "6000,60000").split(","))
LIMIT = """
WITH p AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('fan', 'id')) AS id, n,
           now() - make_interval(secs => n) AS at FROM generate_series(1, {rows}) AS n
), a AS (
    INSERT INTO fan (id, nickname, grams, avatar_url, remark, stage, stage_at, following,
                     ever_followed, joined_at, last_seen_at, orders, received_orders, whole_refunds,
                     paid_fen, refunded_fen, interactions)
    SELECT id, '', '{{}}', '', '', 'follower', at, true, true, at, at, 0, 0, 0, 0, 0, 1 FROM p
), b AS (
    INSERT INTO fan_union SELECT 'limit' || id, id FROM p
), c AS (
    INSERT INTO fan_identity (fan_id, app_id, openid, unionid, following, followed_at, created_at)
    SELECT id, 'limit', 'oLimitOfTheDatabase' || id, 'limit' || id, true, at, now() FROM p
), d AS (
    INSERT INTO fan_line (fan_id, kind, ref, at, amount_fen, whole, data)
    SELECT id, 'joined', 'fan:' || id, at, 0, false, '{{"imported": true}}'::jsonb FROM p
    UNION ALL SELECT id, 'followed', id || ':1', at, 0, false, '{{"imported": true}}'::jsonb FROM p
), e AS (
    INSERT INTO fan_day SELECT id, at::date, 1, 0, 0 FROM p
)
SELECT count(*) FROM p
"""


async def run() -> list[Result]:
    """One line a size."""
    async with installation() as home:
        return [await _size(home, count) for count in SIZES]


async def _size(home: Installation, count: int) -> Result:
    imported, grown = await _import(home, count)
    limit = await _limit(home, count)
    note = f"{count} followers; memory grew {grown} MB; limit: the same rows in one statement"
    return Result(
        f"import_followers_{count}", imported, "1/s", limit, imported / limit,
        "make bench ONLY=import_followers", note,
    )  # fmt: skip


async def _import(home: Installation, count: int) -> tuple[float, int]:
    with home.sandbox() as base:
        wechat.configure(sandbox_url=base, public_url="http://bench")
        async with httpx.AsyncClient(base_url=base, timeout=600) as control:
            body = {"kind": "oa", "key": "oa", "app_id": f"wx{count:016d}"}
            app = (await control.post("/sandbox/api/accounts", json=body)).json()
            path = f"/sandbox/api/accounts/{app['app_id']}/followers"
            (await control.post(path, json={"count": count})).raise_for_status()
        async with home.db.merchant(MERCHANT) as tx:
            await wechat.set_app(
                tx, AccountKind.OFFICIAL, app_id=app["app_id"], secret=app["secret"]
            )
            await service.start_import(tx, StaffActor(1, "bench", frozenset()))
        before, most = _memory(), asyncio.create_task(_most())
        began = time.perf_counter()
        await worker.drain(home.db, at_once=2)
        took = time.perf_counter() - began
        most.cancel()
    return count / took, await most - before


async def _limit(home: Installation, count: int) -> float:
    connection = await asyncpg.connect(home.url.replace("+asyncpg", ""))
    await connection.execute(f'SET search_path TO "m_{MERCHANT}"')
    began = time.perf_counter()
    await connection.execute(LIMIT.format(rows=count))
    took = time.perf_counter() - began
    await connection.close()
    return count / took


async def _most() -> int:
    """The most this process held until it was told to stop looking, in MB."""
    most = 0
    try:
        while True:
            most = max(most, _memory())
            await asyncio.sleep(0.2)
    except asyncio.CancelledError:
        return most


def _memory() -> int:
    """What this process holds now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


if __name__ == "__main__":
    for line in asyncio.run(run()):
        print(line.line(), flush=True)
