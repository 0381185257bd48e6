"""Values that cross the payments' door."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from tiefen.wechat.values import PayClientKind, PaySheet


class PaymentState(StrEnum):
    """Where an order's payment stands. Refunds do not change it: they have amounts of their own."""

    OPEN = "open"
    """waiting for money"""
    CLOSING = "closing"
    """WeChat is being told to take no more; money that was faster still pays the order"""
    PAID = "paid"
    CLOSED = "closed"
    """no longer wanted; money that comes now is late"""


class PaymentFor(StrEnum):
    """What a payment is for."""

    ORDER = "order"
    COUNTER = "counter"
    """an amount that staff asked for at the counter, without an order"""


class AttemptState(StrEnum):
    """Where one number at WeChat stands, as far as we know."""

    INTENT = "intent"
    """written down, not yet called, or the answer was lost with the process"""
    UNKNOWN = "unknown"
    """called without an answer: it may exist there"""
    PREPAID = "prepaid"
    """WeChat knows it and waits for the fan"""
    PAID = "paid"
    CLOSED = "closed"
    REFUSED = "refused"
    """WeChat refused to prepare it: it does not exist there"""


class RefundState(StrEnum):
    """Where a refund stands. All but success and closed keep its amount reserved."""

    RESERVED = "reserved"
    """the amount is set aside, WeChat is not told yet"""
    UNKNOWN = "unknown"
    """told without an answer: asked again under the same number"""
    PROCESSING = "processing"
    """WeChat accepted it; accepted is not refunded"""
    SUCCESS = "success"
    CLOSED = "closed"
    """final failure: the reservation is free, another try takes another number"""
    ABNORMAL = "abnormal"
    """left the merchant, did not reach the fan; a person must act in WeChat's merchant platform"""


class SuspenseReason(StrEnum):
    """Why money could not be given to an order."""

    LATE = "late"
    """the payment was closed before"""
    DOUBLE = "double"
    """the order had been paid by another transaction"""
    ORPHAN = "orphan"
    """no attempt of ours has this number"""
    WRONG_MERCHANT = "wrong_merchant"
    WRONG_APP = "wrong_app"
    WRONG_CURRENCY = "wrong_currency"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_PAYER = "wrong_payer"


class SuspenseState(StrEnum):
    """Where money in suspense stands."""

    OPEN = "open"
    """waits for the rule's hour or a person"""
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    KEPT = "kept"
    """a person gave a reason to keep it as other income"""


class CounterState(StrEnum):
    """Where an amount at the counter stands."""

    WAITING = "waiting"
    PAID = "paid"
    REFUNDED = "refunded"
    """all of it went back, or is on its way"""
    CLOSED = "closed"
    """taken back, or not paid in time"""


class Decision(StrEnum):
    """What a person may decide about money in suspense."""

    TAKE = "take"
    """become its owner: the rule's clock stops"""
    REFUND = "refund"
    """send it back now"""
    KEEP = "keep"
    """book it as other income"""


class Source(StrEnum):
    """How we learned of something."""

    NOTICE = "notice"
    """WeChat told us; it is checked against what we asked for"""
    QUERY = "query"
    """we asked WeChat: poll, sweep, before a close, or to confirm a doubtful notice"""
    ANSWER = "answer"
    """the answer to our own refund request"""
    BILL = "bill"
    """WeChat's daily bill"""


class Settled(StrEnum):
    """What became of one piece of evidence."""

    APPLIED = "applied"
    SUSPENDED = "suspended"
    ALREADY = "already"
    """known before: nothing happened"""
    DOUBTED = "doubted"
    """a notice that does not fit: nothing happened, WeChat is asked for its own record"""


class BreakKind(StrEnum):
    """How a bill and our books can differ."""

    OURS_ONLY = "ours_only"
    THEIRS_ONLY = "theirs_only"
    AMOUNT = "amount"
    STATE = "state"
    FEE = "fee"
    BALANCE = "balance"
    """WeChat's account does not go on where its last bill ended"""


class BreakDecision(StrEnum):
    """What a person may do about a difference."""

    TAKE = "take"
    """look after it: from now on it has an owner"""
    ASSIGN = "assign"
    """give it to a colleague"""
    NOTE = "note"
    """write down what was found out; nothing else changes"""
    CLOSE = "close"
    """explain it away; only where nothing of ours is wrong"""


class MoveKind(StrEnum):
    """What two people may decide to do with money by hand."""

    SUSPENSE_REFUND = "suspense_refund"
    """send money in suspense back now"""
    SUSPENSE_KEEP = "suspense_keep"
    """book money in suspense as other income"""
    WRITE_OFF = "write_off"
    """give up money that WeChat does not have and our books do"""
    ADJUSTMENT = "adjustment"
    """move an amount between two accounts of the merchant's own"""


