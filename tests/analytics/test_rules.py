"""Days, the loop and its worst step: pure."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from tiefen.analytics import rules
from tiefen.analytics.values import METRICS, FactKind, Figures, LoopStep, Metric, Step
from tiefen.kernel.days import day_of


def test_a_day_is_the_merchants() -> None:
    assert day_of(datetime(2026, 4, 1, 15, 59, 59, tzinfo=UTC)) == date(2026, 4, 1)
    assert day_of(datetime(2026, 4, 1, 16, 0, tzinfo=UTC)) == date(2026, 4, 2)


def test_a_span_ends_with_its_last_day() -> None:
    assert rules.days(date(2026, 4, 7), 7) == (date(2026, 4, 1), date(2026, 4, 7))


def test_every_fact_adds_to_figures_that_exist() -> None:
    assert set(METRICS) == set(FactKind)
    named = {metric for metrics in METRICS.values() for metric, _ in metrics}
    assert named == set(Metric) - {Metric.HITS}


def test_the_loop_tells_who_came_how_far_and_where_most_are_lost() -> None:
    counts = [
        (int(Step.SCANNED | Step.FOLLOWED), 60),
        (int(Step.SCANNED | Step.FOLLOWED | Step.VISITED), 30),
        (int(Step.SCANNED | Step.FOLLOWED | Step.VISITED | Step.ORDERED), 2),
        (int(Step.VISITED | Step.ORDERED | Step.PAID | Step.RECEIVED), 8),
    ]
    rows = {row.step: row for row in rules.loop(counts)}
    assert rows[LoopStep.SCAN].fans == 92
    assert rows[LoopStep.SCAN].kept_bp is None
    assert (rows[LoopStep.VISIT].fans, rows[LoopStep.VISIT].of_previous) == (40, 32)
    assert rows[LoopStep.VISIT].kept_bp == 32 * 10_000 // 92
    assert rows[LoopStep.ORDER].kept_bp == 2_500
    assert rules.worst(list(rows.values())) is LoopStep.ORDER


def test_a_step_with_few_before_it_is_not_judged() -> None:
    assert rules.worst(rules.loop([(int(Step.SCANNED), 9)])) is None
    assert rules.worst(rules.loop([])) is None


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 50)), max_size=30))
def test_nobody_is_kept_who_was_not_there(counts: list[tuple[int, int]]) -> None:
    for row in rules.loop(counts):
        assert row.of_previous <= min(row.previous, row.fans) or row.step is LoopStep.SCAN
        assert row.kept_bp is None or 0 <= row.kept_bp <= 10_000


def test_people_are_not_summed() -> None:
    days = [Figures(paid_fen=5, visitors=3, buyers=1), Figures(paid_fen=7, visitors=3, buyers=1)]
    whole = rules.total(days, visitors=4, buyers=1)
    assert (whole.paid_fen, whole.visitors, whole.buyers) == (12, 4, 1)
    assert whole.conversion_bp == 2_500
    assert Figures().conversion_bp is None


def test_a_browser_is_not_told_from_its_key() -> None:
    assert rules.visitor_key(7, "abcdefgh") == "f:7"
    assert "abcdefgh" not in rules.visitor_key(None, "abcdefgh")
