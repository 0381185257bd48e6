"""Transitions, the judgement on evidence, and the clockwork of asking again. Pure."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import TypeVar

from tiefen.kernel.days import CHINA
from tiefen.kernel.money import parse_yuan, share_bp
from tiefen.ledger.values import By, Movement, Transfer
from tiefen.payments.errors import BadBill
from tiefen.payments.values import (
    AttemptState,
    BillLine,
    BreakKind,
    ChargeEvidence,
    FundKind,
    FundLine,
    LineKind,
    MoveKind,
    PaymentState,
    RefundState,
    Statement,
    StatementLine,
    SuspenseReason,
    SuspenseState,
    Wish,
)
from tiefen.wechat.values import PayClientKind

S = TypeVar("S", bound=StrEnum)

PAYMENT: Mapping[PaymentState, frozenset[PaymentState]] = {
    PaymentState.OPEN: frozenset({PaymentState.PAID, PaymentState.CLOSING, PaymentState.CLOSED}),
    PaymentState.CLOSING: frozenset({PaymentState.PAID, PaymentState.CLOSED}),
    PaymentState.PAID: frozenset(),
    PaymentState.CLOSED: frozenset(),
}
ATTEMPT: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.INTENT: frozenset(AttemptState) - {AttemptState.INTENT},
    AttemptState.UNKNOWN: frozenset(
        {AttemptState.PREPAID, AttemptState.PAID, AttemptState.CLOSED, AttemptState.REFUSED}
    ),
    AttemptState.PREPAID: frozenset(
        {AttemptState.PREPAID, AttemptState.UNKNOWN, AttemptState.PAID, AttemptState.CLOSED}
    ),
    # Money is believed whenever it comes, even for a number we had given up.
    AttemptState.CLOSED: frozenset({AttemptState.PAID}),
    AttemptState.REFUSED: frozenset({AttemptState.PAID}),
    AttemptState.PAID: frozenset(),
}
REFUND: Mapping[RefundState, frozenset[RefundState]] = {
    # Told only after unknown is written down; the rest is WeChat's word on a try it had refused.
    RefundState.RESERVED: frozenset(RefundState) - {RefundState.RESERVED},
    RefundState.UNKNOWN: frozenset(
        {
            RefundState.RESERVED,
            RefundState.PROCESSING,
            RefundState.SUCCESS,
            RefundState.CLOSED,
            RefundState.ABNORMAL,
        }
    ),
    RefundState.PROCESSING: frozenset(
        {RefundState.SUCCESS, RefundState.CLOSED, RefundState.ABNORMAL}
    ),
    RefundState.ABNORMAL: frozenset({RefundState.SUCCESS, RefundState.CLOSED}),
    RefundState.SUCCESS: frozenset(),
    # A refund we had given up may turn out to have gone through: money is believed.
    RefundState.CLOSED: frozenset({RefundState.SUCCESS}),
}
SUSPENSE: Mapping[SuspenseState, frozenset[SuspenseState]] = {
    SuspenseState.OPEN: frozenset(
        {SuspenseState.REFUNDING, SuspenseState.REFUNDED, SuspenseState.KEPT}
    ),
    SuspenseState.REFUNDING: frozenset({SuspenseState.REFUNDED, SuspenseState.OPEN}),
    SuspenseState.REFUNDED: frozenset(),
    SuspenseState.KEPT: frozenset(),
}
"""Each aggregate's legal steps; the diagrams in docs/domain/states.md are drawn from these."""

LIVE_ATTEMPTS = frozenset({AttemptState.INTENT, AttemptState.UNKNOWN, AttemptState.PREPAID})
"""Numbers that may still turn into money: the sweep asks for them, a close closes them."""
ASKABLE_REFUNDS = frozenset({RefundState.RESERVED, RefundState.UNKNOWN, RefundState.PROCESSING})
"""Refunds the sweep goes after."""

