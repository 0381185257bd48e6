"""After-sales: request, preview, decision."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from tiefen.kernel.http import In, Out
from tiefen.kernel.text import Prose
from tiefen.orders.schemas.shared import MAX_LINES, AfterSaleOut, FanOut, PieceIn
from tiefen.orders.values import AfterSaleReason, OrderStatus, RefundPlan


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
    decided_by: str
    """`staff:7`, or empty while nobody has decided."""
    decided_by_name: str


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
