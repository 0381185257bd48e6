"""Events and jobs: exactly one effect, in order, whatever dies."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from tiefen.kernel import events, jobs, metrics
from tiefen.kernel import worker as work
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
        events.publish(tx, Happened("poison"), aggregate="thing:1")
        events.publish(tx, Happened("fine"), aggregate="thing:2")
    for _ in range(jobs.DEFAULT_ATTEMPTS):
        await drain(db)
        travel.move(timedelta(hours=1))
    assert seen.count("poison") == jobs.DEFAULT_ATTEMPTS
    assert seen.count("fine") == 1
    async with db.platform() as tx:
        row = (await tx.execute(text("SELECT state, error FROM platform.job"))).one()
    assert row.state == "dead"
    assert "poison" in row.error


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
    await work.keep(db, "other worker")
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
    await work.keep(db, "w")
    assert (
        90
        <= (metrics.registry.get_sample_value("tiefen_job_oldest_seconds", {"lane": "pay"}) or 0)
        < 120
    )
    assert metrics.registry.get_sample_value("tiefen_job_oldest_seconds", {"lane": "send"}) == 0
