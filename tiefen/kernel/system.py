"""Routes of the installation itself: probes, metrics, and the page of jobs."""

import shutil
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from sqlalchemy import delete, func, select, text, update
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tiefen.kernel import heartbeat, jobs, metrics, migrate
from tiefen.kernel.auth import StaffActor, anyone, staff
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import NotFound
from tiefen.kernel.events import EventRow
from tiefen.kernel.http import (
    OK,
    Cursor,
    DbDep,
    Limit,
    Ok,
    Out,
    Page,
    PathId,
    SettingsDep,
    TxDep,
    newest,
    paged,
)
from tiefen.kernel.idempotency import IdempotencyKey
from tiefen.kernel.jobs import Job
from tiefen.kernel.routing import Routes

JOBS_READ, JOBS_WRITE = "jobs.read", "jobs.write"
LOOPBACK = frozenset({"127.0.0.1", "::1"})
router = Routes(tags=["kernel"])


@router.get("/live", operation_id="isLive", dependencies=[Depends(anyone())])
async def live() -> Ok:
    """The process answers."""
    return OK


@router.get("/ready", operation_id="isReady", dependencies=[Depends(anyone())])
async def ready(db: DbDep, settings: SettingsDep) -> Response:
    """All that a request needs is there: database writable and at head, a worker, disk space."""
    checks = {"disk": shutil.disk_usage(settings.data_dir).free > 500 * 1024 * 1024}
    try:
        async with db.platform() as tx:
            await tx.execute(text("SELECT pg_current_xact_id()"))
            at = await tx.scalar(text("SELECT version_num FROM platform.alembic_version"))
            checks["worker"] = await heartbeat.someone_beats(tx)
            checks["database"] = True
            checks["migrations"] = at == migrate.head("platform")
    except Exception:  # noqa: BLE001 whatever is wrong with it, it is not ready
        checks["database"] = False
    good = all(checks.values())
    return JSONResponse({"ready": good, "checks": checks}, status_code=200 if good else 503)


@router.get("/metrics", operation_id="readMetrics", dependencies=[Depends(anyone())])
async def read_metrics(request: Request, settings: SettingsDep) -> Response:
    """Prometheus text, for the holder of the metrics token or a direct caller on this machine."""
    token = settings.metrics_token.get_secret_value()
    near = (
        request.client is not None
        and request.client.host in LOOPBACK
        and "x-forwarded-for" not in request.headers
    )
    if request.headers.get("authorization") != f"Bearer {token}" if token else not near:
        raise NotFound
    return PlainTextResponse(metrics.render(), media_type="text/plain; version=0.0.4")


class JobOut(Out):
    """A job that is not done yet."""

    id: int
    lane: str
    name: str
    state: str
    args: dict[str, Any]
    attempts: int
    max_attempts: int
    run_at: datetime
    created_at: datetime
    error: str | None


class JobCounts(Out):
    """How many jobs of the merchant stand where."""

    ready: int
    running: int
    dead: int
    oldest_due_seconds: int


class JobPage(Page[JobOut]):
    """A page of jobs with the counts of all."""

    counts: JobCounts


@router.get("/api/console/jobs", operation_id="listJobs")
async def list_jobs(
    tx: TxDep,
    who: Annotated[StaffActor, Depends(staff(JOBS_READ))],
    state: Annotated[Literal["ready", "running", "dead"], Query()] = "dead",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JobPage:
    """The merchant's jobs in one state, newest first."""
    query = select(Job).where(Job.merchant == tx.merchant, Job.state == state)
    rows = (await tx.scalars(newest(query, Job.id, cursor, limit))).all()
    shown = paged([JobOut.model_validate(row) for row in rows], rows, limit)
    return JobPage(items=shown.items, next=shown.next, counts=await _counts(tx))


@router.post("/api/console/jobs/{job_id}/retry", operation_id="retryJob")
async def retry_job(
    tx: TxDep, who: Annotated[StaffActor, Depends(staff(JOBS_WRITE))], job_id: PathId
) -> Ok:
    """Give a dead job its tries back."""
    done = await tx.scalar(
        update(Job)
        .where(Job.id == job_id, Job.merchant == tx.merchant, Job.state == "dead")
        .values(state="ready", attempts=0, run_at=tx.now, error=None)
        .returning(Job.id)
    )
    if done is None:
        raise NotFound
    return OK


async def _counts(tx: Tx) -> JobCounts:
    rows = await tx.execute(
        select(Job.state, func.count(), func.min(Job.run_at))
        .where(Job.merchant == tx.merchant)
        .group_by(Job.state)
    )
    by_state = {state: (count, oldest) for state, count, oldest in rows}
    ready_count, oldest = by_state.get("ready", (0, None))
    late = int((tx.now - oldest).total_seconds()) if oldest else 0
    return JobCounts(
        ready=ready_count,
        running=by_state.get("running", (0, None))[0],
        dead=by_state.get("dead", (0, None))[0],
        oldest_due_seconds=max(late, 0),
    )


@jobs.cron("kernel.housekeeping", every=timedelta(hours=6), lane="bulk")
async def housekeeping(db: DbDep, merchant: str) -> None:
    """Forget answers older than three days, sessions that ended, events older than a month."""
    async with db.merchant(merchant) as tx:
        await tx.execute(
            delete(IdempotencyKey).where(IdempotencyKey.created_at < tx.now - timedelta(days=3))
        )
        await tx.execute(text("DELETE FROM session WHERE expires_at < :now"), {"now": tx.now})
        await tx.execute(
            delete(EventRow).where(
                EventRow.merchant == merchant, EventRow.at < tx.now - timedelta(days=31)
            )
        )