CLOSE_WAIT = timedelta(minutes=5)
"""WeChat asks to leave this much between preparing a payment and closing it."""
SWEEP_AFTER = timedelta(minutes=5)
"""An attempt this old whose notice has not come is asked for."""
PREPAY_FRESH = timedelta(minutes=100)
"""A prepay_id lives two hours; younger than this it is handed out again without a call."""
H5_FRESH = timedelta(minutes=4)
"""An h5_url lives five minutes."""
REFUND_WINDOW = timedelta(days=365)
MAX_REFUNDS = 50
"""WeChat's limits on the refunds of one payment."""

REFUND_RULE: Mapping[SuspenseReason, timedelta | None] = {
    SuspenseReason.LATE: timedelta(0),
    SuspenseReason.DOUBLE: timedelta(0),
    SuspenseReason.WRONG_AMOUNT: timedelta(0),
    SuspenseReason.WRONG_PAYER: timedelta(0),
    SuspenseReason.WRONG_APP: timedelta(0),
    # Somebody else's system may sell through the same account, and a restored backup may not know
    # its newest orders yet: a person has a day to say so.
    SuspenseReason.ORPHAN: timedelta(hours=24),
    SuspenseReason.WRONG_MERCHANT: None,
    SuspenseReason.WRONG_CURRENCY: None,
}
"""How long money of each reason waits before it is sent back; None: only a person decides."""

