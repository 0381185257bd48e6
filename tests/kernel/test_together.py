"""Callers who come at the same moment share a commit, and nothing else: each with its own answer."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from tests.databases import raw_url
from tiefen.kernel import clock, together
from tiefen.kernel import db as database
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.together import Dropped, Together

_WRITE = text(
    "INSERT INTO idempotency_key (caller, key, request_hash, created_at)"
    " SELECT 'test', key, '', now() FROM unnest(CAST(:keys AS text[])) AS key"
)


class Notes:
    """A verb that writes one row for each piece of work, and what it was given."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.drop: set[str] = set()

    async def __call__(self, tx: Tx, work: Sequence[str]) -> list[str]:
        self.batches.append(list(work))
        await tx.execute(_WRITE, {"keys": list(work)})
        dropped = {n: f"no {what}" for n, what in enumerate(work) if what in self.drop}
        if dropped:
            raise Dropped(dropped)
        return [f"yes {what}" for what in work]


async def written(db: Db) -> set[str]:
    async with db.merchant("demo") as tx:
        return set(await tx.scalars(text("SELECT key FROM idempotency_key")))


async def run_all(shared: Together[str, str], db: Db, work: Sequence[str]) -> list[Any]:
    """All at once: answers, or the names of the errors."""
    answers = await asyncio.gather(
        *(shared.run(db, "demo", what) for what in work), return_exceptions=True
    )
    return [type(one).__name__ if isinstance(one, Exception) else one for one in answers]


async def test_one_who_is_alone_goes_at_once_and_the_rest_go_together(db: Db) -> None:
    verb = Notes()
    shared = Together(verb, most=10)
    assert await shared.run(db, "demo", "a") == "yes a"
    names = [f"n{number:02d}" for number in range(25)]
    assert await run_all(shared, db, names) == [f"yes {name}" for name in names]
    assert [len(batch) for batch in verb.batches] == [1, 10, 10, 5]
    assert [
        name for batch in verb.batches[1:] for name in batch
    ] == names  # first come, first served
    assert await written(db) == {"a", *names}


async def test_a_commit_under_way_gathers_those_who_come_meanwhile(db: Db) -> None:
    verb = Notes()
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(tx: Tx, work: Sequence[str]) -> list[str]:
        entered.set()
        await go_on.wait()
        return await verb(tx, work)

    shared = Together(slow)
    first = asyncio.create_task(shared.run(db, "demo", "first"))
    await entered.wait()
    others = [asyncio.create_task(shared.run(db, "demo", f"o{n}")) for n in range(5)]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, *others)
    assert verb.batches == [["first"], [f"o{n}" for n in range(5)]]


