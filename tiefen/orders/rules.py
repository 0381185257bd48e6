"""Decisions about orders: transition tables, what can be shipped, what can be refunded.

No session, no clock, no network. The tables are the only place that knows what follows what; the
diagrams in docs/domain/states.md are drawn from them (`make docs`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from tiefen.kernel.checkdigits import is_day, is_id_number, is_phone
from tiefen.kernel.crypto import mask_phone
from tiefen.kernel.money import allocate, yuan
from tiefen.orders.errors import (
    AnswerMissing,
    AnswerWrong,
    BadInspection,
    BadTracking,
    FreightTaken,
    IllegalStep,
    NoAmountHere,
    NothingLeft,
    SecondNeeded,
    TooLate,
    TooMuchInAll,
    TooMuchMoney,
    TooMuchRefunded,
    TooMuchShipped,
)
from tiefen.orders.values import (
    COURIERS,
    AfterSaleAction,
    AfterSaleKind,
    AfterSalePolicy,
    AfterSaleReason,
    AfterSaleStatus,
    Courier,
    FieldKind,
    LinePieces,
    OrderAction,
    OrderStatus,
    ParcelAction,
    ParcelStatus,
    RefundPart,
    RefundPlan,
    Wanted,
)

NOT_INVOICED = frozenset({OrderStatus.UNPAID, OrderStatus.DEPOSITED, OrderStatus.CLOSED})
INVOICE_WITHIN = timedelta(days=90)
"""After receipt: so long an invoice may be asked for."""
REMIND_PAY = timedelta(minutes=10)
"""So long before its deadline an unpaid order is reminded of."""
REMIND_RECEIPT = timedelta(days=1)
EXTEND_BY = timedelta(days=3)
"""So much later an order is received by itself when its fan has asked for time."""
PAY_WITHIN = timedelta(minutes=30)
"""How long an unpaid order holds its stock."""
RECEIVE_AFTER = timedelta(days=7)
"""Shipped this long ago and nobody objected: received."""
AFTER_SALE_WITHIN = timedelta(days=15)
"""After receipt, how long a fan may ask for money back."""
URGE_AGAIN = timedelta(hours=24)
"""How often a fan may ask to have an order sent."""
SHIP_WITHIN = timedelta(hours=48)
"""What WeChat promises buyers; an order that waits longer is overdue."""
MAX_CART = 100
MAX_ADDRESSES = 20

ORDER: Mapping[tuple[OrderStatus, OrderAction], OrderStatus] = {
    (OrderStatus.UNPAID, OrderAction.PAY): OrderStatus.PAID,
    (OrderStatus.UNPAID, OrderAction.CLOSE): OrderStatus.CLOSED,
    (OrderStatus.UNPAID, OrderAction.PAY_DEPOSIT): OrderStatus.DEPOSITED,
    (OrderStatus.DEPOSITED, OrderAction.PAY): OrderStatus.PAID,
    (OrderStatus.DEPOSITED, OrderAction.CLOSE): OrderStatus.CLOSED,
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
    (AfterSaleStatus.REQUESTED, AfterSaleAction.AWAIT_RETURN): AfterSaleStatus.RETURNING,
    (AfterSaleStatus.REQUESTED, AfterSaleAction.AWAIT_RESEND): AfterSaleStatus.RESENDING,
    (AfterSaleStatus.RETURNING, AfterSaleAction.WITHDRAW): AfterSaleStatus.WITHDRAWN,
    (AfterSaleStatus.RETURNING, AfterSaleAction.LAPSE): AfterSaleStatus.LAPSED,
    (AfterSaleStatus.RETURNING, AfterSaleAction.SEND_BACK): AfterSaleStatus.SENT_BACK,
    (AfterSaleStatus.RETURNING, AfterSaleAction.ACCEPT): AfterSaleStatus.REFUNDING,
    (AfterSaleStatus.RETURNING, AfterSaleAction.ACCEPT_EXCHANGE): AfterSaleStatus.RESENDING,
    (AfterSaleStatus.SENT_BACK, AfterSaleAction.REJECT): AfterSaleStatus.REJECTED,
    (AfterSaleStatus.SENT_BACK, AfterSaleAction.ACCEPT): AfterSaleStatus.REFUNDING,
    (AfterSaleStatus.SENT_BACK, AfterSaleAction.ACCEPT_EXCHANGE): AfterSaleStatus.RESENDING,
    (AfterSaleStatus.RESENDING, AfterSaleAction.RESEND): AfterSaleStatus.DONE,
    (AfterSaleStatus.RESENDING, AfterSaleAction.PAY_INSTEAD): AfterSaleStatus.REFUNDING,
    (AfterSaleStatus.REFUNDING, AfterSaleAction.SETTLE): AfterSaleStatus.REFUNDED,
    (AfterSaleStatus.REFUNDING, AfterSaleAction.FAIL): AfterSaleStatus.ABNORMAL,
    (AfterSaleStatus.ABNORMAL, AfterSaleAction.RETRY): AfterSaleStatus.REFUNDING,
    (AfterSaleStatus.ABNORMAL, AfterSaleAction.SETTLE): AfterSaleStatus.REFUNDED,
}
YES: Mapping[AfterSaleKind, AfterSaleAction] = {
    AfterSaleKind.REFUND: AfterSaleAction.APPROVE,
    AfterSaleKind.COMPENSATION: AfterSaleAction.APPROVE,
    AfterSaleKind.RETURN: AfterSaleAction.AWAIT_RETURN,
    AfterSaleKind.EXCHANGE: AfterSaleAction.AWAIT_RETURN,
    AfterSaleKind.RESEND: AfterSaleAction.AWAIT_RESEND,
}
"""What the merchant's yes means."""
INSPECTED: Mapping[AfterSaleKind, AfterSaleAction] = {
    AfterSaleKind.RETURN: AfterSaleAction.ACCEPT,
    AfterSaleKind.EXCHANGE: AfterSaleAction.ACCEPT_EXCHANGE,
}
"""What follows when goods that came back are found good. Other kinds bring none back."""
SENDS = frozenset({AfterSaleKind.EXCHANGE, AfterSaleKind.RESEND})
"""Kinds that send goods and bring no money."""
OUR_FAULT = frozenset(
    {
        AfterSaleReason.NOT_RECEIVED,
        AfterSaleReason.DAMAGED,
        AfterSaleReason.WRONG_GOODS,
        AfterSaleReason.NOT_AS_DESCRIBED,
    }
)
"""Reasons for which the freight goes back also after sending, and the way back is on the merchant."""
SAID_YES = frozenset(
    {
        AfterSaleStatus.RETURNING,
        AfterSaleStatus.SENT_BACK,
        AfterSaleStatus.RESENDING,
        AfterSaleStatus.DONE,
        AfterSaleStatus.REFUNDING,
        AfterSaleStatus.ABNORMAL,
        AfterSaleStatus.REFUNDED,
    }
)
"""States after the merchant's yes: a second yes changes nothing."""
LOOK_AGAIN = timedelta(days=1)
"""What cannot go on by itself yet is tried again after this."""
RECENT = timedelta(days=90)
MAX_MESSAGES = 200
MAX_PICTURES = 9

