"""Reading imports of purchases, and the purchases of a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, tuple_

from tiefen.fans.errors import PastImportMissing
from tiefen.fans.models import PastCustomer, PastImport, PastPart, PastPurchase
from tiefen.kernel.db import Tx


@dataclass(frozen=True, slots=True)
class PastMoment:
    """A purchase from before, as a moment of a person's timeline."""

    id: int
    at: datetime
    source: str
    number: str
    quantity: int
    amount_fen: int
    product: str
    category: str
    note: str


async def past_imports(tx: Tx, *, limit: int) -> list[PastImport]:
    """The newest imports of purchases, those that are still on their way in left out."""
    rows = await tx.scalars(
        select(PastImport)
        .where(PastImport.state != "reading")
        .order_by(PastImport.id.desc())
        .limit(limit)
    )
    return list(rows)


async def one_past_import(tx: Tx, import_id: int) -> PastImport:
    """One import. Raises PastImportMissing."""
    row = await tx.get(PastImport, import_id, populate_existing=True)
    if row is None:
        raise PastImportMissing
    return row


async def past_part(tx: Tx, import_id: int, after: int) -> tuple[int, str] | None:
    """The next part that is kept, after a number, with its lines; None = no more."""
    row = (
        await tx.execute(
            select(PastPart.part, PastPart.body)
            .where(PastPart.import_id == import_id, PastPart.part > after)
            .order_by(PastPart.part)
            .limit(1)
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


async def past_sources(tx: Tx) -> list[str]:
    """Where purchases were said to come from."""
    rows = await tx.scalars(
        select(PastImport.source).where(PastImport.source != "").distinct().limit(20)
    )
    return sorted(rows)


async def waiting_customers(tx: Tx) -> tuple[int, int]:
    """How many customers from before are no fans (yet), and their purchases."""
    row = await tx.execute(
        select(func.count(), func.coalesce(func.sum(PastCustomer.purchases), 0)).where(
            PastCustomer.fan_id.is_(None)
        )
    )
    customers, purchases = row.one()
    return customers, int(purchases)


async def past_moments(
    tx: Tx, fan_ids: Sequence[int], *, after: tuple[datetime, int] | None, limit: int
) -> list[PastMoment]:
    """A person's purchases from before, newest first, one more than `limit`.

    In a timeline their ids are below zero, so that they have a place among its lines.
    """
    wanted = (
        select(PastPurchase)
        .join(PastCustomer, PastCustomer.id == PastPurchase.customer_id)
        .where(PastCustomer.fan_id.in_(fan_ids))
    )
    if after is not None:
        wanted = wanted.where(tuple_(PastPurchase.at, -PastPurchase.id) < tuple_(*after))
    order: Any = (PastPurchase.at.desc(), PastPurchase.id)
    rows = await tx.scalars(wanted.order_by(*order).limit(limit + 1))
    return [
        PastMoment(
            -one.id,
            one.at,
            one.source,
            one.number,
            one.quantity,
            one.amount_fen,
            one.product,
            one.category,
            one.note,
        )
        for one in rows
    ]
