"""Events and jobs: exactly one effect, in order, whatever dies."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tiefen.kernel import audit, events, heartbeat, jobs, metrics
from tiefen.kernel import worker as work
from tiefen.kernel.auth import Session
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.jobs import later
from tiefen.kernel.worker import Worker, drain

seen: list[str] = []


@events.event("kernel_test.happened")
class Happened:
    """A test event."""

    what: str


async def note(tx: Tx, event: Happened) -> None:
    """Hear the test event."""
    seen.append(event.what)
    if event.what == "poison":
        raise RuntimeError("poison")


note.__module__ = "tiefen.kernel_test.subscribers"
events.on(Happened)(note)


@events.event("kernel_test.undone")
class Undone:
    """A second test event of the same things."""

    what: str


async def undo(tx: Tx, event: Undone) -> None:
    """Hear it in the same room, by another function."""
    seen.append(event.what)


undo.__module__ = "tiefen.kernel_test.subscribers"
events.on(Undone)(undo)


@jobs.job("kernel_test.write")
async def write(tx: Tx, what: str) -> None:
    """A transactional job whose effect is a row."""
    await tx.execute(
        text(
            "INSERT INTO session (token_hash, kind, subject_id, created_at, expires_at)"
            " VALUES (convert_to(:what, 'UTF8'), 'fan', 1, :now, :now)"
        ),
        {"what": what, "now": tx.now},
    )
    seen.append(what)


@jobs.job("kernel_test.hurt")
async def hurt(tx: Tx, how: str) -> None:
    """A job during which something happens to the worker."""
    if how == "connection lost" and how not in seen:
        seen.append(how)
        victim = await tx.scalar(text("SELECT pg_backend_pid()"))
        assert owner is not None
        async with owner.begin() as other:
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": victim})
        await tx.execute(text("SELECT 1"))
    if how == "worker died" and how not in seen:
        seen.append(how)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)


@jobs.job("kernel_test.change")
async def change(tx: Tx, by: str) -> None:
    """Read a row through the session; change it behind the session's back or through it."""
    row = (await tx.scalars(select(Session))).one()
    seen.append(str(row.subject_id))
    if by == "statement":
        await tx.execute(
            update(Session)
            .values(subject_id=Session.subject_id + 1)
            .execution_options(synchronize_session=False)
        )
    else:
        row.subject_id += 1


async def written(db: Db) -> list[str]:
    """What the writing jobs wrote, sorted."""
    async with db.merchant("demo") as tx:
        rows = await tx.scalars(text("SELECT convert_from(token_hash, 'UTF8') FROM session"))
        return sorted(rows)


owner: AsyncEngine | None = None


@pytest.fixture(autouse=True)
def _clean() -> None:
    seen.clear()


async def test_an_event_is_delivered_when_the_change_commits(db: Db) -> None:
    async with db.merchant("demo") as tx:
        events.publish(tx, Happened("a"), aggregate="thing:1")
        events.publish(tx, Happened("b"), aggregate="thing:1")
    assert await drain(db) == 2
    assert seen == ["a", "b"]
    async with db.platform() as tx:
        assert await tx.scalar(text("SELECT count(*) FROM platform.event")) == 2
        assert await tx.scalar(text("SELECT count(*) FROM platform.job")) == 0


async def test_a_rolled_back_change_announces_nothing(db: Db) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.merchant("demo") as tx:
            events.publish(tx, Happened("a"), aggregate="thing:1")
            raise ZeroDivisionError
    assert await drain(db) == 0


