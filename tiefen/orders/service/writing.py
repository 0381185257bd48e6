"""The rows of orders that are being placed: what a form and its quote leave in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from tiefen.kernel import crypto
from tiefen.kernel.db import Tx
from tiefen.kernel.text import folded
from tiefen.orders.models.search import receiver_key
from tiefen.orders.schemas import PlaceIn
from tiefen.orders.service import finding
from tiefen.orders.values import Answer, Receiver
from tiefen.promotion import service as promotion
from tiefen.promotion.values import Quote

_WRITE = """
    WITH made AS (
        INSERT INTO orders (order_no, fan_id, checkout_key, request_hash, status, goods_fen,
            freight_fen, discount_fen, total_fen, paid_fen, refunding_fen, refunded_fen,
            freight_claimed_fen, quantity, receiver, phone_blind, receiver_key, region_code, region,
            note, quote, folded, placed_at, pay_until, close_reason, deposit_fen, balance_from,
            balance_until, ships_by, forfeits)
        SELECT o.order_no, o.fan_id, o.checkout_key, o.request_hash, 'unpaid', o.goods_fen,
            o.freight_fen, o.discount_fen, o.total_fen, 0, 0, 0,
            0, o.quantity, o.receiver, o.phone_blind, o.receiver_key, o.region_code, o.region,
            o.note, o.quote, o.folded, $3, $4, '', o.deposit_fen, o.balance_from,
            o.balance_until, o.ships_by, o.forfeits
        FROM jsonb_to_recordset($1) AS o(order_no text, fan_id bigint,
            checkout_key text, request_hash text, goods_fen bigint, freight_fen bigint,
            discount_fen bigint, total_fen bigint, quantity int, receiver text, phone_blind text,
            receiver_key bigint, region_code text, region text, note text, quote jsonb, folded text,
            deposit_fen bigint, balance_from timestamptz, balance_until timestamptz, ships_by date,
            forfeits boolean)
        ON CONFLICT (fan_id, checkout_key) DO NOTHING
        RETURNING id, order_no, fan_id
    ), line AS (
        SELECT made.id AS order_id, made.fan_id, l.* FROM made
        JOIN jsonb_to_recordset($2) AS l(order_no text, sku_id bigint,
            product_id bigint, product_name text, spec_text text, image_url text,
            unit_price_fen bigint, cost_fen bigint, quantity int, list_fen bigint,
            discount_fen bigint, pay_fen bigint, freight_fen bigint, limit_held int,
            gift boolean)
            USING (order_no)
    ), lined AS (
        INSERT INTO order_line (order_id, sku_id, product_id, product_name, spec_text, image_url,
            unit_price_fen, cost_fen, quantity, list_fen, discount_fen, pay_fen, freight_fen,
            limit_held, gift, shipped, cancelled, holding, returned, refunding_fen, refunded_fen)
        SELECT order_id, sku_id, product_id, product_name, spec_text, image_url,
            unit_price_fen, cost_fen, quantity, list_fen, discount_fen, pay_fen, freight_fen,
            limit_held, gift, 0, 0, 0, 0, 0, 0
        FROM line ORDER BY order_id, sku_id, gift
    ), name AS (
        SELECT made.id AS order_id, n.* FROM made
        JOIN jsonb_to_recordset($5) AS n(order_no text, key bigint, folded text, grams text[])
            USING (order_no)
    ), named AS (
        INSERT INTO order_name (key, placed_at, order_id)
        SELECT key, $3, order_id FROM name ORDER BY key, order_id
    ), learnt AS (
        INSERT INTO sold_name (key, folded, grams)
        SELECT DISTINCT ON (key) key, folded, grams FROM name n
        WHERE NOT EXISTS (SELECT FROM sold_name s WHERE s.key = n.key) ORDER BY key
        ON CONFLICT DO NOTHING
    ), emptied AS (
        DELETE FROM cart_item c USING line
        WHERE c.fan_id = line.fan_id AND c.sku_id = line.sku_id AND NOT line.gift
    )
    SELECT order_no, id FROM made
"""
"""Orders, lines, what they are found by and emptied carts in one round trip; no row for a key that has an order already."""


@dataclass(frozen=True, slots=True)
class Form:
    """One buyer's order form and the key it came with."""

    fan_id: int
    key: str
    wanted: PlaceIn


