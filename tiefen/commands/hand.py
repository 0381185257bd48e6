"""A second pair of hands while a world is made: the worker's main lane, in a process of its own.

The process is sent a moment a line, does what is due by then, and answers how many jobs that were.
It ends when its input does, so it never outlives whoever hired it.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tiefen.commands.installation import Installation, database, environment, opened
from tiefen.commands.serving import fast_loop
from tiefen.demo.doors import NOBODY_WAITS, SIDE_BY_SIDE
from tiefen.kernel import clock, ids, worker
from tiefen.kernel.settings import Settings

LANES = ("default",)
"""Nothing in it calls out: what does stays where the sandbox is."""
GRACE_SECONDS = 10


class HandLost(RuntimeError):
    """The second process has ended before its time."""


@dataclass(slots=True)
class Hand:
    """The other process, as whoever hired it sees it."""

    process: asyncio.subprocess.Process
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def work(self, at: datetime) -> int:
        """Have done what is due at a moment; how many jobs. Raises HandLost."""
        asked, told = self.process.stdin, self.process.stdout
        assert asked is not None
        assert told is not None
        async with self.turn:
            try:
                asked.write(f"{at.isoformat()}\n".encode())
                await asked.drain()
                answer = await told.readline()
            except ConnectionError as error:
                raise HandLost("the second process of the demo world is gone") from error
        if not answer:
            raise HandLost("the second process of the demo world has ended; see above")
        return int(answer)


@asynccontextmanager
async def hired(installation: Installation, seed: int) -> AsyncIterator[Hand]:
    """A second process for the length of the block. It hears no Ctrl-C: it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tiefen", "hand", str(seed)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment(installation),
        start_new_session=True,
    )
    try:
        yield Hand(process)
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), GRACE_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _serve(installation: Installation, seed: int) -> None:
    """Answer until the input ends."""
    travel = clock.Travel(datetime.now(UTC))
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    with clock.use(travel), ids.seeded(seed):
        async with database(installation.url, pool_size=SIDE_BY_SIDE + 2) as db:
            while line := await reader.readline():
                travel.now = datetime.fromisoformat(line.decode().strip())
                ran = await worker.drain(
                    db, at_once=SIDE_BY_SIDE, seconds=NOBODY_WAITS, lanes=LANES
                )
                sys.stdout.write(f"{ran}\n")
                sys.stdout.flush()


def lend(seed: int) -> None:
    """Be the second process: work what the lines of standard input ask for."""
    with (
        opened(Settings()) as here,
        asyncio.Runner(loop_factory=fast_loop) as runner,
    ):
        runner.run(_serve(here, seed))
