"""Reads of the fans room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_

from tiefen.fans import rules
from tiefen.fans.errors import FanMissing
from tiefen.fans.models import Fan, Identity, Line, Source
from tiefen.fans.values import FanSort, Happening, Stage
from tiefen.kernel.crypto import blind
from tiefen.kernel.db import Tx

_ORDERS: dict[FanSort, Any] = {
    FanSort.NEWEST: Fan.id,
    FanSort.LAST_SEEN: Fan.last_seen_at,
    FanSort.SPEND: Fan.paid_fen,
    FanSort.ORDERS: Fan.orders,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of fans is narrowed by; None = anything."""

    query: str | None = None
    """part of a name or remark, a whole phone number, or `#id`"""
    stage: Stage | None = None
    following: bool | None = None
    source_code_id: int | None = None


async def fan_list(
    tx: Tx,
    wanted: Filter,
    sort: FanSort,
    *,
    after: tuple[Any, int] | None,
    limit: int,
) -> list[tuple[Fan, Source | None]]:
    """Fans, the most first, one more than `limit`; one statement, walking one index."""
    key: Any = _ORDERS[sort]
    place: Any = Fan.id
    if wanted.query:
        # Few names match: find them by their own index and sort those. Walking the order's index
        # until enough have matched would read the whole table for a name nobody has.
        key, place = func.coalesce(key, key), func.coalesce(Fan.id, Fan.id)
    statement = (
        select(Fan, Source)
        .outerjoin(Source, Source.code_id == Fan.source_code_id)
        .where(Fan.merged_into.is_(None), *_conditions(wanted))
    )
    if after is not None:
        statement = statement.where(
            place < after[1] if sort is FanSort.NEWEST else tuple_(key, place) < tuple_(*after)
        )
    order = (place.desc(),) if sort is FanSort.NEWEST else (key.desc(), place.desc())
    rows = await tx.execute(statement.order_by(*order).limit(limit + 1))
    return [(fan, source) for fan, source in rows]


def sort_key(fan: Fan, sort: FanSort) -> Any:
    """The fan's place in the order, for the cursor."""
    return getattr(fan, _ORDERS[sort].key)


async def one_fan(tx: Tx, fan_id: int) -> tuple[Fan, Source | None]:
    """A fan's living record with its source. Raises FanMissing."""
    row = await _one(tx, fan_id)
    if row and row[0].merged_into is not None:
        row = await _one(tx, row[0].merged_into)
    if row is None:
        raise FanMissing
    return row


async def merged_ids(tx: Tx, fan_id: int) -> list[int]:
    """Records that were joined into this one."""
    return list(await tx.scalars(select(Fan.id).where(Fan.merged_into == fan_id).order_by(Fan.id)))


async def identities(tx: Tx, fan_ids: Sequence[int]) -> list[Identity]:
    """All ids of one person, oldest first."""
    rows = await tx.scalars(
        select(Identity).where(Identity.fan_id.in_(fan_ids)).order_by(Identity.id)
    )
    return list(rows)


async def timeline(
    tx: Tx,
    fan_ids: Sequence[int],
    *,
    kinds: Sequence[Happening] = (),
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[Line]:
    """A person's timeline, newest first, one more than `limit`; one statement."""
    statement = select(Line).where(Line.fan_id.in_(fan_ids))
    if kinds:
        statement = statement.where(Line.kind.in_(kinds))
    if after is not None:
        statement = statement.where(tuple_(Line.at, Line.id) < tuple_(*after))
    rows = await tx.scalars(statement.order_by(Line.at.desc(), Line.id.desc()).limit(limit + 1))
    return list(rows)


async def _one(tx: Tx, fan_id: int) -> tuple[Fan, Source | None] | None:
    row = (
        await tx.execute(
            select(Fan, Source)
            .outerjoin(Source, Source.code_id == Fan.source_code_id)
            .where(Fan.id == fan_id)
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.stage is not None:
        found.append(Fan.stage == wanted.stage)
    if wanted.following is not None:
        found.append(Fan.following == wanted.following)
    if wanted.source_code_id is not None:
        found.append(Fan.source_code_id == wanted.source_code_id)
    text = (wanted.query or "").strip()
    if text.startswith("#") and text[1:].isascii() and text[1:].isdigit() and len(text) < 19:
        found.append(Fan.id == int(text[1:]))
    elif rules.PHONE.match(text):
        found.append(Fan.phone_blind == blind(text))
    elif text:
        found.append(Fan.grams.contains(rules.query_grams(text)))
    return found