RETRY_CODES = frozenset(
    {"FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "NOT_ENOUGH", "SYSTEM_ERROR", "BANK_ERROR"}
)
"""Refusals that pass with time: the same refund is sent again under the same number."""
PAID_CODES = frozenset({"ORDERPAID", "ORDER_PAID"})
CLOSED_CODES = frozenset({"ORDER_CLOSED", "ORDERCLOSED"})
MISSING_CODES = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS", "NOT_FOUND"})


def fresh(client: PayClientKind, prepaid_at: datetime | None, now: datetime) -> bool:
    """Whether what WeChat prepared can be handed out again without asking."""
    life = H5_FRESH if client is PayClientKind.H5 else PREPAY_FRESH
    return prepaid_at is not None and now - prepaid_at < life


def may(table: Mapping[S, frozenset[S]], old: S, new: S) -> bool:
    """Whether a transition is legal."""
    return new in table[old]


@dataclass(frozen=True, slots=True)
class Asked:
    """What we had asked WeChat for under one number."""

    mchid: str
    app_id: str
    amount_fen: int
    currency: str
    openid: str | None
    """None when anybody may pay (a Native code)."""
    payment: PaymentState


def mismatch(evidence: ChargeEvidence, asked: Asked | None) -> SuspenseReason | None:
    """The first fact in which evidence differs from what was asked, or None when it all fits."""
    if asked is None:
        return SuspenseReason.ORPHAN
    if evidence.mchid != asked.mchid:
        return SuspenseReason.WRONG_MERCHANT
    if evidence.app_id != asked.app_id:
        return SuspenseReason.WRONG_APP
    if evidence.currency != asked.currency:
        return SuspenseReason.WRONG_CURRENCY
    if evidence.amount_fen != asked.amount_fen:
        return SuspenseReason.WRONG_AMOUNT
    if asked.openid is not None and evidence.openid not in (None, asked.openid):
        return SuspenseReason.WRONG_PAYER
    return None


def judge(evidence: ChargeEvidence, asked: Asked | None) -> SuspenseReason | None:
    """None when the charge pays its order; else why the money goes to suspense."""
    if reason := mismatch(evidence, asked):
        return reason
    assert asked is not None
    if asked.payment is PaymentState.PAID:
        return SuspenseReason.DOUBLE
    if asked.payment is PaymentState.CLOSED:
        return SuspenseReason.LATE
    return None


def ask_again(now: datetime, began: datetime, *, first: timedelta, cap: timedelta) -> datetime:
    """When to ask next: the wait grows with age, from `first` to `cap`."""
    return now + min(max(first, now - began), cap)


# ── bills ────────────────────────────────────────────────────────────────────────────────────

_COLUMNS = (
    "交易时间", "公众账号ID", "商户号", "微信订单号", "商户订单号", "用户标识", "交易状态", "货币种类",
    "微信退款单号", "商户退款单号", "退款状态", "手续费", "费率", "订单金额", "申请退款金额",
)  # fmt: skip
_TOTALS = ("总交易单数", "手续费总金额", "订单总金额", "申请退款总金额")


def read_bill(rows: Iterable[str]) -> Iterator[BillLine]:
    """The lines of a trade bill, exact to the fen, one by one; after the last, its own totals are checked.

    What was read counts for nothing until the end is reached. Raises BadBill.
    """
    try:
        yield from _bill_lines(row.rstrip("\r\n") for row in rows if row.strip())
    except (ValueError, LookupError) as error:
        raise BadBill(reason=str(error)) from error


def _bill_lines(rows: Iterator[str]) -> Iterator[BillLine]:
    pick = itemgetter(*_columns(next(rows, ""), _COLUMNS).values())
    count = fee_fen = paid_fen = refunded_fen = 0
    # The last two rows are the summary: its head and its figures.
    waiting: deque[str] = deque(islice(rows, 2))
    for row in rows:
        count += 1
        line = _bill_line(count, pick(_values(waiting.popleft())))
        waiting.append(row)
        fee_fen += line.fee_fen
        if line.kind is LineKind.PAY:
            paid_fen += line.amount_fen
        else:
            refunded_fen += line.amount_fen
        yield line
    if len(waiting) < 2:
        raise ValueError("too short")
    totals = _columns(waiting[0], _TOTALS)
    said = itemgetter(*totals.values())(_values(waiting[1]))
    counted = (count, fee_fen, paid_fen, refunded_fen)
    stated = (int(said[0]), *(exact_fen(one) for one in said[1:]))
    if counted != stated:
        raise ValueError(f"the lines add up to {counted}, the summary says {stated}")


_FLOW = (
    "记账时间", "微信支付业务单号", "资金流水单号", "业务名称", "收支类型", "收支金额(元)",
    "账户结余(元)", "业务凭证号",
)  # fmt: skip
_FLOW_TOTALS = ("资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额")
_FLOW_KINDS = {"交易": FundKind.PAY, "扣除交易手续费": FundKind.FEE, "退款": FundKind.REFUND}


def read_fund_bill(rows: Iterable[str]) -> Iterator[FundLine]:
    """The lines of a fund bill, exact to the fen; after the last, its own totals are checked.

    What was read counts for nothing until the end is reached. Raises BadBill.
    """
    try:
        yield from _fund_lines(row.rstrip("\r\n") for row in rows if row.strip())
    except (ValueError, LookupError) as error:
        raise BadBill(reason=str(error)) from error


def _fund_lines(rows: Iterator[str]) -> Iterator[FundLine]:
    pick = itemgetter(*_columns(next(rows, ""), _FLOW).values())
    came, went = [0, 0], [0, 0]
    waiting: deque[str] = deque(islice(rows, 2))
    for row in rows:
        line = _fund_line(came[0] + went[0] + 1, pick(_values(waiting.popleft())))
        waiting.append(row)
        sums = went if line.amount_fen < 0 else came
        sums[:] = sums[0] + 1, sums[1] + abs(line.amount_fen)
        yield line
    if len(waiting) < 2:
        raise ValueError("too short")
    totals = _columns(waiting[0], _FLOW_TOTALS)
    count, in_count, in_yuan, out_count, out_yuan = itemgetter(*totals.values())(
        _values(waiting[1])
    )
    stated = (int(count), int(in_count), exact_fen(in_yuan), int(out_count), exact_fen(out_yuan))
    counted = (came[0] + went[0], *came, *went)
    if counted != stated:
        raise ValueError(f"the lines add up to {counted}, the summary says {stated}")


def _fund_line(number: int, values: tuple[str, ...]) -> FundLine:
    at, business_no, flow_no, name, way, yuan_text, left, reference = values
    if way not in ("收入", "支出"):
        raise ValueError(f"neither in nor out: {way!r}")
    fen = exact_fen(yuan_text)
    return FundLine(
        line=number,
        kind=fund_kind(name, out=way == "支出"),
        at=datetime.fromisoformat(at).replace(tzinfo=CHINA).astimezone(UTC),
        business_no=business_no,
        flow_no=flow_no,
        name=name,
        amount_fen=-fen if way == "支出" else fen,
        balance_fen=exact_fen(left),
        reference=reference,
    )


def fund_kind(name: str, *, out: bool) -> FundKind:
    """What a movement is for, by WeChat's name of it; money that comes back is not a withdrawal."""
    if "提现" in name and out:
        return FundKind.WITHDRAWAL
    return _FLOW_KINDS.get(name, FundKind.OTHER)


def withdrawn(mchid: str, line: FundLine) -> Transfer:
    """A withdrawal as a transfer: from what WeChat holds to the bank, once by its flow number."""
    key = f"fund:{mchid}:{line.flow_no}"
    held = "wechat:clearing"
    return Transfer("bank", held, -line.amount_fen, "payment.withdrawn", line.flow_no, key)


@lru_cache(maxsize=10_000)
def exact_fen(text: str) -> int:
    """Fen of a bill's yuan; fees carry five places of which the last three must be zero."""
    whole, dot, rest = text.partition(".")
    if dot and len(rest) > 2:
        if rest[2:].strip("0"):
            raise ValueError(f"finer than a fen: {text!r}")
        text = f"{whole}.{rest[:2]}"
    return parse_yuan(text)


def fee(amount_fen: int, rate_bp: int) -> int:
    """WeChat's fee on an amount at a rate."""
    return share_bp(amount_fen, rate_bp)


def fee_postings(
    bill_id: int, mchid: str, day: date, charged_fen: int, returned_fen: int
) -> list[Transfer]:
    """A bill's fees as transfers: what WeChat charged, and apart from it what it gave back."""
    cost, held = "expense:payment_fee", "wechat:clearing"
    reference = f"bill:{mchid}:{day}"
    wishes = (
        Transfer(cost, held, charged_fen, "payment.fee", reference, f"bill-fee:{bill_id}"),
        Transfer(
            held,
            cost,
            returned_fen,
            "payment.fee_returned",
            reference,
            f"bill-fee-returned:{bill_id}",
        ),
    )
    return [wish for wish in wishes if wish.amount_fen]


def same_state(ours: RefundState, theirs: str) -> bool:
    """A bill is a day old: a refund it calls processing may have ended since."""
    return theirs == "PROCESSING" or ours.value.upper() == theirs


def may_close(kind: BreakKind, *, refund: bool, agrees: bool) -> bool:
    """Whether a word is enough to close a break: it agrees by now, or no book of ours is wrong.

    A fee is booked as billed, whatever the rate promised; a refund made by hand at WeChat, a jump of
    its balance or a movement of another kind is explained by whoever looked. A charge, an amount or
    a state that differs is not.
    """
    told = kind in (BreakKind.FEE, BreakKind.BALANCE)
    return agrees or told or (kind is BreakKind.THEIRS_ONLY and refund)


def _columns(row: str, wanted: Sequence[str]) -> dict[str, int]:
    names = row.split(",")
    missing = [name for name in wanted if name not in names]
    if missing:
        raise ValueError(f"no column {missing[0]}")
    return {name: names.index(name) for name in wanted}


def _values(row: str) -> list[str]:
    """The values of a row; each is prefixed with a back-tick so that spreadsheets keep it as text."""
    return row.removeprefix("`").split(",`")


def _bill_line(number: int, values: tuple[str, ...]) -> BillLine:
    (at, app_id, mchid, transaction_id, out_trade_no, openid, trade_state, currency, refund_id,
     out_refund_no, refund_state, fee, rate, order_yuan, refund_yuan) = values  # fmt: skip
    refund = trade_state in ("REFUND", "REVOKED")
    return BillLine(
        line=number,
        kind=LineKind.REFUND if refund else LineKind.PAY,
        at=datetime.fromisoformat(at).replace(tzinfo=CHINA).astimezone(UTC),
        mchid=mchid,
        app_id=app_id,
        transaction_id=transaction_id,
        out_trade_no=out_trade_no,
        openid=openid or None,
        currency=currency,
        out_refund_no=out_refund_no if refund else None,
        refund_id=refund_id if refund else None,
        amount_fen=exact_fen(refund_yuan if refund else order_yuan),
        fee_fen=exact_fen(fee),
        rate_bp=_rate_bp(rate) if rate else None,
        state=refund_state if refund else trade_state,
    )


@lru_cache(maxsize=100)
def _rate_bp(rate: str) -> int:
    return parse_yuan(rate.removesuffix("%"))


# ── moves by hand ────────────────────────────────────────────────────────────────────────────

ADJUSTABLE = (
    "wechat:clearing",
    "revenue:goods",
    "revenue:other",
    "expense:payment_fee",
    "expense:write_off",
)
"""Accounts a person may move money between. What a room accounts for row by row (suspense, unearned,
what fans hold) is not among them: there only its own verbs move."""


def move_ends(wish: Wish) -> tuple[str, str] | None:
    """The accounts a wished move debits and credits; None: not ones that may be moved by hand."""
    of_suspense = wish.kind in (MoveKind.SUSPENSE_REFUND, MoveKind.SUSPENSE_KEEP)
    if of_suspense != (wish.suspense_id is not None):
        return None
    match wish.kind:
        case MoveKind.SUSPENSE_REFUND:
            return "suspense", "wechat:clearing"
        case MoveKind.SUSPENSE_KEEP:
            return "suspense", "revenue:other"
        case MoveKind.WRITE_OFF:
            return "expense:write_off", "wechat:clearing"
        case MoveKind.ADJUSTMENT:
            if wish.debit == wish.credit:
                return None
            if wish.debit in ADJUSTABLE and wish.credit in ADJUSTABLE:
                return wish.debit, wish.credit
    return None


# ── the statement ────────────────────────────────────────────────────────────────────────────


def periods(first: date, last: date, by: By) -> list[date]:
    """The first days of the periods that `first` to `last` touch, in order."""
    if by is By.DAY:
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]
    made, month = [], first.replace(day=1)
    while month <= last:
        made.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return made


