"""The price calculation: pure, explained step by step, exact to the fen."""

import base64
import binascii
import hashlib
from typing import Any

import msgspec

from tiefen.kernel.money import allocate
from tiefen.promotion.errors import QuoteTooLarge
from tiefen.promotion.values import (
    Basis,
    Change,
    Freight,
    Problem,
    Quote,
    QuoteLine,
    Step,
    TraceLine,
)

VERSION = 1
"""Goes up when the calculation changes, so that an old basis is replayed by its own rules."""
MAX_TOTAL_FEN = 1_000_000_000
"""Ten million yuan: the most one payment may carry."""
_DIGEST_HEX = 24

_Seen = tuple[list[tuple[int, int, int]], int, int, int]


def quote(basis: Basis, problems: tuple[Problem, ...] = ()) -> Quote:
    """Price a basis. The order of its lines does not matter. Raises QuoteTooLarge."""
    trace: list[TraceLine] = []
    lines = sorted(basis.lines, key=lambda line: line.sku_id)
    listed = [line.price_fen * line.quantity for line in lines]
    for line, list_fen in zip(lines, listed, strict=True):
        trace.append(
            TraceLine(
                Step.LIST_PRICE,
                line.sku_id,
                list_fen,
                {"unit_fen": line.price_fen, "quantity": line.quantity},
            )
        )
    goods_fen = sum(listed)
    freight_fen = _freight(basis.freight, goods_fen, trace) if lines else 0
    if goods_fen + freight_fen > MAX_TOTAL_FEN:
        raise QuoteTooLarge(field="lines")
    shares = allocate(freight_fen, listed)
    priced = tuple(
        QuoteLine(
            sku_id=line.sku_id,
            product_id=line.product_id,
            product_name=line.product_name,
            spec_text=line.spec_text,
            image_url=line.image_url,
            quantity=line.quantity,
            unit_price_fen=line.price_fen,
            list_fen=list_fen,
            discount_fen=0,
            pay_fen=list_fen,
            freight_fen=share,
        )
        for line, list_fen, share in zip(lines, listed, shares, strict=True)
    )
    total_fen = goods_fen + freight_fen
    return Quote(
        lines=priced,
        goods_fen=goods_fen,
        freight_fen=freight_fen,
        discount_fen=0,
        total_fen=total_fen,
        trace=tuple(trace),
        digest=_digest(priced, freight_fen, 0, total_fen),
        basis=basis,
        problems=problems,
    )


def replay(stored: dict[str, Any]) -> Quote:
    """Compute a stored quote again from the basis in it."""
    return quote(msgspec.convert(stored["basis"], Basis))


def stored(priced: Quote) -> dict[str, Any]:
    """A quote as it is kept with its order."""
    kept: dict[str, Any] = msgspec.to_builtins(priced)
    return kept


def changes(digest: str, now: Quote) -> tuple[Change, ...]:
    """What differs between the quote of `digest`, as a buyer saw it, and the one that holds now.

    A digest carries what it sums up, so nothing has to be kept on the server for this. One that
    cannot be read yields no changes: the buyer is then only told that the price is another.
    """
    try:
        seen, freight, discount, total = msgspec.json.decode(
            base64.urlsafe_b64decode(digest[_DIGEST_HEX + 1 :] + "=="), type=_Seen
        )
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        return ()
    found: list[Change] = []
    before = {sku_id: (quantity, price) for sku_id, quantity, price in seen}
    after = {line.sku_id: (line.quantity, line.unit_price_fen) for line in now.lines}
    for sku_id in sorted(before.keys() | after.keys()):
        if sku_id not in after:
            found.append(Change("removed", sku_id, before[sku_id][0], 0))
        elif sku_id not in before:
            found.append(Change("added", sku_id, 0, after[sku_id][0]))
        else:
            for what, old, new in zip(
                ("quantity", "price"), before[sku_id], after[sku_id], strict=True
            ):
                if old != new:
                    found.append(Change(what, sku_id, old, new))
    for what, old, new in (
        ("freight", freight, now.freight_fen),
        ("discount", discount, now.discount_fen),
        ("total", total, now.total_fen),
    ):
        if old != new:
            found.append(Change(what, None, old, new))
    return tuple(found)


def _freight(rule: Freight, goods_fen: int, trace: list[TraceLine]) -> int:
    if rule.fee_fen == 0:
        return 0
    numbers = {"fee_fen": rule.fee_fen}
    if rule.free_from_fen is not None:
        numbers["free_from_fen"] = rule.free_from_fen
        if goods_fen >= rule.free_from_fen:
            trace.append(TraceLine(Step.FREIGHT_FREE, None, 0, numbers))
            return 0
    trace.append(TraceLine(Step.FREIGHT, None, rule.fee_fen, numbers))
    return rule.fee_fen


def _digest(
    lines: tuple[QuoteLine, ...], freight_fen: int, discount_fen: int, total_fen: int
) -> str:
    seen: _Seen = (
        [(line.sku_id, line.quantity, line.unit_price_fen) for line in lines],
        freight_fen,
        discount_fen,
        total_fen,
    )
    body = msgspec.json.encode(seen)
    paid = msgspec.json.encode([line.pay_fen for line in lines])
    head = hashlib.sha256(body + paid).hexdigest()[:_DIGEST_HEX]
    return f"{head}.{base64.urlsafe_b64encode(body).decode().rstrip('=')}"