class MoveState(StrEnum):
    """Where a wished move stands."""

    WAITING = "waiting"
    """for somebody else than who asked"""
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """who asked has thought better of it"""


class MoveDecision(StrEnum):
    """What may be said to a wished move."""

    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class FundKind(StrEnum):
    """What one line of a fund bill moved the merchant's account at WeChat for."""

    PAY = "pay"
    FEE = "fee"
    REFUND = "refund"
    WITHDRAWAL = "withdrawal"
    """to the merchant's bank"""
    OTHER = "other"
    """nothing we know: a person must say what it is"""


class LineKind(StrEnum):
    """What one line of a trade bill tells of."""

    PAY = "pay"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class ChargeEvidence:
    """A successful charge as WeChat states it: verified notice, signed answer or bill line."""

    source: Source
    mchid: str
    app_id: str
    out_trade_no: str
    transaction_id: str
    amount_fen: int
    currency: str
    openid: str | None
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class RefundEvidence:
    """A refund as WeChat states it. Fields an answer may leave out are None."""

    source: Source
    mchid: str | None
    out_refund_no: str
    refund_id: str
    transaction_id: str
    out_trade_no: str
    amount_fen: int | None
    status: RefundState
    """PROCESSING, SUCCESS, CLOSED or ABNORMAL"""
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a trade bill, read exactly: amounts in fen, the sign of a fee as billed."""

    line: int
    kind: LineKind
    at: datetime
    mchid: str
    app_id: str
    transaction_id: str
    out_trade_no: str
    openid: str | None
    currency: str
    out_refund_no: str | None
    refund_id: str | None
    amount_fen: int
    fee_fen: int
    rate_bp: int | None
    state: str


@dataclass(frozen=True, slots=True)
class FundLine:
    """One line of a fund bill: what moved the account, by how much (out: below zero), what was left."""

    line: int
    kind: FundKind
    at: datetime
    business_no: str
    """WeChat's number of the transaction or the refund."""
    flow_no: str
    name: str
    amount_fen: int
    balance_fen: int
    reference: str
    """The merchant's own number, empty where there is none."""


@dataclass(frozen=True, slots=True)
class MoneyWaiting:
    """What in money needs a person: suspense nobody has decided on, and open differences."""

    suspense: int
    suspense_fen: int
    breaks: int


@dataclass(frozen=True, slots=True)
class PaymentIntent:
    """What an order asked for, and where it stands."""

    id: int
    order_no: str
    amount_fen: int
    state: PaymentState
    expires_at: datetime
    refunding_fen: int
    refunded_fen: int
    paid_at: datetime | None
    transaction_id: str | None


@dataclass(frozen=True, slots=True)
class PaidBy:
    """How an order's money came, by WeChat's word. `openid` is empty where WeChat told none, or the
    person has been erased."""

    transaction_id: str
    client: PayClientKind
    app_id: str
    openid: str
    stage: int = 1


@dataclass(frozen=True, slots=True)
class PayParams:
    """What a face needs to let the fan pay: the signed sheet inside WeChat, a code to scan, or the
    address to go to from a browser."""

    client: PayClientKind
    out_trade_no: str
    expires_at: datetime
    sheet: PaySheet | None = None
    code_url: str | None = None
    h5_url: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """What an order asks of a fan (the counter: of whoever stands there). Amount in fen, 1 or more."""

    order_no: str
    fan_id: int | None
    amount_fen: int
    description: str
    expires_at: datetime
    stage: int = 1
    """2: the balance, once the deposit is paid."""
    purpose: PaymentFor = PaymentFor.ORDER


@dataclass(frozen=True, slots=True)
class Wish:
    """A move of money by hand, as somebody asks for it. Fields that its kind does not need are None."""

    kind: MoveKind
    reason: str
    suspense_id: int | None = None
    break_id: int | None = None
    debit: str | None = None
    credit: str | None = None
    amount_fen: int | None = None


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One period of the merchant's money at WeChat: all of it, so opening + what moved = closing."""

    period: date
    opening_fen: int
    orders_fen: int
    """came for orders"""
    counter_fen: int
    """came at the counter, without an order"""
    suspense_fen: int
    """came and fits no open order"""
    refunds_fen: int
    """went back for orders and the counter"""
    suspense_back_fen: int
    """went back out of suspense"""
    fees_fen: int
    """WeChat's fees, less fees it gave back"""
    withdrawn_fen: int
    """to the merchant's bank"""
    other_fen: int
    """moved by hand or reversed; below zero: less"""
    closing_fen: int
    suspense_held_fen: int
    """undecided in suspense at the end of the period"""


@dataclass(frozen=True, slots=True)
class Statement:
    """Some days or months of a merchant's money at WeChat."""

    lines: list[StatementLine]
    total: StatementLine
    """All periods as one: opens with the first, closes with the last."""
