"""The worker: claims due jobs, runs them, acknowledges them; rescues those of dead workers.

Small jobs of one merchant and lane that were claimed together share one transaction with their
acknowledgement; when any of them fails they are run again one by one. Polling is the truth; hints shorten the wait: at once inside a process, across processes by a NOTIFY
that is throttled and sent outside of any business transaction (one inside would serialise commits).
"""

import asyncio
import os
import random
import socket
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from opentelemetry.trace import SpanKind
from sqlalchemy import text

from tiefen.kernel import heartbeat, log, metrics, tracing
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.jobs import LANES, known

logger = log.get("kernel")

IDLE_SECONDS = 1.0
STRANGE_AGAIN = timedelta(seconds=15)
STRANGE_DEAD = timedelta(hours=6)
"""While two versions run side by side, the older one meets jobs that only the newer knows: they go back
untried for this long. Then nobody knows them, and people see it."""
FINISH_SECONDS = 10.0
"""How long a worker that stops waits for what it is running; the rest is run again elsewhere."""
CLAIM_AT_ONCE = {"callback": 16, "pay": 16, "send": 16, "default": 64, "bulk": 16}
"""Lane → how many jobs one claim leases at most."""
TOGETHER_SECONDS = 0.05
"""A shared transaction takes no further job after this long: what it locks is wanted by requests."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job this worker holds the lease of."""

    id: int
    merchant: str
    name: str
    args: dict[str, Any]
    attempts: int
    max_attempts: int
    lane: str
    trace: str | None = None
    """The span that left it, as a traceparent."""


class LeaseLost(Exception):
    """Another worker took this job over; our effect is rolled back."""


