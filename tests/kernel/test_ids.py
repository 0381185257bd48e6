"""Public numbers check out, tokens differ, seeds replay."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tiefen.kernel import ids

AT = datetime(2026, 6, 17, 17, 0, tzinfo=UTC)


def test_a_number_carries_the_merchants_day_and_checks_out() -> None:
    number = ids.number("T", AT)
    assert number.startswith("T20260618")
    assert ids.is_number(number)


@given(st.integers(1, 18), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(place: int, step: int) -> None:
    with ids.seeded(place * 10 + step):
        number = ids.number("T", AT)
    wrong = str((int(number[place]) + step) % 10)
    assert not ids.is_number(number[:place] + wrong + number[place + 1 :])


def test_a_seed_replays_numbers_but_never_tokens() -> None:
    with ids.seeded(7):
        first, secret = ids.number("T", AT), ids.token()
    with ids.seeded(7):
        assert ids.number("T", AT) == first
        assert ids.token() != secret
    assert ids.number("T", AT) != first
