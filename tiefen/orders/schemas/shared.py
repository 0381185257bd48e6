"""Shapes that several chapters use, and sentences in the reader's language."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tiefen.kernel.errors import language
from tiefen.kernel.http import IdIn, In, Out, QuantityIn
from tiefen.orders.values import AfterSaleKind, AfterSaleReason, AfterSaleStatus
from tiefen.promotion import service as promotion
from tiefen.promotion.values import MISSED

MAX_LINES = 100


class FanOut(Out):
    """Whose order it is."""

    id: int
    name: str
    avatar_url: str


class PieceIn(In):
    """Pieces of an order line."""

    line_id: IdIn
    quantity: QuantityIn


class AfterSaleLineOut(Out):
    """Pieces of a line in an after-sale."""

    line_id: int
    sku_id: int
    product_name: str
    spec_text: str
    image_url: str
    quantity: int
    unshipped: int
    shipped: int
    amount_fen: int
    """What the pieces bring back; 0 where goods are sent instead."""
    kept_fen: int
    """What they would have brought besides."""
    sellable: int
    damaged: int
    lost: int
    replacement_id: int | None


class AfterSaleOut(Out):
    """An after-sale, for both sides."""

    after_sale_no: str
    order_no: str
    kind: AfterSaleKind
    status: AfterSaleStatus
    reason: AfterSaleReason
    note: str
    goods_fen: int
    freight_fen: int
    amount_fen: int
    quantity: int
    answer: str
    restock: bool | None
    requested_at: datetime
    decided_at: datetime | None
    settled_at: datetime | None
    due_at: datetime | None
    """When it goes on by itself; null: it does not."""
    our_fault: bool
    """By its reason: the freight goes back, and the way back is on the merchant."""
    back_courier: str
    back_tracking_no: str
    sent_back_at: datetime | None
    inspected_at: datetime | None
    resent_courier: str
    resent_tracking_no: str
    resent_at: datetime | None
    lines: list[AfterSaleLineOut]


class TraceOut(Out):
    """One step of the price, in the reader's language."""

    step: str
    sku_id: int | None
    amount_fen: int
    text: str
    promotion_id: int
    """0: no promotion had a part in it."""


class OfferOut(Out):
    """What one promotion took off a line; a gift's offer took nothing off."""

    promotion_id: int
    name: str
    amount_fen: int


def trace_out(step: Mapping[str, Any]) -> TraceOut:
    """One stored trace line as a sentence."""
    zh, en = promotion.sentence(step["step"], step["numbers"], step.get("name", ""))
    return TraceOut(
        step=step["step"],
        sku_id=step["sku_id"],
        amount_fen=step["amount_fen"],
        text=say(zh, en),
        promotion_id=step.get("promotion_id", 0),
    )


def applied(steps: Iterable[Mapping[str, Any]]) -> list[TraceOut]:
    """The steps that made the price."""
    return [trace_out(step) for step in steps if step["step"] not in MISSED]


def missed(steps: Iterable[Mapping[str, Any]]) -> list[TraceOut]:
    """Why other promotions did not apply, and what the next ones need."""
    return [trace_out(step) for step in steps if step["step"] in MISSED]


def say(zh: str, en: str) -> str:
    """The sentence in the reader's language."""
    return en if language.get() == "en" else zh
