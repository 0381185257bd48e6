"""Orders and parcels, for the fan and for the console."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from tiefen.kernel.http import FenIn, IdIn, In, Out
from tiefen.kernel.text import OneLine
from tiefen.orders.schemas.presale import AgreedPresale
from tiefen.orders.schemas.shared import (
    MAX_LINES,
    AfterSaleOut,
    FanOut,
    OfferOut,
    PieceIn,
    TraceOut,
)
from tiefen.orders.values import OrderStatus, ParcelStatus, UploadState


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
    urge: bool
    """Ask to have it sent."""
    extend: bool
    """Ask for more time before it is received by itself."""


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
    list_fen: int
    discount_fen: int
    pay_fen: int
    gift: bool
    """Given by a promotion."""
    shipped: int
    refundable: int
    returnable: int
    """Sent pieces that may come back, or be exchanged or sent again."""
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
    courier_code: str
    tracking_no: str
    location_id: int | None
    """Where it left from; null: from more than one place."""
    handed_over: bool
    """Nothing travels: codes, courses and services are there without a courier."""
    status: ParcelStatus
    shipped_at: datetime
    received_at: datetime | None
    lines: list[ParcelLineOut]


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
    """Until when what is due now can be paid."""
    presale: AgreedPresale | None
    """Null: it was, or is to be, paid at once."""
    travels: bool
    """Something of it is sent in a parcel; services, texts and codes are not."""
    can: Can


class PayCodeOut(Out):
    """A code for the counter."""

    picture: str
    """SVG as a data address."""
    total_fen: int
    expires_at: datetime


class PriceChangeOut(Out):
    """A price the merchant changed before payment."""

    before_fen: int
    after_fen: int
    reason: str
    at: datetime


class ShopOrder(ShopOrderRow):
    """One of the fan's orders in full."""

    goods_fen: int
    freight_fen: int
    discount_fen: int
    paid_fen: int
    refunding_fen: int
    note: str
    receiver: ReceiverOut | None
    """Null: nothing of it is sent in a parcel."""
    parcels: list[ParcelOut]
    after_sales: list[AfterSaleOut]
    reduced_fen: int
    """What the merchant took off before payment; part of the discount."""
    price_changes: list[PriceChangeOut]
    trace: list[TraceOut]
    missed: list[TraceOut]
    offers: dict[int, list[OfferOut]]
    """By line: what promotions took off it."""
    paid_at: datetime | None
    shipped_at: datetime | None
    received_at: datetime | None
    closed_at: datetime | None
    close_reason: str


class ConsoleLineOut(ShopLineOut):
    """A line with what only the merchant may know."""

    cost_fen: int | None
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
    receiver: ReceiverOut | None
    """Null: nothing of it is sent in a parcel."""
    open_after_sales: int
    placed_at: datetime
    paid_at: datetime | None
    urged_at: datetime | None
    overdue: bool
    """Paid two days ago or more (or past the promised day), and not all of it is sent."""
    presale: AgreedPresale | None


class StepOut(Out):
    """One step of the order's story."""

    subject: str
    action: str
    before: str
    after: str
    actor: str
    """`staff:7`, `fan:9`, `wechat` or `system`"""
    actor_name: str
    """Who of the staff it was; empty for anybody else."""
    reason: str
    at: datetime


class UnsentOut(Out):
    """Pieces of a SKU that lie at a location and wait to be sent."""

    sku_id: int
    location_id: int
    location_name: str
    quantity: int


class UploadOut(Out):
    """Whether 小程序 knows of the parcels."""

    state: UploadState
    error: str
    updated_at: datetime


class ConsoleOrder(ConsoleOrderRow):
    """An order in full."""

    unsent: list[UnsentOut]
    """Where the pieces lie that wait to be sent."""
    upload: UploadOut | None
    """发货信息录入; null: not paid in the 小程序, or nothing sent yet."""

    goods_fen: int
    freight_fen: int
    discount_fen: int
    note: str
    payment_id: int | None
    parcels: list[ParcelOut]
    after_sales: list[AfterSaleOut]
    reduced_fen: int
    """What the merchant took off before payment; part of the discount."""
    price_changes: list[PriceChangeOut]
    trace: list[TraceOut]
    missed: list[TraceOut]
    offers: dict[int, list[OfferOut]]
    """By line: what promotions took off it."""
    margin_fen: int | None
    """What the order brought when it was placed, less goods, fee and shipping; null: cost unknown."""
    steps: list[StepOut]
    pay_until: datetime
    shipped_at: datetime | None
    received_at: datetime | None
    closed_at: datetime | None
    close_reason: str


class ParcelIn(In):
    """A parcel that leaves. Without `lines` it holds everything that is left to send."""

    courier: Annotated[OneLine, Field(min_length=1, max_length=40)]
    tracking_no: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9-]{4,40}$")
    ]
    lines: Annotated[list[PieceIn], Field(max_length=MAX_LINES, default_factory=list)]
    location_id: IdIn | None = None
    """Where it leaves from; null: from where its pieces lie."""


class ParcelEdit(In):
    """The right courier and number of a parcel."""

    courier: Annotated[OneLine, Field(min_length=1, max_length=40)]
    tracking_no: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9-]{4,40}$")
    ]


class CourierOut(Out):
    """A courier company the platforms have a code for."""

    code: str
    name: str


class ParcelTableLineOut(Out):
    """What became, or would become, of one line of a file."""

    line: int
    order_no: str
    courier: str
    tracking_no: str
    state: Literal["ready", "shipped", "already", "wrong"]
    message: str


class ParcelTableOut(Out):
    """A file of parcels, tried or carried out."""

    dry: bool
    good: int
    """Lines that were sent, or could be."""
    already: int
    """Lines that had been entered before: nothing to do."""
    wrong: int
    lines: list[ParcelTableLineOut]


class OrdersPrintIn(In):
    """Orders to print for."""

    order_nos: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^O[0-9]{19}$")]],
        Field(min_length=1, max_length=100),
    ]


class PriceIn(In):
    """Another price for an unpaid order."""

    before_fen: FenIn
    """The price the change is made from: if it is another by now, nothing happens."""
    total_fen: Annotated[FenIn, Field(ge=1)]
    reason: Annotated[OneLine, Field(min_length=1, max_length=100)]
    accept_loss: StrictBool = False
    """Said once more when the order would cost more than it brings."""


class ReplayLine(Out):
    """An order that would have cost something else."""

    order_no: str
    before_fen: int
    after_fen: int


class ReplayOut(Out):
    """A draft tried on past orders: sums so far, and the orders that change the most."""

    orders: int
    changed: int
    unknown: int
    """Orders left out of the margins, because a cost is missing."""
    before_fen: int
    after_fen: int
    margin_before_fen: int
    margin_after_fen: int
    winners: list[ReplayLine]
    losers: list[ReplayLine]
    since: datetime
    started_at: datetime
    finished_at: datetime | None
    """Null while it is at work."""


class SearchFillOut(Out):
    """How far orders from before can be found by names; `waits`: some cannot yet."""

    waits: bool
    total: int
    done: int
