"""Words of the trade: states, actions, reasons, and what crosses to other rooms."""

import json
from dataclasses import dataclass
from enum import StrEnum


class OrderStatus(StrEnum):
    """Where an order stands."""

    UNPAID = "unpaid"
    """待付款: stock is held until the deadline."""
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

    PAY = "pay"
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


class ParcelStatus(StrEnum):
    """Where a parcel stands."""

    SHIPPED = "shipped"
    RECEIVED = "received"


class ParcelAction(StrEnum):
    """What can happen to a parcel."""

    RECEIVE = "receive"


class AfterSaleStatus(StrEnum):
    """Where an after-sale stands."""

    REQUESTED = "requested"
    """待处理: pieces and their money are held."""
    WITHDRAWN = "withdrawn"
    """买家撤销."""
    REJECTED = "rejected"
    """商家拒绝."""
    REFUNDING = "refunding"
    """退款中: approved, the provider has not said success."""
    ABNORMAL = "abnormal"
    """退款异常: the provider could not pay it out; the money stays held until a retry succeeds."""
    REFUNDED = "refunded"
    """已退款: only the provider's word (or a refund of 0 fen) brings it here."""


class AfterSaleAction(StrEnum):
    """What can happen to an after-sale."""

    WITHDRAW = "withdraw"
    REJECT = "reject"
    APPROVE = "approve"
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


@dataclass(frozen=True, slots=True)
class RefundPart:
    """What an after-sale takes of one line."""

    line_id: int
    sku_id: int
    unshipped: int
    shipped: int
    amount_fen: int


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for staff."""

    to_ship: int
    after_sales: int
    after_sale_fen: int
