"""Group commit: callers that come at the same moment share one transaction.

A row everybody wants allows one transaction at a time, and each waits for the disk. So callers that
arrive while a commit is under way wait for it and then go together: the verb gets all their work at
once, and each caller gets its own answer after the shared commit is on disk. A caller who finds the
queue empty goes at once. Those who were answered together tend to come back together, so a batch
waits, for a fraction of what the last one took, until as many have come as it had.

What a verb must keep: answers in the order of the work; first come, first served; a refusal is an
answer and changes nothing for the others; the same work run again gives the same answer (a key), for
a batch that failed is run again one by one. See docs/decisions/0022.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy.exc import TimeoutError as PoolTimeout

from tiefen.kernel import clock, log
from tiefen.kernel.db import Db, Glance, Tx, open_transactions
from tiefen.kernel.failpoints import failpoint

logger = log.get("kernel")

MOST = 64
"""How many share a commit at most."""
PATIENCE_MS = 500
"""How long a batch waits for a locked row; one on its own waits as long as any request does."""
ALONE_AT_ONCE = 8
"""How many of a batch that failed are run at once, each in its own transaction."""

LINGER = 0.25
"""How much of what the last batch took the next one may wait for as many callers."""

W = TypeVar("W")
A = TypeVar("A")
Begin: TypeAlias = Callable[[Db, str, int | None], AbstractAsyncContextManager[Any]]
"""What a batch runs in: of a database, a merchant, and how long (ms) it waits for a locked row."""


class Dropped(Exception):
    """Raised by a shared verb that found some of the work refused after it had begun to write.

    The transaction is rolled back, those named (by their place in the batch) get their answers, and
    the verb runs again for the others.
    """

    def __init__(self, answers: Mapping[int, Any]) -> None:
        super().__init__(sorted(answers))
        self.answers = answers


@dataclass(eq=False, slots=True)
class _Caller(Generic[W, A]):
    work: W
    answer: "asyncio.Future[A]"
    came: datetime | None = field(default_factory=clock.injected)
    """The injected time of who called: callers of a demo world live at times of their own."""


@dataclass(eq=False, slots=True)
class _Queue(Generic[W, A]):
    waiting: deque[_Caller[W, A]] = field(default_factory=deque)
    task: "asyncio.Task[None] | None" = None
    last: int = 0
    """How many shared the last batch."""
    took: float = 0.0
    """What it took, in seconds."""
    complete: "asyncio.Future[None] | None" = None
    """Set while a batch waits for company: done when as many wait as shared the last one."""
    alone: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ALONE_AT_ONCE))
    apart: "set[asyncio.Task[None]]" = field(default_factory=set)


def in_transaction(
    db: Db, merchant: str, patience_ms: int | None
) -> AbstractAsyncContextManager[Tx]:
    """A batch that writes."""
    return db.merchant(merchant, shared_wait_ms=patience_ms)


def glance(db: Db, merchant: str, _: int | None) -> AbstractAsyncContextManager[Glance]:
    """A batch of one statement that reads."""
    return db.glance(merchant)


class Together(Generic[W, A]):
    """One verb that many callers share. Queues are per process, merchant and verb."""

    def __init__(
        self,
        verb: Callable[[Any, Sequence[W]], Awaitable[Sequence[A]]],
        *,
        apart: Callable[[W], Hashable] | None = None,
        most: int = MOST,
        begin: Begin = in_transaction,
    ) -> None:
        """`verb` gets what `begin` opened, and the work. `apart`: work with the same value never
        shares a batch, and keeps its order."""
        self._verb = verb
        self._begin = begin
        self._apart = apart
        self._most = most
        self._queues: WeakKeyDictionary[Db, dict[str, _Queue[W, A]]] = WeakKeyDictionary()

    async def run(self, db: Db, merchant: str, work: W) -> A:
        """The verb's answer for `work`, after its commit. Raises what the verb raises for it alone.

        Must not be called inside a transaction: who holds one would wait for another.
        """
        if open_transactions.get():
            raise RuntimeError("a shared verb was called inside a transaction")
        loop = asyncio.get_running_loop()
        queue = self._queues.setdefault(db, {}).setdefault(merchant, _Queue())
        caller: _Caller[W, A] = _Caller(work, loop.create_future())
        queue.waiting.append(caller)
        if queue.complete and len(queue.waiting) >= queue.last and not queue.complete.done():
            queue.complete.set_result(None)
        if queue.task is None:
            # In a context of its own: it serves many requests and belongs to none of them.
            queue.task = loop.create_task(self._serve(db, merchant, queue), context=Context())
        return await caller.answer

    async def _serve(self, db: Db, merchant: str, queue: _Queue[W, A]) -> None:
        """Commit batch after batch until nobody waits."""
        while queue.waiting:
            await asyncio.sleep(0)  # whoever arrives in this turn of the loop comes along
            await self._company(queue)
            batch = self._next(queue)
            began = time.monotonic()
            try:
                await self._commit(db, merchant, batch, patience_ms=PATIENCE_MS)
            except (
                PoolTimeout
            ) as error:  # no connection to be had: alone each would wait as long again
                for caller in batch:
                    _fail(caller, error)
            except Exception as error:  # noqa: BLE001 whatever it is, it must reach the caller at fault only
                logger.warning("batch fell apart", size=len(batch), kind=type(error).__name__)
                for caller in batch:
                    task = asyncio.create_task(self._on_its_own(db, merchant, queue, caller))
                    queue.apart.add(task)
                    task.add_done_callback(queue.apart.discard)
            queue.last, queue.took = len(batch), time.monotonic() - began
        queue.task = None

    async def _company(self, queue: _Queue[W, A]) -> None:
        """Wait a little for as many as shared the last batch: they were answered at one moment, and
        if they come again it is at one moment."""
        if len(queue.waiting) < min(queue.last, self._most):
            queue.complete = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                await asyncio.wait_for(queue.complete, queue.took * LINGER)
            queue.complete = None

    def _next(self, queue: _Queue[W, A]) -> list[_Caller[W, A]]:
        """Up to `most` of those waiting, in order; who must keep apart from them stays, in order."""
        batch: list[_Caller[W, A]] = []
        stay: list[_Caller[W, A]] = []
        seen: set[Hashable] = set()
        while queue.waiting and len(batch) < self._most:
            caller = queue.waiting.popleft()
            if caller.answer.done():  # the client hung up before its turn
                continue
            mark = self._apart(caller.work) if self._apart else caller
            (stay if mark in seen else batch).append(caller)
            seen.add(mark)
        queue.waiting.extendleft(reversed(stay))
        return batch

    async def _commit(
        self, db: Db, merchant: str, batch: list[_Caller[W, A]], *, patience_ms: int | None
    ) -> None:
        """Run the verb for the batch; answers go out once the commit is on disk."""
        while batch:
            try:
                async with self._begin(db, merchant, patience_ms) as tx:
                    tx.now = max((one.came for one in batch if one.came), default=tx.now)
                    answers = await self._verb(tx, [caller.work for caller in batch])
            except Dropped as dropped:
                for place, answer in dropped.answers.items():
                    _tell(batch[place], answer)
                batch = [one for place, one in enumerate(batch) if place not in dropped.answers]
                continue
            failpoint("together.committed")
            for caller, answer in zip(batch, answers, strict=True):
                _tell(caller, answer)
            return

    async def _on_its_own(
        self, db: Db, merchant: str, queue: _Queue[W, A], caller: _Caller[W, A]
    ) -> None:
        """Run one of a batch that failed, beside the queue: it may fail, or wait long, by itself."""
        async with queue.alone:
            if caller.answer.done():  # dropped with its answer before the rest failed
                return
            try:
                await self._commit(db, merchant, [caller], patience_ms=None)
            except Exception as error:  # noqa: BLE001 told to the caller
                _fail(caller, error)


def _fail(caller: _Caller[W, A], error: Exception) -> None:
    if not caller.answer.done():
        caller.answer.set_exception(error)


def _tell(caller: _Caller[W, A], answer: A) -> None:
    if not caller.answer.done():  # the client may have hung up
        caller.answer.set_result(answer)
