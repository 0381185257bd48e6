"""Transfers for tests."""

from dataclasses import replace
from itertools import count

from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.ledger.values import Transfer

_numbers = count(1)


def transfer(debit: str, credit: str, amount_fen: int, key: str | None = None) -> Transfer:
    """A transfer with a key of its own."""
    number = next(_numbers)
    return Transfer(debit, credit, amount_fen, "test.move", f"R{number}", key or f"test:{number}")


def fund(account: str, amount_fen: int) -> Transfer:
    """Money from nowhere in particular, into a guarded liability."""
    return transfer("wechat:clearing", account, amount_fen)


def named(wish: Transfer, key: str) -> Transfer:
    """The same wish under another key."""
    return replace(wish, key=key)


async def breaches(db: Db) -> list[str]:
    """The ledger's own promises that are broken; the rooms above have theirs, about money these tests make up."""
    return [found.invariant for found in await audit.run(db) if found.invariant.startswith("M")]
