"""What orders sends and takes over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from tiefen.kernel.errors import language
from tiefen.kernel.http import IdIn, In, Out, QuantityIn
from tiefen.kernel.money import yuan
from tiefen.kernel.text import OneLine, Prose
from tiefen.orders.values import (
    AfterSaleReason,
    AfterSaleStatus,
    CartState,
    OrderStatus,
    ParcelStatus,
)
from tiefen.promotion.values import Problem, ProblemKind, Quote

MAX_LINES = 100
PhoneIn = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9][0-9-]{5,18}[0-9]$")
]

# ── cart, addresses, checkout ────────────────────────────────────────────────────────────────


class CartAdd(In):
    """Put pieces in the cart, on top of those already there."""

    sku_id: IdIn
    quantity: QuantityIn


class CartSet(In):
    """Set how many pieces the cart holds."""

    quantity: QuantityIn


class CartItemOut(Out):
    """A cart line as it stands now, with what changed since it was put there."""

    sku_id: int
    product_id: int
    product_name: str
    spec_text: str
    image_url: str
    quantity: int
    price_fen: int
    price_seen_fen: int
    price_changed: bool
    available: int
    """Pieces that may be ordered now (stock and limit considered), at most 999."""
    state: CartState
    message: str
    """Why it cannot be ordered, or what changed; empty when nothing is to be said."""


class CartOut(Out):
    """The cart, newest first. Sums are over lines that can be ordered."""

    items: list[CartItemOut]
    quantity: int
    goods_fen: int


class RegionOut(Out):
    """A province, city or district (GB/T 2260 code)."""

    code: str
    name: str
    children: list["RegionOut"]


class AddressIn(In):
    """An address as the fan types it."""

    name: Annotated[OneLine, Field(min_length=1, max_length=40)]
    phone: PhoneIn
    region_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    detail: Annotated[OneLine, Field(min_length=2, max_length=120)]
    is_default: StrictBool = False


class AddressOut(Out):
    """One of the fan's own addresses."""

    id: int
    name: str
    phone: str
    region_code: str
    province: str
    city: str
    district: str
    detail: str
    is_default: bool


class LineIn(In):
    """A wanted SKU."""

    sku_id: IdIn
    quantity: QuantityIn


class QuoteIn(In):
    """What the fan is about to order."""

    lines: Annotated[list[LineIn], Field(min_length=1, max_length=MAX_LINES)]


class PlaceIn(QuoteIn):
    """An order. Needs the header `Idempotency-Key`; prices are never taken from here."""

    address_id: IdIn
    digest: Annotated[str, Field(min_length=1, max_length=8_000)]
    """The digest of the quote the fan agreed to."""
    note: Annotated[Prose, Field(max_length=200)] = ""


class QuoteLineOut(Out):
    """What one line costs."""

    sku_id: int
    product_id: int
    product_name: str
    spec_text: str
    image_url: str
    quantity: int
    unit_price_fen: int
    list_fen: int
    discount_fen: int
    pay_fen: int


class TraceOut(Out):
    """One step of the price, in the reader's language."""

    step: str
    sku_id: int | None
    amount_fen: int
    text: str


class ProblemOut(Out):
    """Why a line cannot be ordered as it stands."""

    kind: CartState
    sku_id: int
    available: int
    message: str


class QuoteOut(Out):
    """A price with its reasons. Send `digest` back when ordering."""

    lines: list[QuoteLineOut]
    goods_fen: int
    freight_fen: int
    discount_fen: int
    total_fen: int
    trace: list[TraceOut]
    problems: list[ProblemOut]
    can_place: bool
    digest: str


class PlacedOut(Out):
    """The order that was placed. `pay_until` is null when there is nothing to pay."""

    order_no: str
    status: OrderStatus
    total_fen: int
    pay_until: datetime | None


# ── orders ───────────────────────────────────────────────────────────────────────────────────


