"""Jobs: publish → claim → run → acknowledge, one worker, against bare commits of the same server."""

import time

from sqlalchemy import text

from bench.harness import MERCHANT, Result, installation, rate_result
from tiefen.kernel import worker
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.jobs import job, later

COUNT = 2_000


@job("bench.nothing")
async def nothing(tx: Tx) -> None:
    """A job without work of its own."""


async def _jobs(db: Db) -> float:
    async with db.merchant(MERCHANT) as tx:
        for _ in range(COUNT):
            later(tx, "bench.nothing")
    began = time.perf_counter()
    assert await worker.drain(db) == COUNT
    return COUNT / (time.perf_counter() - began)


async def _commits(db: Db) -> float:
    began = time.perf_counter()
    for number in range(500):
        async with db.platform() as tx:
            await tx.execute(
                text(
                    "INSERT INTO platform.worker (id, started_at, beat_at)"
                    " VALUES (:id, now(), now()) ON CONFLICT (id) DO UPDATE SET beat_at = now()"
                ),
                {"id": f"bench{number % 10}"},
            )
    return 500 / (time.perf_counter() - began)


async def run() -> list[Result]:
    """One line: jobs a second in one task, limit = bare one-row commits a second in one task."""
    async with installation() as home:
        rates, limits = [], []
        for _ in range(3):
            limits.append(await _commits(home.db))
            rates.append(await _jobs(home.db))
        return [rate_result("jobs", rates, limits, "one task, small jobs together")]
