"""Search keys, the sign-in state, redirects: pure."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiefen.fans import rules
from tiefen.fans.errors import OAuthStateRefused, PhoneMalformed, RedirectRefused

NOW = datetime(2026, 4, 1, tzinfo=UTC)


@given(st.text(min_size=1, max_size=40))
def test_a_name_is_found_by_any_part_of_it(name: str) -> None:
    bare = rules.fold(name)
    for size in (1, 2, 3):
        for at in range(max(len(bare) - size + 1, 0)):
            part = bare[at : at + size]
            if rules.fold(part) == part:  # half of a composed letter is no part of a name
                assert set(rules.query_grams(part)) <= set(rules.grams("他说", name))


@given(st.integers(1, 10**9), st.integers(0, 2), st.integers(0, 9))
def test_a_nameless_fan_is_found_by_the_beginning_of_their_number(
    fan_id: int, dropped: int, kept: int
) -> None:
    shown = rules.display_name(fan_id, "")
    query = shown[dropped : max(len(rules.NAMELESS) + kept, dropped + 1)]
    ranges = rules.nameless_ids(query)
    assert ranges is None or any(low <= fan_id <= high for low, high in ranges)
    for other in (fan_id + 1, fan_id * 10 + 3, fan_id // 2 + 1):
        meant = ranges is None or any(low <= other <= high for low, high in ranges)
        assert meant == rules.display_name(other, "")[dropped:].startswith(query)


@pytest.mark.parametrize("query", ["", "粉丝0", "粉丝12a", "林12", "丝丝1", "1" * 13])
def test_no_number_means_no_nameless_fan(query: str) -> None:
    assert rules.nameless_ids(query) == []


@pytest.mark.parametrize("good", ["13800138000", "138 0013 8000", "+86 138-0013-8000"])
def test_phones_are_written_one_way(good: str) -> None:
    assert rules.clean_phone(good) == "13800138000"


@pytest.mark.parametrize(
    "bad",
    ["", "1380013800", "138001380000", "12800138000", "１３８００１３８０００", "13800138000'--"],
)
def test_malformed_phones_are_refused(bad: str) -> None:
    with pytest.raises(PhoneMalformed):
        rules.clean_phone(bad)


def _sign(text: str) -> str:
    return f"{hash(text) & ((1 << 200) - 1):050x}"


def test_a_state_is_good_in_its_browser_and_its_time() -> None:
    state = rules.make_state("nonce", "abcdef0123456789", NOW, _sign)
    assert len(state) <= 128
    assert state.isalnum()
    rules.check_state(state, "nonce", NOW + timedelta(minutes=9), _sign)
    late = NOW + rules.STATE_LIFE + timedelta(seconds=1)
    forged = f"{int(late.timestamp()) + 9:x}" + state[state.index("g") :]
    for wrong, nonce, at in (
        (state, "another browser", NOW),
        (state, "", NOW),
        (state, "nonce", late),
        (forged, "nonce", NOW),
        (state[:-1] + "x", "nonce", NOW),
        ("", "nonce", NOW),
        ("ggg", "nonce", NOW),
        ("１g2g3", "nonce", NOW),
    ):
        with pytest.raises(OAuthStateRefused):
            rules.check_state(wrong, nonce, at, _sign)


OURS = frozenset({"https://shop.example", "http://127.0.0.1:8000"})


@pytest.mark.parametrize(
    "good", ["/shop/", "https://shop.example/shop/?a=1", "http://127.0.0.1:8000/x"]
)
def test_sign_in_returns_to_our_pages(good: str) -> None:
    assert rules.check_redirect(good, OURS) == good


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "//evil.example",
        "https://evil.example/",
        "https://shop.example.evil.example/",
        "https://shop.example@evil.example/",
        "https://user@shop.example/",
        "http://shop.example/",
        "javascript:alert(1)",
        "\\\\evil.example",
        "/\\evil.example",
        "https://shop.example\n.evil.example",
        "http://[bad",
        "/" + "x" * 2000,
    ],
)
def test_sign_in_returns_nowhere_else(bad: str) -> None:
    with pytest.raises(RedirectRefused):
        rules.check_redirect(bad, OURS)
