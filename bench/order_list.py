"""The first and second page of the console's order list by every filter, of 5 million orders.

The same pages of a tenth of the orders are measured first: the note says how time and buffers grew.
Buffers do not depend on who else uses the machine.
"""

import statistics
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from bench.harness import MERCHANT, Installation, Result
from bench.order_book import FAN, ORDERS, PHONE, RECEIVER, SEASON, order_book, rare
from tiefen.kernel.db import Tx
from tiefen.orders import queries
from tiefen.orders.queries import OrderFilter
from tiefen.orders.values import OrderStatus

ROUNDS = 7
LIMIT = 50


async def run() -> list[Result]:
    """One line: the slowest of all filters, which it was, and how it grew from a tenth of the orders."""
    async with order_book(ORDERS // 10) as home:
        before = await pages(home, ORDERS // 10)
    async with order_book() as home:
        return [compared(await pages(home, ORDERS), before)]


@dataclass(frozen=True, slots=True)
class Pages:
    """Milliseconds (median and best) and buffers by page."""

    medians: dict[str, float]
    best: dict[str, float]
    buffers: dict[str, int]


def compared(now: Pages, before: Pages) -> Result:
    """The slowest page against the unfiltered one, and what ten times the orders made of it."""
    slowest = max(now.medians, key=lambda name: now.medians[name])
    ranked = sorted(now.medians.items(), key=lambda pair: -pair[1])[:6]
    both = [name for name in now.buffers if name in before.buffers]
    grown = sorted(both, key=lambda name: before.buffers[name] / now.buffers[name])[:4]
    note = (
        f"{ORDERS:,} orders, {len(now.medians)} pages; median (best): "
        + ", ".join(f"{name} {ms:.0f} ({now.best[name]:.0f})" for name, ms in ranked)
        + f"; growth 1x to 10x: the slowest {before.medians.get(slowest, 0):.0f} to"
        f" {now.medians[slowest]:.0f} ms, buffers of all pages {sum(before.buffers.values()):,} to"
        f" {sum(now.buffers.values()):,}, most grown "
        + ", ".join(f"{name} {before.buffers[name]:,} to {now.buffers[name]:,}" for name in grown)
    )
    limit = now.medians["all"]
    ratio = limit / now.medians[slowest]
    command = "make bench ONLY=order_list"
    return Result("order_list", now.medians[slowest], "ms", limit, ratio, command, note)


async def pages(home: Installation, orders: int) -> Pages:
    """Each page by every filter, of an order book that is there."""
    async with home.db.merchant(MERCHANT) as tx:
        filters = await _filters(tx, orders)
    buffers: dict[str, int] = {}
    medians: dict[str, float] = {}
    best: dict[str, float] = {}
    for name, wanted in filters.items():
        async with home.db.merchant(MERCHANT) as tx:
            first = await queries.console_orders(tx, wanted, cursor=None, limit=LIMIT)
        for page, cursor in (("", None), ("/2", first.next)):
            if page and cursor is None:
                continue
            times = [await _once(home, wanted, cursor) for _ in range(ROUNDS)]
            medians[name + page] = statistics.median(times)
            best[name + page] = min(times)
            buffers[name + page] = await _buffers(home, wanted, cursor)
    return Pages(medians, best, buffers)


async def _buffers(home: Installation, wanted: OrderFilter, cursor: str | None) -> int:
    """Blocks of all statements of a page, by the database's own count."""
    seen = []
    for ask in (False, True):
        async with home.db.merchant(MERCHANT) as tx:
            if ask:
                await queries.console_orders(tx, wanted, cursor=cursor, limit=LIMIT)
            await tx.rows("SELECT pg_stat_force_next_flush()")
        async with home.db.merchant(MERCHANT) as tx:
            (row,) = await tx.rows(
                "SELECT blks_hit + blks_read AS blocks FROM pg_stat_database"
                " WHERE datname = current_database()"
            )
            seen.append(int(row["blocks"]))
    return seen[1] - seen[0]


async def _once(home: Installation, wanted: OrderFilter, cursor: str | None) -> float:
    async with home.db.merchant(MERCHANT) as tx:
        began = time.perf_counter()
        await queries.console_orders(tx, wanted, cursor=cursor, limit=LIMIT)
        return (time.perf_counter() - began) * 1000


async def _filters(tx: Tx, orders: int) -> dict[str, OrderFilter]:
    middle = (
        await tx.execute(
            text("SELECT order_no, placed_at FROM orders WHERE id = :id"), {"id": orders // 2}
        )
    ).one()
    window: dict[str, Any] = {
        "placed_from": middle.placed_at - timedelta(days=30),
        "placed_until": middle.placed_at,
    }
    return {
        "all": OrderFilter(),
        **{f"status_{status.value}": OrderFilter(status=status) for status in OrderStatus},
        "number": OrderFilter(q=middle.order_no),
        "phone": OrderFilter(q=PHONE),
        "tracking": OrderFilter(q="SF1234567890123"),
        "receiver": OrderFilter(q=RECEIVER),
        "receiver_closed": OrderFilter(q=RECEIVER, status=OrderStatus.CLOSED),
        "fan_name": OrderFilter(q=FAN),
        "busy_fan": OrderFilter(fan_id=1),
        "quiet_fan": OrderFilter(fan_id=99_999),
        "fan_status": OrderFilter(fan_id=1, status=OrderStatus.CLOSED),
        "old_month": OrderFilter(**window),
        "old_month_status": OrderFilter(status=OrderStatus.CLOSED, **window),
        "old_month_unpaid": OrderFilter(status=OrderStatus.UNPAID, **window),
        "after_sale": OrderFilter(in_after_sale=True),
        "after_sale_status": OrderFilter(in_after_sale=True, status=OrderStatus.RECEIVED),
        "after_sale_month": OrderFilter(in_after_sale=True, **window),
        "words": OrderFilter(q="龙井茶叶"),
        "words_rare": OrderFilter(q=rare()),
        "words_season": OrderFilter(q=SEASON),
        "words_season_month": OrderFilter(q=SEASON, **window),
        "words_closed": OrderFilter(q="龙井茶叶", status=OrderStatus.CLOSED),
        "words_season_unpaid": OrderFilter(q=SEASON, status=OrderStatus.UNPAID),
        "words_nobody": OrderFilter(q="航空母舰"),
        "words_fan": OrderFilter(q="龙井", fan_id=1),
        "words_after_sale": OrderFilter(q="龙井", in_after_sale=True),
    }
