"""Matching, splitting, patterns: pure."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiefen.helpdesk import rules
from tiefen.helpdesk.errors import AnswerTooLong, PartEmpty, PatternRefused, TimeRangeMalformed
from tiefen.helpdesk.values import Match, Part, PartKind, ReplyRule, Trigger

NOON = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)  # noon in Shanghai


def rule(id: int, match: Match, *patterns: str, **more: Any) -> ReplyRule:
    always = ReplyRule(
        id=id,
        match=match,
        patterns=patterns,
        priority=100,
        from_minute=None,
        to_minute=None,
        valid_from=None,
        valid_until=None,
        answer=(),
    )
    return replace(always, **more)


def found(text: str, *rules_: ReplyRule, at: datetime = NOON) -> int | None:
    hit = rules.Matcher(rules_).find(text, at)
    return hit.id if hit else None


@pytest.mark.parametrize("said", ["价格", " 价格 ", "价格\n", "　价格"])
def test_an_exact_keyword_ignores_space(said: str) -> None:
    assert found(said, rule(1, Match.EXACT, "价格")) == 1


@pytest.mark.parametrize(
    ("said", "keyword", "hit"),
    [
        ("ＶＩＰ", "vip", True),
        ("Vip", "ＶＩＰ", True),
        ("会员VIP价", "vip", False),
        ("", "vip", False),
        ("   ", "vip", False),
    ],
)
def test_width_and_case_do_not_matter(said: str, keyword: str, hit: bool) -> None:
    assert (found(said, rule(1, Match.EXACT, keyword)) == 1) is hit


def test_exact_comes_before_contains_before_pattern_and_priority_before_all() -> None:
    exact = rule(1, Match.EXACT, "发货")
    contains = rule(2, Match.CONTAINS, "发货")
    pattern = rule(3, Match.REGEX, "发.?货")
    assert found("发货", pattern, contains, exact) == 1
    assert found("几时发货", pattern, contains, exact) == 2
    assert found("几时发不货", pattern, contains, exact) == 3
    assert found("发货", exact, rule(4, Match.REGEX, "货", priority=101)) == 4
    assert found("什么时候发货啊", contains, rule(5, Match.CONTAINS, "时候发货")) == 5
    assert found("发货", rule(7, Match.EXACT, "发货"), exact) == 1
    assert found("你好", exact, contains, pattern) is None


@pytest.mark.parametrize(
    ("start", "end", "minute", "live"),
    [
        (540, 1080, 720, True),
        (540, 1080, 539, False),
        (540, 1080, 1080, False),
        (1320, 360, 1380, True),
        (1320, 360, 60, True),
        (1320, 360, 720, False),
    ],
)
def test_a_daily_range_may_pass_midnight(start: int, end: int, minute: int, live: bool) -> None:
    at = NOON + timedelta(minutes=minute - 720)
    ranged = rule(1, Match.EXACT, "在", from_minute=start, to_minute=end)
    assert (found("在", ranged, at=at) == 1) is live


def test_a_reply_lives_between_its_dates() -> None:
    day = timedelta(days=1)
    dated = rule(1, Match.EXACT, "在", valid_from=NOON, valid_until=NOON + day)
    assert found("在", dated, at=NOON) == 1
    assert found("在", dated, at=NOON - timedelta(seconds=1)) is None
    assert found("在", dated, at=NOON + day) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "(",
        "[",
        "(?=a)b",
        "(?<!a)b",
        r"(a)\1",
        "a{1001}",
        "(a{100}){100}{10}",
        ".*",
        "a?",
        "x" * 201,
    ],
)
def test_patterns_that_cannot_be_used_are_refused(pattern: str) -> None:
    with pytest.raises(PatternRefused) as refused:
        rules.check_patterns(Match.REGEX, ["好", pattern])
    assert refused.value.field == "patterns.1"


def test_no_pattern_runs_for_long() -> None:
    evil = rule(1, Match.REGEX, "(a+)+$b", "(a|aa)+$c", "(x+x+)+y")
    began = time.perf_counter()
    assert found("a" * 100_000 + "!", evil) is None
    assert time.perf_counter() - began < 1.0


@given(st.text(max_size=400), st.integers(8, 64))
def test_pieces_of_a_text_fit_and_add_up(text: str, limit: int) -> None:
    pieces = rules.split_text(text, limit)
    assert "".join(pieces) == text
    assert all(piece and len(piece.encode()) <= limit for piece in pieces)


def test_a_text_is_split_at_a_line_end_when_one_is_near() -> None:
    text = "一" * 600 + "\n" + "二" * 600
    assert rules.split_text(text) == ["一" * 600 + "\n", "二" * 600]


def text(words: str) -> Part:
    return Part(PartKind.TEXT, words)


CARD = Part(PartKind.ARTICLE, "说明", "标题", "", "https://shop.example/a")


def test_an_answer_needs_no_more_messages_than_allowed() -> None:
    long = "好" * (2046 // 3)
    rules.check_answer([text(long * 4)], Trigger.FOLLOW)
    with pytest.raises(AnswerTooLong) as refused:
        rules.check_answer([text(long * 4), CARD], Trigger.FOLLOW, field="welcome")
    assert refused.value.field == "welcome"
    assert refused.value.details["messages"] == 5
    rules.check_answer([text(long * 5), CARD], Trigger.MESSAGE)
    with pytest.raises(AnswerTooLong):
        rules.check_answer([text(long * 6), CARD], Trigger.MESSAGE)


@pytest.mark.parametrize(
    "part", [text(" "), Part(PartKind.ARTICLE, "x", "标题"), Part(PartKind.ARTICLE)]
)
def test_a_part_says_something(part: Part) -> None:
    with pytest.raises(PartEmpty) as refused:
        rules.check_answer([text("好"), part], Trigger.MESSAGE)
    assert refused.value.field == "answer.1"


@pytest.mark.parametrize(("start", "end"), [(1, None), (None, 1), (5, 5)])
def test_a_time_range_has_two_different_ends(start: int | None, end: int | None) -> None:
    with pytest.raises(TimeRangeMalformed):
        rules.check_times(start, end)
