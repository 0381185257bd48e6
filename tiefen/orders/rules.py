"""Decisions about orders: transition tables, what can be shipped, what can be refunded.

No session, no clock, no network. The tables are the only place that knows what follows what; the
diagrams in docs/domain/states.md are drawn from them (`make docs`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from tiefen.kernel.money import allocate
from tiefen.orders.errors import (
    FreightTaken,
    IllegalStep,
    NothingLeft,
    TooLate,
    TooMuchRefunded,
    TooMuchShipped,
)
from tiefen.orders.values import (
    AfterSaleAction,
    AfterSaleStatus,
    LinePieces,
    OrderAction,
    OrderStatus,
    ParcelAction,
    ParcelStatus,
    RefundPart,
    RefundPlan,
)

PAY_WITHIN = timedelta(minutes=30)
"""How long an unpaid order holds its stock."""
RECEIVE_AFTER = timedelta(days=7)
"""Shipped this long ago and nobody objected: received."""
AFTER_SALE_WITHIN = timedelta(days=15)
"""After receipt, how long a fan may ask for money back."""
MAX_CART = 100
MAX_ADDRESSES = 20

ORDER: Mapping[tuple[OrderStatus, OrderAction], OrderStatus] = {
    (OrderStatus.UNPAID, OrderAction.PAY): OrderStatus.PAID,
    (OrderStatus.UNPAID, OrderAction.CLOSE): OrderStatus.CLOSED,
    (OrderStatus.PAID, OrderAction.SHIP_PART): OrderStatus.PARTLY_SHIPPED,
    (OrderStatus.PAID, OrderAction.SHIP_REST): OrderStatus.SHIPPED,
    (OrderStatus.PAID, OrderAction.REFUND_REST): OrderStatus.REFUNDED,
    (OrderStatus.PARTLY_SHIPPED, OrderAction.SHIP_PART): OrderStatus.PARTLY_SHIPPED,
    (OrderStatus.PARTLY_SHIPPED, OrderAction.SHIP_REST): OrderStatus.SHIPPED,
    (OrderStatus.PARTLY_SHIPPED, OrderAction.REFUND_REST): OrderStatus.REFUNDED,
    (OrderStatus.SHIPPED, OrderAction.RECEIVE): OrderStatus.RECEIVED,
    (OrderStatus.SHIPPED, OrderAction.REFUND_REST): OrderStatus.REFUNDED,
    (OrderStatus.RECEIVED, OrderAction.REFUND_REST): OrderStatus.REFUNDED,
}
PARCEL: Mapping[tuple[ParcelStatus, ParcelAction], ParcelStatus] = {
    (ParcelStatus.SHIPPED, ParcelAction.RECEIVE): ParcelStatus.RECEIVED,
}
AFTER_SALE: Mapping[tuple[AfterSaleStatus, AfterSaleAction], AfterSaleStatus] = {
    (AfterSaleStatus.REQUESTED, AfterSaleAction.WITHDRAW): AfterSaleStatus.WITHDRAWN,
    (AfterSaleStatus.REQUESTED, AfterSaleAction.REJECT): AfterSaleStatus.REJECTED,
    (AfterSaleStatus.REQUESTED, AfterSaleAction.APPROVE): AfterSaleStatus.REFUNDING,
    (AfterSaleStatus.REFUNDING, AfterSaleAction.SETTLE): AfterSaleStatus.REFUNDED,
    (AfterSaleStatus.REFUNDING, AfterSaleAction.FAIL): AfterSaleStatus.ABNORMAL,
    (AfterSaleStatus.ABNORMAL, AfterSaleAction.RETRY): AfterSaleStatus.REFUNDING,
    (AfterSaleStatus.ABNORMAL, AfterSaleAction.SETTLE): AfterSaleStatus.REFUNDED,
}

CAN_SHIP = frozenset({OrderStatus.PAID, OrderStatus.PARTLY_SHIPPED})
CAN_ASK_BACK = frozenset(
    {
        OrderStatus.PAID,
        OrderStatus.PARTLY_SHIPPED,
        OrderStatus.SHIPPED,
        OrderStatus.RECEIVED,
    }
)
_WORDS_ZH: Mapping[StrEnum, str] = {
    OrderStatus.UNPAID: "待付款",
    OrderStatus.PAID: "待发货",
    OrderStatus.PARTLY_SHIPPED: "部分发货",
    OrderStatus.SHIPPED: "待收货",
    OrderStatus.RECEIVED: "已完成",
    OrderStatus.CLOSED: "已关闭",
    OrderStatus.REFUNDED: "已退款",
    OrderAction.PAY: "付款",
    OrderAction.CLOSE: "关闭",
    OrderAction.SHIP_PART: "发货",
    OrderAction.SHIP_REST: "发货",
    OrderAction.RECEIVE: "确认收货",
    OrderAction.REFUND_REST: "退款",
    ParcelStatus.SHIPPED: "运输中",
    ParcelStatus.RECEIVED: "已签收",
    ParcelAction.RECEIVE: "签收",
    AfterSaleStatus.REQUESTED: "待处理",
    AfterSaleStatus.WITHDRAWN: "已撤销",
    AfterSaleStatus.REJECTED: "已拒绝",
    AfterSaleStatus.REFUNDING: "退款中",
    AfterSaleStatus.ABNORMAL: "退款异常",
    AfterSaleStatus.REFUNDED: "已退款",
    AfterSaleAction.WITHDRAW: "撤销",
    AfterSaleAction.REJECT: "拒绝",
    AfterSaleAction.APPROVE: "同意",
    AfterSaleAction.FAIL: "标记异常",
    AfterSaleAction.RETRY: "重试",
    AfterSaleAction.SETTLE: "完成退款",
}


def advance_order(status: OrderStatus, action: OrderAction) -> OrderStatus:
    """What `action` makes of an order. Raises IllegalStep."""
    after = ORDER.get((status, action))
    if after is None:
        raise _illegal(status, action)
    return after


def advance_after_sale(status: AfterSaleStatus, action: AfterSaleAction) -> AfterSaleStatus:
    """What `action` makes of an after-sale. Raises IllegalStep."""
    after = AFTER_SALE.get((status, action))
    if after is None:
        raise _illegal(status, action)
    return after


def left_to_ship(line: LinePieces) -> int:
    """Pieces neither sent, nor refunded, nor held by an open after-sale."""
    return line.quantity - line.shipped - line.cancelled


def left_to_refund(line: LinePieces) -> int:
    """Pieces neither refunded nor held by an open after-sale, shipped or not."""
    return line.quantity - line.cancelled - line.returned


def refund_fen(line: LinePieces, quantity: int) -> int:
    """What `quantity` of the pieces that are left bring back.

    The money that is left is split over the pieces that are left, so whatever the sequence of parts
    (and of parts given up again), the last one takes exactly the rest.
    """
    left = left_to_refund(line)
    return allocate(line.pay_fen - line.claimed_fen, [quantity, left - quantity])[0]


def check_shipping(
    names: Mapping[int, str], lines: Mapping[int, LinePieces], wanted: Mapping[int, int]
) -> None:
    """Refuse a parcel that takes more of a line than is left to send. Keys are line ids."""
    for place, (line_id, quantity) in enumerate(wanted.items()):
        left = left_to_ship(lines[line_id])
        if quantity > left:
            raise TooMuchShipped(field=f"lines.{place}.quantity", name=names[line_id], left=left)


def is_all_shipped(lines: Sequence[LinePieces]) -> bool:
    """Something was sent, and nothing is left to send or may come back to be sent."""
    return any(line.shipped for line in lines) and all(
        line.shipped + line.cancelled - line.holding == line.quantity for line in lines
    )


def plan_refund(
    names: Mapping[int, str],
    lines: Mapping[int, LinePieces],
    wanted: Mapping[int, int],
    *,
    freight_left_fen: int,
) -> RefundPlan:
    """What an after-sale over `wanted` (line id → pieces) takes of an order.

    Pieces that were not sent go first: they need no way back. Freight returns with the part that
    leaves nothing, if nothing was ever sent. Raises NothingLeft, TooMuchRefunded.
    """
    if not any(left_to_refund(line) for line in lines.values()):
        raise NothingLeft
    parts = []
    for place, (line_id, quantity) in enumerate(wanted.items()):
        line = lines[line_id]
        left = left_to_refund(line)
        if quantity > left:
            raise TooMuchRefunded(field=f"lines.{place}.quantity", name=names[line_id], left=left)
        unshipped = min(quantity, left_to_ship(line))
        parts.append(
            RefundPart(
                line_id=line_id,
                sku_id=line.sku_id,
                unshipped=unshipped,
                shipped=quantity - unshipped,
                amount_fen=refund_fen(line, quantity),
            )
        )
    whole = all(left_to_refund(line) == wanted.get(line.id, 0) for line in lines.values())
    untouched = not any(line.shipped for line in lines.values())
    return RefundPlan(
        parts=tuple(parts),
        goods_fen=sum(part.amount_fen for part in parts),
        freight_fen=freight_left_fen if whole and untouched else 0,
        whole=whole,
    )


def with_gifts(lines: Mapping[int, LinePieces], wanted: Mapping[int, int]) -> dict[int, int]:
    """What is given back, with the gifts that go along: nobody keeps them who keeps nothing else."""
    bought = [line for line in lines.values() if not line.gift]
    if any(left_to_refund(line) > wanted.get(line.id, 0) for line in bought):
        return dict(wanted)
    left = {line.id: left_to_refund(line) for line in lines.values() if line.gift}
    return {**wanted, **{line_id: count for line_id, count in left.items() if count}}


def freight_of(freight_fen: int, claimed_fen: int, own_fen: int, wanted: bool | None) -> int:
    """The freight an after-sale gives back when decided: by rule (None), or as the merchant says.

    `claimed_fen` is what all after-sales of the order hold, `own_fen` of it by this one.
    Raises FreightTaken.
    """
    if wanted is None or (wanted and own_fen):
        return own_fen
    if wanted and claimed_fen:
        raise FreightTaken(field="refund_freight")
    return freight_fen if wanted else 0


def check_after_sale_window(received_at: datetime | None, now: datetime) -> None:
    """Refuse a fan's request that comes too long after receipt."""
    if received_at is not None and now >= received_at + AFTER_SALE_WITHIN:
        raise TooLate(days=AFTER_SALE_WITHIN.days)


def _illegal(status: StrEnum, action: StrEnum) -> IllegalStep:
    return IllegalStep(
        status=str(status),
        action=str(action),
        status_zh=_WORDS_ZH[status],
        action_zh=_WORDS_ZH[action],
    )
