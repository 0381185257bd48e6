"""Words of the trade: states, actions, reasons, and what crosses to other rooms."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

NO_COURIER = "无需物流"
"""Goods that were there with the payment: handed over, with nothing to track."""
UNDO_WITHIN = timedelta(minutes=30)
"""How long a use of a service that was a slip can be taken back."""


class OrderStatus(StrEnum):
    """Where an order stands."""

    UNPAID = "unpaid"
    """待付款: stock is held until the deadline."""
    DEPOSITED = "deposited"
    """待付尾款: the deposit of a presale is paid, stock stays held."""
    PAID = "paid"
    """待发货."""
    PARTLY_SHIPPED = "partly_shipped"
    """部分发货: some pieces are still to be sent."""
    SHIPPED = "shipped"
    """待收货."""
    RECEIVED = "received"
    """已完成."""
    CLOSED = "closed"
    """已关闭: never paid, or paid too late and given back."""
    REFUNDED = "refunded"
    """已退款: every piece was refunded."""


class OrderAction(StrEnum):
    """What can happen to an order."""

    PAY_DEPOSIT = "pay_deposit"
    PAY = "pay"
    """All of it, or the balance."""
    CLOSE = "close"
    SHIP_PART = "ship_part"
    SHIP_REST = "ship_rest"
    RECEIVE = "receive"
    REFUND_REST = "refund_rest"


class CloseReason(StrEnum):
    """Why an order was closed."""

    CANCELLED = "cancelled"
    """The fan cancelled it."""
    UNPAID = "unpaid"
    """Its deadline passed."""
    SOLD_OUT = "sold_out"
    """The money came when the stock had gone back; it is refunded."""
    BALANCE_UNPAID = "balance_unpaid"
    """The balance was not paid in time: the deposit is forfeited or goes back, as agreed."""
    DEPOSIT_RETURNED = "deposit_returned"
    """The merchant gave the deposit back."""


class PayoutState(StrEnum):
    """Where one payment's share of a refund stands."""

    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"


class ParcelStatus(StrEnum):
    """Where a parcel stands."""

    SHIPPED = "shipped"
    RECEIVED = "received"


class UploadState(StrEnum):
    """Whether 小程序 knows of an order's parcels."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    """It refused; a person must look."""


@dataclass(frozen=True, slots=True)
class Courier:
    """A courier company as the platforms know it."""

    code: str
    name: str
    prefix: str = ""
    """Its numbers may begin with these letters, and nobody else's do."""


COURIERS = (
    Courier("SF", "顺丰速运", "SF"),
    Courier("ZTO", "中通快递"),
    Courier("YTO", "圆通速递", "YT"),
    Courier("YD", "韵达快递"),
    Courier("STO", "申通快递"),
    Courier("JD", "京东物流", "JD"),
    Courier("EMS", "邮政 EMS"),
    Courier("YZPY", "邮政快递包裹"),
    Courier("JTSD", "极兔速递", "JT"),
    Courier("DBL", "德邦快递", "DPK"),
)
"""Those the platforms have a code for; another is written as its name."""


class ParcelAction(StrEnum):
    """What can happen to a parcel."""

    RECEIVE = "receive"


class AfterSaleKind(StrEnum):
    """What is asked for."""

    REFUND = "refund"
    """仅退款: money, no goods come back; unsent pieces are not sent."""
    RETURN = "return"
    """退货退款: sent goods come back, then the money goes."""
    EXCHANGE = "exchange"
    """换货: sent goods come back, others are sent."""
    RESEND = "resend"
    """补发: goods that never came or were incomplete are sent again."""
    COMPENSATION = "compensation"
    """补偿: the merchant pays without goods coming back."""


class AfterSaleStatus(StrEnum):
    """Where an after-sale stands."""

    REQUESTED = "requested"
    """待处理: pieces and their money are held."""
    WITHDRAWN = "withdrawn"
    """买家撤销."""
    REJECTED = "rejected"
    """商家拒绝: at once, or after looking at what came back."""
    RETURNING = "returning"
    """待寄回: approved; the fan sends the goods back in time."""
    LAPSED = "lapsed"
    """超时关闭: nothing was sent back in time."""
    SENT_BACK = "sent_back"
    """待验货: on its way back, to be looked at."""
    RESENDING = "resending"
    """待补发: the replacement is held in stock until it is sent."""
    DONE = "done"
    """已补发: the replacement is on its way; pieces and money are free again."""
    REFUNDING = "refunding"
    """退款中: decided, the provider has not said success."""
    ABNORMAL = "abnormal"
    """退款异常: the provider could not pay it out; the money stays held until a retry succeeds."""
    REFUNDED = "refunded"
    """已退款: only the provider's word (or a refund of 0 fen) brings it here."""


