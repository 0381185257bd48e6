"""Shapes that several chapters use, and sentences in the reader's language."""

from datetime import datetime

from tiefen.kernel.errors import language
from tiefen.kernel.http import IdIn, In, Out, QuantityIn
from tiefen.kernel.money import yuan
from tiefen.orders.values import AfterSaleReason, AfterSaleStatus

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


class AfterSaleOut(Out):
    """An after-sale, for both sides."""

    after_sale_no: str
    order_no: str
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
    lines: list[AfterSaleLineOut]


class TraceOut(Out):
    """One step of the price, in the reader's language."""

    step: str
    sku_id: int | None
    amount_fen: int
    text: str


def trace_out(step: str, sku_id: int | None, amount_fen: int, numbers: dict[str, int]) -> TraceOut:
    """One stored trace line as a sentence."""
    shown = {name: yuan(value) for name, value in numbers.items() if name.endswith("_fen")}
    zh, en = {
        "list_price": ("单价 {unit_fen} × {quantity}", "{unit_fen} × {quantity}"),
        "freight": ("运费 {fee_fen}", "freight {fee_fen}"),
        "freight_free": (
            "满 {free_from_fen} 免运费",
            "free freight from {free_from_fen}",
        ),
    }[step]
    text = say(zh, en).format(**{**numbers, **shown})
    return TraceOut(step=step, sku_id=sku_id, amount_fen=amount_fen, text=text)


def say(zh: str, en: str) -> str:
    """The sentence in the reader's language."""
    return en if language.get() == "en" else zh
