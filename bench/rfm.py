"""Scoring everybody at 600,000 fans, and counting who came back, against the database's own reading.

The limit is one sort of all buyers by what they spent, the least that ranks need.
"""

import asyncio
import statistics
import time

from sqlalchemy import text

from bench.crowd import FANS, crowd
from bench.harness import MERCHANT, Result
from tiefen.fans import queries, service

ROUNDS = 3
_SORT = """
    SELECT max(place) FROM (
        SELECT row_number() OVER (ORDER BY paid_fen - refunded_fen) AS place
        FROM fan WHERE merged_into IS NULL AND orders > whole_refunds) AS sorted
"""


async def run() -> list[Result]:
    """The whole run, its scores alone the first time and when hardly anything changed; the page."""
    async with crowd() as home:
        runs: list[float] = []
        limits: list[float] = []
        pages: list[float] = []
        buyers = 0
        for _ in range(ROUNDS + 1):
            async with home.db.merchant(MERCHANT) as tx:
                await tx.execute(text("SELECT set_config('work_mem', '128MB', true)"))
                began = time.perf_counter()
                await tx.scalar(text(_SORT))
                limits.append(time.perf_counter() - began)
            began = time.perf_counter()
            async with home.db.merchant(MERCHANT) as tx:
                buyers = (await service.run_rfm_now(tx)).buyers
            runs.append(time.perf_counter() - began)
            began = time.perf_counter()
            async with home.db.merchant(MERCHANT) as tx:
                await queries.rfm_cells(tx)
            pages.append(time.perf_counter() - began)
    median, limit = statistics.median(runs[1:]), statistics.median(limits[1:])
    note = (
        f"{buyers:,} buyers of {FANS:,} fans; the first run, which writes all scores, {runs[0]:.1f} s;"
        f" the grid is read in {statistics.median(pages) * 1000:.0f} ms; limit: one sort of all buyers"
    )
    return [Result("rfm", median, "s", limit, limit / median, "make bench ONLY=rfm", note)]


if __name__ == "__main__":
    for line in asyncio.run(run()):
        print(line.line())