async def test_those_answered_together_are_waited_for_when_one_comes_again(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of four, then the first of the four: it waits for the others, who come one by one."""
    monkeypatch.setattr(together, "LINGER", 1_000)
    verb = Notes()
    shared = Together(verb)
    await run_all(shared, db, list("abcd"))
    again = []
    for what in "efgh":
        again.append(asyncio.create_task(shared.run(db, "demo", what)))
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(verb.batches) == 1 or what == "h"
    await asyncio.gather(*again)
    assert verb.batches == [list("abcd"), list("efgh")]


async def test_one_whose_company_stays_away_goes_alone(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "LINGER", 0.01)
    verb = Notes()
    shared = Together(verb)
    await run_all(shared, db, list("abcd"))
    assert await shared.run(db, "demo", "e") == "yes e"
    monkeypatch.setattr(together, "LINGER", 1_000)  # who was alone before waits for nobody
    assert await shared.run(db, "demo", "f") == "yes f"
    assert verb.batches == [list("abcd"), ["e"], ["f"]]


async def test_work_that_must_keep_apart_keeps_its_order(db: Db) -> None:
    verb = Notes()
    shared = Together(verb, apart=lambda what: what[0])
    await run_all(shared, db, ["a1", "a2", "b1", "a3", "b2", "c1"])
    assert verb.batches == [["a1", "b1", "c1"], ["a2", "b2"], ["a3"]]


async def test_those_dropped_get_their_answer_and_leave_nothing(db: Db) -> None:
    verb = Notes()
    verb.drop = {"b", "d"}
    assert await run_all(Together(verb), db, list("abcde")) == [
        "yes a", "no b", "yes c", "no d", "yes e",
    ]  # fmt: skip
    assert verb.batches == [list("abcde"), list("ace")]
    assert await written(db) == set("ace")


POISON = "\x00"


async def test_a_poisoned_one_fails_alone(db: Db) -> None:
    verb = Notes()
    work = ["a", "b", POISON, "c"]
    answers = await run_all(Together(verb), db, work)
    assert [answers[0], answers[1], answers[3]] == ["yes a", "yes b", "yes c"]
    assert answers[2].endswith("Error")
    assert verb.batches[0] == work
    assert await written(db) == set("abc")


async def test_control_without_falling_apart_the_poison_reaches_the_others(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: those of a batch that failed are told its error."""

    async def give_up(self: Any, db: Db, merchant: str, queue: Any, caller: Any) -> None:
        caller.answer.set_exception(RuntimeError("the batch failed"))

    monkeypatch.setattr(Together, "_on_its_own", give_up)
    answers = await run_all(Together(Notes()), db, ["a", POISON, "c"])
    assert answers == ["RuntimeError"] * 3
    assert await written(db) == set()


async def test_an_answer_comes_after_the_commit(db: Db) -> None:
    async def look(shared: Together[str, str], what: str) -> bool:
        await shared.run(db, "demo", what)
        return what in await written(db)

    shared = Together(Notes())
    assert all(await asyncio.gather(*(look(shared, f"k{n}") for n in range(20))))


async def test_control_an_answer_before_the_commit_is_seen_to_be_early(db: Db) -> None:
    """Planted bug: the verb answers its callers itself, inside the transaction."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    looked = asyncio.Event()

    async def hasty(tx: Tx, work: Sequence[str]) -> list[str]:
        answers = await Notes()(tx, work)
        told.set_result(answers[0])
        await looked.wait()
        return answers

    running = asyncio.create_task(Together(hasty).run(db, "demo", "k"))
    await told
    assert "k" not in await written(db)
    looked.set()
    await running


async def test_a_stuck_row_holds_up_only_those_who_want_it(
    db: Db, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "PATIENCE_MS", 20)
    await run_all(Together(Notes()), db, ["stuck", "free"])
    take = text("UPDATE idempotency_key SET answer = 'taken' WHERE key = ANY(:keys) RETURNING key")

    async def verb(tx: Tx, work: Sequence[str]) -> list[str]:
        return list(await tx.scalars(take, {"keys": list(work)}))

    holder = await asyncpg.connect(raw_url(database_url))
    held = holder.transaction()
    await held.start()
    await holder.execute("SELECT FROM m_demo.idempotency_key WHERE key = 'stuck' FOR UPDATE")
    shared = Together(verb)
    stuck = asyncio.create_task(shared.run(db, "demo", "stuck"))
    assert await shared.run(db, "demo", "free") == "free"
    assert not stuck.done()
    await held.rollback()
    assert await stuck == "stuck"
    await holder.close()


async def test_a_caller_who_hung_up_is_left_out(db: Db) -> None:
    verb = Notes()
    shared = Together(verb)
    gone = asyncio.create_task(shared.run(db, "demo", "gone"))
    here = asyncio.create_task(shared.run(db, "demo", "here"))
    await asyncio.sleep(0)
    gone.cancel()
    assert await here == "yes here"
    assert verb.batches == [["here"]]


async def test_a_shared_commit_stands_at_the_latest_time_of_its_callers(db: Db) -> None:
    """Not at the clock of nobody: an order of a demo world would be past its deadline when made."""
    own: ContextVar[int] = ContextVar("own", default=0)
    began = datetime(2026, 11, 1, tzinfo=UTC)
    moments: list[datetime] = []

    async def verb(tx: Tx, work: Sequence[int]) -> list[int]:
        moments.append(tx.now)
        return list(work)

    shared: Together[int, int] = Together(verb)

    async def come(minutes: int) -> int:
        own.set(minutes)
        return await shared.run(db, "demo", minutes)

    with clock.use(lambda: began + timedelta(minutes=own.get())):
        await asyncio.gather(come(3), come(9), come(5))
    assert moments == [began + timedelta(minutes=9)]


async def test_merchants_do_not_share_and_a_transaction_may_not_wait_for_another(db: Db) -> None:
    verb = Notes()
    shared = Together(verb)
    await asyncio.gather(shared.run(db, "demo", "a"), shared.run(db, "other", "b"))
    assert sorted(verb.batches) == [["a"], ["b"]]
    async with db.merchant("demo"):
        with pytest.raises(RuntimeError):
            await shared.run(db, "demo", "c")


async def test_when_no_connection_is_free_a_batch_waits_once_and_not_once_for_each(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "POOL_SECONDS", 0.02)
    few = Db(db.url, pool_size=1)
    verb, asked = Notes(), 0

    def begin(handle: Db, merchant: str, patience_ms: int | None) -> Any:
        nonlocal asked
        asked += 1
        return together.in_transaction(handle, merchant, patience_ms)

    shared = Together(verb, begin=begin)
    async with few.engine.connect():  # somebody has the only one
        work = [f"n{number}" for number in range(20)]
        assert await run_all(shared, few, work) == ["TimeoutError"] * 20
    assert (asked, verb.batches) == (1, [])
    assert await run_all(shared, few, ["a"]) == ["yes a"]
    await few.close()
