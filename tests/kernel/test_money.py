"""Money maths: parts add up to the fen, nothing rounds twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import cases
from tiefen.kernel.money import (
    MAX_FEN,
    allocate,
    parse_yuan,
    share_bp,
    yuan,
    yuan_cell,
    yuan_number,
)

amounts = st.integers(0, MAX_FEN)
weights = st.lists(st.integers(0, MAX_FEN), min_size=1, max_size=40)


@cases(2_000)
@given(amounts, weights)
def test_parts_add_up_exactly_and_stay_near_their_share(total: int, by: list[int]) -> None:
    parts = allocate(total, by)
    assert sum(parts) == total
    whole = sum(by)
    for part, weight in zip(parts, by, strict=True):
        assert part >= 0
        if whole:
            assert abs(part * whole - total * weight) < whole


@cases(1_000)
@given(amounts, weights)
def test_equal_weights_differ_by_at_most_one_fen(total: int, by: list[int]) -> None:
    parts = allocate(total, [7] * len(by))
    assert max(parts) - min(parts) <= 1


@cases(500)
@given(st.integers(-MAX_FEN, MAX_FEN))
def test_an_amount_reads_the_same_as_a_number_and_as_text(fen: int) -> None:
    assert str(yuan_number(fen)) == yuan_cell(fen)
    assert yuan_number(fen) * 100 == fen


def test_nothing_to_split_over() -> None:
    assert allocate(0, []) == []
    with pytest.raises(ValueError, match="no places"):
        allocate(1, [])
    with pytest.raises(ValueError, match="negative"):
        allocate(-1, [1])


@cases(2_000)
@given(st.integers(0, 10**9), st.integers(0, 10_000))
def test_a_share_is_rounded_half_up(amount: int, rate: int) -> None:
    share = share_bp(amount, rate)
    assert 2 * (share * 10_000 - amount * rate) in range(-10_000 + 1, 10_000 + 1)


@cases(2_000)
@given(st.integers(-MAX_FEN, MAX_FEN))
def test_yuan_text_reads_back(fen: int) -> None:
    assert parse_yuan(yuan(fen).replace("¥", "").replace(",", "")) == fen


@pytest.mark.parametrize(
    "text", ["", "-", "1.", "1.234", " 1", "1e3", "１２", "0x1", "1,000", "NaN", ".5"]
)
def test_other_texts_are_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="yuan"):
        parse_yuan(text)
