"""Requests about personal data."""

from collections.abc import Sequence

from sqlalchemy import select

from tiefen.fans.models import PersonRequest
from tiefen.kernel.db import Tx


async def person_requests(tx: Tx, records: Sequence[int]) -> list[PersonRequest]:
    """What was asked about a person, the newest first; at most fifty."""
    rows = await tx.scalars(
        select(PersonRequest)
        .where(PersonRequest.fan_id.in_(records))
        .order_by(PersonRequest.id.desc())
        .limit(50)
    )
    return list(rows)
