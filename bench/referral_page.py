"""A referrer's page, a fan's own page and the report, among 10,000 and among 100,000 referrals.

One referrer in all of them brought a twentieth of everybody; another has a chain like most others.
What the pages of one referrer cost must not grow with what others brought.
"""

import os
import statistics
import time
from collections.abc import Awaitable, Callable, Coroutine

import asyncpg

from bench.crowd import PEOPLE
from bench.harness import MERCHANT, Installation, Result, installation
from tiefen.kernel.db import Tx
from tiefen.referral import queries

SIZES = [int(one) for one in os.environ.get("REFERRALS", "10000,100000").split(",")]
ROUNDS = 9
STAR, USUAL = 2, 5
"""Who brought a twentieth of everybody, and who brought thirty, each of whom brought thirty."""
_BONDS = """
    INSERT INTO referral_bond (friend_id, referrer_id, bound_at, until, lapsed, bought_at, state,
        device, decided_by, decided_because)
    SELECT n, CASE WHEN n % 20 = 0 THEN {star} ELSE n / 30 END, now() - n % 300 * interval '1 day',
        now() + interval '30 days', false,
        CASE WHEN n % 2 = 0 THEN now() - n % 200 * interval '1 day' END, 'clear', '', '', ''
    FROM generate_series(60, {referrals} + 59) AS n
"""
_ORDERS = """
    INSERT INTO referral_order (order_no, bond_id, friend_id, referrer_id, paid_fen, refunded_fen,
        paid_at, is_first, whole)
    SELECT 'O' || b.id || '-' || k, b.id, b.friend_id, b.referrer_id, 5000 + b.id % 20000, 0,
        now() - b.id % 200 * interval '1 day', k = 1, false
    FROM referral_bond AS b, generate_series(1, 2) AS k WHERE b.bought_at IS NOT NULL
"""
_REWARDS = """
    INSERT INTO referral_reward (order_no, side, fan_id, template_id, min_paid_fen, state, owed_fen,
        trouble)
    SELECT order_no, 'referrer', referrer_id, 1, 0, 'given', 0, '' FROM referral_order WHERE is_first
"""


async def run() -> list[Result]:
    """One line: the slowest page of one referrer at full size, against the smallest size."""
    told: list[dict[str, float]] = []
    for referrals in SIZES:
        async with installation(f"referrals-{referrals}", _filler(referrals)) as home:
            told.append(await _measure(home))
    pages = [name for name in told[-1] if name != "report"]
    slowest = max(pages, key=lambda name: told[-1][name])
    note = "; ".join(
        f"{name} " + " → ".join(f"{one[name]:.1f}" for one in told) for name in told[-1]
    )
    limit, median = told[0][slowest], told[-1][slowest]
    command = "make bench ONLY=referral_page"
    sizes = " → ".join(f"{one:,}" for one in SIZES)
    said = f"{sizes} referrals, ms: {note}"
    return [Result("referral_page", median, "ms", limit, limit / median, command, said)]


async def _measure(home: Installation) -> dict[str, float]:
    async def report(tx: Tx) -> None:
        await queries.sums(tx)
        await queries.ranking(tx, cursor=None, limit=50)

    async def star(tx: Tx) -> None:
        await queries.tree(tx, STAR)

    async def usual(tx: Tx) -> None:
        await queries.tree(tx, USUAL)

    pages: dict[str, Callable[[Tx], Awaitable[None]]] = {
        "star": star,
        "usual": usual,
        "report": report,
    }
    medians = {}
    for name, read in pages.items():
        times = []
        for _ in range(ROUNDS):
            async with home.db.merchant(MERCHANT) as tx:
                began = time.perf_counter()
                await read(tx)
                times.append((time.perf_counter() - began) * 1000)
        medians[name] = statistics.median(times[1:])
    return medians


def _filler(referrals: int) -> Callable[[Installation], Coroutine[None, None, None]]:
    async def fill(home: Installation) -> None:
        admin = await asyncpg.connect(home.url.replace("postgresql+asyncpg://", "postgresql://"))
        try:
            for statement in (
                f'SET search_path TO "m_{MERCHANT}"',
                "SET synchronous_commit = off",
                "SET statement_timeout = 0",
                "SELECT setseed(0.5)",
                PEOPLE.format(fans=referrals + 60),
                _BONDS.format(referrals=referrals, star=STAR),
                _ORDERS,
                _REWARDS,
                *(
                    f"VACUUM ANALYZE {table}"
                    for table in ("fan", "referral_bond", "referral_order", "referral_reward")
                ),
            ):
                await admin.execute(statement)
        finally:
            await admin.close()

    return fill
