"""Stock by table: lines a second from a file to what lies there, beside what the database alone writes.

Each line sets another SKU. The limit is the same rows (stock and movement) by one statement. Memory is
this process's growth, the server's own apart.
"""

import asyncio
import os
import tempfile
import time
from typing import IO

import asyncpg

from bench.harness import MERCHANT, Installation, Result, installation, peak_memory
from bench.order_book import with_defaults
from tiefen.inventory import queries, service
from tiefen.inventory.schemas import StockImportDetail
from tiefen.inventory.values import ImportMode
from tiefen.kernel import worker
from tiefen.kernel.auth import StaffActor

SIZES = tuple(int(one) for one in os.environ.get("IMPORT_SIZES", "10000,100000").split(","))
BOSS = StaffActor(1, "bench", frozenset())
_GOODS = """
    WITH made AS (
        INSERT INTO product (name, grams, folded, detail_html, status, role, category_id, position,
            price_min_fen, price_max_fen)
        VALUES ('茶', '{}', '茶', '', 'on_shelf', 'profit', NULL, 0, 100, 100) RETURNING id
    )
    INSERT INTO sku (product_id, code, spec_values, price_fen, on_grid)
    SELECT made.id, 'S' || n, '{}', 100, false FROM made, generate_series(1, $1::int) n
"""
_LIMIT = """
    WITH lying AS (
        INSERT INTO stock (sku_id, location_id, on_hand, reserved)
        SELECT id, 1, 7, 0 FROM sku ORDER BY id LIMIT $1
        ON CONFLICT (sku_id, location_id) DO UPDATE SET on_hand = stock.on_hand + 7
        RETURNING sku_id, on_hand
    )
    INSERT INTO movement (sku_id, location_id, quantity, on_hand_after, reason, reference, actor,
        note, at)
    SELECT sku_id, 1, 7, on_hand, 'counted', '', 'bench', '', now() FROM lying
"""


async def run() -> list[Result]:
    """One line a size."""
    async with installation() as home:
        admin = await asyncpg.connect(home.url.replace("+asyncpg", ""))
        await admin.execute(f'SET search_path TO "m_{MERCHANT}"')
        later = await with_defaults(admin, ["product", "sku"])
        await admin.execute(_GOODS, max(SIZES))
        for statement in (*later, "VACUUM ANALYZE sku"):
            await admin.execute(statement)
        results = [await _size(home, admin, lines) for lines in SIZES]
        await admin.close()
        return results


async def _size(home: Installation, admin: asyncpg.Connection, lines: int) -> Result:
    before, began = peak_memory(), time.perf_counter()
    with tempfile.TemporaryFile() as file:
        await asyncio.to_thread(_write, file, lines)
        plan = service.TablePlan(ImportMode.SET, 1, f"bench{lines}")
        made = await service.take_table(home.db, MERCHANT, BOSS, file, plan, file_name="bench.csv")
    kept, began = time.perf_counter() - began, time.perf_counter()
    await worker.drain(home.db)
    tried, began = time.perf_counter() - began, time.perf_counter()
    async with home.db.merchant(MERCHANT) as tx:
        await service.run_table(tx, BOSS, made)
    row = await _drained(home, made)
    took, began = time.perf_counter() - began, time.perf_counter()
    assert row.changed == lines, row
    async with home.db.merchant(MERCHANT) as tx:
        await service.undo_table(tx, BOSS, made)
    assert (await _drained(home, made)).undone == lines
    undone, grown = time.perf_counter() - began, peak_memory() - before
    began = time.perf_counter()
    await admin.execute(_LIMIT, lines)
    limit = lines / (time.perf_counter() - began)
    note = (
        f"{lines:,} lines: kept in {kept:.1f} s, tried out in {tried:.1f} s, run in {took:.1f} s, taken"
        f" back in {undone:.1f} s; memory grew {grown} MB; limit: the same rows in one statement"
    )
    return Result(
        f"import_stock_{lines}", lines / took, "1/s", limit, lines / took / limit,
        "make bench ONLY=import_stock", note,
    )  # fmt: skip


async def _drained(home: Installation, made: int) -> StockImportDetail:
    await worker.drain(home.db)
    async with home.db.merchant(MERCHANT) as tx:
        return await queries.one_import(tx, made)


def _write(file: IO[bytes], lines: int) -> None:
    file.write("规格编码,在库\n".encode())
    for n in range(1, lines + 1):
        file.write(f"S{n},{5 + n % 90 + lines % 7}\n".encode())
    file.seek(0)


if __name__ == "__main__":
    for line in asyncio.run(run()):
        print(line.line(), flush=True)
