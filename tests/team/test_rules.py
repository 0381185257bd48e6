"""Passwords, codes, grants, the sign-in limit, the audit chain: pure."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiefen.team import rules
from tiefen.team.errors import BeyondYourself, LastOwner, PasswordWeak
from tiefen.team.values import ALL_PERMISSIONS, OWNER_ROLE, Permission

NOW = datetime(2026, 4, 1, 12, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "123456789",
        "1234567890",
        "aaaaaaaaaaaa",
        "8888888888",
        "xxbosslinxx1",
        "a" * 201,
    ],
)
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(PasswordWeak) as refused:
        rules.check_password(password, "bosslin", field="new")
    assert refused.value.field == "new"


@pytest.mark.parametrize("password", ["correct horse 9", "小林的铁粉店今天开张啦", "Tr0ub4dor&3x"])
def test_good_passwords_pass(password: str) -> None:
    rules.check_password(password, "boss")


def test_a_code_is_good_for_its_step_and_the_neighbours_only() -> None:
    secret = pyotp.random_base32()
    step = int(NOW.timestamp()) // rules.TOTP_STEP
    for drift, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = pyotp.TOTP(secret).at((step + drift) * rules.TOTP_STEP)
        assert rules.totp_step(secret, code, NOW) == (step + drift if good else None)


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "１２３４５６", "12 456", "abcdef", "-12345"]
)
def test_a_malformed_code_is_no_code(code: str) -> None:
    assert rules.totp_step(pyotp.random_base32(), code, NOW) is None


def test_the_owner_role_holds_everything_and_unknown_permissions_count_for_nothing() -> None:
    assert rules.permissions_of([(OWNER_ROLE, ())]) == ALL_PERMISSIONS
    assert rules.permissions_of([("", ("fans.read", "nuclear.launch"))]) == {"fans.read"}
    assert rules.permissions_of([]) == frozenset()


@given(
    mine=st.sets(st.sampled_from(list(Permission))),
    given_=st.sets(st.sampled_from(list(Permission))),
)
def test_nobody_grants_more_than_they_hold(mine: set[str], given_: set[str]) -> None:
    if given_ <= mine:
        rules.check_grant(mine, given_)
    else:
        with pytest.raises(BeyondYourself):
            rules.check_grant(mine, given_)


def test_the_last_owner_stays() -> None:
    rules.check_owner_remains({1, 2}, 1, stays_owner=False)
    rules.check_owner_remains({1}, 2, stays_owner=False)
    rules.check_owner_remains({1}, 1, stays_owner=True)
    with pytest.raises(LastOwner):
        rules.check_owner_remains({1}, 1, stays_owner=False)


def test_the_wait_ends_with_the_window() -> None:
    limit = rules.Limit(3, timedelta(minutes=10))
    assert rules.retry_after(NOW, limit, NOW) == 601
    assert rules.retry_after(NOW, limit, NOW + timedelta(minutes=9, seconds=59)) == 2
    assert rules.retry_after(NOW, limit, NOW + timedelta(hours=1)) == 1


def test_one_content_has_one_text() -> None:
    assert rules.canonical({"b": 1, "a": "铁粉"}) == rules.canonical({"a": "铁粉", "b": 1})
    assert rules.canonical({"a": "铁粉", "b": 1}) == '{"a":"铁粉","b":1}'


def test_only_changes_are_noted() -> None:
    assert rules.changed({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == (
        {"b": 2, "c": None},
        {"b": 3, "c": 4},
    )
