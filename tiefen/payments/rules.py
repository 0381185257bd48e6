"""Transitions, the judgement on evidence, and the clockwork of asking again. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tiefen.payments.values import (
    AttemptState,
    ChargeEvidence,
    PaymentState,
    RefundState,
    SuspenseReason,
    SuspenseState,
)

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
"""Each aggregate's legal steps; the diagrams in docs/domain/payments.md are drawn from these."""

LIVE_ATTEMPTS = frozenset({AttemptState.INTENT, AttemptState.UNKNOWN, AttemptState.PREPAID})
"""Numbers that may still turn into money: the sweep asks for them, a close closes them."""
RESERVING = frozenset(
    {RefundState.RESERVED, RefundState.UNKNOWN, RefundState.PROCESSING, RefundState.ABNORMAL}
)
"""Refunds whose amount counts as refunding."""
ASKABLE_REFUNDS = frozenset({RefundState.RESERVED, RefundState.UNKNOWN, RefundState.PROCESSING})
"""Refunds the sweep goes after."""

CLOSE_WAIT = timedelta(minutes=5)
"""WeChat asks to leave this much between preparing a payment and closing it."""
SWEEP_AFTER = timedelta(minutes=5)
"""An attempt this old whose notice has not come is asked for."""
PREPAY_FRESH = timedelta(minutes=100)
"""A prepay_id lives two hours; younger than this it is handed out again without a call."""
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


def may[S: StrEnum](table: Mapping[S, frozenset[S]], old: S, new: S) -> bool:
    """Whether a transition is legal."""
    return new in table[old]


def sources_of[S: StrEnum](table: Mapping[S, frozenset[S]], new: S) -> list[S]:
    """The states from which `new` may be reached: what a guarded UPDATE names."""
    return [old for old, news in table.items() if new in news]


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


def diagram[S: StrEnum](table: Mapping[S, frozenset[S]], start: S) -> str:
    """A Mermaid state diagram of a transition table, in a stable order."""
    lines = ["stateDiagram-v2", f"    [*] --> {start.value}"]
    lines += [
        f"    {old.value} --> {new.value}"
        for old in table
        for new in sorted(table[old], key=lambda state: state.value)
    ]
    lines += [f"    {old.value} --> [*]" for old in table if not table[old]]
    return "\n".join(lines)