async def test_a_poisoned_job_is_retried_then_buried_and_neighbours_go_on(
    db: Db, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        later(tx, "kernel_test.write", what="before")
        events.publish(tx, Happened("poison"), aggregate="thing:1")
        later(tx, "kernel_test.write", what="after")
    await drain(db)
    assert await written(db) == ["after", "before"]
    for _ in range(jobs.DEFAULT_ATTEMPTS):
        travel.move(timedelta(hours=1))
        await drain(db)
    assert seen.count("poison") == jobs.DEFAULT_ATTEMPTS + 1  # once among others, then alone
    assert await written(db) == ["after", "before"]
    async with db.platform() as tx:
        row = (await tx.execute(text("SELECT state, attempts, error FROM platform.job"))).one()
    assert (row.state, row.attempts) == ("dead", jobs.DEFAULT_ATTEMPTS)
    assert "poison" in row.error


@pytest.mark.slow
async def test_a_room_hears_an_aggregate_in_order_by_many_workers_and_functions(db: Db) -> None:
    for number in range(30):
        async with db.merchant("demo") as tx:
            for thing in "xyz":
                kind = Undone if number % 2 else Happened
                events.publish(tx, kind(f"{thing}{number:02}"), aggregate=f"thing:{thing}")
    workers = [Worker(db) for _ in range(3)]
    for worker in workers:
        await worker.start()
    for _ in range(400):
        if len(seen) >= 90:
            break
        await asyncio.sleep(0.02)
    for worker in workers:
        await worker.stop()
    for thing in "xyz":
        mine = [what for what in seen if what.startswith(thing)]
        assert mine == sorted(mine)
        assert len(mine) == 30


async def test_a_job_whose_lease_was_lost_leaves_no_trace(db: Db) -> None:
    async with db.merchant("demo") as tx:
        later(tx, "kernel_test.write", what="once")
    (first,) = await work.claim(db, ["default"], "slow worker", most=1)
    async with db.platform() as tx:
        await tx.execute(text("UPDATE platform.job SET lease_until = now() - interval '1 second'"))
    await heartbeat.keep(db, "other worker")
    (second,) = await work.claim(db, ["default"], "other worker", most=1)
    await work.run(db, first, "slow worker")
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM session")) == 0
    await work.run(db, second, "other worker")
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM session")) == 1


async def test_a_key_holds_one_undone_job(db: Db) -> None:
    for _ in range(3):
        async with db.merchant("demo") as tx:
            later(tx, "kernel_test.write", what="once", key="k")
    assert await drain(db) == 1
    async with db.merchant("demo") as tx:
        later(tx, "kernel_test.write", what="again", key="k")
    assert await drain(db) == 1


async def test_merchants_take_turns(db: Db) -> None:
    async with db.merchant("demo") as tx:
        for number in range(50):
            later(tx, "kernel_test.write", what=f"flood{number}")
    async with db.merchant("other") as tx:
        later(tx, "kernel_test.write", what="small")
    claimed = await work.claim(db, ["default"], "w", most=16)
    assert {one.merchant for one in claimed} == {"demo", "other"}


async def test_a_heartbeat_tells_how_long_each_lane_waits(db: Db) -> None:
    async with db.platform() as tx:
        await tx.execute(
            text(
                "INSERT INTO platform.job (merchant, lane, name, args, run_at, max_attempts)"
                " VALUES ('demo', 'pay', 'nobody.knows', '{}', now() - interval '90 seconds', 3)"
            )
        )
    await heartbeat.keep(db, "w")
    assert (
        90
        <= (metrics.registry.get_sample_value("tiefen_job_oldest_seconds", {"lane": "pay"}) or 0)
        < 120
    )
    assert metrics.registry.get_sample_value("tiefen_job_oldest_seconds", {"lane": "send"}) == 0


# ── jobs that share a transaction ────────────────────────────────────────────────────────────


async def _queue(db: Db, *whats: str) -> None:
    async with db.merchant("demo") as tx:
        for what in whats:
            later(tx, "kernel_test.write", what=what)


async def test_small_jobs_of_a_merchant_share_a_transaction_and_money_never_does(db: Db) -> None:
    await _queue(db, "a", "b")
    async with db.merchant("other") as tx:
        later(tx, "kernel_test.write", what="c")
    async with db.merchant("demo") as tx:
        later(tx, "orders.close_unpaid", order_no="T1")
        later(tx, "orders.receive_shipped", order_no="T1")
    batches = work.together(await work.claim(db, list(jobs.LANES), "w"))
    named = sorted([(one.merchant, one.name) for one in batch] for batch in batches)
    assert named == [
        [("demo", "kernel_test.write"), ("demo", "kernel_test.write")],
        [("demo", "orders.close_unpaid")],
        [("demo", "orders.receive_shipped")],
        [("other", "kernel_test.write")],
    ]


async def test_jobs_in_one_transaction_each_read_their_own_rows(db: Db) -> None:
    await _queue(db, "counter")
    await drain(db)
    async with db.merchant("demo") as tx:
        for by in ("session", "statement", "session", "statement"):
            later(tx, "kernel_test.change", by=by)
    seen.clear()
    (batch,) = work.together(await work.claim(db, ["default"], "w"))
    await work.run_together(db, batch, "w")
    assert seen == ["1", "2", "3", "4"]


async def test_a_shared_transaction_ends_when_its_time_is_over(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "TOGETHER_SECONDS", -1.0)
    await _queue(db, *"abcde")
    assert await drain(db) == 5
    assert await written(db) == [*"abcde"]
    async with db.merchant("demo") as tx:
        transactions = await tx.scalar(text("SELECT count(DISTINCT xmin::text) FROM session"))
    assert transactions == 5


async def _without_neighbours(
    db: Db, waiting: Sequence[work.Claimed], worker: str, _seconds: float
) -> int:
    """The planted bug: every effect is committed by itself, the acknowledgement comes at the end."""
    for one in waiting:
        async with db.merchant(one.merchant) as tx:
            await jobs.known()[one.name].run(tx, **one.args)
    async with db.platform() as tx:
        held = {"ids": [one.id for one in waiting], "attempts": [one.attempts for one in waiting]}
        await tx.execute(work._ACK_ALL, {**held, "worker": worker})
    return len(waiting)


@pytest.mark.parametrize("what", ["poison", "connection lost", "worker died", "lease lost"])
@pytest.mark.parametrize("planted", [False, True], ids=["real", "planted"])
async def test_nothing_is_lost_and_nothing_happens_twice(
    db: Db, monkeypatch: pytest.MonkeyPatch, what: str, planted: bool
) -> None:
    global owner
    owner = create_async_engine(db.url)
    if planted:
        monkeypatch.setattr(work, "_share", _without_neighbours)
    await _queue(db, "a", "b")
    async with db.merchant("demo") as tx:
        if what == "poison":
            events.publish(tx, Happened("poison"), aggregate="thing:1")
        elif what != "lease lost":
            later(tx, "kernel_test.hurt", how=what)
    await _queue(db, "c", "d")
    claimed = await work.claim(db, ["default"], "first")
    if what == "lease lost":
        await _let_go(db, claimed[1].id)
        (stolen,) = await work.claim(db, ["default"], "second")
        await work.run(db, stolen, "second")
    (batch,) = work.together(claimed)
    with suppress(asyncio.CancelledError):
        await work.run_together(db, batch, "first")
    for one in batch:
        await _let_go(db, one.id)
    await drain(db)
    await owner.dispose()
    once = await written(db) == [*"abcd"]
    async with db.platform() as tx:
        left = await tx.scalar(text("SELECT count(*) FROM platform.job WHERE name LIKE '%write'"))
    assert (once and not left) is not planted


async def _let_go(db: Db, job_id: int) -> None:
    """The lease of one job runs out."""
    async with db.platform() as tx:
        await tx.execute(
            text("UPDATE platform.job SET lease_until = now() - interval '1 s' WHERE id = :id"),
            {"id": job_id},
        )
        await tx.execute(heartbeat._RESCUE)


@pytest.mark.parametrize(
    ("promise", "breach"),
    [
        ("E3", "state = 'running', lease_until = now() - interval '6 minutes'"),
        ("E3.alarm", "attempts = max_attempts"),
    ],
)
async def test_the_audit_names_jobs_that_nobody_will_run(db: Db, promise: str, breach: str) -> None:
    for merchant in ("demo", "other"):
        async with db.merchant(merchant) as tx:
            later(tx, "kernel_test.write", what="sound")
    assert await audit.run(db) == []
    async with db.platform() as tx:
        broken = await tx.scalar(
            text(f"UPDATE platform.job SET {breach} WHERE merchant = 'demo' RETURNING id")
        )
    (found,) = await audit.run(db)
    assert (found.merchant, found.invariant, found.row["id"]) == ("demo", promise, broken)
    await heartbeat.keep(db, "another worker")  # what is left running is taken back …
    await drain(db)
    async with db.platform() as tx:
        await tx.execute(text("UPDATE platform.job SET state = 'dead' WHERE state = 'ready'"))
    assert await audit.run(db) == [], "… and what cannot be run is where people see it"
