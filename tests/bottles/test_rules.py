"""Codes that cannot be made up, territories, and what is suspicious."""

import string
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiefen.bottles import rules
from tiefen.bottles.values import AlarmKind, Limits, Sight

KEY, OTHER = bytes(range(16)), bytes(16)
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
LETTERS = string.ascii_uppercase + "234567"
BATCHES, SERIALS = st.integers(1, 2**32 - 1), st.integers(1, rules.MOST)
HANGZHOU, BEIJING, SUZHOU = (30.27, 120.15), (39.9, 116.4), (31.3, 120.6)


@given(BATCHES, SERIALS)
def test_a_code_says_its_bottle_to_who_has_the_key_alone(batch: int, serial: int) -> None:
    (code,) = rules.codes(KEY, batch, serial, serial)
    assert rules.read(KEY, code) == (batch, serial)
    assert rules.read(KEY, code.lower()) == (batch, serial)
    assert rules.read(OTHER, code) is None
    assert len(code) == rules.LENGTH
    assert set(code) <= set(LETTERS)


@given(BATCHES, SERIALS, st.integers(0, rules.LENGTH - 1), st.sampled_from(LETTERS))
def test_one_letter_changed_is_no_code(batch: int, serial: int, place: int, letter: str) -> None:
    (code,) = rules.codes(KEY, batch, serial, serial)
    changed = code[:place] + letter + code[place + 1 :]
    assert changed == code or rules.read(KEY, changed) is None


def test_neighbours_share_nothing_and_ten_thousand_are_all_different() -> None:
    made = rules.codes(KEY, 7, 1, 10_000)
    assert len(set(made)) == 10_000
    same = [sum(a == b for a, b in zip(one, other, strict=True)) for one, other in pairwise(made)]
    # What chance gives: 25 letters out of 32, and a last one that holds three bits.
    assert sum(same) / len(same) == pytest.approx(25 / 32 + 1 / 8, rel=0.1)


@given(st.text(max_size=40) | st.text(alphabet=LETTERS, min_size=26, max_size=26))
def test_anything_else_is_no_code(text: str) -> None:
    assert rules.read(KEY, text) is None


@pytest.mark.parametrize(
    ("region", "territory", "expected"),
    [
        ("330106", ["330000"], True),
        ("330106", ["330100"], True),
        ("330106", ["330106"], True),
        ("330206", ["330100"], False),
        ("320106", ["330000", "310000"], False),
        ("310106", ["330000", "310000"], True),
        ("330106", [], False),
    ],
)
def test_a_territory_holds_what_lies_below_it(
    region: str, territory: list[str], expected: bool
) -> None:
    assert rules.inside(region, territory) is expected


def sight(
    fan: int = 1, hours: float = 0, region: str = "", place: tuple[float, float] | None = None
) -> Sight:
    return Sight(fan, NOON + timedelta(hours=hours), region, place)


@pytest.mark.parametrize(
    ("sights", "territory", "expected"),
    [
        ([sight()], [], []),
        ([sight()], None, [AlarmKind.INACTIVE]),
        ([sight(hours=n / 10) for n in range(3)], [], [AlarmKind.MANY_SCANS]),
        ([sight(hours=n * 25) for n in range(3)], [], []),
        ([sight(1), sight(2)], [], [AlarmKind.MANY_FANS]),
        ([sight(region="330106"), sight(hours=1, region="110101")], [], [AlarmKind.FAR_REGIONS]),
        ([sight(region="330106"), sight(hours=30, region="110101")], [], []),
        ([sight(place=HANGZHOU), sight(hours=1, place=BEIJING)], [], [AlarmKind.FAR_REGIONS]),
        (
            [sight(region="330106", place=HANGZHOU), sight(hours=1, region="320505", place=SUZHOU)],
            [],
            [],
        ),
        ([sight(region="110101")], ["330000"], [AlarmKind.OUTSIDE]),
        ([sight(region="330106")], ["330000"], []),
        ([sight()], ["330000"], []),
    ],
)
def test_what_is_suspicious(
    sights: list[Sight], territory: list[str] | None, expected: list[AlarmKind]
) -> None:
    found = rules.suspicions(sights, Limits(24, 2, 1, 500), territory=territory)
    assert found == expected


def test_distances_on_the_ground() -> None:
    assert rules.distance_km(HANGZHOU, BEIJING) == pytest.approx(1124, rel=0.02)
    assert rules.distance_km(HANGZHOU, HANGZHOU) == 0


@given(st.lists(st.integers(0, 200), min_size=1, max_size=12), st.integers(1, 5))
def test_many_scans_means_many_within_the_window(hours: list[int], most: int) -> None:
    times = sorted(hours)
    found = rules.suspicions(
        [sight(hours=one) for one in times], Limits(24, most, 99, 500), territory=[]
    )
    within = [one for one in times if one > times[-1] - 24]
    assert (AlarmKind.MANY_SCANS in found) == (len(within) > most)
