"""Cart, addresses, quote and order form."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictBool, StringConstraints

from tiefen.kernel.http import IdIn, In, Out, QuantityIn
from tiefen.kernel.text import OneLine, Prose
from tiefen.orders.errors import OrderLosesMoney
from tiefen.orders.schemas.shared import MAX_LINES, OfferOut, TraceOut, applied, missed, say
from tiefen.orders.values import CartState, OrderStatus
from tiefen.promotion.values import Problem, ProblemKind, Quote

PhoneIn = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9][0-9-]{5,18}[0-9]$")
]


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
    gift: bool
    offers: list[OfferOut]


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
    missed: list[TraceOut]
    """Why other offers do not apply, the nearest threshold first."""
    problems: list[ProblemOut]
    can_place: bool
    digest: str


class PlacedOut(Out):
    """The order that was placed. `pay_until` is null when there is nothing to pay."""

    order_no: str
    status: OrderStatus
    total_fen: int
    pay_until: datetime | None


def quote_out(quote: Quote, short: Sequence[ProblemOut] = ()) -> QuoteOut:
    """A quote in the reader's language, with the lines that stock falls short of."""
    problems = [_problem(problem) for problem in quote.problems] + list(short)
    steps = [asdict(step) for step in quote.trace]
    return QuoteOut(
        lines=[QuoteLineOut.model_validate(line) for line in quote.lines],
        goods_fen=quote.goods_fen,
        freight_fen=quote.freight_fen,
        discount_fen=quote.discount_fen,
        total_fen=quote.total_fen,
        trace=applied(steps),
        missed=missed(steps),
        problems=problems,
        can_place=not problems,
        digest=quote.digest,
    )


def _problem(problem: Problem) -> ProblemOut:
    if problem.kind is ProblemKind.GONE:
        return ProblemOut(
            kind=CartState.GONE,
            sku_id=problem.sku_id,
            available=0,
            message=say("已下架", "no longer on the shelf"),
        )
    if problem.kind is ProblemKind.LOSS:
        return ProblemOut(
            kind=CartState.REFUSED,
            sku_id=problem.sku_id,
            available=0,
            message=say(OrderLosesMoney.zh, OrderLosesMoney.en),
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
