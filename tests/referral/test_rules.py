"""Links that cannot be made up, and whom they bind."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import cases
from tiefen.orders.service import AFTER_SALE_WITHIN
from tiefen.referral import rules
from tiefen.referral.errors import BadCode, BadRules
from tiefen.referral.values import Arrival, FriendRule, RewardWhen, Rules

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ON = Rules(enabled=True, referrer_template_id=1)


def signer(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@given(st.integers(0, 2**63 - 1))
@cases(500)
def test_a_code_names_its_fan_and_no_other(fan_id: int) -> None:
    code = rules.make_code(fan_id, signer)
    assert rules.read_code(f" {code.upper()} ", signer) == fan_id
    number, _, signature = code.partition("-")
    other = rules.make_code(fan_id ^ 1, signer).partition("-")[0]
    for forged in (f"{other}-{signature}", f"{number}-{signature[:-1]}g", number, f"-{signature}"):
        with pytest.raises(BadCode):
            rules.read_code(forged, signer)


@given(st.text(max_size=40))
@cases(500)
def test_no_made_up_text_is_a_code(text: str) -> None:
    with pytest.raises(BadCode):
        rules.read_code(text, signer)


def test_control_a_code_without_its_signature_would_be_caught() -> None:
    """Planted: nobody looks at the signature."""
    assert rules.read_code("2s-anything", lambda _: "anything") == 100


def judge(wanted: Rules = ON, **more: Any) -> Arrival:
    known: dict[str, Any] = {
        "friend": [7],
        "referrer": 1,
        "above": [2, 3],
        "joined_at": NOW - timedelta(days=9),
        "orders": 0,
        "now": NOW,
    }
    return rules.judge(wanted, **{**known, **more})


def test_whom_a_link_binds() -> None:
    strangers = Rules(enabled=True, referrer_template_id=1, who=FriendRule.STRANGERS)
    assert judge() is Arrival.BOUND
    assert judge(Rules()) is Arrival.OFF
    assert judge(friend=[7, 1]) is Arrival.SELF
    assert judge(friend=[7, 3]) is Arrival.LOOP
    assert judge(above=list(range(100, 100 + rules.MOST_UP))) is Arrival.LOOP
    assert judge(orders=1) is Arrival.KNOWN
    assert judge(strangers) is Arrival.KNOWN
    assert judge(strangers, joined_at=NOW - timedelta(minutes=1)) is Arrival.BOUND


def test_when_a_purchase_is_rewarded() -> None:
    window = AFTER_SALE_WITHIN
    assert rules.due_at(RewardWhen.PAID, NOW, None, window) == NOW
    assert rules.due_at(RewardWhen.KEPT, NOW, None, window) is None
    assert rules.due_at(RewardWhen.KEPT, NOW, NOW, window) == NOW + window


def test_rules_that_make_no_sense_are_refused() -> None:
    for wanted in (Rules(enabled=True), Rules(window_days=0), Rules(window_days=366)):
        with pytest.raises(BadRules):
            rules.check(wanted)
