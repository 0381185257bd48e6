"""The worker: claims due jobs, runs them, acknowledges them; rescues those of dead workers.

Polling is the truth; hints shorten the wait: at once inside a process, across processes by a NOTIFY
that is throttled and sent outside of any business transaction (one inside would serialise commits).
"""

import asyncio
import os
import random
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from tiefen.kernel import log, metrics
from tiefen.kernel.db import Db
from tiefen.kernel.jobs import LANES, crons, known, later, write

logger = log.get("kernel")

LEASE = timedelta(seconds=60)
HEARTBEAT_SECONDS = 15.0
IDLE_SECONDS = 1.0
CLAIM_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job this worker holds the lease of."""

    id: int
    merchant: str
    name: str
    args: dict[str, Any]
    attempts: int
    max_attempts: int


class LeaseLost(Exception):
    """Another worker took this job over; our effect is rolled back."""


_CLAIM = text(
    """
    WITH RECURSIVE turn AS (
        (SELECT merchant FROM platform.job
         WHERE state = 'ready' AND lane = :lane AND run_at <= :now ORDER BY merchant LIMIT 1)
        UNION ALL
        SELECT (SELECT j.merchant FROM platform.job j
                WHERE j.state = 'ready' AND j.lane = :lane AND j.merchant > turn.merchant
                ORDER BY j.merchant LIMIT 1)
        FROM turn WHERE turn.merchant IS NOT NULL
    ), due AS (
        SELECT picked.id FROM turn CROSS JOIN LATERAL (
            SELECT j.id FROM platform.job j
            WHERE j.state = 'ready' AND j.lane = :lane AND j.merchant = turn.merchant
              AND j.run_at <= :now
              AND (j.order_key IS NULL OR NOT EXISTS (
                    SELECT 1 FROM platform.job e
                    WHERE e.order_key = j.order_key AND e.id < j.id
                      AND e.state IN ('ready', 'running')))
            ORDER BY j.run_at, j.id LIMIT :each
            FOR UPDATE OF j SKIP LOCKED) AS picked
        LIMIT :most
    )
    UPDATE platform.job AS j
    SET state = 'running', attempts = j.attempts + 1, worker = :worker,
        lease_until = clock_timestamp() + CAST(:lease AS interval)
    FROM due WHERE j.id = due.id
    RETURNING j.id, j.merchant, j.name, j.args, j.attempts, j.max_attempts
    """
)
_ACK = text(
    "DELETE FROM platform.job"
    " WHERE id = :id AND worker = :worker AND attempts = :attempts AND state = 'running'"
)
_FAIL = text(
    """
    UPDATE platform.job
    SET state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'ready' END,
        run_at = :run_at, error = :error, worker = NULL, lease_until = NULL
    WHERE id = :id AND worker = :worker AND attempts = :attempts AND state = 'running'
    RETURNING state
    """
)
_RESCUE = text(
    """
    UPDATE platform.job SET
        state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'ready' END,
        error = 'the worker died', worker = NULL, lease_until = NULL
    WHERE state = 'running' AND lease_until < clock_timestamp()
    """
)
_RENEW = text(
    "UPDATE platform.job SET lease_until = clock_timestamp() + CAST(:lease AS interval)"
    " WHERE state = 'running' AND worker = :worker"
)
_BEAT = text(
    "INSERT INTO platform.worker (id, started_at, beat_at)"
    " VALUES (:worker, clock_timestamp(), clock_timestamp())"
    " ON CONFLICT (id) DO UPDATE SET beat_at = clock_timestamp()"
)
_WAITING = text(
    "SELECT lane, extract(epoch FROM :now - min(run_at)) AS seconds FROM platform.job"
    " WHERE state = 'ready' AND run_at < :now GROUP BY lane"
)
_DUE_CRON = text(
    """
    INSERT INTO platform.cron (merchant, name, last_at) VALUES (:merchant, :name, :now)
    ON CONFLICT (merchant, name) DO UPDATE SET last_at = excluded.last_at
    WHERE platform.cron.last_at <= :before
    RETURNING merchant
    """
)


def backoff(attempts: int) -> timedelta:
    """Wait before the next try: 1 s, 2 s, 4 s … at most 15 min, with up to a quarter of jitter."""
    seconds = min(2.0 ** (attempts - 1), 900.0)
    return timedelta(seconds=seconds * random.uniform(1.0, 1.25))  # noqa: S311 spreads load, guards nothing


class Worker:
    """Runs due jobs until it is stopped. Several may run, in one process or many."""

    def __init__(self, db: Db) -> None:
        self.db = db
        self.id = f"{socket.gethostname()[:40]}:{os.getpid()}:{random.randrange(10**6)}"  # noqa: S311
        self._hints = {lane: asyncio.Event() for lane in LANES}
        self._stopping = False
        self._notify = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to work."""
        self.db.wakers.append(self.wake)
        self.db.wakers.append(self._notify.set)
        loops = [self._lane(lane) for lane in LANES]
        self._tasks = [asyncio.create_task(loop) for loop in (*loops, self._keep(), self._tell())]
        self._tasks.append(asyncio.create_task(self._listen()))

    async def stop(self) -> None:
        """Finish what is running, take nothing new, leave."""
        self._stopping = True
        self.wake()
        lanes, others = self._tasks[: len(LANES)], self._tasks[len(LANES) :]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        _, late = await asyncio.wait(lanes, timeout=20)
        for task in late:
            task.cancel()
        with suppress(Exception):
            async with self.db.platform() as tx:
                await tx.execute(
                    text("DELETE FROM platform.worker WHERE id = :id"), {"id": self.id}
                )

    def wake(self) -> None:
        """There may be jobs: look now."""
        for hint in self._hints.values():
            hint.set()

    async def _lane(self, lane: str) -> None:
        slots = asyncio.Semaphore(LANES[lane])
        running: set[asyncio.Task[None]] = set()
        while not self._stopping:
            self._hints[lane].clear()
            try:
                claimed = await claim(self.db, [lane], self.id, most=CLAIM_AT_ONCE)
            except Exception as error:
                logger.warning("cannot claim jobs", lane=lane, kind=type(error).__name__)
                await asyncio.sleep(IDLE_SECONDS)
                continue
            for one in claimed:
                await slots.acquire()
                task = asyncio.create_task(run(self.db, one, self.id))
                running.add(task)
                task.add_done_callback(running.discard)
                task.add_done_callback(lambda _: slots.release())
            if not claimed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._hints[lane].wait(), IDLE_SECONDS)
            elif running:  # jobs in order may have become due when their elders ended
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        if running:
            await asyncio.wait(running)

    async def _keep(self) -> None:
        while True:
            try:
                await keep(self.db, self.id)
            except Exception as error:
                logger.warning("heartbeat failed", kind=type(error).__name__)
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _tell(self) -> None:
        while True:
            await self._notify.wait()
            self._notify.clear()
            with suppress(Exception):
                async with self.db.platform() as tx:
                    await tx.execute(text("SELECT pg_notify('tiefen_job', '')"))
            await asyncio.sleep(0.05)

    async def _listen(self) -> None:
        while True:
            try:
                async with self.db.engine.connect() as connection:
                    raw = (await connection.get_raw_connection()).driver_connection
                    assert raw is not None
                    await raw.add_listener("tiefen_job", lambda *_: self.wake())
                    while not raw.is_closed():  # noqa: ASYNC110 the driver has no event for it
                        await asyncio.sleep(1.0)
            except Exception as error:
                logger.warning("not listening for hints", kind=type(error).__name__)
                await asyncio.sleep(IDLE_SECONDS)


