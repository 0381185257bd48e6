"""What orders are found by: names of goods and the receiver's name; filled in for those from before.

A name of goods is a row for each order under its key, in the order of time. A receiver's name is a
keyed hash of the whole name and nothing of its parts: see the decision on sealed search.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import func, select

from tiefen.kernel import crypto
from tiefen.kernel.db import Tx
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.kernel.text import folded, grams, key_of
from tiefen.orders.models import Order, SearchFill
from tiefen.orders.models.search import receiver_key
from tiefen.orders.values import NOBODY, Receiver

FILL = "orders.fill_search"
FILLED_AT_ONCE = 1_000
_BEFORE = """
    SELECT o.id, o.placed_at, o.receiver, o.phone_blind <> '' AS known,
        (SELECT jsonb_agg(DISTINCT jsonb_build_array(l.product_name, l.spec_text))::text
         FROM order_line l WHERE l.order_id = o.id) AS named
    FROM orders o WHERE o.id < $1 ORDER BY o.id DESC LIMIT $2
"""
_KEYS = """
    UPDATE orders o SET receiver_key = t.key FROM unnest($1::bigint[], $2::bigint[]) AS t(id, key)
    WHERE o.id = t.id AND o.receiver_key IS NULL AND o.phone_blind <> ''
"""
_NAMES = """
    WITH name AS (
        SELECT * FROM jsonb_to_recordset($1) AS n(order_id bigint, placed_at timestamptz,
            key bigint, folded text, grams text[])
    ), learnt AS (
        INSERT INTO sold_name (key, folded, grams)
        SELECT DISTINCT ON (key) key, folded, grams FROM name ORDER BY key ON CONFLICT DO NOTHING
    )
    INSERT INTO order_name (key, placed_at, order_id)
    SELECT key, placed_at, order_id FROM name ORDER BY key, order_id ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Name:
    """A name of goods with its search keys."""

    key: int
    folded: str
    grams: tuple[str, ...]

    def kept(self) -> dict[str, Any]:
        """As the statements take it."""
        return {"key": self.key, "folded": self.folded, "grams": self.grams}


@lru_cache(maxsize=4096)
def name_of(product_name: str, spec_text: str) -> Name:
    """What a line is found by."""
    text = f"{product_name} {spec_text}"
    plain = folded(text)
    return Name(key_of(plain), plain, tuple(grams(text)))


async def begin_fill(tx: Tx) -> None:
    """Go on with orders from before that lack what they are found by; nothing if none do."""
    row = await tx.get(SearchFill, 1)
    if row is not None and row.ended_at is None:
        later(tx, FILL, below_id=row.below_id, key="fill")


async def fill_step(tx: Tx, below_id: int | None) -> None:
    """Fill in some orders, the newest first, and leave the rest to another job. Safe to run twice."""
    row = await tx.get(SearchFill, 1, with_for_update=True)
    if row is None or row.ended_at is not None or row.below_id != below_id:
        return
    if row.below_id is None:
        row.below_id = (await tx.scalar(select(func.max(Order.id))) or 0) + 1
        row.total = await tx.scalar(select(func.count()).select_from(Order)) or 0
    found = await tx.rows(_BEFORE, row.below_id, FILLED_AT_ONCE)
    await _fill(tx, found)
    row.done += len(found)
    if len(found) == FILLED_AT_ONCE:
        row.below_id = found[-1]["id"]
        later(tx, FILL, below_id=row.below_id)
    else:
        row.below_id, row.ended_at = 0, tx.now
    failpoint("orders.fill_search.step")


async def _fill(tx: Tx, found: Sequence[Any]) -> None:
    keys: dict[int, int] = {}
    names = []
    for one in found:
        whom = Receiver.of(crypto.unseal(one["receiver"])) if one["known"] else NOBODY
        if one["known"] and whom != NOBODY:
            keys[one["id"]] = receiver_key(whom.name)
        for product_name, spec_text in msgspec.json.decode(one["named"] or "[]"):
            name = name_of(product_name, spec_text)
            names.append({"order_id": one["id"], "placed_at": one["placed_at"], **name.kept()})
    await tx.rows(_KEYS, sorted(keys), [keys[order_id] for order_id in sorted(keys)])
    await tx.rows(_NAMES, msgspec.json.encode(names).decode())
