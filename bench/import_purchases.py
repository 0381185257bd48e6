"""Purchases from before: lines a second from file to counters, beside what the database alone inserts.

Half of the customers are fans. The limit is the same rows (customer, purchase, day, fact, counters)
written by one statement from a series. Memory is this process's growth, the server's own apart.
"""

import asyncio
import os
import tempfile
import time
from typing import IO

import asyncpg
from sqlalchemy import text

from bench.harness import MERCHANT, Installation, Result, installation, peak_memory
from tiefen.fans import queries, service
from tiefen.fans.values import Dialect, PastField
from tiefen.kernel import worker
from tiefen.kernel.auth import StaffActor

SIZES = tuple(int(one) for one in os.environ.get("IMPORT_SIZES", "20000,200000").split(","))
EACH = 3
"""Purchases of a customer."""
BOSS = StaffActor(1, "bench", frozenset())
_FANS = """
    WITH made AS (
        INSERT INTO fan (nickname, grams, avatar_url, remark, stage, stage_at, following,
            ever_followed, joined_at, last_seen_at, orders, received_orders, whole_refunds, paid_fen,
            refunded_fen, interactions, next_check_on)
        SELECT '', '{}', '', '', 'visitor', now(), false, false, now(), now(), 0, 0, 0, 0, 0, 0, NULL
        FROM generate_series(1, $1) RETURNING id
    )
    INSERT INTO fan_identity (fan_id, app_id, openid, following, created_at)
    SELECT id, 'wx', $2 || row_number() OVER (), false, now() FROM made
"""
_LIMIT = """
    WITH customer AS (
        INSERT INTO fan_past_customer (fan_id, kind, scope, blind, openid, purchases, amount_fen,
            first_at, last_at)
        SELECT CASE WHEN n % 2 = 0 THEN (SELECT max(id) FROM fan) + 1 - n / 2 END, 'openid', '',
               $3 || n, $3 || n, 3, 3000, now(), now()
        FROM generate_series(1, $1 / 3) AS n RETURNING id, fan_id
    ), bought AS (
        INSERT INTO fan_past_purchase
            (import_id, customer_id, source, number, at, quantity, amount_fen, product, note)
        SELECT $2, id, $3, id || ':' || k, now(), 1, 1000, '', ''
        FROM customer, generate_series(1, 3) AS k
    ), day AS (
        INSERT INTO fan_day (fan_id, day, interactions, received, friends, past)
        SELECT fan_id, current_date - 9000 - k, 0, 0, 0, 1 FROM customer, generate_series(1, 3) AS k
        WHERE fan_id IS NOT NULL
    ), fact AS (
        INSERT INTO fan_fact (fan_id, topic_id, day, times)
        SELECT fan_id, (SELECT min(id) FROM fan_topic), current_date - 9000 - k, 1
        FROM customer, generate_series(1, 3) AS k WHERE fan_id IS NOT NULL
    )
    UPDATE fan SET past_orders = past_orders + 3 FROM customer WHERE fan.id = customer.fan_id
"""


async def run() -> list[Result]:
    """One line a size."""
    async with installation() as home:
        return [await _size(home, lines) for lines in SIZES]


async def _size(home: Installation, lines: int) -> Result:
    admin = await asyncpg.connect(home.url.replace("+asyncpg", ""))
    await admin.execute(f'SET search_path TO "m_{MERCHANT}"')
    await admin.execute(_FANS, lines // EACH // 2, f"b{lines}-")
    await admin.execute("ANALYZE fan, fan_identity")
    with tempfile.TemporaryFile() as file:
        await asyncio.to_thread(_write, file, lines)
        before = peak_memory()
        began = time.perf_counter()
        import_id = await service.take_in_past(home.db, MERCHANT, BOSS, file, file_name="bench.csv")
        kept = time.perf_counter() - began
        async with home.db.merchant(MERCHANT) as tx:
            row = await queries.one_past_import(tx, import_id)
            columns = {PastField(name): place for name, place in row.columns.items()}
            await service.check_past(tx, BOSS, import_id, f"bench{lines}", columns, Dialect())
        began = time.perf_counter()
        await worker.drain(home.db)
        checked = time.perf_counter() - began
        async with home.db.merchant(MERCHANT) as tx:
            await service.run_past(tx, BOSS, import_id)
        took = await _until_added(home, import_id)
        grown = peak_memory() - before
    await worker.drain(home.db)
    await admin.execute("SET statement_timeout = 0")
    began = time.perf_counter()
    await admin.execute(_LIMIT, lines, import_id, f"limit{lines}-")
    limit = lines / (time.perf_counter() - began)
    await admin.close()
    note = (
        f"{lines:,} lines, half of fans: kept in {kept:.1f} s, tried out in {checked:.1f} s, added in"
        f" {took:.1f} s; memory grew {grown} MB; limit: the same rows in one statement"
    )
    return Result(
        f"import_purchases_{lines}", lines / took, "1/s", limit, lines / took / limit,
        "make bench ONLY=import_purchases", note,
    )  # fmt: skip


async def _until_added(home: Installation, import_id: int) -> float:
    """Work on the import's own steps alone; stages and scores follow by jobs of theirs."""
    began = time.perf_counter()
    state = "running"
    while state == "running":
        async with home.db.merchant(MERCHANT) as tx:
            part = await tx.scalar(
                text("SELECT part FROM fan_past_import WHERE id = :id"), {"id": import_id}
            )
            await service.past_step(tx, import_id, part or 0)
        async with home.db.merchant(MERCHANT) as tx:
            state = (await queries.one_past_import(tx, import_id)).state.value
    return time.perf_counter() - began


def _write(file: IO[bytes], lines: int) -> None:
    file.write("订单号,付款时间,实付金额,数量,openid\n".encode())
    for n in range(lines):
        day = f"2025-{n % 12 + 1:02}-{n % 28 + 1:02} 12:00:00"
        who = f"b{lines}-{n // EACH + 1}"
        file.write(f"N{n},{day},{n % 300 + 1}.50,1,{who}\n".encode())
    file.seek(0)


if __name__ == "__main__":
    for line in asyncio.run(run()):
        print(line.line(), flush=True)
