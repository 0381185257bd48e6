"""The digest: what a buyer agreed to, and what differs when the price is another by then."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from tiefen.catalog.values import Presale
from tiefen.promotion.values import Change, Quote, QuoteLine

_DIGEST_HEX = 24

_Seen: TypeAlias = tuple[list[tuple[int, int, int]], int, int, int, list[tuple[int, int]]]
"""(sku, quantity, unit price) of the bought lines; freight; discount; total; (sku, quantity) given."""


def changes(digest: str, now: Quote) -> tuple[Change, ...]:
    """What differs between the quote of `digest`, as a buyer saw it, and the one that holds now.

    A digest carries what it sums up, so nothing has to be kept on the server for this. One that
    cannot be read yields no changes: the buyer is then only told that the price is another.
    """
    try:
        seen, freight, discount, total, gifts = msgspec.json.decode(
            base64.urlsafe_b64decode(digest[_DIGEST_HEX + 1 :] + "=="), type=_Seen
        )
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        return ()
    before = {sku_id: (quantity, price) for sku_id, quantity, price in seen}
    bought = [line for line in now.lines if not line.gift]
    after = {line.sku_id: (line.quantity, line.unit_price_fen) for line in bought}
    found = _of_lines(before, after)
    given = {line.sku_id: line.quantity for line in now.lines if line.gift}
    seen_given = dict(gifts)
    pairs: list[tuple[str, int | None, int, int]] = [
        ("gift", one, seen_given.get(one, 0), given.get(one, 0))
        for one in sorted(given | seen_given)
    ]
    pairs += [
        ("freight", None, freight, now.freight_fen),
        ("discount", None, discount, now.discount_fen),
        ("total", None, total, now.total_fen),
    ]
    found += [Change(what, one, old, new) for what, one, old, new in pairs if old != new]
    return tuple(found)


def _of_lines(
    before: dict[int, tuple[int, int]], after: dict[int, tuple[int, int]]
) -> list[Change]:
    found: list[Change] = []
    for sku_id in sorted(before.keys() | after.keys()):
        if sku_id not in after:
            found.append(Change("removed", sku_id, before[sku_id][0], 0))
        elif sku_id not in before:
            found.append(Change("added", sku_id, 0, after[sku_id][0]))
        else:
            pairs = zip(("quantity", "price"), before[sku_id], after[sku_id], strict=True)
            found += [Change(what, sku_id, old, new) for what, old, new in pairs if old != new]
    return found


def digest_of(
    lines: Sequence[QuoteLine],
    freight_fen: int,
    discount_fen: int,
    total_fen: int,
    presale: Presale | None = None,
) -> str:
    """What a quote comes to, as a text that carries its own sums. Terms of a presale are agreed to
    like the price."""
    seen: _Seen = (
        [(line.sku_id, line.quantity, line.unit_price_fen) for line in lines if not line.gift],
        freight_fen,
        discount_fen,
        total_fen,
        [(line.sku_id, line.quantity) for line in lines if line.gift],
    )
    body = msgspec.json.encode(seen)
    paid = msgspec.json.encode([line.pay_fen for line in lines])
    terms = msgspec.json.encode(presale) if presale else b""
    head = hashlib.sha256(body + paid + terms).hexdigest()[:_DIGEST_HEX]
    return f"{head}.{base64.urlsafe_b64encode(body).decode().rstrip('=')}"
