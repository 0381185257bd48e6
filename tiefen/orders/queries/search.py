"""How the console's search finds orders: several ways at once, each read from the newest on.

A page costs what it shows, not what was sold: each way has an index in the order of time and is
read no further than the page needs. Together they are merged.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, cast, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import join

from tiefen.fans import service as fans
from tiefen.kernel import crypto, ids
from tiefen.kernel.db import Tx
from tiefen.kernel.text import bare_name, query_grams, words
from tiefen.orders.models import AfterSale, Order, OrderName, Parcel, SearchFill, SoldName
from tiefen.orders.models.search import receiver_key
from tiefen.orders.queries.narrowing import OrderFilter, after, newest
from tiefen.orders.schemas import SearchFillOut

LOOKED_AT = 20_000
"""So many orders are read through for words; of more, the index of names is asked."""
FEW_NAMES = 40
"""Of so many names each can be followed through orders that a filter passes over."""
MANY_NAMES = 2_000
PEOPLE, WORDS = 200, 5
_TRACKING = re.compile(r"(?=(?:.*[0-9]){6})[A-Za-z0-9-]{6,40}")

Found = list[tuple[datetime, int]]
"""Places of orders, newest first: when they were placed, and their ids."""


@dataclass(frozen=True, slots=True)
class _Names:
    """Names of goods that hold the rarest word; `whole`: they hold all that is looked for."""

    keys: list[int]
    whole: bool


async def searched(
    tx: Tx, wanted: OrderFilter, chosen: Select[Order], cursor: str | None, limit: int
) -> list[int]:
    """Ids of the newest of `chosen` that the search means, one more than `limit`.

    A number finds its order. Digits find a whole phone or a parcel. Other text finds parcels, the
    receiver by the whole name, fans by part of theirs, and goods by their words.
    """
    q = wanted.q.strip()
    if ids.is_number(q):
        return _ids([await _some(tx, chosen.where(Order.order_no == q), limit)], limit)
    ways: list[Found] = []
    if _TRACKING.fullmatch(q):
        ways.append(await _some(tx, chosen.where(Order.id.in_(_sent_as(q))), limit))
    if is_phone(q):
        ways.append(await _some(tx, chosen.where(Order.phone_blind == crypto.blind(q)), limit))
    elif said := words(q)[:WORDS]:
        if bare_name(q):
            named = chosen.where(Order.receiver_key == receiver_key(q))
            ways.append(await _some(tx, named, limit))
        if wanted.fan_id is None:
            ways.append(await _of_people(tx, chosen, q, limit))
        ways.append(await _of_goods(tx, wanted, chosen, cursor, said, limit))
    return _ids(ways, limit)


def is_phone(q: str) -> bool:
    """Whether it may be a whole phone number."""
    return q.lstrip("+").replace("-", "").isdigit() and len(q) >= 7


async def search_fill(tx: Tx) -> SearchFillOut:
    """How many orders from before are found by names already."""
    row = await tx.get(SearchFill, 1, populate_existing=True)
    waits = row is not None and row.ended_at is None
    return SearchFillOut(waits=waits, total=row.total if row else 0, done=row.done if row else 0)


def _ids(ways: Sequence[Found], limit: int) -> list[int]:
    """The newest that were found in any way, each once."""
    places = sorted({place for way in ways for place in way}, reverse=True)
    return [order_id for _, order_id in places[: limit + 1]]


async def _some(tx: Tx, chosen: Select[Order], limit: int) -> Found:
    """The newest, one more than `limit`."""
    rows = await tx.execute(newest(chosen.with_only_columns(Order.placed_at, Order.id), limit))
    return [(placed_at, order_id) for placed_at, order_id in rows]


def _sent_as(q: str) -> Any:
    """Orders with a parcel of this tracking number, there or back."""
    written = [q, q.upper()]
    there = select(Parcel.order_id).where(Parcel.tracking_no.in_(written))
    back = select(AfterSale.order_id).where(
        AfterSale.back_tracking_no.in_(written), AfterSale.back_tracking_no != ""
    )
    return there.union(back)


async def _of_people(tx: Tx, chosen: Select[Order], q: str, limit: int) -> Found:
    """Orders of fans who are called so: each fan's newest."""
    people = await fans.named(tx, q, PEOPLE)
    if not people:
        return []
    who = (
        func.unnest(cast(people, ARRAY(BigInteger)))
        .table_valued("fan_id", name="who")
        .render_derived()
    )
    own = chosen.with_only_columns(Order.placed_at, Order.id).where(Order.fan_id == who.c.fan_id)
    each = newest(own, limit).lateral("own")
    rows = await tx.execute(
        select(each.c.placed_at, each.c.id)
        .select_from(who.join(each, true()))
        .order_by(each.c.placed_at.desc(), each.c.id.desc())
        .limit(limit + 1)
    )
    return [(placed_at, order_id) for placed_at, order_id in rows]


