"""The demo world's script: drawn from its seed, true to the documents' numbers, never impossible."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from tiefen.demo import history, plan
from tiefen.demo.plan import Arrive, Ask, Buy, Follow, Leave, Share

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_the_same_seed_gives_the_same_world_and_another_does_not() -> None:
    assert plan.acts(1, 300, 10, NOW) == plan.acts(1, 300, 10, NOW)
    assert plan.acts(1, 300, 10, NOW) != plan.acts(2, 300, 10, NOW)
    assert plan.people(1, 5) == plan.people(1, 9)[:5]


def test_full_size_it_has_the_documents_numbers() -> None:
    acts = plan.acts(1, plan.CALIBRATED_FANS, 10, NOW)
    orders = [act for act in acts if isinstance(act.deed, Buy)]
    day = (NOW - timedelta(days=plan.FESTIVAL_DAYS_AGO)).date()
    festival = [act.deed for act in orders if act.at.date() == day]
    assert len(festival) == plan.FESTIVAL_ORDERS
    worth = sum(plan.worth_fen(deed.basket) for deed in festival if isinstance(deed, Buy))
    assert abs(worth - plan.FESTIVAL_FEN) * 200 <= plan.FESTIVAL_FEN
    assert 700 <= len({act.fan for act in orders}) <= 900


def test_in_a_small_world_too_the_fans_of_employees_buy() -> None:
    for seed in range(1, 11):
        acts = plan.acts(seed, 300, 10, NOW)
        codes = {act.fan: act.deed.code for act in acts if isinstance(act.deed, Follow)}
        paid = [one for one in acts if isinstance(one.deed, Buy) and one.deed.outcome == "success"]
        employees = [one for one in paid if codes.get(one.fan) in (0, 2, 5)]
        assert len(employees) >= 3, "小林, 阿晨 or 老吴 have something to show"
        assert len(employees) * 2 < len(paid), "and are not the whole shop"


def test_some_come_back_bring_friends_and_wait_for_the_price() -> None:
    acts = plan.acts(1, plan.CALIBRATED_FANS, 10, NOW)
    orders = [act for act in acts if isinstance(act.deed, Buy)]
    often = {fan for fan, times in Counter(act.fan for act in orders).items() if times >= 4}
    assert len(often) >= 8
    sharers = {act.fan: act.at for act in acts if isinstance(act.deed, Share)}
    assert often <= sharers.keys()
    first = {act.fan: act.at for act in reversed(orders)}
    friends = [act for act in acts if isinstance(act.deed, Arrive)]
    assert len(friends) >= 10
    for act in friends:
        assert isinstance(act.deed, Arrive)
        assert sharers[act.deed.referrer] < act.at < first[act.fan]
        assert act.fan not in sharers
    day = (NOW - timedelta(days=plan.FESTIVAL_DAYS_AGO)).date()
    hours = Counter(act.at.hour for act in orders if act.at.date() == day)
    assert hours[2] + hours[12] >= 0.7 * plan.FESTIVAL_ORDERS


def test_nobody_acts_before_following_nor_asks_after_leaving() -> None:
    acts = plan.acts(3, 2_000, 10, NOW)
    start = NOW - timedelta(days=plan.DAYS)
    follows = {fan: at for at, fan in plan.earlier(3, 2_000, start)}
    assert follows.keys().isdisjoint(act.fan for act in acts if isinstance(act.deed, Follow))
    follows |= {act.fan: act.at for act in acts if isinstance(act.deed, Follow)}
    assert len(follows) == 2_000
    leaves = {act.fan: act.at for act in acts if isinstance(act.deed, Leave)}
    for act in acts:
        assert act.at >= follows[act.fan]
        if isinstance(act.deed, Ask) and act.fan in leaves:
            assert act.at <= leaves[act.fan]


def test_a_world_without_fans_is_empty() -> None:
    assert plan.acts(1, 0, 10, NOW) == []


def test_what_was_bought_before_was_bought_by_fans_from_before() -> None:
    opening = NOW - timedelta(days=plan.DAYS + 1)
    made = history.purchases(1, plan.CALIBRATED_FANS, opening)
    assert made == history.purchases(1, plan.CALIBRATED_FANS, opening)
    since = {fan: at for at, fan in plan.earlier(1, plan.CALIBRATED_FANS, opening)}
    assert all(since[one.fan] < one.at < opening for one in made)
    times = Counter(one.fan for one in made).values()
    assert len(times) >= 500
    assert max(times) >= 5
    assert history.purchases(1, 0, opening) == []
