"""The first and second page of the console's order list by every filter, of 5 million orders.

The note says how many buffers the dearest statement of the slowest pages touches: that grows with
the page, not with the table, and does not depend on who else uses the machine.
"""

import statistics
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from bench.harness import MERCHANT, Installation, Result
from bench.order_book import ORDERS, PHONE, SEASON, order_book, rare
from tiefen.kernel.db import Tx
from tiefen.orders import queries
from tiefen.orders.queries import OrderFilter
from tiefen.orders.values import OrderStatus

ROUNDS = 7
LIMIT = 50


async def run() -> list[Result]:
    """One line: the slowest of all filters, and which it was."""
    async with order_book() as home:
        return await measure(home)


async def measure(home: Installation) -> list[Result]:
    """On an order book that is there."""
    async with home.db.merchant(MERCHANT) as tx:
        filters = await _filters(tx)
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
    slowest = max(medians, key=lambda name: medians[name])
    limit = medians["all"]
    ranked = sorted(medians.items(), key=lambda pair: -pair[1])[:6]
    note = f"{ORDERS:,} orders, {len(medians)} pages; median (best): " + ", ".join(
        f"{name} {ms:.0f} ({best[name]:.0f})" for name, ms in ranked
    )
    return [
        Result(
            "order_list",
            medians[slowest],
            "ms",
            limit,
            limit / medians[slowest],
            "make bench ONLY=order_list",
            note,
        )
    ]


async def _once(home: Installation, wanted: OrderFilter, cursor: str | None) -> float:
    async with home.db.merchant(MERCHANT) as tx:
        began = time.perf_counter()
        await queries.console_orders(tx, wanted, cursor=cursor, limit=LIMIT)
        return (time.perf_counter() - began) * 1000


async def _filters(tx: Tx) -> dict[str, OrderFilter]:
    middle = (
        await tx.execute(
            text("SELECT order_no, placed_at FROM orders WHERE id = :id"), {"id": ORDERS // 2}
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