class PayIn(In):
    """Where the fan pays: inside WeChat, in the mini program, or by scanning a code."""

    client: Literal["jsapi", "mini", "native"]


class PaySheetOut(Out):
    """Arguments of WeChat's pay sheet."""

    app_id: str
    time_stamp: str
    nonce_str: str
    package: str
    sign_type: str
    pay_sign: str


class PayOut(Out):
    """How to pay: `sheet` inside WeChat and in the mini program, `code_url` as a QR code."""

    client: Literal["jsapi", "mini", "native"]
    expires_at: datetime
    sheet: PaySheetOut | None
    code_url: str | None


class PaymentStateOut(Out):
    """Whether the money has come. The order follows within a second."""

    paid: bool
    order_status: OrderStatus


class ReceiverOut(Out):
    """Who gets the goods: in clear for the fan, masked in the console."""

    name: str
    phone: str
    region: str
    detail: str


class Can(Out):
    """What the reader may do with the order now."""

    pay: bool
    cancel: bool
    receive: bool
    refund: bool


class ShopLineOut(Out):
    """A line of the fan's own order."""

    id: int
    sku_id: int
    product_id: int
    product_name: str
    spec_text: str
    image_url: str
    unit_price_fen: int
    quantity: int
    pay_fen: int
    shipped: int
    refundable: int
    refunded_fen: int
    refunding_fen: int


class ParcelLineOut(Out):
    """What a parcel holds."""

    line_id: int
    quantity: int


class ParcelOut(Out):
    """A parcel."""

    id: int
    courier: str
    tracking_no: str
    status: ParcelStatus
    shipped_at: datetime
    received_at: datetime | None
    lines: list[ParcelLineOut]


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


class ShopOrderRow(Out):
    """One of the fan's orders in a list."""

    order_no: str
    status: OrderStatus
    total_fen: int
    refunded_fen: int
    quantity: int
    lines: list[ShopLineOut]
    placed_at: datetime
    pay_until: datetime
    can: Can


class ShopOrder(ShopOrderRow):
    """One of the fan's orders in full."""

    goods_fen: int
    freight_fen: int
    discount_fen: int
    paid_fen: int
    refunding_fen: int
    note: str
    receiver: ReceiverOut
    parcels: list[ParcelOut]
    after_sales: list[AfterSaleOut]
    trace: list[TraceOut]
    paid_at: datetime | None
    shipped_at: datetime | None
    received_at: datetime | None
    closed_at: datetime | None
    close_reason: str


class FanOut(Out):
    """Whose order it is."""

    id: int
    name: str
    avatar_url: str


class ConsoleLineOut(ShopLineOut):
    """A line with what only the merchant may know."""

    cost_fen: int | None
    list_fen: int
    discount_fen: int
    left_to_ship: int
    cancelled: int
    returned: int


class ConsoleOrderRow(Out):
    """An order in the console's list."""

    order_no: str
    status: OrderStatus
    fan: FanOut
    total_fen: int
    paid_fen: int
    refunding_fen: int
    refunded_fen: int
    quantity: int
    lines: list[ConsoleLineOut]
    receiver: ReceiverOut
    open_after_sales: int
    placed_at: datetime
    paid_at: datetime | None


class StepOut(Out):
    """One step of the order's story."""

    subject: str
    action: str
    before: str
    after: str
    actor: str
    reason: str
    at: datetime


class ConsoleOrder(ConsoleOrderRow):
    """An order in full."""

    goods_fen: int
    freight_fen: int
    discount_fen: int
    note: str
    payment_id: int | None
    parcels: list[ParcelOut]
    after_sales: list[AfterSaleOut]
    trace: list[TraceOut]
    steps: list[StepOut]
    pay_until: datetime
    shipped_at: datetime | None
    received_at: datetime | None
    closed_at: datetime | None
    close_reason: str


class PieceIn(In):
    """Pieces of an order line."""

    line_id: IdIn
    quantity: QuantityIn


