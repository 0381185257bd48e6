"""Later = a row in the same commit. The worker claims, runs and acknowledges.

- A transactional job (`@job`) runs in one transaction that also deletes its row: its effect and its
  acknowledgement are one commit, so it happens exactly once however often a worker dies. Small jobs
  that are due together share a transaction; when one of them fails each gets its own.
- An outward job (`@outward_job`) may call the network; its row is deleted afterwards: at least once,
  so the handler must be safe to run twice.
- Jobs with an `order_key` run one after another; a dead one steps aside and is seen by a person.
- Lanes have their own loops, so a flood of broadcasts never delays a payment; inside a lane
  merchants take turns.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from sqlalchemy import BigInteger, Identity, Index, Integer, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel import db as database
from tiefen.kernel import log, tracing
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Db, Json, PlatformBase, Tx

logger = log.get("kernel")

LANES: dict[str, int] = {"callback": 4, "pay": 4, "send": 4, "default": 4, "bulk": 1}
"""Lane → how many of its jobs one worker runs at once."""
DEFAULT_ATTEMPTS = 12


class Job(PlatformBase):
    """One thing to be done later. Its row is gone when it is done."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    merchant: Mapped[str] = mapped_column(String(31))
    lane: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(120))
    args: Mapped[Json]
    order_key: Mapped[str | None] = mapped_column(String(300))
    key: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(8), server_default="ready")
    run_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    max_attempts: Mapped[int] = mapped_column(Integer)
    worker: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    trace: Mapped[str | None] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        Index(
            "ix_job_ready",
            "lane",
            "merchant",
            "run_at",
            "id",
            postgresql_where=text("state = 'ready'"),
        ),
        Index("ix_job_order", "order_key", "id", postgresql_where=text("order_key IS NOT NULL")),
        Index(
            "uq_job_key",
            "merchant",
            "name",
            "key",
            unique=True,
            postgresql_where=text("key IS NOT NULL AND state <> 'dead'"),
        ),
        Index("ix_job_lease", "lease_until", postgresql_where=text("state = 'running'")),
        Index("ix_job_dead", "merchant", "id", postgresql_where=text("state = 'dead'")),
        {"postgresql_with": {"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.02}},
    )


invariant(
    "E3",
    "no job stays running with no live worker: an expired lease is taken back within minutes",
    """
    SELECT id, name FROM platform.job
    WHERE merchant = substr(current_schema(), 3) AND state = 'running'
      AND lease_until < clock_timestamp() - interval '5 minutes'
    """,
)
invariant(
    "E3.alarm",
    "a job that has used up its tries is dead, where people see it, and never waits for another",
    """
    SELECT id, name FROM platform.job
    WHERE merchant = substr(current_schema(), 3) AND state = 'ready' AND attempts >= max_attempts
    """,
)


class WorkerRow(PlatformBase):
    """A worker that is alive, or was when it last beat."""

    __tablename__ = "worker"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]


