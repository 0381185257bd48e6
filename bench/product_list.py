"""The first and second page of the console's and the shop's product lists by every filter and order.

100,000 products of one SKU each: the longest list that many SKUs can make.
"""

import os
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import asyncpg

from bench.harness import MERCHANT, Installation, Result, installation
from bench.order_book import with_defaults
from tiefen.catalog import queries
from tiefen.catalog.queries import ProductSort
from tiefen.catalog.values import ProductRole, ProductStatus
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page
from tiefen.kernel.text import folded, grams

SKUS = int(os.environ.get("TIEFEN_BENCH_SKUS", "100000"))
CATEGORIES = 50
ROUNDS = 7
LIMIT = 50
KINDS = (
    "龙井茶叶",
    "鲜牛奶",
    "手工面包",
    "山核桃",
    "纸巾",
    "洗衣液",
    "橄榄油",
    "苹果",
    "护手霜",
    "大米",
)
Read = Callable[[Tx, str | None], Awaitable[Page[Any]]]


async def run() -> list[Result]:
    """One line: the slowest of all filters and orders, which it was, and how it grew from a tenth."""
    before, _ = await _measured(SKUS // 10)
    medians, best = await _measured(SKUS)
    slowest = max(medians, key=lambda name: medians[name])
    limit = medians["console/all/newest"]
    ranked = sorted(medians.items(), key=lambda pair: -pair[1])[:6]
    note = f"{SKUS:,} products, {len(medians)} pages; median (best): " + ", ".join(
        f"{name} {ms:.0f} ({best[name]:.0f})" for name, ms in ranked
    )
    note += f"; growth 1x to 10x: {before.get(slowest, 0):.0f} to {medians[slowest]:.0f} ms"
    ratio = limit / medians[slowest]
    command = "make bench ONLY=product_list"
    return [Result("product_list", medians[slowest], "ms", limit, ratio, command, note)]


async def _measured(skus: int) -> tuple[dict[str, float], dict[str, float]]:
    async with installation(f"products-{skus}", partial(_fill, skus)) as home:
        return await pages(home, skus)


async def pages(home: Installation, skus: int) -> tuple[dict[str, float], dict[str, float]]:
    """Median and best of each page, on products that are there."""
    medians: dict[str, float] = {}
    best: dict[str, float] = {}
    for name, read in _lists(skus).items():
        async with home.db.merchant(MERCHANT) as tx:
            first = await read(tx, None)
        for page, cursor in (("", None), ("/2", first.next)):
            if page and cursor is None:
                continue
            times = [await _once(home, read, cursor) for _ in range(ROUNDS)]
            medians[name + page] = statistics.median(times)
            best[name + page] = min(times)
    return medians, best


def _lists(skus: int) -> dict[str, Read]:
    filters: dict[str, dict[str, Any]] = {
        "all": {},
        "draft": {"status": ProductStatus.DRAFT},
        "role": {"role": ProductRole.TRAFFIC},
        "category": {"category_id": 7},
        "role_category": {"role": ProductRole.TRAFFIC, "category_id": 7},
        "words": {"q": "龙井茶叶"},
        "one": {"q": f"{skus}号"},
        "words_category": {"q": "牛奶", "category_id": 7},
        "nobody": {"q": "航空母舰"},
    }
    plain = {"q": "", "category_id": None, "status": None, "role": None}
    lists: dict[str, Read] = {}
    for name, wanted in filters.items():
        for sort in ProductSort:
            asked = plain | wanted
            lists[f"console/{name}/{sort.value}"] = partial(_console, asked | {"sort": sort})
            if not asked["status"] and not asked["role"]:
                shop = {"q": asked["q"], "category_id": asked["category_id"], "sort": sort}
                lists[f"shop/{name}/{sort.value}"] = partial(_shop, shop)
    return lists


async def _console(asked: dict[str, Any], tx: Tx, cursor: str | None) -> Page[Any]:
    return await queries.console_products(tx, **asked, cursor=cursor, limit=LIMIT)


async def _shop(asked: dict[str, Any], tx: Tx, cursor: str | None) -> Page[Any]:
    return await queries.shop_products(tx, **asked, cursor=cursor, limit=LIMIT)


async def _once(home: Installation, read: Read, cursor: str | None) -> float:
    async with home.db.merchant(MERCHANT) as tx:
        began = time.perf_counter()
        await read(tx, cursor)
        return (time.perf_counter() - began) * 1000


async def _fill(skus: int, home: Installation) -> None:
    admin = await asyncpg.connect(home.url.replace("postgresql+asyncpg://", "postgresql://"))
    try:
        await admin.execute(f'SET search_path TO "m_{MERCHANT}"')
        later = await with_defaults(admin, ["category", "product", "sku"])
        await admin.execute(
            "INSERT INTO category (name, position) SELECT '类' || n, n FROM generate_series(1, $1::int) n",
            CATEGORIES,
        )
        names = [f"{KINDS[number % len(KINDS)]} {number}号" for number in range(1, skus + 1)]
        await admin.execute("CREATE TEMP TABLE named (n int, name text, grams text[], folded text)")
        await admin.copy_records_to_table(
            "named",
            records=[(n, name, grams(name), folded(name)) for n, name in enumerate(names, 1)],
        )
        await admin.execute(_PRODUCTS, CATEGORIES)
        await admin.execute(_SKUS)
        for statement in (*later, "VACUUM ANALYZE product", "VACUUM ANALYZE sku"):
            await admin.execute(statement)
    finally:
        await admin.close()


_PRODUCTS = """
    INSERT INTO product (name, grams, folded, detail_html, status, role, category_id, position,
        price_min_fen, price_max_fen)
    SELECT name, grams, folded, repeat('<p>一年割一次</p>', 40),
        CASE WHEN n % 50 = 0 THEN 'draft' ELSE 'on_shelf' END,
        CASE WHEN n % 20 = 0 THEN 'traffic' ELSE 'profit' END, 1 + n % $1::int, n % 1000,
        100 + (n * 7919) % 100000, 100 + (n * 7919) % 100000
    FROM named
"""
_SKUS = """
    INSERT INTO sku (product_id, spec_values, price_fen, on_grid)
    SELECT id, '{}', price_min_fen, true FROM product
"""
