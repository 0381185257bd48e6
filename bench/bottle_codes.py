"""A million bottle codes: making them, and their print file as it is streamed, with the memory it takes.

The limit is what the database needs to make a million random codes and send them, storing nothing.
"""

import resource
from collections.abc import Iterator
from statistics import median
from time import perf_counter

from sqlalchemy import text

from bench.harness import MERCHANT, Result, installation
from tiefen.bottles import rules
from tiefen.bottles.service.making import _lines

MANY, TURNS = 1_000_000, 3
KEY = bytes(range(16))


def _spent(pieces: Iterator[str]) -> tuple[float, int]:
    """Seconds and bytes of a file that is thrown away as it comes."""
    began, size = perf_counter(), 0
    for piece in pieces:
        size += len(piece.encode())
    return perf_counter() - began, size


async def run() -> list[Result]:
    """Seconds for a million, against the database's own, in turns."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ours, size = [], 0
    for _ in range(TURNS):
        seconds, size = _spent(_lines(KEY, 1, 1, MANY, "https://shop.example.com/m/demo/b/"))
        ours.append(seconds)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    theirs = []
    async with installation() as home:
        for _ in range(TURNS):
            began = perf_counter()
            async with home.db.merchant(MERCHANT) as tx:
                made = await tx.stream(
                    text("SELECT n, gen_random_uuid()::text FROM generate_series(1, :many) AS n"),
                    {"many": MANY},
                )
                async for _row in made:
                    pass
            theirs.append(perf_counter() - began)
    seconds, limit = median(ours), median(theirs)
    note = (
        f"{rules.MOST:,} lines of {size // 1_000_000} MB, memory grew by {grown_mb:.0f} MB;"
        " the limit is as many random uuids from the database"
    )
    command = "make bench ONLY=bottle_codes"
    return [Result("bottle_codes", seconds, "s", limit, limit / seconds, command, note)]
