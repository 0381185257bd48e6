"""Reading imports of followers."""

from sqlalchemy import select

from tiefen.fans.models import FollowerImport
from tiefen.kernel.db import Tx


async def imports(tx: Tx, *, limit: int) -> list[FollowerImport]:
    """The newest imports."""
    rows = await tx.scalars(select(FollowerImport).order_by(FollowerImport.id.desc()).limit(limit))
    return list(rows)
