"""Statements under a test's hand: two verbs driven step by step, and a connection cut at the k-th.

Everything a transaction sends passes one gate, whether SQLAlchemy sends it or the driver's short
way. A stepped verb waits there until it is its turn; a cut ends the connection there, as a network
or a killed server would.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_cursor

from tiefen.kernel.db import Base, Db, Tx
from tiefen.kernel.errors import Refusal

Verb = Callable[[], Awaitable[Any]]
COMMIT = "COMMIT"
_ENTERS = "SELECT set_config('search_path'"
_TABLE = re.compile(rf"\b(?:{'|'.join(sorted(Base.metadata.tables))})\b")
_CHANGED = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")
_LOCKS = re.compile(r"\bFOR (?:UPDATE|NO KEY UPDATE|SHARE)\b")


@dataclass(frozen=True, slots=True)
class Touch:
    """What one statement reads, and what it changes or locks; a commit makes known what it took."""

    reads: frozenset[str]
    takes: frozenset[str]
    commits: bool = False

    @classmethod
    def of(cls, sql: str) -> "Touch":
        """By table: coarser than rows, so two statements may look nearer than they are, never farther."""
        named = frozenset(_TABLE.findall(sql))
        changed = frozenset(_CHANGED.findall(sql)) & named
        return cls(named, named if _LOCKS.search(sql) else changed)

    def before_or_after(self, other: "Touch") -> bool:
        """Whether it matters which of the two comes first.

        What is not committed nobody sees (READ COMMITTED): so a read only minds the other's commit,
        and a change or lock minds the other's changes and locks as well.
        """
        if self.commits or other.commits:
            ended, step = (self, other) if self.commits else (other, self)
            return not step.commits and bool(ended.takes & (step.reads | step.takes))
        return bool(self.takes & other.takes)


@dataclass(eq=False)
class Actor:
    """One verb under way."""

    verb: Verb
    others: frozenset[str]
    """Tables the other verb takes; a statement that touches none of them needs no turn of its own."""
    next: Touch = field(default=Touch(frozenset(), frozenset()))
    """The step it stands before."""
    pid: int = 0
    ended: str = ""
    """"done", a refusal's code, or "bug: …"."""
    _taken: frozenset[str] = frozenset()
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _go: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Run the verb; it stops at each gate."""
        _actor.set(self)
        try:
            await self.verb()
            self.ended = "done"
        except Refusal as refusal:
            self.ended = refusal.code
        except Exception as error:  # noqa: BLE001 whatever it is, it is a bug
            self.ended = f"bug: {type(error).__name__} {error}"[:200]
        self._arrived.set()

    async def turn(self, pid: int, sql: str) -> None:
        """Wait until the schedule lets this statement go."""
        self.pid = pid
        touch = Touch.of(sql)
        self._taken |= touch.takes
        if sql == COMMIT:
            touch, self._taken = Touch(frozenset(), self._taken, commits=True), frozenset()
        if not (touch.reads | touch.takes) & self.others:
            return
        self.next = touch
        self._arrived.set()
        await self._go.wait()
        self._go.clear()

    def release(self) -> None:
        """Let it go on to its next gate."""
        self._arrived.clear()
        self._go.set()

    @property
    def waits(self) -> bool:
        """At a gate, ready for its turn."""
        return self._arrived.is_set() and not self.ended

    async def settled(self, admin: asyncpg.Connection) -> None:
        """Until it stands at a gate, has ended, or waits for a lock of the other."""
        while not self._arrived.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(0.003):
                    await self._arrived.wait()
                return
            if self.pid and await admin.fetchval("SELECT pg_blocking_pids($1) <> '{}'", self.pid):
                return


_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)
Gate = Callable[[Any, str], Awaitable[None]]


@contextmanager
def gated(before: Gate, after: Gate | None = None) -> Iterator[None]:
    """Call `before` (and `after`) around each statement and each commit, with the driver's connection."""
    with pytest.MonkeyPatch.context() as patch:
        sent, many = Tx._send, Tx._send_many
        prepared: Any = AsyncAdapt_asyncpg_cursor._prepare_and_execute
        committed = Tx.commit

        async def around(driver: Any, sql: str, act: Callable[[], Awaitable[Any]]) -> Any:
            await before(driver, sql)
            found = await act()
            if after:
                await after(driver, sql)
            return found

        async def send(self: Tx, sql: str, values: Any) -> Any:
            _, driver = await self._driver(sql, values)
            return await around(driver, sql, lambda: sent(self, sql, values))

        async def send_many(self: Tx, sql: str, rows: Any) -> Any:
            _, driver = await self._driver(sql, rows)
            return await around(driver, sql, lambda: many(self, sql, rows))

        async def prepare(self: Any, sql: str, values: Any) -> Any:
            driver = self._adapt_connection._connection
            return await around(driver, sql, lambda: prepared(self, sql, values))

        async def commit(self: Tx) -> None:
            await self.flush()
            _, driver = await self._driver(COMMIT, ())
            await around(driver, COMMIT, lambda: committed(self))

        patch.setattr(Tx, "_send", send)
        patch.setattr(Tx, "_send_many", send_many)
        patch.setattr(AsyncAdapt_asyncpg_cursor, "_prepare_and_execute", prepare)
        patch.setattr(Tx, "commit", commit)
        yield