@dataclass(frozen=True, slots=True)
class Ready:
    """A form that was priced and passed all checks, with the number its order will have."""

    place: int
    form: Form
    address: Any
    quote: Quote
    order_no: str
    answers: tuple[Answer, ...]

    @property
    def region_code(self) -> str:
        """Where it goes; empty: nothing of it travels."""
        return self.address["region_code"] if self.quote.needs_parcel else ""


async def write(tx: Tx, ready: Sequence[Ready], pay_until: datetime) -> dict[str, int]:
    """Order number → id, for those whose key had no order yet. Rows go in by fan, so that two
    batches with the same keys never wait for each other in a ring."""
    rows = [_row(one) for one in sorted(ready, key=lambda one: one.form.fan_id)]
    lines = [line for one in ready for line in _lines(one)]
    names = [name for one in ready for name in _names(one)]
    if not rows:
        return {}
    return dict(
        await tx.rows(
            _WRITE,
            msgspec.json.encode(rows).decode(),
            msgspec.json.encode(lines).decode(),
            tx.now,
            pay_until,
            msgspec.json.encode(names).decode(),
        )
    )


def _row(one: Ready) -> dict[str, Any]:
    """What `_WRITE` needs of an order besides its times."""
    form, quote = one.form, one.quote
    terms = quote.presale
    texts = [f"{line.product_name} {line.spec_text}" for line in quote.lines]
    return {
        "order_no": one.order_no,
        "fan_id": form.fan_id,
        "checkout_key": form.key,
        "request_hash": hash_of(form.wanted),
        "goods_fen": quote.goods_fen,
        "freight_fen": quote.freight_fen,
        "discount_fen": quote.discount_fen,
        "total_fen": quote.total_fen,
        "quantity": sum(line.quantity for line in quote.lines),
        **_destination(one),
        "note": form.wanted.note,
        "quote": promotion.stored(quote),
        "folded": folded(*texts),
        "deposit_fen": quote.deposit_fen,
        "balance_from": terms.balance_from if terms else None,
        "balance_until": terms.balance_until if terms else None,
        "ships_by": terms.ships_by if terms else None,
        "forfeits": bool(terms and terms.forfeits),
    }


def _destination(one: Ready) -> dict[str, Any]:
    """Where the order goes, kept with it as it is now. What does not travel keeps nobody's address."""
    if not one.quote.needs_parcel:
        nobody = crypto.seal(Receiver("", "", "").kept())
        return {"receiver": nobody, "phone_blind": "", "region_code": "", "region": ""}
    address = one.address
    phone = crypto.unseal(address["phone"])
    receiver = Receiver(crypto.unseal(address["name"]), phone, crypto.unseal(address["detail"]))
    places = (address[part] for part in ("province", "city", "district"))
    return {
        "receiver": crypto.seal(receiver.kept()),
        "phone_blind": crypto.blind(phone),
        "receiver_key": receiver_key(receiver.name),
        "region_code": one.region_code,
        "region": " ".join(filter(None, places)),
    }


def _names(one: Ready) -> list[dict[str, Any]]:
    """The names of goods that the order is found by, each once."""
    named = {finding.name_of(line.product_name, line.spec_text) for line in one.quote.lines}
    return [{"order_no": one.order_no, **name.kept()} for name in named]


def _lines(one: Ready) -> list[dict[str, Any]]:
    """The order's lines, with what the basis knows of them and a fan does not."""
    known = {gift.line.sku_id: gift.line for gift in one.quote.basis.gifts}
    known.update({line.sku_id: line for line in one.quote.basis.lines})
    return [
        {
            **msgspec.to_builtins(line),
            "order_no": one.order_no,
            "cost_fen": known[line.sku_id].cost_fen,
            "limit_held": 0
            if line.gift or not known[line.sku_id].purchase_limit
            else line.quantity,
        }
        for line in one.quote.lines
    ]


def hash_of(wanted: PlaceIn) -> str:
    """What a form is known by: the same key with another form is refused."""
    later_fields = ("coupon_id", "answers", "invoice", "use_points")
    unused = {name for name in later_fields if not getattr(wanted, name)}
    return sha256(wanted.model_dump_json(exclude=unused).encode()).hexdigest()