async def _of_goods(
    tx: Tx,
    wanted: OrderFilter,
    chosen: Select[Order],
    cursor: str | None,
    said: Sequence[str],
    limit: int,
) -> Found:
    """Orders whose goods hold these words.

    Names alone answer where nothing else narrows. Few chosen orders are all read. Of many, few
    names are each followed from the newest on; many names sell, and fill a page from the newest
    orders. Only what is left is followed name by name through what a filter passes over.
    """
    names = await _names(tx, said)
    if not names.keys:
        return []
    if names.whole and not wanted.narrow and len(names.keys) <= MANY_NAMES:
        return await _by_names(tx, wanted, names, cursor, limit)
    looked = newest(chosen.with_only_columns(Order.id), LOOKED_AT - 1).subquery()
    few = (await tx.scalar(select(func.count()).select_from(looked)) or 0) < LOOKED_AT
    if few or len(names.keys) > FEW_NAMES:
        found = await _by_reading(tx, chosen, said, limit)
        if few or len(found) > limit:
            return found
    if names.whole and not wanted.narrow:
        return await _by_names(tx, wanted, names, cursor, limit)
    return await _by_names_and_more(tx, chosen, names, said, limit)


async def _names(tx: Tx, said: Sequence[str]) -> _Names:
    """Names with the rarest of the words; none if a word is in no name."""
    rarest: list[int] | None = None
    for word in said:
        held = select(SoldName.key).where(
            SoldName.grams.contains(query_grams(word)), func.strpos(SoldName.folded, word) > 0
        )
        keys = list(await tx.scalars(held))
        if rarest is None or len(keys) < len(rarest):
            rarest = keys
        if not keys:
            break
    return _Names(rarest or [], len(said) == 1)


async def _by_reading(tx: Tx, chosen: Select[Order], said: Sequence[str], limit: int) -> Found:
    """From the newest of the chosen, which lie together."""
    columns = (Order.placed_at, Order.id, Order.folded)
    recent = newest(chosen.with_only_columns(*columns), LOOKED_AT - 1).subquery()
    rows = await tx.execute(
        select(recent.c.placed_at, recent.c.id)
        .where(*(func.strpos(recent.c.folded, word) > 0 for word in said))
        .order_by(recent.c.placed_at.desc(), recent.c.id.desc())
        .limit(limit + 1)
    )
    return [(placed_at, order_id) for placed_at, order_id in rows]


async def _by_names(
    tx: Tx, wanted: OrderFilter, names: _Names, cursor: str | None, limit: int
) -> Found:
    """By the index of names alone: each name's newest, merged."""
    name = (
        func.unnest(cast(names.keys, ARRAY(BigInteger)))
        .table_valued("key", name="name")
        .render_derived()
    )
    held = select(OrderName.placed_at, OrderName.order_id).where(OrderName.key == name.c.key)
    held = after(held, cursor, OrderName.placed_at, OrderName.order_id)
    if wanted.placed_from is not None:
        held = held.where(OrderName.placed_at >= wanted.placed_from)
    if wanted.placed_until is not None:
        held = held.where(OrderName.placed_at < wanted.placed_until)
    place = (OrderName.placed_at.desc(), OrderName.order_id.desc())
    each = held.order_by(*place).limit(limit + 1).lateral("held")
    return await _merged(tx, name.join(each, true()), each.c.placed_at, each.c.order_id, limit)


async def _by_names_and_more(
    tx: Tx, chosen: Select[Order], names: _Names, said: Sequence[str], limit: int
) -> Found:
    """Each name's newest orders that are among the chosen and hold the other words, merged."""
    name = (
        func.unnest(cast(names.keys, ARRAY(BigInteger)))
        .table_valued("key", name="name")
        .render_derived()
    )
    held = (
        chosen.with_only_columns(OrderName.placed_at, OrderName.order_id)
        .select_from(join(OrderName, Order, OrderName.order_id == Order.id))
        .where(
            OrderName.key == name.c.key,
            OrderName.placed_at == Order.placed_at,
            *(func.strpos(Order.folded, word) > 0 for word in said),
        )
        .order_by(OrderName.placed_at.desc(), OrderName.order_id.desc())
    )
    each = held.limit(limit + 1).lateral("held")
    return await _merged(tx, name.join(each, true()), each.c.placed_at, each.c.order_id, limit)


async def _merged(tx: Tx, source: Any, placed_at: Any, order_id: Any, limit: int) -> Found:
    """The newest of all, each order once."""
    rows = await tx.execute(
        select(placed_at, order_id)
        .select_from(source)
        .group_by(placed_at, order_id)
        .order_by(placed_at.desc(), order_id.desc())
        .limit(limit + 1)
    )
    return [(at, found) for at, found in rows]
