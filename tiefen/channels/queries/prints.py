"""Reads of prints."""

from sqlalchemy import select

from tiefen.channels.errors import PrintMissing
from tiefen.channels.models import CodePrint
from tiefen.kernel.db import Tx


async def print_list(tx: Tx, *, before_id: int | None, limit: int) -> list[CodePrint]:
    """Prints, newest first, one more than `limit`."""
    wanted = select(CodePrint)
    if before_id is not None:
        wanted = wanted.where(CodePrint.id < before_id)
    return list(await tx.scalars(wanted.order_by(CodePrint.id.desc()).limit(limit + 1)))


async def one_print(tx: Tx, print_id: int) -> CodePrint:
    """One print. Raises PrintMissing."""
    found = await tx.get(CodePrint, print_id, populate_existing=True)
    if found is None:
        raise PrintMissing
    return found