OPEN_AFTER_SALES = (
    AfterSaleStatus.REQUESTED,
    AfterSaleStatus.RETURNING,
    AfterSaleStatus.SENT_BACK,
    AfterSaleStatus.RESENDING,
    AfterSaleStatus.REFUNDING,
    AfterSaleStatus.ABNORMAL,
)
"""Those that hold pieces and money."""


class AfterSaleAction(StrEnum):
    """What can happen to an after-sale."""

    WITHDRAW = "withdraw"
    REJECT = "reject"
    APPROVE = "approve"
    """Yes, and the money goes."""
    AWAIT_RETURN = "await_return"
    """Yes, once the goods are back."""
    AWAIT_RESEND = "await_resend"
    """Yes, others will be sent."""
    SEND_BACK = "send_back"
    LAPSE = "lapse"
    ACCEPT = "accept"
    """What came back was looked at: the money goes."""
    ACCEPT_EXCHANGE = "accept_exchange"
    """What came back was looked at: others will be sent."""
    RESEND = "resend"
    PAY_INSTEAD = "pay_instead"
    """Nothing can be sent: the money goes instead."""
    FAIL = "fail"
    RETRY = "retry"
    SETTLE = "settle"


class AfterSaleReason(StrEnum):
    """Why a fan wants money back."""

    CHANGED_MIND = "changed_mind"
    """不想要了."""
    NOT_RECEIVED = "not_received"
    """未收到货."""
    DAMAGED = "damaged"
    """商品破损."""
    WRONG_GOODS = "wrong_goods"
    """发错货."""
    NOT_AS_DESCRIBED = "not_as_described"
    """与描述不符."""
    OTHER = "other"


class CartState(StrEnum):
    """Whether a cart line can be ordered."""

    OK = "ok"
    GONE = "gone"
    """Off the shelf."""
    SHORT = "short"
    """Fewer pieces are free than wanted."""
    LIMITED = "limited"
    """More than one fan may buy."""
    REFUSED = "refused"
    """The merchant does not sell it so: it would lose money."""