PAYABLE = frozenset({OrderStatus.UNPAID, OrderStatus.DEPOSITED})
CAN_SHIP = frozenset({OrderStatus.PAID, OrderStatus.PARTLY_SHIPPED})
CAN_ASK_BACK = CAN_SHIP | {OrderStatus.SHIPPED, OrderStatus.RECEIVED}
_WORDS_ZH: Mapping[StrEnum, str] = {
    OrderStatus.UNPAID: "待付款",
    OrderStatus.DEPOSITED: "待付尾款",
    OrderStatus.PAID: "待发货",
    OrderStatus.PARTLY_SHIPPED: "部分发货",
    OrderStatus.SHIPPED: "待收货",
    OrderStatus.RECEIVED: "已完成",
    OrderStatus.CLOSED: "已关闭",
    OrderStatus.REFUNDED: "已退款",
    OrderAction.PAY_DEPOSIT: "付定金",
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
    AfterSaleStatus.RETURNING: "待寄回",
    AfterSaleStatus.LAPSED: "超时关闭",
    AfterSaleStatus.SENT_BACK: "待验货",
    AfterSaleStatus.RESENDING: "待补发",
    AfterSaleStatus.DONE: "已补发",
    AfterSaleStatus.REFUNDING: "退款中",
    AfterSaleStatus.ABNORMAL: "退款异常",
    AfterSaleStatus.REFUNDED: "已退款",
    AfterSaleAction.WITHDRAW: "撤销",
    AfterSaleAction.REJECT: "拒绝",
    AfterSaleAction.APPROVE: "同意",
    AfterSaleAction.AWAIT_RETURN: "同意",
    AfterSaleAction.AWAIT_RESEND: "同意",
    AfterSaleAction.SEND_BACK: "寄回",
    AfterSaleAction.LAPSE: "超时关闭",
    AfterSaleAction.ACCEPT: "验收",
    AfterSaleAction.ACCEPT_EXCHANGE: "验收",
    AfterSaleAction.RESEND: "补发",
    AfterSaleAction.PAY_INSTEAD: "改为退款",
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


def inspected(kind: AfterSaleKind) -> AfterSaleAction:
    """What follows once goods of this kind were looked at. Kinds that bring none back are refused by
    the table whatever they answer."""
    return INSPECTED.get(kind, AfterSaleAction.ACCEPT)


def left_to_ship(line: LinePieces) -> int:
    """Pieces neither sent, nor refunded, nor held by an open after-sale."""
    return line.quantity - line.shipped - line.cancelled


def left_to_refund(line: LinePieces) -> int:
    """Pieces neither refunded nor held by an open after-sale, shipped or not."""
    return line.quantity - line.cancelled - line.returned


def left_to_return(line: LinePieces) -> int:
    """Sent pieces neither given back nor held by an open after-sale."""
    return line.shipped - line.returned


def left_for(kind: AfterSaleKind, line: LinePieces) -> int:
    """Pieces that an after-sale of this kind may still take of a line."""
    if kind is AfterSaleKind.COMPENSATION:
        return 0
    if kind is AfterSaleKind.REFUND or (kind is AfterSaleKind.RETURN and line.gift):
        return left_to_refund(line)
    return left_to_return(line)


def refund_fen(line: LinePieces, quantity: int) -> int:
    """What `quantity` of the pieces that are left bring back.

    The money that is left is split over the pieces that are left, so whatever the sequence of parts
    (and of parts given up again), the last one takes exactly the rest.
    """
    left = left_to_refund(line)
    return allocate(_pot(line), [quantity, left - quantity])[0]


def most_fen(kind: AfterSaleKind, line: LinePieces, quantity: int) -> int:
    """The most that pieces, or money alone, may bring back. Compensation may also use what was kept."""
    if kind is AfterSaleKind.COMPENSATION:
        return line.pay_fen - line.claimed_fen
    return refund_fen(line, quantity) if quantity else _pot(line)


def _pot(line: LinePieces) -> int:
    """Money of a line that is left for its pieces."""
    return max(line.pay_fen - line.claimed_fen - line.kept_fen, 0)


def check_shipping(
    names: Mapping[int, str], lines: Mapping[int, LinePieces], wanted: Mapping[int, int]
) -> None:
    """Refuse a parcel that takes more of a line than is left to send. Keys are line ids."""
    for place, (line_id, quantity) in enumerate(wanted.items()):
        left = left_to_ship(lines[line_id])
        if quantity > left:
            raise TooMuchShipped(field=f"lines.{place}.quantity", name=names[line_id], left=left)


def courier_of(words: str) -> Courier | None:
    """The courier that somebody means by its code or (the beginning of) its name."""
    said = words.strip().upper()
    if len(said) < 2:
        return None
    ways = (
        lambda one: said == one.code,
        lambda one: one.name.startswith(said),
        lambda one: said.startswith(one.name[:2]),
    )
    return next((one for way in ways for one in COURIERS if way(one)), None)


def check_tracking(courier: Courier | None, tracking_no: str) -> None:
    """Refuse a number that belongs to another courier: the usual slip. Raises BadTracking."""
    said = tracking_no.upper()
    owner = next((one for one in COURIERS if one.prefix and said.startswith(one.prefix)), None)
    if courier is not None and owner is not None and owner != courier:
        raise BadTracking(
            field="tracking_no", courier=courier.name, owner=owner.name, tracking_no=tracking_no
        )


def is_all_shipped(lines: Sequence[LinePieces]) -> bool:
    """Something was sent, and nothing is left to send or may come back to be sent."""
    return any(line.shipped for line in lines) and all(
        line.shipped + line.cancelled - line.holding == line.quantity for line in lines
    )


def plan_refund(
    names: Mapping[int, str],
    lines: Mapping[int, LinePieces],
    wanted: Mapping[int, Wanted],
    *,
    freight_left_fen: int,
    kind: AfterSaleKind = AfterSaleKind.REFUND,
    reason: AfterSaleReason = AfterSaleReason.OTHER,
) -> RefundPlan:
    """What an after-sale over `wanted` (line id → pieces and money) takes of an order.

    A refund takes pieces that were not sent first: they need no way back. An exchange or resend
    holds the money of its pieces, so that nothing else takes it meanwhile.
    Raises NothingLeft, TooMuchRefunded, TooMuchMoney, NoAmountHere.
    """
    if not any(left_to_refund(line) for line in lines.values()):
        raise NothingLeft
    parts = []
    for place, (line_id, one) in enumerate(wanted.items()):
        line = lines[line_id]
        left = left_for(kind, line)
        if one.quantity > left:
            raise TooMuchRefunded(field=f"lines.{place}.quantity", name=names[line_id], left=left)
        if (kind in SENDS and one.amount_fen is not None) or not (one.quantity or one.amount_fen):
            raise NoAmountHere(field=f"lines.{place}.amount_fen")
        most = most_fen(kind, line, one.quantity)
        amount_fen = most if one.amount_fen is None else one.amount_fen
        if amount_fen > most:
            field = f"lines.{place}.amount_fen"
            raise TooMuchMoney(field=field, name=names[line_id], most=yuan(most), most_fen=most)
        unsent = kind is AfterSaleKind.REFUND or line.gift
        unshipped = min(one.quantity, left_to_ship(line)) if unsent else 0
        parts.append(
            RefundPart(
                line_id=line_id,
                sku_id=line.sku_id,
                unshipped=unshipped,
                shipped=one.quantity - unshipped,
                amount_fen=amount_fen,
                kept_fen=most - amount_fen if one.quantity else 0,
            )
        )
    pieces = {line_id: one.quantity for line_id, one in wanted.items()}
    whole = kind not in SENDS and all(
        left_to_refund(line) == pieces.get(line.id, 0) for line in lines.values()
    )
    untouched = not any(line.shipped for line in lines.values())
    return RefundPlan(
        parts=tuple(parts),
        goods_fen=sum(part.amount_fen for part in parts),
        freight_fen=freight_left_fen if whole and (untouched or reason in OUR_FAULT) else 0,
        whole=whole,
    )


def with_gifts(
    kind: AfterSaleKind, lines: Mapping[int, LinePieces], wanted: Mapping[int, Wanted]
) -> dict[int, Wanted]:
    """What is given back, with the gifts that go along: nobody keeps them who keeps nothing else."""
    none = Wanted(0)
    bought = [line for line in lines.values() if not line.gift]
    if kind in SENDS or any(
        left_to_refund(line) > wanted.get(line.id, none).quantity for line in bought
    ):
        return dict(wanted)
    left = {line.id: left_to_refund(line) for line in lines.values() if line.gift}
    return {**wanted, **{line_id: Wanted(count) for line_id, count in left.items() if count}}


def spread_compensation(lines: Mapping[int, LinePieces], amount_fen: int) -> dict[int, Wanted]:
    """Compensation over the lines by the money that is left of each. Raises TooMuchMoney."""
    left = {line.id: line.pay_fen - line.claimed_fen for line in lines.values()}
    most = sum(left.values())
    if amount_fen > most:
        raise TooMuchInAll(field="amount_fen", most=yuan(most), most_fen=most)
    shares = allocate(amount_fen, list(left.values()))
    return {line_id: Wanted(0, share) for line_id, share in zip(left, shares, strict=True) if share}


def check_inspection(
    shipped: int, found: tuple[int, int, int], claimed_fen: int, amount_fen: int | None
) -> None:
    """Refuse a look at what came back that does not add up. `found`: sellable, damaged, lost."""
    if sum(found) != shipped:
        raise BadInspection(expected=shipped)
    if amount_fen is not None and amount_fen > claimed_fen:
        raise TooMuchInAll(field="amount_fen", most=yuan(claimed_fen), most_fen=claimed_fen)


def answers_itself(
    policy: AfterSalePolicy, kind: AfterSaleKind, plan: RefundPlan, recent: int
) -> bool:
    """Whether a request is approved without anybody looking: a small refund of goods that were not
    sent, of a fan who does not ask often."""
    return (
        kind is AfterSaleKind.REFUND
        and plan.amount_fen <= policy.auto_below_fen
        and all(part.unshipped and not part.shipped for part in plan.parts)
        and recent < policy.auto_most
    )


def due_at(policy: AfterSalePolicy, status: AfterSaleStatus, now: datetime) -> datetime | None:
    """Until when whose turn it is must have acted; None: nothing happens by itself."""
    if status is AfterSaleStatus.REQUESTED and policy.answer_hours is not None:
        return now + timedelta(hours=policy.answer_hours)
    if status is AfterSaleStatus.RETURNING:
        return now + timedelta(days=policy.return_days)
    if status is AfterSaleStatus.SENT_BACK and policy.inspect_days is not None:
        return now + timedelta(days=policy.inspect_days)
    return None


def check_second(
    policy: AfterSalePolicy, kind: AfterSaleKind, amount_fen: int, *, asked_by: str, actor: str
) -> None:
    """Refuse large compensation to who asked for it. Raises SecondNeeded."""
    limit = policy.second_above_fen
    if kind is not AfterSaleKind.COMPENSATION or limit is None or amount_fen <= limit:
        return
    if asked_by == actor:
        raise SecondNeeded(limit=yuan(limit))


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


def margin_after(margin_fen: int | None, reduced_fen: int) -> int | None:
    """What an order brings after the merchant lowered it; None where a cost is unknown."""
    return None if margin_fen is None else margin_fen - reduced_fen


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


_RIGHT: Mapping[FieldKind, Callable[[str], bool]] = {
    FieldKind.DATE: is_day,
    FieldKind.PHONE: is_phone,
    FieldKind.ID_NUMBER: is_id_number,
}


def check_answer(
    field_id: int, label: str, kind: FieldKind, options: Sequence[str], said: str, required: bool
) -> str:
    """The answer as it is kept; "" when nothing was said. Raises AnswerMissing, AnswerWrong."""
    said = said.strip()
    where = f"answers.{field_id}"
    if not said:
        if required:
            raise AnswerMissing(field=where, label=label)
        return ""
    right = said in options if kind is FieldKind.CHOICE else _RIGHT.get(kind, bool)(said)
    if not right:
        raise AnswerWrong(field=where, label=label)
    return said


def masked_answer(kind: FieldKind, value: str) -> str:
    """The answer as lists show it."""
    if kind is FieldKind.PHONE:
        return mask_phone(value)
    return f"{value[:3]}{'*' * 11}{value[-4:]}" if kind is FieldKind.ID_NUMBER else value


def may_invoice(status: OrderStatus, kept_fen: int) -> bool:
    """For what is paid in full and not given back: a deposit that was forfeited sold nothing."""
    return status not in NOT_INVOICED and kept_fen > 0
