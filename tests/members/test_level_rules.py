"""Growth and levels as pure rules: by example, and over histories made up at random."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiefen.members import rules
from tiefen.members.errors import BadLevels
from tiefen.members.values import (
    Counts,
    Downgrade,
    Growth,
    GrowthKind,
    GrowthLine,
    Level,
    LevelCause,
    LevelRules,
    Stand,
)

TODAY = date(2026, 11, 23)
LADDER = (
    Level(0, "普通", 0),
    Level(1, "银卡", 50_000, 200),
    Level(2, "金卡", 200_000, 500),
    Level(3, "铂金", 500_000, 1_000),
)
RULES = LevelRules()
PAID = replace(RULES, counts=Counts.PAID)


def days(count: int) -> timedelta:
    return timedelta(days=count)


def order(number: str, amount_fen: int, day: date = TODAY) -> list[GrowthLine]:
    """Paid and received on one day."""
    return [
        GrowthLine(number, GrowthKind.PAID, amount_fen, day),
        GrowthLine(number, GrowthKind.RECEIVED, amount_fen, day),
    ]


def back(number: str, amount_fen: int) -> GrowthLine:
    return GrowthLine(number, GrowthKind.REFUNDED, amount_fen, TODAY)


def test_growth_counts_what_arrived_less_what_went_back() -> None:
    paid_only = GrowthLine("C", GrowthKind.PAID, 7_000, TODAY)
    lines = [*order("A", 10_000), *order("B", 5_000, TODAY - days(3)), back("A", 4_000), paid_only]
    assert rules.growth(lines, RULES, TODAY) == Growth(11_000, TODAY - days(3))
    assert rules.growth(lines, PAID, TODAY) == Growth(18_000, TODAY - days(3))


def test_an_order_leaves_the_window_together_with_its_refund() -> None:
    lines = [*order("A", 10_000, TODAY - days(364)), back("A", 3_000), *order("B", 1_000)]
    assert rules.growth(lines, RULES, TODAY).fen == 8_000
    assert rules.growth(lines, RULES, TODAY + days(1)) == Growth(1_000, TODAY)
    assert rules.growth([back("Z", 900)], RULES, TODAY).fen == 0


def test_a_fan_rises_at_once_and_falls_only_after_the_grace() -> None:
    risen = rules.judge(LADDER, RULES, Stand(), Growth(250_000, TODAY), TODAY)
    assert (risen.stand.level_id, risen.cause) == (2, LevelCause.EARNED)
    assert risen.stand.review_on == TODAY + days(365)
    review = TODAY + days(365)
    poor = Growth(0, None)
    for day in (review - days(1), review, review + days(29)):
        assert rules.judge(LADDER, RULES, risen.stand, poor, day).stand.level_id == 2
    fallen = rules.judge(LADDER, RULES, risen.stand, poor, review + days(30))
    assert (fallen.stand.level_id, fallen.cause) == (1, LevelCause.REVIEW)
    balance = replace(RULES, downgrade=Downgrade.BALANCE)
    assert rules.judge(LADDER, balance, risen.stand, poor, review + days(30)).stand == Stand(
        0, None, None
    )


def test_who_has_enough_at_the_review_keeps_the_level_for_another_term() -> None:
    has = Stand(2, TODAY)
    kept = rules.judge(LADDER, RULES, has, Growth(200_000, TODAY), TODAY)
    assert (kept.cause, kept.stand.review_on) == (None, TODAY + days(365))
    short = rules.judge(LADDER, RULES, has, Growth(100_000, TODAY), TODAY)
    assert (short.cause, short.stand.review_on, short.check_on) == (None, TODAY, TODAY + days(30))


def test_a_refund_takes_back_the_level_it_had_earned_and_no_other() -> None:
    has = Stand(2, TODAY + days(100))
    fell = rules.judge(LADDER, RULES, has, Growth(100_000, TODAY), TODAY, lost_fen=150_000)
    assert (fell.stand.level_id, fell.cause) == (1, LevelCause.REFUND)
    kept_until_review = rules.judge(
        LADDER, RULES, has, Growth(100_000, TODAY), TODAY, lost_fen=50_000
    )
    assert kept_until_review.stand.level_id == 2
    mild = replace(RULES, refund_lowers=False)
    assert (
        rules.judge(LADDER, mild, has, Growth(100_000, TODAY), TODAY, lost_fen=150_000).stand == has
    )


def test_a_lock_holds_to_its_last_day() -> None:
    has = Stand(3, TODAY + days(11), TODAY + days(10))
    rich_or_poor = [Growth(0, None), Growth(10_000_000, TODAY)]
    for grown in rich_or_poor:
        assert rules.judge(LADDER, RULES, has, grown, TODAY + days(10)).stand == has
    over = rules.judge(LADDER, RULES, has, Growth(0, None), TODAY + days(11))
    assert (over.stand.locked_until, over.stand.level_id) == (None, 3)
    assert rules.judge(LADDER, RULES, has, Growth(0, None), TODAY + days(41)).stand.level_id == 2


def test_a_level_that_is_gone_puts_its_fans_where_their_growth_is() -> None:
    found = rules.judge(LADDER, RULES, Stand(9, TODAY), Growth(60_000, TODAY), TODAY)
    assert (found.stand.level_id, found.cause) == (1, LevelCause.RULES)


@pytest.mark.parametrize(
    ("levels", "field"),
    [
        ([], "levels"),
        ([Level(1, "银", 100)], "levels"),
        ([Level(0, "普通", 5)], "levels"),
        ([Level(0, "普通", 0), Level(1, "普通", 9)], "levels.1.name"),
        ([Level(0, "普通", 0), Level(1, "银", 0)], "levels.1.threshold_fen"),
        ([Level(0, "普通", 0, 500), Level(1, "银", 9, 100)], "levels.1.off_bp"),
    ],
)
def test_levels_that_make_no_sense_are_refused(levels: list[Level], field: str) -> None:
    with pytest.raises(BadLevels) as refused:
        rules.check(levels)
    assert refused.value.field == field


HISTORIES = st.lists(
    st.tuples(
        st.integers(0, 300_000),  # paid
        st.integers(0, 500),  # days ago it was paid
        st.one_of(st.none(), st.integers(0, 30)),  # days until it arrived
        st.lists(st.integers(0, 100), max_size=3),  # refunds, percent of what is left
    ),
    max_size=8,
)


@given(HISTORIES, st.sampled_from(list(Counts)), st.integers(1, 500))
def test_growth_equals_a_recount_order_by_order(
    history: list[tuple[int, int, int | None, list[int]]], counts: Counts, window: int
) -> None:
    found = replace(RULES, counts=counts, window_days=window)
    lines, total = [], 0
    for number, (paid, ago, arrived, backs) in enumerate(history):
        day = TODAY - days(ago)
        lines.append(GrowthLine(str(number), GrowthKind.PAID, paid, day))
        counted: date | None = day
        if counts is Counts.RECEIVED:
            counted = None if arrived is None else day + days(arrived)
        if arrived is not None:
            lines.append(GrowthLine(str(number), GrowthKind.RECEIVED, paid, day + days(arrived)))
        left = paid
        for percent in backs:
            lines.append(back(str(number), left * percent // 100))
            left -= left * percent // 100
        if counted is not None and counted > TODAY - days(window):
            total += left
    assert rules.growth(lines, found, TODAY).fen == total
    assert rules.growth(reversed(lines), found, TODAY).fen == total
    forgetful = [line for line in lines if line.kind is not GrowthKind.REFUNDED]
    assert rules.growth(forgetful, found, TODAY).fen >= total


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 3))
def test_more_growth_is_never_a_lower_level(less: int, more: int, level: int) -> None:
    less, more = sorted((less, more))
    assert rules.earned(LADDER, less) <= rules.earned(LADDER, more)
    has = Stand(level, TODAY + days(5) if level else None)
    low = rules.judge(LADDER, RULES, has, Growth(less, TODAY), TODAY).stand.level_id
    high = rules.judge(LADDER, RULES, has, Growth(more, TODAY), TODAY).stand.level_id
    assert level <= low <= high


@given(st.lists(st.tuples(st.integers(0, 600_000), st.integers(0, 60)), max_size=30))
def test_whatever_happens_a_fan_has_what_they_earned_and_time_moves_on(
    steps: list[tuple[int, int]],
) -> None:
    has, day = Stand(), TODAY
    for fen, later in steps:
        day += days(later)
        found = rules.judge(LADDER, RULES, has, Growth(fen, day), day)
        assert found.stand.level_id >= rules.earned(LADDER, fen)
        assert found.check_on is not None
        assert found.check_on > day
        again = rules.judge(LADDER, RULES, found.stand, Growth(fen, day), day)
        assert (again.stand, again.cause) == (found.stand, None)
        has = found.stand


def test_levels_that_stand_keep_their_order_and_a_new_one_may_come_between() -> None:
    between = [*LADDER[:2], replace(LADDER[3]), Level(-1, "新卡", 100_000, 300), LADDER[2]]
    rules.check_order(LADDER, between)
    rules.check_order(LADDER, [LADDER[0], LADDER[3], LADDER[2]])
    passed = [LADDER[0], replace(LADDER[1], threshold_fen=300_000), LADDER[2]]
    with pytest.raises(BadLevels) as refused:
        rules.check_order(LADDER, passed)
    assert refused.value.field == "levels.2.threshold_fen"