async def claim(db: Db, lanes: Sequence[str], worker: str, *, most: int) -> list[Claimed]:
    """Lease up to `most` due jobs of each lane, merchants in turn, in one transaction."""
    claimed: list[Claimed] = []
    async with db.platform() as tx:
        for lane in lanes:
            rows = await tx.execute(
                _CLAIM,
                {
                    "lane": lane,
                    "now": tx.now,
                    "worker": worker,
                    "lease": LEASE,
                    "each": max(most // 2, 1),
                    "most": most,
                },
            )
            claimed += [Claimed(*row) for row in rows]
    return claimed


async def run(db: Db, claimed: Claimed, worker: str) -> None:
    """Run one leased job and acknowledge it, or give it back for another try."""
    handler = known().get(claimed.name)
    mark = {"id": claimed.id, "worker": worker, "attempts": claimed.attempts}
    try:
        if handler is None:
            raise LookupError(f"no such job: {claimed.name}")
        if handler.outward:
            await handler.run(db, claimed.merchant, **claimed.args)
            async with db.platform() as tx:
                await tx.execute(_ACK, mark)
        else:
            async with db.merchant(claimed.merchant) as tx:
                await handler.run(tx, **claimed.args)
                if not (await tx.execute(_ACK, mark)).rowcount:  # type: ignore[attr-defined]
                    raise LeaseLost(claimed.name)
        metrics.jobs.labels(claimed.name, "done").inc()
        db.wake()
    except LeaseLost:
        logger.warning("lease lost", job=claimed.name, id=claimed.id)
    except Exception as error:
        metrics.jobs.labels(claimed.name, "failed").inc()
        logger.warning(
            "job failed",
            job=claimed.name,
            id=claimed.id,
            attempt=claimed.attempts,
            exc_info=claimed.attempts >= claimed.max_attempts,
            kind=type(error).__name__,
        )
        await _give_back(db, mark, claimed.attempts, error)


async def _give_back(db: Db, mark: dict[str, Any], attempts: int, error: Exception) -> None:
    with suppress(Exception):  # the database is away: the lease will run out
        async with db.platform() as tx:
            again = tx.now + backoff(attempts)
            what = f"{type(error).__name__}: {error}"[:2000]
            await tx.execute(_FAIL, {**mark, "run_at": again, "error": what})


async def keep(db: Db, worker: str) -> None:
    """One heartbeat: renew own leases, rescue those of the dead, queue what is periodic."""
    async with db.platform() as tx:
        await tx.execute(_BEAT, {"worker": worker})
        await tx.execute(_RENEW, {"lease": LEASE, "worker": worker})
        await tx.execute(_RESCUE)
        dead = await tx.scalar(text("SELECT count(*) FROM platform.job WHERE state = 'dead'"))
        metrics.dead_jobs.set(dead or 0)
        rows = await tx.execute(_WAITING, {"now": tx.now})
        waiting = {row.lane: float(row.seconds) for row in rows}
    for lane in LANES:
        metrics.job_age.labels(lane).set(waiting.get(lane, 0))
    await queue_due_crons(db)


async def queue_due_crons(db: Db) -> None:
    """Queue each periodic job whose time has come, once, whichever worker asks first."""
    merchants = await db.merchants()
    async with db.platform() as tx:
        for name, every in crons().items():
            for merchant in merchants:
                due = await tx.scalar(
                    _DUE_CRON,
                    {"merchant": merchant, "name": name, "now": tx.now, "before": tx.now - every},
                )
                if due:
                    tx.merchant = merchant
                    later(tx, name, key="cron")
                    await write(tx)


async def drain(db: Db, *, crons: bool = False, at_once: int = 1, rounds: int = 10_000) -> int:
    """Run all due jobs to the end (tests and demo worlds), `at_once` side by side; how many ran."""
    name, ran = f"drain:{os.getpid()}", 0
    slots = asyncio.Semaphore(at_once)

    async def one(claimed: Claimed) -> None:
        async with slots:
            await run(db, claimed, name)

    if crons:
        await queue_due_crons(db)
    for _ in range(rounds):
        claimed = await claim(db, list(LANES), name, most=CLAIM_AT_ONCE * 4)
        if not claimed:
            return ran
        await asyncio.gather(*map(one, claimed))
        ran += len(claimed)
    raise RuntimeError("jobs keep making jobs")


def oldest_allowed_beat() -> datetime:
    """A worker that has not beaten since is not alive."""
    return datetime.now(UTC) - timedelta(seconds=HEARTBEAT_SECONDS * 3)
