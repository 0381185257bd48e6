"""Placing an order: price, stock, order, payment and deadline in one commit.

The one hot path of the shop: few statements, and the stock row, which everybody wants, comes last.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import text

from tiefen.inventory import service as inventory
from tiefen.kernel import crypto, ids
from tiefen.kernel.db import Tx, write_noted
from tiefen.kernel.errors import Refusal
from tiefen.kernel.events import publish
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.kernel.text import folded, grams
from tiefen.orders import rules
from tiefen.orders.errors import (
    CheckoutKeyReused,
    DuplicateLine,
    LineGone,
    OrderLosesMoney,
    QuoteChanged,
)
from tiefen.orders.events import OrderPlaced
from tiefen.orders.models import Address
from tiefen.orders.schemas import LineIn, PlacedOut, PlaceIn, quote_out
from tiefen.orders.service.book import locked
from tiefen.orders.service.cart import own_address
from tiefen.orders.service.paying import become_paid
from tiefen.orders.values import OrderStatus, Receiver
from tiefen.payments import service as payments
from tiefen.promotion import service as promotion
from tiefen.promotion.values import ProblemKind, Quote

_WRITE = text(
    """
    WITH made AS (
        INSERT INTO orders (order_no, fan_id, checkout_key, request_hash, status, goods_fen,
            freight_fen, discount_fen, total_fen, paid_fen, refunding_fen, refunded_fen,
            freight_claimed_fen, quantity, receiver, phone_blind, region_code, region, note,
            quote, grams, folded, placed_at, pay_until, close_reason)
        VALUES (:order_no, :fan_id, :checkout_key, :request_hash, 'unpaid', :goods_fen,
            :freight_fen, :discount_fen, :total_fen, 0, 0, 0,
            0, :quantity, :receiver, :phone_blind, :region_code, :region, :note,
            CAST(:quote AS jsonb), :grams, :folded, :now, :pay_until, '')
        ON CONFLICT (fan_id, checkout_key) DO NOTHING
        RETURNING id
    ), lined AS (
        INSERT INTO order_line (order_id, sku_id, product_id, product_name, spec_text, image_url,
            unit_price_fen, cost_fen, quantity, list_fen, discount_fen, pay_fen, freight_fen,
            limit_held, gift, shipped, cancelled, holding, returned, refunding_fen, refunded_fen)
        SELECT made.id, l.sku_id, l.product_id, l.product_name, l.spec_text, l.image_url,
            l.unit_price_fen, l.cost_fen, l.quantity, l.list_fen, l.discount_fen, l.pay_fen,
            l.freight_fen, l.limit_held, l.gift, 0, 0, 0, 0, 0, 0
        FROM made, jsonb_to_recordset(CAST(:lines AS jsonb)) AS l(sku_id bigint,
            product_id bigint, product_name text, spec_text text, image_url text,
            unit_price_fen bigint, cost_fen bigint, quantity int, list_fen bigint,
            discount_fen bigint, pay_fen bigint, freight_fen bigint, limit_held int,
            gift boolean)
        ORDER BY l.sku_id
    ), emptied AS (
        DELETE FROM cart_item WHERE fan_id = :fan_id AND sku_id = ANY(:skus)
            AND EXISTS (SELECT FROM made)
    )
    SELECT id FROM made
    """
)
"""Order, lines and the emptied cart in one round trip; no row when the key has an order already."""
_BEFORE = text(
    "SELECT order_no, request_hash, total_fen, pay_until FROM orders"
    " WHERE fan_id = :fan AND checkout_key = :key"
)


async def place(tx: Tx, fan_id: int, checkout_key: str, wanted: PlaceIn) -> PlacedOut:
    """Order `wanted.lines` at the price of `wanted.digest`.

    The same fan and key give the same answer ever after, also when the goods have gone or the
    price has changed since. Raises LineGone, LimitReached, QuoteChanged, StockShort,
    AddressMissing, DuplicateLine, CheckoutKeyReused.
    """
    lines = merged(wanted.lines)
    try:
        address = await own_address(tx, fan_id, wanted.address_id)
        quote = await promotion.quote(tx, fan_id, lines, tx.now)
        _check(quote, wanted.digest)
    except Refusal:
        before = await _placed_before(tx, fan_id, checkout_key, wanted)
        if before is None:
            raise
        return before
    order_no, pay_until = ids.number("O", tx.now), tx.now + rules.PAY_WITHIN
    row = _row(tx, fan_id, checkout_key, wanted, address, quote)
    order_id = await tx.scalar(
        _WRITE, {**row, "order_no": order_no, "now": tx.now, "pay_until": pay_until}
    )
    if order_id is None:
        before = await _placed_before(tx, fan_id, checkout_key, wanted)
        assert before is not None, "the key's order was there a moment ago"
        return before
    await promotion.take_limits(tx, fan_id, quote.basis.lines)
    late = await promotion.take_uses(tx, [(order_no, fan_id, quote)])
    if order_no in late:
        raise late[order_no]
    failpoint("orders.place.ordered")
    if quote.total_fen:
        description = _description(quote)
        await payments.start(tx, order_no, fan_id, quote.total_fen, description, pay_until)
        later(tx, "orders.close_unpaid", run_at=pay_until, order_no=order_no)
    event = OrderPlaced(order_id, order_no, fan_id, quote.total_fen, tx.now)
    publish(tx, event, aggregate=f"order:{order_id}")
    await write_noted(tx)
    await inventory.reserve(tx, order_no, quote.pieces, pay_until)
    failpoint("orders.place.reserved")
    if not quote.total_fen:
        await become_paid(tx, await locked(tx, order_no), None, tx.now)
    return _answer(order_no, quote.total_fen, pay_until)


def merged(lines: Sequence[LineIn]) -> list[tuple[int, int]]:
    """Wanted lines in SKU order, each SKU once. Raises DuplicateLine."""
    seen: dict[int, int] = {}
    for place, line in enumerate(lines):
        if line.sku_id in seen:
            raise DuplicateLine(field=f"lines.{place}.sku_id")
        seen[line.sku_id] = line.quantity
    return sorted(seen.items())


def _check(quote: Quote, digest: str) -> None:
    """Refuse goods off the shelf and another price; limits are refused where they are counted."""
    for problem in quote.problems:
        if problem.kind is ProblemKind.GONE:
            raise LineGone(field="lines", sku_id=problem.sku_id, name=problem.product_name)
        if problem.kind is ProblemKind.LOSS:
            raise OrderLosesMoney(field="lines")
    if quote.digest != digest:
        raise QuoteChanged(
            quote=quote_out(quote).model_dump(mode="json"),
            changes=[asdict(change) for change in promotion.changes(digest, quote)],
        )


def _row(
    tx: Tx, fan_id: int, checkout_key: str, wanted: PlaceIn, address: Address, quote: Quote
) -> dict[str, Any]:
    """What `_WRITE` needs besides number and times."""
    texts = [f"{line.product_name} {line.spec_text}" for line in quote.lines]
    receiver = Receiver(address.name, address.phone, address.detail)
    return {
        "fan_id": fan_id,
        "checkout_key": checkout_key,
        "request_hash": _hash(wanted),
        "goods_fen": quote.goods_fen,
        "freight_fen": quote.freight_fen,
        "discount_fen": quote.discount_fen,
        "total_fen": quote.total_fen,
        "quantity": sum(line.quantity for line in quote.lines),
        "receiver": crypto.seal(receiver.kept()),
        "phone_blind": crypto.blind(address.phone),
        "region_code": address.region_code,
        "region": " ".join(filter(None, [address.province, address.city, address.district])),
        "note": wanted.note,
        "quote": msgspec.json.encode(promotion.stored(quote)).decode(),
        "grams": grams(*texts),
        "folded": folded(*texts),
        "lines": msgspec.json.encode(_lines(quote)).decode(),
        "skus": [line.sku_id for line in quote.lines if not line.gift],
    }


def _lines(quote: Quote) -> list[dict[str, Any]]:
    """The order's lines, with what the basis knows of them and a fan does not."""
    known = {gift.line.sku_id: gift.line for gift in quote.basis.gifts}
    known.update({line.sku_id: line for line in quote.basis.lines})
    return [
        {
            **asdict(line),
            "cost_fen": known[line.sku_id].cost_fen,
            "limit_held": 0
            if line.gift or not known[line.sku_id].purchase_limit
            else line.quantity,
        }
        for line in quote.lines
    ]


async def _placed_before(
    tx: Tx, fan_id: int, checkout_key: str, wanted: PlaceIn
) -> PlacedOut | None:
    """The answer this key was given before. Raises CheckoutKeyReused for another form."""
    row = (await tx.execute(_BEFORE, {"fan": fan_id, "key": checkout_key})).one_or_none()
    if row is None:
        return None
    if row.request_hash != _hash(wanted):
        raise CheckoutKeyReused(field="Idempotency-Key")
    return _answer(row.order_no, row.total_fen, row.pay_until)


def _answer(order_no: str, total_fen: int, pay_until: datetime) -> PlacedOut:
    """What was answered when the order was placed, however it fares since."""
    return PlacedOut(
        order_no=order_no,
        status=OrderStatus.UNPAID if total_fen else OrderStatus.PAID,
        total_fen=total_fen,
        pay_until=pay_until if total_fen else None,
    )


def _hash(wanted: PlaceIn) -> str:
    return sha256(wanted.model_dump_json().encode()).hexdigest()


def _description(quote: Quote) -> str:
    """What WeChat shows beside the amount (at most 127 bytes are allowed)."""
    first = quote.lines[0].product_name[:30]
    return first if len(quote.lines) == 1 else f"{first} 等{len(quote.lines)}件"
