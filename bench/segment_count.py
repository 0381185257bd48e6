"""Live count of a rule of five conditions as the page asks for it, against the database's own count of all fans."""

import asyncio
import statistics
import time
from typing import Any

from sqlalchemy import text

from bench.crowd import FACTS_PER_FAN, FANS, crowd
from bench.harness import MERCHANT, Installation, Result
from tiefen.fans import queries, service
from tiefen.fans.values import Estimate

ROUNDS = 20
RULES: dict[str, list[dict[str, Any]]] = {
    "narrow": [
        {"did": "bought", "of": ["7"], "days": 90},
        {"did": "bought", "of": ["8"], "op": "at_most", "times": 0, "days": 90},
        {"field": "stage", "op": "in", "value": ["user", "fan", "core"]},
        {"field": "tag", "op": "in", "value": [3, 4]},
        {"field": "paid_fen", "op": "ge", "value": 10_000},
    ],
    "usual": [
        {"did": "visited", "of": ["7", "8", "9"], "days": 30},
        {"did": "refunded", "op": "at_most", "times": 0},
        {"field": "last_seen_at", "op": "within", "value": 90},
        {"field": "following", "op": "is", "value": True},
        {"field": "region_code", "op": "in", "value": ["31", "44"]},
    ],
    "repeat": [
        {"did": "bought", "op": "at_least", "times": 2, "days": 180},
        {"did": "wrote", "days": 90},
        {"field": "orders", "op": "ge", "value": 1},
        {"field": "source_kind", "op": "in", "value": ["employee"]},
        {"field": "tag", "op": "not_in", "value": [1]},
    ],
    "near": [
        {"field": "distance", "op": "near", "value": {"point": 1, "km": 5}},
        {"did": "bought", "days": 90},
        {"field": "following", "op": "is", "value": True},
        {"field": "stage", "op": "not_in", "value": ["lost"]},
        {"field": "tag", "op": "not_in", "value": [50]},
    ],
    "broad": [
        {"did": "visited", "days": 90},
        {"field": "following", "op": "is", "value": True},
        {"field": "stage", "op": "not_in", "value": ["lost"]},
        {"field": "interactions", "op": "ge", "value": 3},
        {"field": "tag", "op": "not_in", "value": [50]},
    ],
}


async def run() -> list[Result]:
    """One line a rule: the 95th percentile in milliseconds. The note says what was answered, and how
    long counting everybody takes."""
    async with crowd() as home:
        return await measure(home)


async def measure(home: Installation) -> list[Result]:
    """On a crowd that is there."""
    results = []
    for name, nodes in RULES.items():
        times: list[float] = []
        wholes: list[float] = []
        limits: list[float] = []
        told, fans = Estimate(0, 0, 0), 0
        for turn in range(ROUNDS + 3):
            async with home.db.merchant(MERCHANT) as tx:
                began = time.perf_counter()
                await tx.scalar(text("SELECT count(*) FROM fan WHERE merged_into IS NULL"))
                middle = time.perf_counter()
                rule = await service.read_rule(tx, {"all": nodes})
                told = (await queries.quick_count(tx, rule, show=5)).of
                ended = time.perf_counter()
                fans = await queries.count(tx, rule)
                done = time.perf_counter()
            if turn >= 3:  # warm
                limits.append((middle - began) * 1000)
                times.append((ended - middle) * 1000)
                wholes.append((done - ended) * 1000)
        p95 = statistics.quantiles(times, n=20)[-1]
        limit = statistics.median(limits)
        said = "exact" if told.exact else f"guessed {told.fans:,} ({told.low:,} to {told.high:,})"
        note = (
            f"p95; median {statistics.median(times):.0f} ms, best {min(times):.0f}; {said}; "
            f"{fans:,} of {FANS:,} fans and {FANS * FACTS_PER_FAN:,} facts, "
            f"all counted in {statistics.median(wholes):.0f} ms"
        )
        results.append(
            Result(
                f"segment_count_{name}",
                p95,
                "ms",
                limit,
                limit / p95,
                "make bench ONLY=segment_count",
                note,
            )
        )
    return results


if __name__ == "__main__":
    for line in asyncio.run(run()):
        print(line.line())
