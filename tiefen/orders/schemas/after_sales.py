"""After-sales: request, preview, decision, way back, log, policy."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from tiefen.kernel.http import FenIn, IdIn, In, Out
from tiefen.kernel.text import OneLine, Prose
from tiefen.orders.rules import MAX_PICTURES
from tiefen.orders.schemas.shared import MAX_LINES, AfterSaleOut, FanOut, say
from tiefen.orders.values import (
    AfterSaleKind,
    AfterSaleReason,
    Effect,
    OrderStatus,
    Phase,
    RefundPlan,
    Speaker,
)

AskedKind = Literal[
    AfterSaleKind.REFUND, AfterSaleKind.RETURN, AfterSaleKind.EXCHANGE, AfterSaleKind.RESEND
]
PictureKey = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}/[A-Za-z0-9_-]{8,64}\.webp$")
]
Pictures = Annotated[list[PictureKey], Field(max_length=MAX_PICTURES, default_factory=list)]
TrackingNo = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9-]{4,40}$")
]
PiecesIn = Annotated[int, Field(strict=True, ge=0, le=9_999)]


class AfterSalePieceIn(In):
    """Pieces of an order line, and their money."""

    line_id: IdIn
    quantity: PiecesIn
    """0 with an amount: money alone, the goods stay."""
    amount_fen: FenIn | None = None
    """Null: all that the pieces bring."""
    replacement_id: IdIn | None = None
    """The SKU to send instead, in an exchange; null: the same again."""


class AskedIn(In):
    """What is asked for. Without `lines`: everything that is left."""

    kind: AskedKind = AfterSaleKind.REFUND
    lines: Annotated[list[AfterSalePieceIn], Field(max_length=MAX_LINES, default_factory=list)]


class RefundLinesIn(AskedIn):
    """What a request would bring back; the reason matters for freight alone."""

    reason: AfterSaleReason = AfterSaleReason.OTHER


class AfterSaleIn(AskedIn):
    """A fan's request."""

    reason: AfterSaleReason
    note: Annotated[Prose, Field(max_length=500)] = ""
    pictures: Pictures


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
    """One thing it would change, in the reader's language, with its numbers."""

    kind: str
    """money, freight, stock, limit, promotion, counters, order, unsent, shipping, replacement, or
    what other rooms add"""
    phase: Phase
    """With the yes, once pieces are back, or once the money is."""
    text: str
    sku_id: int | None
    before: int
    after: int


class AfterSalePreview(Out):
    """What going on would do. Nothing has happened yet."""

    after_sale: AfterSaleOut
    goods_fen: int
    freight_fen: int
    amount_fen: int
    freight_refundable_fen: int
    whole: bool
    consequences: list[Consequence]


class ApproveIn(In):
    """The merchant's yes."""

    refund_freight: StrictBool | None = None
    """None: by rule (with the part that leaves nothing, if nothing was sent or we are at fault)."""
    answer: Annotated[Prose, Field(max_length=500)] = ""


class RejectIn(In):
    """The merchant's no, with words for the fan."""

    answer: Annotated[Prose, Field(min_length=1, max_length=500)]


class CompensateIn(In):
    """Money for the fan without goods coming back, out of what is left of the order."""

    amount_fen: Annotated[FenIn, Field(ge=1)]
    reason: Annotated[Prose, Field(min_length=1, max_length=500)]


class SentBackIn(In):
    """A parcel: of the fan on its way back, or of the merchant with the replacement."""

    courier: Annotated[OneLine, Field(min_length=1, max_length=40)]
    tracking_no: TrackingNo


class InspectedIn(In):
    """What was found of one line."""

    line_id: IdIn
    sellable: PiecesIn
    damaged: PiecesIn = 0
    lost: PiecesIn = 0
    amount_fen: FenIn | None = None
    """What it brings, if less than was held."""


class InspectIn(In):
    """What came back. Lines that are not named came back whole and fit for sale."""

    lines: Annotated[list[InspectedIn], Field(max_length=MAX_LINES, default_factory=list)]
    location_id: IdIn | None = None
    """Where they lie now; null: the main location."""
    answer: Annotated[Prose, Field(max_length=500)] = ""


class MessageIn(In):
    """Words, pictures or both."""

    words: Annotated[Prose, Field(max_length=500)] = ""
    pictures: Pictures


class LogOut(Out):
    """One entry of an after-sale's log: a step somebody took, or something that was said."""

    side: Speaker
    name: str
    """Who of the staff; empty for the fan and the system."""
    action: str
    """The step's name; empty for a message."""
    words: str
    picture_urls: list[str]
    at: datetime


class PictureOut(Out):
    """A stored picture: `key` to send, `url` to show."""

    key: str
    url: str


class PolicyIn(In):
    """How the merchant handles after-sales. Null: no such rule."""

    answer_hours: Annotated[int, Field(strict=True, ge=1, le=720)] | None
    return_days: Annotated[int, Field(strict=True, ge=1, le=60)]
    inspect_days: Annotated[int, Field(strict=True, ge=1, le=60)] | None
    auto_below_fen: FenIn
    auto_most: Annotated[int, Field(strict=True, ge=0, le=100)]
    second_above_fen: FenIn | None
    return_to: Annotated[Prose, Field(max_length=300)]


class PolicyOut(Out):
    """How the merchant handles after-sales."""

    answer_hours: int | None
    return_days: int
    inspect_days: int | None
    auto_below_fen: int
    auto_most: int
    second_above_fen: int | None
    return_to: str


class ConsoleAfterSale(AfterSaleOut):
    """An after-sale in the console's list."""

    fan: FanOut
    order_status: OrderStatus
    refund_id: int | None
    attempt: int
    decided_by: str
    """`staff:7`, or empty while nobody has decided."""
    decided_by_name: str
    requested_by_name: str
    """Who of the staff asked for compensation; empty: the fan asked."""


class ShopAfterSaleDetail(AfterSaleOut):
    """One of the fan's after-sales in full."""

    log: list[LogOut]
    return_to: str
    """Where the goods go; empty unless they are to be sent back."""


class ConsoleAfterSaleDetail(ConsoleAfterSale):
    """An after-sale in full."""

    log: list[LogOut]


def plan_out(found: RefundPlan) -> RefundPlanOut:
    """A plan as schema."""
    return RefundPlanOut(
        parts=[
            RefundPartOut(
                line_id=part.line_id,
                quantity=part.unshipped + part.shipped,
                amount_fen=part.amount_fen,
            )
            for part in found.parts
        ],
        goods_fen=found.goods_fen,
        freight_fen=found.freight_fen,
        amount_fen=found.amount_fen,
        whole=found.whole,
    )


_OF_SKUS = ("stock", "restock", "replacement")


def consequence(phase: Phase, effect: Effect) -> Consequence:
    """A planned effect as schema."""
    return Consequence(
        kind=effect.kind,
        phase=phase,
        text=say(effect.zh, effect.en),
        sku_id=effect.subject if effect.kind in _OF_SKUS else None,
        before=effect.before,
        after=effect.after,
    )