class ParcelIn(In):
    """A parcel that leaves. Without `lines` it holds everything that is left to send."""

    courier: Annotated[OneLine, Field(min_length=1, max_length=40)]
    tracking_no: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9-]{4,40}$")
    ]
    lines: Annotated[list[PieceIn], Field(max_length=MAX_LINES, default_factory=list)]


# ── after-sales ──────────────────────────────────────────────────────────────────────────────


class RefundLinesIn(In):
    """The pieces to give back. Without `lines`: everything that is left."""

    lines: Annotated[list[PieceIn], Field(max_length=MAX_LINES, default_factory=list)]


class AfterSaleIn(RefundLinesIn):
    """A fan's request."""

    reason: AfterSaleReason
    note: Annotated[Prose, Field(max_length=500)] = ""


class RefundPartOut(Out):
    """What a line would bring back."""

    line_id: int
    quantity: int
    amount_fen: int


class RefundPlanOut(Out):
    """What a request would bring back."""

    parts: list[RefundPartOut]
    goods_fen: int
    freight_fen: int
    amount_fen: int
    whole: bool


class Consequence(Out):
    """One thing approval would change, in the reader's language, with its numbers."""

    kind: Literal["money", "freight", "stock", "limit", "order", "counters"]
    text: str
    sku_id: int | None
    before: int | None
    after: int | None


class AfterSalePreview(Out):
    """What approving would do. Nothing has happened yet."""

    after_sale: AfterSaleOut
    goods_fen: int
    freight_fen: int
    amount_fen: int
    freight_refundable_fen: int
    whole: bool
    consequences: list[Consequence]


class ApproveIn(In):
    """The merchant's yes."""

    restock: StrictBool = False
    """Whether pieces that had been shipped go back on sale; unshipped ones always do."""
    refund_freight: StrictBool | None = None
    """None: by rule (with the part that leaves nothing, if nothing was sent)."""
    answer: Annotated[Prose, Field(max_length=500)] = ""


class RejectIn(In):
    """The merchant's no, with words for the fan."""

    answer: Annotated[Prose, Field(min_length=1, max_length=500)]


class ConsoleAfterSale(AfterSaleOut):
    """An after-sale in the console's list."""

    fan: FanOut
    order_status: OrderStatus
    refund_id: int | None
    attempt: int


# ── from values to what is said ──────────────────────────────────────────────────────────────


def quote_out(quote: Quote, short: Sequence[ProblemOut] = ()) -> QuoteOut:
    """A quote in the reader's language, with the lines that stock falls short of."""
    problems = [_problem(problem) for problem in quote.problems] + list(short)
    return QuoteOut(
        lines=[QuoteLineOut.model_validate(line) for line in quote.lines],
        goods_fen=quote.goods_fen,
        freight_fen=quote.freight_fen,
        discount_fen=quote.discount_fen,
        total_fen=quote.total_fen,
        trace=[
            trace_out(step.step, step.sku_id, step.amount_fen, step.numbers)
            for step in quote.trace
        ],
        problems=problems,
        can_place=not problems,
        digest=quote.digest,
    )


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


def _problem(problem: Problem) -> ProblemOut:
    if problem.kind is ProblemKind.GONE:
        return ProblemOut(
            kind=CartState.GONE,
            sku_id=problem.sku_id,
            available=0,
            message=say("已下架", "no longer on the shelf"),
        )
    return ProblemOut(
        kind=CartState.LIMITED,
        sku_id=problem.sku_id,
        available=problem.left,
        message=limit_words(problem.limit, problem.left),
    )


def limit_words(limit: int, left: int) -> str:
    """Why a purchase limit stands in the way."""
    return say(
        f"每人限购 {limit} 件，您还可以买 {left} 件",
        f"at most {limit} per person; you may still buy {left}",
    )


def short_words(available: int) -> str:
    """Why the stock stands in the way."""
    return say(
        f"库存不足，只剩 {available} 件" if available else "已售罄",
        f"only {available} left" if available else "sold out",
    )
