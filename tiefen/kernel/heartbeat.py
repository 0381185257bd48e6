"""The beat of a worker: it says that it lives, keeps its own leases, takes back those of dead ones, and
queues what is periodic. All by the database's clock: hosts have several.
"""

from datetime import timedelta

from sqlalchemy import text

from tiefen.kernel import metrics
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.jobs import LANES, crons, later, write

LEASE = timedelta(seconds=60)
SECONDS = 15.0
"""Between two beats."""

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
_ALIVE = text(
    "SELECT EXISTS (SELECT FROM platform.worker"
    " WHERE beat_at > clock_timestamp() - CAST(:most AS interval))"
)
_WAITING = text(
    "SELECT lane, extract(epoch FROM :now - min(run_at)) AS seconds FROM platform.job"
    " WHERE state = 'ready' AND run_at < :now GROUP BY lane"
)
_DUE_CRON = text(
    """
    INSERT INTO platform.cron (merchant, name, last_at) VALUES (:merchant, :name, :now)
    ON CONFLICT (merchant, name) DO UPDATE SET last_at = excluded.last_at
    WHERE platform.cron.last_at <= :before OR platform.cron.last_at > :now
    RETURNING merchant
    """
)
"""What ran in the future ran before the clock was set right: it does not wait until then."""


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


async def someone_beats(tx: Tx) -> bool:
    """Whether a worker is alive, by the clock that it beats by: this host's may be another."""
    found: bool = await tx.scalar(_ALIVE, {"most": timedelta(seconds=SECONDS * 3)})
    return found