def statement(
    days: Sequence[date], opening_fen: int, suspense_fen: int,
    moves: Iterable[Movement], suspense_moves: Iterable[Movement],
) -> Statement:  # fmt: skip
    """The statement of some periods from what moved clearing and suspense in them.

    Whatever has no column of its own is "other": so each line closes at what the ledger holds.
    """
    by_period: dict[date, list[Movement]] = defaultdict(list)
    for move in moves:
        by_period[move.period].append(move)
    held: dict[date, int] = defaultdict(int)
    for move in suspense_moves:
        held[move.period] += move.credited_fen - move.debited_fen
    lines, opening, standing = [], opening_fen, suspense_fen
    for day in days:
        standing += held[day]
        line = _statement_line(day, opening, by_period[day], standing)
        opening = line.closing_fen
        lines.append(line)
    whole = [move for day in days for move in by_period[day]]
    return Statement(lines, _statement_line(days[0], opening_fen, whole, standing))


def _statement_line(
    day: date, opening_fen: int, moves: Iterable[Movement], suspense_held_fen: int
) -> StatementLine:
    sums: dict[str, int] = defaultdict(int)
    for move in moves:
        sums[_column(move)] += move.debited_fen - move.credited_fen
    return StatementLine(
        period=day,
        opening_fen=opening_fen,
        orders_fen=sums["orders"],
        counter_fen=sums["counter"],
        suspense_fen=sums["suspense"],
        refunds_fen=-sums["refunds"],
        suspense_back_fen=-sums["suspense_back"],
        fees_fen=-sums["fees"],
        withdrawn_fen=-sums["withdrawn"],
        other_fen=sums["other"],
        closing_fen=opening_fen + sum(sums.values()),
        suspense_held_fen=suspense_held_fen,
    )


def _column(move: Movement) -> str:
    if move.code == "payment.refunded":
        return "suspense_back" if move.against == "suspense" else "refunds"
    return {
        "payment.succeeded": "orders",
        "payment.counter": "counter",
        "payment.withdrawn": "withdrawn",
        "payment.suspended": "suspense",
        "payment.fee": "fees",
        "payment.fee_returned": "fees",
    }.get(move.code, "other")