_CLAIM = text(
    """
    WITH RECURSIVE asked AS (
        SELECT * FROM unnest(CAST(:lanes AS text[]), CAST(:most AS int[])) AS a(lane, most)
    ), turn AS (
        SELECT a.lane, (SELECT j.merchant FROM platform.job j
                        WHERE j.state = 'ready' AND j.lane = a.lane
                        ORDER BY j.merchant LIMIT 1) AS merchant
        FROM asked a
        UNION ALL
        SELECT turn.lane, (SELECT j.merchant FROM platform.job j
                           WHERE j.state = 'ready' AND j.lane = turn.lane
                             AND j.merchant > turn.merchant
                           ORDER BY j.merchant LIMIT 1)
        FROM turn WHERE turn.merchant IS NOT NULL
    ), share AS (
        SELECT a.lane, a.most, CASE WHEN count(turn.merchant) > 1 THEN greatest(a.most / 2, 1)
                                    ELSE a.most END AS each
        FROM asked a JOIN turn ON turn.lane = a.lane GROUP BY a.lane, a.most
    ), due AS (
        SELECT fair.id FROM share CROSS JOIN LATERAL (
            SELECT picked.id FROM turn CROSS JOIN LATERAL (
                SELECT j.id FROM platform.job j
                WHERE j.state = 'ready' AND j.lane = share.lane AND j.merchant = turn.merchant
                  AND j.run_at <= :now
                  AND (j.order_key IS NULL OR NOT EXISTS (
                        SELECT 1 FROM platform.job e
                        WHERE e.order_key = j.order_key AND e.id < j.id
                          AND e.state IN ('ready', 'running')))
                ORDER BY j.run_at, j.id LIMIT share.each
                FOR UPDATE OF j SKIP LOCKED) AS picked
            WHERE turn.lane = share.lane
            LIMIT share.most) AS fair
    )
    UPDATE platform.job AS j
    SET state = 'running', attempts = j.attempts + 1, worker = :worker,
        lease_until = clock_timestamp() + CAST(:lease AS interval)
    FROM due WHERE j.id = due.id
    RETURNING j.id, j.merchant, j.name, j.args, j.attempts, j.max_attempts, j.lane, j.trace
    """
)
_ACK = text(
    "DELETE FROM platform.job"
    " WHERE id = :id AND worker = :worker AND attempts = :attempts AND state = 'running'"
    " RETURNING id"
)
_ACK_ALL = text(
    """
    DELETE FROM platform.job AS j
    USING unnest(CAST(:ids AS bigint[]), CAST(:attempts AS int[])) AS held(id, attempts)
    WHERE j.id = held.id AND j.attempts = held.attempts AND j.worker = :worker
      AND j.state = 'running'
    RETURNING j.id
    """
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
_PUT_BACK = text(
    """
    UPDATE platform.job
    SET state = CASE WHEN created_at < :old THEN 'dead' ELSE 'ready' END,
        attempts = attempts - 1, run_at = :run_at, error = :error, worker = NULL, lease_until = NULL
    WHERE id = :id AND worker = :worker AND attempts = :attempts AND state = 'running'
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
        self._hint = asyncio.Event()
        self._stopping = False
        self._notify = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._slots = {lane: asyncio.Semaphore(most) for lane, most in LANES.items()}
        self._running: dict[str, set[asyncio.Task[None]]] = {lane: set() for lane in LANES}
        self._turns: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self) -> None:
        """Begin to work."""
        self.db.wakers.append(self.wake)
        self.db.wakers.append(self._notify.set)
        loops = (self._dispatch(), self._keep(), self._tell(), self._listen())
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def stop(self) -> None:
        """Finish what is running, take nothing new, leave."""
        self._stopping = True
        self.wake()
        dispatch, *others = self._tasks
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        _, late = await asyncio.wait([dispatch], timeout=FINISH_SECONDS)
        for task in (*late, *(task for lane in self._running.values() for task in lane if late)):
            task.cancel()
        with suppress(Exception):
            async with self.db.platform() as tx:
                await tx.execute(
                    text("DELETE FROM platform.worker WHERE id = :id"), {"id": self.id}
                )

    def wake(self) -> None:
        """There may be jobs: look now."""
        self._hint.set()

    async def _dispatch(self) -> None:
        """Claim for every lane that has a free slot, in one statement; a full lane waits for itself."""
        while not self._stopping:
            self._hint.clear()
            free = [lane for lane, most in LANES.items() if len(self._running[lane]) < most]
            try:
                claimed = await claim(self.db, free, self.id) if free else []
            except Exception as error:
                logger.warning("cannot claim jobs", kind=type(error).__name__)
                await asyncio.sleep(IDLE_SECONDS)
                continue
            for batch in together(claimed):
                self._begin(batch)
            if not claimed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._hint.wait(), IDLE_SECONDS)
        running = set[asyncio.Task[None]]().union(*self._running.values())
        if running:
            await asyncio.wait(running)

    def _begin(self, batch: list[Claimed]) -> None:
        lane = batch[0].lane
        task = asyncio.create_task(self._run(batch))
        self._running[lane].add(task)
        task.add_done_callback(self._running[lane].discard)
        task.add_done_callback(lambda _: self.wake())  # its lane is free, its juniors may be due

    async def _run(self, batch: list[Claimed]) -> None:
        lane = batch[0].lane
        if len(batch) == 1:
            async with self._slots[lane]:
                await run(self.db, batch[0], self.id)
            return
        async with self._turns[batch[0].merchant, lane], self._slots[lane]:
            await run_together(self.db, batch, self.id)

    async def _keep(self) -> None:
        while True:
            try:
                await heartbeat.keep(self.db, self.id)
            except Exception as error:
                logger.warning("heartbeat failed", kind=type(error).__name__)
            await asyncio.sleep(heartbeat.SECONDS)

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


async def claim(
    db: Db, lanes: Sequence[str], worker: str, *, most: int | None = None
) -> list[Claimed]:
    """Lease due jobs of all these lanes, merchants in turn, in one statement.

    At most `CLAIM_AT_ONCE` a lane, or `most`.
    """
    async with db.platform() as tx:
        rows = await tx.execute(
            _CLAIM,
            {
                "lanes": list(lanes),
                "most": [most or CLAIM_AT_ONCE[lane] for lane in lanes],
                "now": tx.now,
                "worker": worker,
                "lease": heartbeat.LEASE,
            },
        )
        return [Claimed(*row) for row in rows]


def together(claimed: Sequence[Claimed]) -> list[list[Claimed]]:
    """What is run in one transaction: small jobs of one merchant and lane, oldest first.

    Two jobs of one aggregate and room are never claimed at the same time, so no order is lost.
    """
    shared: defaultdict[tuple[str, str], list[Claimed]] = defaultdict(list)
    batches: list[list[Claimed]] = []
    for one in sorted(claimed, key=lambda one: one.id):
        handler = known().get(one.name)
        if handler is None or handler.alone:
            batches.append([one])
            continue
        batch = shared[one.lane, one.merchant]
        if not batch:
            batches.append(batch)
        batch.append(one)
    return batches


async def run_together(
    db: Db, batch: Sequence[Claimed], worker: str, *, seconds: float | None = None
) -> None:
    """Run leased jobs of one merchant in shared transactions; one by one when any of them fails."""
    until = TOGETHER_SECONDS if seconds is None else seconds
    waiting = list(batch)
    while len(waiting) > 1:
        try:
            done = await _share(db, waiting, worker, until)
        except Exception as error:
            logger.info("jobs are run one by one", jobs=len(waiting), kind=type(error).__name__)
            break
        for one in waiting[:done]:
            metrics.jobs.labels(one.name, "done").inc()
        db.wake()
        waiting = waiting[done:]
    for one in waiting:
        await run(db, one, worker)


async def _share(db: Db, waiting: Sequence[Claimed], worker: str, seconds: float) -> int:
    """One transaction with as many of the jobs as fit in its time; how many were done."""
    until, done = time.monotonic() + seconds, 0
    async with db.merchant(waiting[0].merchant) as tx:
        for one in waiting:
            with _traced(one):
                await known()[one.name].run(tx, **one.args)
                await _part(tx)
            done += 1
            if time.monotonic() > until:
                break
        held = {
            "ids": [one.id for one in waiting[:done]],
            "attempts": [one.attempts for one in waiting[:done]],
        }
        acked = list(await tx.scalars(_ACK_ALL, {**held, "worker": worker}))
        if len(acked) != done:
            raise LeaseLost(f"{done} jobs")
    return done


async def _part(tx: Tx) -> None:
    """Write what a job left in the session and forget its rows: the next one reads its own."""
    if tx.new or tx.identity_map:
        await tx.flush()
        tx.expunge_all()


async def run(db: Db, claimed: Claimed, worker: str) -> None:
    """Run one leased job and acknowledge it, or give it back for another try."""
    with _traced(claimed) as span:
        outcome = await _run(db, claimed, worker)
        if span:
            span.set_attribute("tiefen.outcome", outcome)


def _traced(claimed: Claimed) -> tracing.Maybe:
    return tracing.begun(
        f"job {claimed.name}",
        {"tiefen.merchant": claimed.merchant, "tiefen.attempt": claimed.attempts},
        kind=SpanKind.CONSUMER,
        parent=claimed.trace,
    )


async def _run(db: Db, claimed: Claimed, worker: str) -> str:
    handler = known().get(claimed.name)
    mark = {"id": claimed.id, "worker": worker, "attempts": claimed.attempts}
    if handler is None:
        await _put_back(db, mark, claimed.name)
        return "not known here"
    try:
        if handler.outward:
            await handler.run(db, claimed.merchant, **claimed.args)
            async with db.platform() as tx:
                await tx.execute(_ACK, mark)
        else:
            async with db.merchant(claimed.merchant) as tx:
                await handler.run(tx, **claimed.args)
                if await tx.scalar(_ACK, mark) is None:
                    raise LeaseLost(claimed.name)
        metrics.jobs.labels(claimed.name, "done").inc()
        db.wake()
        return "done"
    except LeaseLost:
        logger.warning("lease lost", job=claimed.name, id=claimed.id)
        return "lease lost"
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
        return "failed"


async def _put_back(db: Db, mark: dict[str, Any], name: str) -> None:
    """Leave a job to a worker of another version. It costs the job none of its tries."""
    logger.warning("job not known here", job=name, id=mark["id"])
    metrics.jobs.labels(name, "strange").inc()
    with suppress(Exception):  # the database is away: the lease will run out
        async with db.platform() as tx:
            error = f"no worker knows {name}"
            when = {"run_at": tx.now + STRANGE_AGAIN, "old": tx.now - STRANGE_DEAD}
            await tx.execute(_PUT_BACK, {**mark, **when, "error": error})


async def _give_back(db: Db, mark: dict[str, Any], attempts: int, error: Exception) -> None:
    with suppress(Exception):  # the database is away: the lease will run out
        async with db.platform() as tx:
            again = tx.now + backoff(attempts)
            what = f"{type(error).__name__}: {error}"[:2000]
            await tx.execute(_FAIL, {**mark, "run_at": again, "error": what})


async def drain(
    db: Db,
    *,
    crons: bool = False,
    at_once: int = 1,
    rounds: int = 10_000,
    seconds: float | None = None,
    lanes: Sequence[str] = tuple(LANES),
) -> int:
    """Run all due jobs of these lanes to the end (tests, demo worlds), `at_once` side by side.

    Returns how many ran.

    `seconds` is how long a shared transaction may take where nobody waits for what it locks.
    """
    name, ran = f"drain:{os.getpid()}", 0
    slots = asyncio.Semaphore(at_once)

    async def some(batch: list[Claimed]) -> None:
        async with slots:
            if len(batch) == 1:
                await run(db, batch[0], name)
            else:
                await run_together(db, batch, name, seconds=seconds)

    if crons:
        await heartbeat.queue_due_crons(db)
    for _ in range(rounds):
        claimed = await claim(db, lanes, name)
        if not claimed:
            return ran
        await asyncio.gather(*map(some, together(claimed)))
        ran += len(claimed)
    raise RuntimeError("jobs keep making jobs")