@dataclass(frozen=True, slots=True)
class LinePieces:
    """What refunds need to know of one order line."""

    id: int
    sku_id: int
    quantity: int
    pay_fen: int
    shipped: int
    cancelled: int
    """Pieces refunded, or held by an open after-sale, that were not shipped."""
    holding: int
    """Those of `cancelled` whose after-sale is not decided yet: they may still have to be sent."""
    returned: int
    """Pieces refunded, or held by an open after-sale, that had been shipped."""
    claimed_fen: int
    """Refunded plus refunding."""
    gift: bool = False
    kept_fen: int = 0
    """What pieces that were given back did not bring, by agreement: no other piece brings it."""

    def uses_left(self, each: int, used: int) -> int:
        """How often a service may still be used: what was bought and not refunded, less its uses."""
        return max((self.quantity - self.cancelled - self.returned) * each - used, 0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of one line: pieces, and their money if it is not all that they bring."""

    quantity: int
    amount_fen: int | None = None


@dataclass(frozen=True, slots=True)
class RefundPart:
    """What an after-sale takes of one line."""

    line_id: int
    sku_id: int
    unshipped: int
    shipped: int
    amount_fen: int
    kept_fen: int = 0
    """What the pieces would bring besides, and will not."""


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """What an after-sale takes of an order. Amounts in fen."""

    parts: tuple[RefundPart, ...]
    goods_fen: int
    freight_fen: int
    whole: bool
    """Nothing of the order is left after it."""

    @property
    def amount_fen(self) -> int:
        """Goods and freight together."""
        return self.goods_fen + self.freight_fen


@dataclass(frozen=True, slots=True)
class Region:
    """Where an address lies: the code of its lowest level and the names down to it."""

    code: str
    province: str
    city: str
    district: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets the goods, as it stood when the order was placed."""

    name: str
    phone: str
    detail: str

    def kept(self) -> str:
        """The text that is sealed with the order."""
        return json.dumps([self.name, self.phone, self.detail], ensure_ascii=False)

    @classmethod
    def of(cls, kept: str) -> "Receiver":
        """Read what `kept` made."""
        return cls(*json.loads(kept))


NOBODY = Receiver("已清除", "", "")
"""Who got the goods of an order whose buyer was erased."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for staff."""

    to_ship: int
    after_sales: int
    after_sale_fen: int


class Speaker(StrEnum):
    """Who speaks in the log of an after-sale."""

    FAN = "fan"
    STAFF = "staff"
    SYSTEM = "system"


class Phase(StrEnum):
    """When a consequence of an after-sale takes effect."""

    HOLD = "hold"
    """With the yes: what will be sent instead is held."""
    BACK = "back"
    """Once it is sure which pieces come back: with the yes, or when they were looked at."""
    MONEY = "money"
    """Once the provider says the money is back."""


@dataclass(frozen=True, slots=True)
class CasePart:
    """Pieces of one order line in an after-sale, with what consequences need to know."""

    line_id: int
    sku_id: int
    product_id: int
    name: str
    unshipped: int
    shipped: int
    sellable: int
    """Those of `shipped` that came back fit for sale."""
    limit_held: int
    """Pieces of the line that count against the purchase limit."""
    replacement_id: int
    """The SKU that is sent instead, in an exchange or resend."""
    amount_fen: int
    gift: bool = False
    pieces: int = 0
    """Of the whole line; so `paid_fen`."""
    paid_fen: int = 0

    @property
    def quantity(self) -> int:
        """All pieces."""
        return self.unshipped + self.shipped


@dataclass(frozen=True, slots=True)
class Case:
    """An after-sale as the rooms that take something back see it. Amounts in fen."""

    after_sale_no: str
    order_no: str
    order_id: int
    fan_id: int
    kind: AfterSaleKind
    parts: tuple[CasePart, ...]
    amount_fen: int
    """What goes back to the fan; 0 for an exchange or resend."""
    freight_fen: int
    paid_fen: int
    refunded_fen: int
    """Of the order, before this one."""
    whole: bool
    """Nothing of the order is left after it."""
    actor: str
    region_code: str
    """Where the order goes."""
    location_id: int | None
    """Where pieces that came back were looked at; None: the main location."""
    held: bool
    """What is sent instead is held already."""


@dataclass(frozen=True, slots=True)
class Refunded:
    """What of an order went back, in fen; `whole`: nothing of it is left."""

    refunded_fen: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing an after-sale changes, with its numbers and a sentence."""

    kind: str
    subject: int
    """What it changes: a SKU, a line, a promotion; 0: the fan or the order itself."""
    before: int
    after: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class AfterSalePolicy:
    """How the merchant handles after-sales. Amounts in fen; None: no such rule."""

    answer_hours: int | None = 72
    """Nobody answered for so long: it is approved."""
    return_days: int = 7
    """The fan sends the goods back within this, or the after-sale lapses."""
    inspect_days: int | None = 10
    """Goods on their way back and nobody looked at them for so long: accepted."""
    auto_below_fen: int = 0
    """Refunds of unsent goods up to this are approved by themselves; 0: none."""
    auto_most: int = 3
    """... unless the fan asked so often within ninety days."""
    second_above_fen: int | None = None
    """Compensation above this needs another member of staff."""
    return_to: str = ""
    """Name, phone and address for goods that come back."""


class FieldKind(StrEnum):
    """What a question at checkout asks for."""

    TEXT = "text"
    CHOICE = "choice"
    DATE = "date"
    PHONE = "phone"
    ID_NUMBER = "id_number"


@dataclass(frozen=True, slots=True)
class Question:
    """What the merchant asks at checkout, of every order or of those with one product."""

    id: int
    product_id: int | None
    label: str
    kind: FieldKind
    options: Sequence[str]
    required: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a fan answered to a question at checkout."""

    field_id: int
    label: str
    kind: FieldKind
    value: str


class TitleKind(StrEnum):
    """Whom an invoice is for."""

    PERSONAL = "personal"
    COMPANY = "company"


class InvoiceState(StrEnum):
    """Where an invoice stands."""

    REQUESTED = "requested"
    ISSUED = "issued"
    RED = "red"
    """Money went back since: a red-letter invoice has to be written."""
    REVERSED = "reversed"
    """All of it was taken back."""


class Nudge(StrEnum):
    """What a fan is reminded of."""

    PAY = "pay"
    RECEIPT = "receipt"
