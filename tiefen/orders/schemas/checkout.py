"""Cart, addresses, quote and order form."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from tiefen.kernel.http import IdIn, In, Out, QuantityIn
from tiefen.kernel.money import yuan
from tiefen.kernel.text import OneLine, Prose
from tiefen.orders.errors import OrderLosesMoney
from tiefen.orders.schemas.paperwork import MOST_FIELDS, InvoiceIn, OrderAnswerIn
from tiefen.orders.schemas.presale import AgreedPresale, presale_of_quote
from tiefen.orders.schemas.shared import MAX_LINES, OfferOut, TraceOut, applied, missed, say
from tiefen.orders.values import CartState, OrderStatus
from tiefen.promotion import service as promotion
from tiefen.promotion.values import (
    CouponChoice,
    CouponKind,
    CouponReason,
    Problem,
    ProblemKind,
    Quote,
)

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


class LeftOutOut(Out):
    """What could not go in the cart."""

    sku_id: int
    product_name: str
    why: Literal["gone", "full"]
    message: str

    @classmethod
    def of(cls, found: tuple[int, str, str]) -> "LeftOutOut":
        """In the reader's language."""
        sku_id, name, why = found
        full = why == "full"
        said = say("购物车已满", "the cart is full") if full else say("已下架", "no longer sold")
        return cls(sku_id=sku_id, product_name=name, why="full" if full else "gone", message=said)


class CartFilledOut(CartOut):
    """The cart after several lines were put in it, and what could not go in."""

    left_out: list[LeftOutOut]


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


class CartFill(QuoteIn):
    """A visitor's cart, kept on the device until the fan was known."""


class CheckIn(QuoteIn):
    """What the fan is about to order, with the coupon they picked: null = the best, 0 = none."""

    coupon_id: Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)] | None = None
    address_id: IdIn | None = None
    """Where it goes; null: the fan's default address, if there is one."""
    use_points: StrictBool = False


class PlaceIn(QuoteIn):
    """An order. Needs the header `Idempotency-Key`; prices are never taken from here."""

    address_id: IdIn | None = None
    """Where it goes; null where nothing of it is sent in a parcel (`needs_address` of the quote)."""
    digest: Annotated[str, Field(min_length=1, max_length=8_000)]
    """The digest of the quote the fan agreed to."""
    coupon_id: Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)] = 0
    """The coupon of that quote; 0 = none."""
    note: Annotated[Prose, Field(max_length=200)] = ""
    answers: Annotated[list[OrderAnswerIn], Field(max_length=MOST_FIELDS, default_factory=list)]
    """To the merchant's own questions."""
    invoice: InvoiceIn | None = None
    """The invoice that is wanted; it may also be asked for later."""
    use_points: StrictBool = False
    """As in that quote."""


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


class CouponChoiceOut(Out):
    """A coupon the fan holds, and what it would do here."""

    coupon_id: int
    name: str
    kind: CouponKind
    label: str
    ends_at: datetime
    usable: bool
    saved_fen: int
    message: str
    """Why it cannot be used; empty when it can."""


class PointsUseOut(Out):
    """The points that pay a part of this order, or may when the fan wants to."""

    points: int
    off_fen: int
    used: bool


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
    needs_address: bool
    """Something of it is sent in a parcel."""
    digest: str
    coupon_id: int
    """The coupon in this price; 0 = none."""
    coupon_saved_fen: int
    best_coupon_id: int
    points: PointsUseOut | None
    """null: none can be used here."""
    presale: AgreedPresale | None
    """The terms of a presale, agreed to with the price; null: it is paid at once."""
    coupons: list[CouponChoiceOut]
    """All coupons the fan holds: those that help first, the best at the top."""


class PlacedOut(Out):
    """The order that was placed. `pay_until` is null when there is nothing to pay."""

    order_no: str
    status: OrderStatus
    total_fen: int
    pay_until: datetime | None


def quote_out(
    quote: Quote,
    short: Sequence[ProblemOut] = (),
    choices: Sequence[CouponChoice] = (),
    best_id: int = 0,
) -> QuoteOut:
    """A quote in the reader's language, with the lines that stock falls short of, and coupons."""
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
        needs_address=quote.needs_parcel,
        digest=quote.digest,
        coupon_id=quote.coupon.coupon_id if quote.coupon else 0,
        coupon_saved_fen=quote.coupon.saved_fen if quote.coupon else 0,
        best_coupon_id=best_id,
        points=PointsUseOut.model_validate(quote.points) if quote.points else None,
        presale=presale_of_quote(quote),
        coupons=[_choice(one) for one in choices],
    )


def _choice(one: CouponChoice) -> CouponChoiceOut:
    usable = one.reason is CouponReason.OK
    zh, en = _UNUSABLE[one.reason]
    missing = yuan(one.missing_fen)
    return CouponChoiceOut(
        coupon_id=one.coupon.id,
        name=one.coupon.rule.name,
        kind=one.coupon.kind,
        label=say(*promotion.coupon_words(one.coupon)),
        ends_at=one.coupon.ends_at,
        usable=usable,
        saved_fen=one.saved_fen,
        message="" if usable else say(zh.format(missing=missing), en.format(missing=missing)),
    )


_UNUSABLE: Mapping[CouponReason, tuple[str, str]] = {
    CouponReason.OK: ("", ""),
    CouponReason.NOT_YET: ("还没到使用时间", "not valid yet"),
    CouponReason.NO_GOODS: ("没有适用的商品", "nothing here it is for"),
    CouponReason.SHORT: ("还差 {missing} 可用", "{missing} short"),
    CouponReason.CLOSED: (
        "商品已参加不可叠加的活动",
        "the goods are in an offer that stands alone",
    ),
    CouponReason.BEATEN: ("已有更优惠的活动", "another offer is better for you"),
    CouponReason.NO_GAIN: ("现在用不会更便宜", "it would not make this cheaper"),
}


_NOT_THIS: dict[ProblemKind, tuple[CartState, str, str]] = {
    ProblemKind.GONE: (CartState.GONE, "已下架", "no longer on the shelf"),
    ProblemKind.MEMBERS: (CartState.REFUSED, "仅限会员购买", "for members only"),
    ProblemKind.PRESALE: (CartState.REFUSED, "预售商品请单独下单", "in presale: order it alone"),
}
"""What is said of a line that cannot be in this order, whatever its number."""


def _problem(problem: Problem) -> ProblemOut:
    if problem.kind in _NOT_THIS:
        kind, zh, en = _NOT_THIS[problem.kind]
        return ProblemOut(kind=kind, sku_id=problem.sku_id, available=0, message=say(zh, en))
    if problem.kind is ProblemKind.NO_DELIVERY:
        return ProblemOut(
            kind=CartState.REFUSED,
            sku_id=problem.sku_id,
            available=0,
            message=say(
                f"“{problem.product_name}”不配送到收货地址所在地区",
                f"{problem.product_name} is not sent to the region of this address",
            ),
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