class CronRow(PlatformBase):
    """When a periodic job of a merchant was last put in the queue."""

    __tablename__ = "cron"
    merchant: Mapped[str] = mapped_column(String(31), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    last_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Handler:
    """A registered job: its function and how it is run."""

    run: Callable[..., Awaitable[None]]
    lane: str
    outward: bool
    attempts: int
    alone: bool
    """Whether it has a transaction to itself: what calls the network, and what moves money."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A job noted on a transaction, not yet written."""

    name: str
    lane: str
    args: dict[str, Any]
    run_at: datetime
    order_key: str | None
    key: str | None
    max_attempts: int
    trace: str | None = field(default_factory=tracing.carried)
    """The open span, so that one trace shows the request and what it left to be done."""


F = TypeVar("F", bound=Callable[..., Awaitable[None]])
_handlers: dict[str, Handler] = {}
_crons: dict[str, timedelta] = {}


def register(
    name: str,
    run: Callable[..., Awaitable[None]],
    *,
    lane: str,
    outward: bool,
    attempts: int,
    alone: bool = False,
) -> None:
    """Make `name` runnable. Raises ValueError when it is taken or the lane unknown."""
    if name in _handlers or lane not in LANES:
        raise ValueError(f"job {name} (lane {lane}) cannot be registered")
    alone = alone or outward or lane == "pay"
    _handlers[name] = Handler(run, lane, outward, attempts, alone)


def job(
    name: str, *, lane: str = "default", attempts: int = DEFAULT_ATTEMPTS, alone: bool = False
) -> Callable[[F], F]:
    """Register `async f(tx, **args)` as a transactional job.

    It may share its transaction with others of its lane, unless it is `alone` (as the lane `pay` is).
    """

    def declare(function: F) -> F:
        register(name, function, lane=lane, outward=False, attempts=attempts, alone=alone)
        return function

    return declare


def outward_job(
    name: str, *, lane: str = "send", attempts: int = DEFAULT_ATTEMPTS
) -> Callable[[F], F]:
    """Register `async f(db, merchant, **args)` as a job that may call the network."""

    def declare(function: F) -> F:
        register(name, function, lane=lane, outward=True, attempts=attempts)
        return function

    return declare


def cron(name: str, *, every: timedelta, lane: str = "default") -> Callable[[F], F]:
    """Register `async f(db, merchant)` to run for each merchant, `every` so often."""

    def declare(function: F) -> F:
        register(name, function, lane=lane, outward=True, attempts=3)
        _crons[name] = every
        return function

    return declare


def later(
    tx: Tx,
    name: str,
    *,
    run_at: datetime | None = None,
    key: str | None = None,
    aggregate: str | None = None,
    **args: Any,
) -> None:
    """Queue job `name`; it exists exactly if `tx` commits.

    `key`: at most one undone job of this name and key. `aggregate`: one after another.
    """
    handler = _handlers[name]
    pending(
        tx,
        Pending(
            name=name,
            lane=handler.lane,
            args=args,
            run_at=run_at or tx.now,
            order_key=f"{tx.merchant}|{name}|{aggregate}" if aggregate else None,
            key=key,
            max_attempts=handler.attempts,
        ),
    )


def pending(tx: Tx, row: Pending) -> None:
    """Note a job on the transaction."""
    tx.info.setdefault("jobs", []).append(row)


def insert(rows: str) -> str:
    """The statement that writes jobs of merchant $1; `rows` names the parameter with what was `noted`."""
    return f"""
        INSERT INTO platform.job
            (merchant, lane, name, args, order_key, key, run_at, max_attempts, trace)
        SELECT $1, j.lane, j.name, j.args, j.order_key, j.key, j.run_at, j.max_attempts, j.trace
        FROM jsonb_to_recordset({rows}::jsonb)
             AS j(lane text, name text, args jsonb, order_key text, key text,
                  run_at timestamptz, max_attempts int, trace text)
        ON CONFLICT DO NOTHING
    """  # noqa: S608 — `rows` is a parameter's number


_INSERT = insert(rows="$2")


def noted(tx: Tx) -> str:
    """The jobs noted on the transaction as JSON, for whoever writes them; empty: none."""
    rows = tx.info.pop("jobs", None)
    if not rows:
        return ""
    tx.info["wake"] = True
    return msgspec.json.encode(rows).decode()


async def write(tx: Tx) -> None:
    """Write the jobs noted on the transaction, in one statement."""
    rows = noted(tx)
    if rows:
        await tx.rows(_INSERT, tx.merchant, rows)


def _wake(db: Db, tx: Tx) -> None:
    if tx.info.pop("wake", False):
        db.wake()


database.before_commit.append(write)
database.after_commit.append(_wake)


def known() -> dict[str, Handler]:
    """All runnable jobs by name."""
    return _handlers


def crons() -> dict[str, timedelta]:
    """Periodic jobs and their periods."""
    return _crons
