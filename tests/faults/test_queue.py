"""A queue that is long, heavy, or holds what this version does not know."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from tiefen.kernel import audit, clock, events, heartbeat, jobs, worker
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.jobs import later

done: list[str] = []
_WAITING = text(
    "SELECT name, state, attempts, run_at, error FROM platform.job WHERE name LIKE 'queue_test.%'"
)


@jobs.job("queue_test.weigh")
async def weigh(tx: Tx, load: str) -> None:
    """A job that says how heavy it was."""
    done.append(f"{len(load)}")


@events.event("queue_test.happened")
class Happened:
    """An event as this version declares it."""

    what: str
    since: int = 0
    """New in this version: what was told by the last one has none."""


async def hear(tx: Tx, event: Happened) -> None:
    """Hear it."""
    done.append(f"{event.what} {event.since}")


hear.__module__ = "tiefen.queue_test.subscribers"
events.on(Happened)(hear)


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    done.clear()


async def test_a_job_of_ten_megabytes_runs_and_its_neighbours_too(db: Db) -> None:
    async with db.merchant("demo") as tx:
        later(tx, "queue_test.weigh", load="a")
        later(tx, "queue_test.weigh", load="x" * 10_000_000)
        later(tx, "queue_test.weigh", load="bc")
    assert await worker.drain(db) == 3
    assert sorted(done) == ["1", "10000000", "2"]


async def test_with_100_000_waiting_a_claim_reads_what_it_takes(db: Db, database_url: str) -> None:
    """One merchant's flood, most of it in order by aggregate; another merchant's few are not behind it."""
    async with db.platform() as tx:
        await tx.execute(
            text(
                """
                INSERT INTO platform.job (merchant, lane, name, args, order_key, run_at, max_attempts)
                SELECT CASE WHEN n % 10000 = 0 THEN 'other' ELSE 'demo' END,
                       CASE WHEN n % 20 = 0 THEN 'callback' ELSE 'default' END, 'queue_test.weigh',
                       '{"load": ""}',
                       CASE WHEN n % 2 = 0 THEN 'demo|room|thing:' || n / 10 END,
                       now() - (100001 - n) * interval '1 second', 12
                FROM generate_series(1, 100000) AS n
                """
            )
        )
    for lane, most in (("default", 64), ("callback", 16)):
        read, plan = await _read_by_a_claim(db, [lane])
        assert read < 40 * most, plan
        assert "Seq Scan on job" not in plan, plan
    seen, _ = await _read_by_a_claim(db, ["bulk"], planted=True)
    assert seen > 40 * 16, "one that reads all that waits is noticed, though it takes nothing"
    taken = await worker.claim(db, list(jobs.LANES), "w")
    assert {one.merchant for one in taken if one.lane == "callback"} == {"demo", "other"}
    oldest = [one.id for one in taken if (one.lane, one.merchant) == ("default", "demo")]
    assert max(oldest) < 300, "the oldest first, of each thing one"
    await heartbeat.keep(db, "w")


async def _read_by_a_claim(db: Db, lanes: list[str], *, planted: bool = False) -> tuple[int, str]:
    """How many pages a claim looks at, and its plan; the claim is undone. `planted`: without indexes."""
    facts: dict[str, Any] = {
        "lanes": lanes,
        "most": [worker.CLAIM_AT_ONCE[lane] for lane in lanes],
        "worker": "w",
        "lease": timedelta(seconds=60),
    }
    claim = text(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {worker._CLAIM.text}")
    async with db.platform() as tx:
        if planted:
            for way in ("indexscan", "indexonlyscan", "bitmapscan"):
                await tx.execute(text(f"SET LOCAL enable_{way} = off"))
        told = await tx.scalar(claim, facts | {"now": tx.now})
        await tx.rollback()
    plan = told[0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], str(told)


# ── two versions side by side ────────────────────────────────────────────────────────────────


async def _left_by_another_version(db: Db, name: str, args: dict[str, Any]) -> None:
    async with db.platform() as tx:
        await tx.execute(
            text(
                "INSERT INTO platform.job"
                " (merchant, lane, name, args, run_at, max_attempts, created_at)"
                " VALUES ('demo', 'default', :name, CAST(:args AS jsonb), :now, 3, :now)"
            ),
            {"name": name, "args": msgspec.json.encode(args).decode(), "now": tx.now},
        )


async def test_a_job_only_the_newer_version_knows_waits_for_it_untried(
    db: Db, travel: Travel
) -> None:
    await _left_by_another_version(db, "queue_test.new", {"load": "a"})
    for _ in range(10):  # more often than it may be tried
        assert await worker.drain(db) == 1
        async with db.platform() as tx:
            (row,) = list(await tx.execute(_WAITING))
        assert (row.state, row.attempts) == ("ready", 0)
        assert row.error == "no worker knows queue_test.new"
        assert await worker.drain(db) == 0, "not round and round"
        travel.move(timedelta(minutes=1))
    assert await audit.run(db) == []
    jobs.job("queue_test.new")(weigh)  # the newer version comes
    try:
        await worker.drain(db)
    finally:
        del jobs.known()["queue_test.new"]
    assert done == ["1"]


async def test_a_job_that_no_version_knows_is_shown_to_people(db: Db, travel: Travel) -> None:
    await _left_by_another_version(db, "queue_test.gone", {})
    travel.move(worker.STRANGE_DEAD + timedelta(minutes=1))
    await worker.drain(db)
    async with db.platform() as tx:
        (row,) = list(await tx.execute(_WAITING))
    assert (row.state, row.error) == ("dead", "no worker knows queue_test.gone")


async def test_what_the_last_and_the_next_version_tell_is_heard(db: Db) -> None:
    """The last one knew fewer facts, the next one tells more."""
    for told in ({"what": "last"}, {"what": "next", "since": 3, "where": "Hangzhou"}):
        await _left_by_another_version(db, "on:queue_test.hear", {"event": told})
    await worker.drain(db)
    assert sorted(done) == ["last 0", "next 3"]


# ── a clock that is set right ────────────────────────────────────────────────────────────────


async def test_periodic_jobs_go_on_when_a_clock_that_ran_ahead_is_set_back(
    db: Db, travel: Travel
) -> None:
    async def queued() -> int:
        await heartbeat.queue_due_crons(db)
        async with db.platform() as tx:
            gone = await tx.scalars(
                text("DELETE FROM platform.job WHERE name = 'kernel.housekeeping' RETURNING id")
            )
            return len(list(gone))

    travel.move(timedelta(days=30))
    assert await queued() == 2, "of each merchant one"
    assert await queued() == 0
    travel.move(-timedelta(days=30))
    assert await queued() == 2
    assert await queued() == 0
    assert clock.injected() == travel.now
