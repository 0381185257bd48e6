"""Judgement, transitions, waiting and bills: pure."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.payments.bills import trade_bill
from tiefen.payments import rules
from tiefen.payments.errors import BadBill
from tiefen.payments.values import (
    AttemptState,
    BillLine,
    ChargeEvidence,
    LineKind,
    PaymentState,
    RefundState,
    Source,
    SuspenseReason,
)

NOW = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)
ASKED = rules.Asked("1900", "wx1", 100, "CNY", "o1", PaymentState.OPEN)
GOOD = ChargeEvidence(Source.NOTICE, "1900", "wx1", "P1", "4200", 100, "CNY", "o1", NOW)


@pytest.mark.parametrize(
    ("evidence", "asked", "reason"),
    [
        ({}, {}, None),
        ({"mchid": "1901"}, {}, SuspenseReason.WRONG_MERCHANT),
        ({"app_id": "wx2"}, {}, SuspenseReason.WRONG_APP),
        ({"currency": "USD"}, {}, SuspenseReason.WRONG_CURRENCY),
        ({"amount_fen": 99}, {}, SuspenseReason.WRONG_AMOUNT),
        ({"openid": "o2"}, {}, SuspenseReason.WRONG_PAYER),
        ({"openid": None}, {}, None),
        ({"openid": "o2"}, {"openid": None}, None),
        ({}, {"payment": PaymentState.CLOSING}, None),
        ({}, {"payment": PaymentState.PAID}, SuspenseReason.DOUBLE),
        ({}, {"payment": PaymentState.CLOSED}, SuspenseReason.LATE),
        ({"amount_fen": 99}, {"payment": PaymentState.PAID}, SuspenseReason.WRONG_AMOUNT),
    ],
)
def test_money_pays_its_order_only_when_every_fact_fits(
    evidence: dict[str, Any], asked: dict[str, Any], reason: SuspenseReason | None
) -> None:
    assert rules.judge(replace(GOOD, **evidence), replace(ASKED, **asked)) is reason


def test_money_nobody_asked_for_is_an_orphan() -> None:
    assert rules.judge(GOOD, None) is SuspenseReason.ORPHAN


def test_every_reason_has_its_rule_and_every_state_its_steps() -> None:
    assert set(rules.REFUND_RULE) == set(SuspenseReason)
    assert set(rules.PAYMENT) == set(PaymentState)
    assert set(rules.ATTEMPT) == set(AttemptState)
    assert set(rules.REFUND) == set(RefundState)
    assert rules.PAYMENT[PaymentState.PAID] == frozenset(), "paid is for ever"
    assert rules.REFUND[RefundState.SUCCESS] == frozenset()
    assert all(
        AttemptState.PAID in rules.ATTEMPT[state] for state in AttemptState if state != "paid"
    )


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_wait_before_asking_again_grows_and_is_capped(age: int, more: int) -> None:
    first, cap = timedelta(minutes=1), timedelta(hours=6)

    def wait(seconds: int) -> timedelta:
        return rules.ask_again(NOW, NOW - timedelta(seconds=seconds), first=first, cap=cap) - NOW

    assert first <= wait(age) <= wait(age + more) <= cap


def read(bill: bytes) -> list[BillLine]:
    return list(rules.read_bill(io.TextIOWrapper(io.BytesIO(bill), "utf-8-sig")))


def test_a_bill_is_read_to_the_fen() -> None:
    pay, refund = read(
        trade_bill(
            {"transaction_id": "42001", "out_trade_no": "P1", "amount_fen": 12345, "fee_fen": 74},
            {"transaction_id": "42001", "out_trade_no": "P1", "out_refund_no": "R1", "refund_id": "501",
             "amount_fen": 45, "fee_fen": 0},
        )
    )  # fmt: skip
    assert (pay.kind, pay.amount_fen, pay.fee_fen, pay.rate_bp) == (LineKind.PAY, 12345, 74, 60)
    assert (pay.at, pay.openid, pay.currency) == (
        datetime(2026, 4, 1, 2, 30, tzinfo=UTC),
        "o-fan-1",
        "CNY",
    )
    assert (refund.kind, refund.amount_fen, refund.out_refund_no) == (LineKind.REFUND, 45, "R1")
    assert refund.state == "SUCCESS"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("`0.60%,`123.45", "`0.60%,`123.46"),
        ("`2,", "`3,"),
        ("费率,订单金额", "费率,别的"),
        ("0.74000", "0.74100"),
        ("`0.60%,`123.45", "`0.60%,`1e3"),
        ("2026-04-01", "2026-13-01"),
        ("`42001,`P1,`o-fan-1", "`42001"),
    ],
)
def test_a_bill_that_is_not_exact_is_refused(old: str, new: str) -> None:
    good = trade_bill(
        {"transaction_id": "42001", "out_trade_no": "P1", "amount_fen": 12345, "fee_fen": 74},
        {"transaction_id": "42002", "out_trade_no": "P2", "amount_fen": 1, "fee_fen": 0},
    )
    assert old.encode() in good
    with pytest.raises(BadBill):
        read(good.replace(old.encode(), new.encode(), 1))
    for nonsense in (b"", b"\xff\xfe", b"<html>", good.splitlines()[0]):
        with pytest.raises(BadBill):
            read(nonsense)