def forget_to_lock(monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    """A planted bug: rows of one table are read without being locked."""
    real: Any = AsyncAdapt_asyncpg_cursor._prepare_and_execute

    async def unlocked(self: Any, sql: str, values: Any) -> Any:
        if re.search(rf"\bFROM {table}\b", sql):
            sql = sql.replace(" FOR UPDATE", "")
        return await real(self, sql, values)

    monkeypatch.setattr(AsyncAdapt_asyncpg_cursor, "_prepare_and_execute", unlocked)


@asynccontextmanager
async def watcher(db: Db) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner's that sees who waits for whom."""
    admin = await asyncpg.connect(
        db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    )
    try:
        yield admin
    finally:
        await admin.close()


async def statements(verb: Verb) -> list[str]:
    """What a verb sends when it runs alone."""
    seen: list[str] = []

    async def note(_driver: Any, sql: str) -> None:
        seen.append(sql)

    with gated(note), suppress(Refusal):
        await verb()
    return seen


@dataclass
class Node:
    """A moment at which a step was chosen."""

    ready: dict[int, Touch]
    """Who might have gone, with which step."""
    asleep: set[int]
    """Whose step was tried here or before, and met nothing since: another order of the same."""
    chosen: int
    todo: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)

    def sleepers_after(self) -> set[int]:
        """Who goes on sleeping after the chosen step."""
        step = self.ready[self.chosen]
        return {
            who
            for who in (self.asleep | self.done) - {self.chosen}
            if who in self.ready and not self.ready[who].before_or_after(step)
        }


class Orders:
    """All orders of two verbs' steps that can come to something different.

    Depth first, with dynamic partial-order reduction: two orders that differ only by swapping steps
    that do not see each other are one. What remains is every order in which some pair of steps that
    mind each other comes the other way round, as far as the database's locks let it.
    """

    def __init__(self, admin: asyncpg.Connection) -> None:
        self._admin = admin
        self._path: list[Node] = []
        self.runs = 0
        self.stuck = 0
        """How often both waited for each other."""

    async def each(
        self, prepare: Callable[[], Awaitable[tuple[Verb, Verb]]], most: int
    ) -> AsyncIterator[tuple[str, str]]:
        """Run each order once, on fresh rows from `prepare`; what the two came to.

        More than `most` runs is an error: the test would be dearer than it was measured to be.
        """
        alone = [await statements(verb) for verb in await prepare()]
        taken = [frozenset[str]().union(*(Touch.of(sql).takes for sql in one)) for one in alone]
        more = True
        while more:
            self.runs += 1
            assert self.runs <= most, f"more than {most} orders"
            verbs = await prepare()
            actors = (Actor(verbs[0], taken[1]), Actor(verbs[1], taken[0]))
            trace = await self._play(actors)
            yield actors[0].ended, actors[1].ended
            self._find_races(trace)
            more = self._turn_back()

    async def _play(self, actors: tuple[Actor, Actor]) -> list[tuple[int, Touch]]:
        """One run: along the path while it lasts, then on, noting the choices."""
        trace: list[tuple[int, Touch]] = []

        async def gate(driver: Any, sql: str) -> None:
            if actor := _actor.get():
                await actor.turn(driver.get_server_pid(), sql)

        with gated(gate):
            async with asyncio.TaskGroup() as tasks:
                for actor in actors:
                    tasks.create_task(actor.run())
                while not all(actor.ended for actor in actors):
                    for actor in actors:
                        await actor.settled(self._admin)
                    ready = {n: actor.next for n, actor in enumerate(actors) if actor.waits}
                    if not ready:
                        self.stuck += not any(actor.ended for actor in actors)
                        continue  # both have ended, or the database is about to break the ring
                    chosen = self._choose(len(trace), ready)
                    trace.append((chosen, ready[chosen]))
                    actors[chosen].release()
        return trace

    def _choose(self, place: int, ready: dict[int, Touch]) -> int:
        if place < len(self._path):
            return self._path[place].chosen
        asleep = self._path[-1].sleepers_after() if self._path else set()
        chosen = min(ready, key=lambda who: (who in asleep, who))
        self._path.append(Node(ready, asleep, chosen, done={chosen}))
        return chosen

    def _find_races(self, trace: list[tuple[int, Touch]]) -> None:
        """Where two steps that mind each other came one way, the other way is still to be tried."""
        for late, (who, step) in enumerate(trace):
            for early in reversed(range(late)):
                other, before = trace[early]
                if other != who and before.before_or_after(step):
                    self._path[early].todo |= {who} & set(self._path[early].ready)
                    break

    def _turn_back(self) -> bool:
        """To the last choice that is still to be taken the other way; False: there is none."""
        while self._path:
            node = self._path[-1]
            if left := node.todo - node.done - node.asleep:
                node.chosen = min(left)
                node.done.add(node.chosen)
                return True
            self._path.pop()
        return False


class Cut(Exception):
    """The answer of a commit was lost with its connection."""


class Cutter:
    """Ends the connection before or after the k-th statement, once.

    Before the first of a transaction counts as after it: a connection found dead at the beginning
    is replaced (`kernel.db`), and nothing is under way yet.
    """

    def __init__(self) -> None:
        self.left = 0
        self.after = False
        self.struck = False

    async def _before(self, driver: Any, sql: str) -> None:
        self.left -= 1
        self.after |= self.left == 0 and sql.startswith(_ENTERS)
        if self.left == 0 and not self.after:
            self.struck = True
            driver.terminate()

    async def _after(self, driver: Any, sql: str) -> None:
        if self.left == 0 and self.after and not self.struck:
            self.struck = True
            driver.terminate()
            if sql == COMMIT:
                raise Cut

    async def strike(self, verb: Verb, place: int, *, after: bool) -> bool:
        """Run the verb with the connection cut at its `place`-th statement; False: it has fewer."""
        self.left, self.after, self.struck = place, after, False
        with gated(self._before, self._after), suppress(Exception):
            await verb()
        return self.struck
