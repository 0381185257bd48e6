"""Stages: the rules alone, and on a real database against a recount, SQL and the passing of days."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from tests.channels.factories import boss
from tests.conftest import Drain
from tests.counting import statements
from tests.fans.factories import APP, follower
from tiefen.fans import errors, queries, rules, service
from tiefen.fans.models import Fan, StageMove, StageRuleSet
from tiefen.fans.service import stages
from tiefen.fans.values import (
    DEFAULT_RULES,
    Condition,
    DayCount,
    FanFacts,
    Happening,
    Measure,
    MoveCause,
    Stage,
    StageRule,
    StageRules,
)
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Db, Tx

NOW = datetime(2026, 4, 1, 4, tzinfo=UTC)
TODAY = date(2026, 4, 1)
QUIET_RULES = replace(DEFAULT_RULES, follower_silent_days=90)


NOBODY = FanFacts(
    following=False, ever_followed=False, orders=0, received_orders=0, whole_refunds=0,
    returned_orders=0, paid_fen=0, refunded_fen=0, interactions=0, friends=0, last_seen_at=NOW,
    last_paid_at=None,
)  # fmt: skip


def facts(**known: Any) -> FanFacts:
    return replace(NOBODY, **known)


def ago(days: int, **counts: int) -> DayCount:
    return DayCount(TODAY - timedelta(days=days), **counts)


FOLLOWS = {"following": True, "ever_followed": True}
TWICE = {**FOLLOWS, "orders": 2, "received_orders": 2, "last_paid_at": NOW}


@pytest.mark.parametrize(
    ("known", "days", "stage", "next_stage"),
    [
        ({}, [], Stage.VISITOR, Stage.FOLLOWER),
        (FOLLOWS, [], Stage.FOLLOWER, Stage.CUSTOMER),
        ({"orders": 1}, [], Stage.CUSTOMER, Stage.USER),
        ({"orders": 1, "whole_refunds": 1}, [], Stage.VISITOR, Stage.FOLLOWER),
        ({"orders": 1, "received_orders": 1}, [], Stage.USER, Stage.FAN),
        ({"orders": 2, "received_orders": 1, "returned_orders": 1}, [], Stage.CUSTOMER, Stage.USER),
        (TWICE, [ago(3, received=2)], Stage.USER, Stage.FAN),
        (TWICE, [ago(3, received=2), ago(179, interactions=2)], Stage.FAN, Stage.CORE),
        (TWICE, [ago(3, received=2), ago(180, interactions=2)], Stage.USER, Stage.FAN),
        (TWICE, [ago(9, received=4, interactions=6)], Stage.CORE, None),
        (TWICE, [ago(9, received=4, interactions=2, friends=1)], Stage.CORE, None),
        ({"ever_followed": True}, [], Stage.LOST, Stage.FOLLOWER),
        (
            {"ever_followed": True, "orders": 1, "last_paid_at": NOW - timedelta(days=3)},
            [],
            Stage.CUSTOMER,
            Stage.USER,
        ),
        ({"orders": 1, "last_seen_at": NOW - timedelta(days=180)}, [], Stage.LOST, Stage.CUSTOMER),
        ({"orders": 1, "last_seen_at": NOW - timedelta(days=179)}, [], Stage.CUSTOMER, Stage.USER),
        ({"last_seen_at": NOW - timedelta(days=999)}, [], Stage.VISITOR, Stage.FOLLOWER),
    ],
)
def test_the_stage_follows_from_facts_and_days(
    known: dict[str, object], days: list[DayCount], stage: Stage, next_stage: Stage | None
) -> None:
    standing = rules.stage(DEFAULT_RULES, facts(**known), days, TODAY)
    assert (standing.stage, standing.next_stage) == (stage, next_stage)


def test_the_distance_names_what_is_missing_and_what_would_do_instead() -> None:
    days = [ago(3, received=3, interactions=4)]
    standing = rules.stage(DEFAULT_RULES, facts(**TWICE), days, TODAY)
    assert standing.next_stage is Stage.CORE
    assert [(one.fact, one.have, one.need, one.within_days, one.either) for one in standing.missing] == [
        ("received", 3, 4, 365, False),
        ("interactions", 4, 6, 180, True),
        ("friends", 0, 1, 365, True),
    ]  # fmt: skip
    assert standing.due == TODAY + timedelta(days=177)


moments = st.integers(0, 800).map(lambda days: NOW - timedelta(days=days))
any_facts = st.builds(
    FanFacts,
    following=st.booleans(),
    ever_followed=st.booleans(),
    orders=st.integers(0, 6),
    received_orders=st.integers(0, 6),
    whole_refunds=st.integers(0, 3),
    returned_orders=st.integers(0, 3),
    paid_fen=st.integers(0, 100_000),
    refunded_fen=st.integers(0, 50_000),
    interactions=st.integers(0, 20),
    friends=st.integers(0, 3),
    last_seen_at=moments,
    last_paid_at=st.none() | moments,
)
any_days = st.lists(
    st.builds(
        DayCount,
        day=st.integers(0, 400).map(lambda days: TODAY - timedelta(days=days)),
        interactions=st.integers(0, 4),
        received=st.integers(0, 3),
        friends=st.integers(0, 1),
    ),
    max_size=6,
    unique_by=lambda day: day.day,
)
some_rules = st.sampled_from([DEFAULT_RULES, QUIET_RULES])


@given(some_rules, any_facts, any_days)
def test_every_stage_explains_itself(
    found: StageRules, known: FanFacts, days: list[DayCount]
) -> None:
    standing = rules.stage(found, known, days, TODAY)
    assert all(one.met for one in standing.because)
    assert standing.stage is Stage.VISITOR or standing.because
    if standing.next_stage is not None:
        assert standing.missing
        assert not any(one.met for one in standing.missing)


@given(some_rules, any_facts, any_days, st.integers(1, 900))
def test_days_alone_change_nothing_before_the_day_that_is_due(
    found: StageRules, known: FanFacts, days: list[DayCount], later: int
) -> None:
    assert_due(found, known, days, later)


def assert_due(found: StageRules, known: FanFacts, days: list[DayCount], later: int) -> None:
    standing = rules.stage(found, known, days, TODAY)
    then = TODAY + timedelta(days=later)
    if standing.due is None or then < standing.due:
        assert rules.stage(found, known, days, then).stage is standing.stage
    if standing.due is not None:
        assert standing.due > TODAY


def test_a_due_day_one_late_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Positive control: a window forgotten when the next look is planned lets the checker cry."""
    monkeypatch.setattr("tiefen.fans.rules.stages._falls_on", lambda *_: None)
    with pytest.raises(AssertionError):
        assert_due(DEFAULT_RULES, facts(**TWICE), [ago(30, received=2, interactions=2)], 160)


def rule(measure: Measure, least: int, within: int | None = None) -> StageRule:
    return StageRule((Condition(measure, least, within),))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(DEFAULT_RULES, user=StageRule(())), "user.every"),
        (replace(DEFAULT_RULES, user=rule(Measure.RECEIVED, 0)), "user.every.0.at_least"),
        (replace(DEFAULT_RULES, user=rule(Measure.ORDERS, 1, 30)), "user.every.0.within_days"),
        (replace(DEFAULT_RULES, user=rule(Measure.RECEIVED, 1, 999)), "user.every.0.within_days"),
        (replace(DEFAULT_RULES, core=rule(Measure.RECEIVED, 1, 180)), "core.every.0.at_least"),
        (
            replace(DEFAULT_RULES, user=StageRule((Condition(Measure.RECEIVED, 1),) * 2)),
            "user.every",
        ),
        (replace(DEFAULT_RULES, silent_days=0), "silent_days"),
        (replace(DEFAULT_RULES, sleeping_days=180), "sleeping_days"),
        (replace(DEFAULT_RULES, core_target_bp=10_001), "core_target_bp"),
    ],
)
def test_rules_that_make_no_sense_are_refused_by_field(wrong: StageRules, field: str) -> None:
    with pytest.raises(errors.StageRulesMalformed) as caught:
        rules.check_rules(wrong)
    assert caught.value.field == field
    assert caught.value.message("zh") != caught.value.message("en")


async def live(db: Db, seed: int, travel: Travel, fans: int = 6, steps: int = 60) -> None:
    """A random history: things happen to a few fans, days pass, two of them turn out to be one."""
    chance = random.Random(seed)
    people = [await follower(db, f"s{seed}-{n}", at=travel.now) for n in range(fans)]
    for step in range(steps):
        travel.move(timedelta(days=chance.choice((0, 0, 1, 3, 20, 45)), hours=chance.randint(0, 9)))
        fan_id = chance.choice(people)
        at = travel.now - timedelta(days=chance.choice((0, 0, 0, 2)))
        deed = chance.choice(
            ["buy", "buy", "talk", "talk", "leave", "back", "refund", "friend", "merge"]
        )
        async with db.merchant("demo") as tx:
            if deed == "buy":
                for kind in (Happening.ORDER_PAID, Happening.ORDER_RECEIVED)[
                    : chance.randint(1, 2)
                ]:
                    await service.record(
                        tx, fan_id, kind, f"order:{step}", at=at, amount_fen=900,
                        data={"order_no": str(step)},
                    )  # fmt: skip
            elif deed == "refund":
                order = chance.randint(0, step)
                paid = await tx.scalar(
                    text("SELECT fan_id FROM fan_line WHERE kind = 'order_paid' AND ref = :ref"),
                    {"ref": f"order:{order}"},
                )
                if paid:
                    await service.record(
                        tx, paid, Happening.ORDER_REFUNDED, f"order:{order}:whole", at=at,
                        amount_fen=900, whole=True, data={"order_no": str(order)},
                    )  # fmt: skip
            elif deed == "talk":
                await service.record(tx, fan_id, Happening.MESSAGE_IN, f"m{step}", at=at)
            elif deed == "friend":
                await service.brought_friend(tx, fan_id, 1000 + step, at)
            elif deed == "merge" and chance.random() < 0.3:
                await service.merge(tx, fan_id, chance.choice(people), reason="test")
            else:
                turn = service.unfollow if deed == "leave" else service.follow
                place = people.index(fan_id)
                more = {} if deed == "leave" else {"scene": None}
                await turn(tx, app_id=APP, openid=f"s{seed}-{place}", at=travel.now, **more)
        if chance.random() < 0.4:
            await sweep(db)
    await sweep(db)


async def sweep(db: Db) -> int:
    looked_at, total = 1, 0
    while looked_at:
        async with db.merchant("demo") as tx:
            looked_at = await service.check_due(tx)
            total += looked_at
    return total


async def wrong_stages(db: Db) -> list[int]:
    """Who does not stand where a judgement from scratch puts them."""
    async with db.merchant("demo") as tx:
        people = list(await tx.scalars(select(Fan).where(Fan.merged_into.is_(None))))
        seen = await stages.look(tx, [person.id for person in people])
        return [one.id for one in people if stages.judge(one, seen).stage is not one.stage]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.slow
async def test_stages_kept_by_event_and_day_equal_a_judgement_from_scratch(
    db: Db, travel: Travel, seed: int
) -> None:
    await live(db, seed, travel)
    assert await wrong_stages(db) == []
    async with db.merchant("demo") as tx:
        assert await service.rebuild_counters(tx) == 0
        for wanted in (DEFAULT_RULES, QUIET_RULES):
            await _equal_in_sql(tx, wanted)
    promises = {"F1.counters", "F7.days", "F8.stage_log"}
    assert [one for one in await audit.run(db) if one.invariant in promises] == []


async def _equal_in_sql(tx: Tx, wanted: StageRules) -> None:
    people = list(await tx.scalars(select(Fan).where(Fan.merged_into.is_(None))))
    today = day_of(tx.now)
    ids = [person.id for person in people]
    since = rules.window_start(wanted, today)
    days = await stages._days(tx, ids, since) if since else {}
    expected: dict[tuple[Stage, Stage], int] = {}
    for one in people:
        after = rules.stage(wanted, stages.facts_of(one), days.get(one.id, []), today).stage
        expected[one.stage, after] = expected.get((one.stage, after), 0) + 1
    found = await queries.preview(tx, wanted, today)
    assert {(one.before, one.after): one.fans for one in found} == expected


async def test_forgetting_the_day_of_the_next_look_is_seen(
    db: Db, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Positive control: when the sweep never looks, stages go stale and the comparison says so."""

    async def nobody(_: object) -> int:
        return 0

    monkeypatch.setattr("tiefen.fans.service.check_due", nobody)
    await live(db, 1, travel)
    travel.move(timedelta(days=400))
    assert await wrong_stages(db)


async def test_a_day_miscounted_is_seen_and_rebuilt(db: Db, travel: Travel) -> None:
    await live(db, 2, travel, fans=3, steps=20)
    async with db.merchant("demo") as tx:
        await tx.execute(text("UPDATE fan_day SET interactions = interactions + 5"))
        await tx.execute(text("INSERT INTO fan_day SELECT min(id), '2020-01-01', 9, 9, 9 FROM fan"))
    assert any(one.invariant == "F7.days" for one in await audit.run(db))
    async with db.merchant("demo") as tx:
        assert await service.rebuild_counters(tx) > 0
    assert not any(one.invariant == "F7.days" for one in await audit.run(db))
    assert await wrong_stages(db) == []


async def test_a_silent_buyer_is_lost_on_the_day_and_only_the_due_are_read(
    db: Db, travel: Travel
) -> None:
    fan_id = await follower(db, at=travel.now)
    await follower(db, "o2", at=travel.now)
    async with db.merchant("demo") as tx:
        await service.record(tx, fan_id, Happening.ORDER_PAID, "order:1", at=tx.now, amount_fen=9)
    assert await sweep(db) == 0
    travel.move(timedelta(days=179))
    assert await sweep(db) == 0
    travel.move(timedelta(days=1))
    assert await sweep(db) == 1
    assert await sweep(db) == 0
    async with db.merchant("demo") as tx:
        moves = await queries.moves_of(tx, [fan_id], before_id=None, limit=9)
        assert [(one.before, one.after, one.cause) for one in moves] == [
            (Stage.CUSTOMER, Stage.LOST, MoveCause.TIME),
            (Stage.FOLLOWER, Stage.CUSTOMER, MoveCause.EVENT),
            (Stage.VISITOR, Stage.FOLLOWER, MoveCause.EVENT),
        ]
        assert moves[0].because[0]["fact"] == "silent_days"
        quiet = await service.quiet_fans(tx, lost=True, after=None, limit=9)
        assert [(one.id, one.last_kind) for one in quiet] == [(fan_id, Happening.ORDER_PAID)]
        sleeping = await service.quiet_fans(tx, lost=False, after=None, limit=9)
        assert [one.last_kind for one in sleeping] == [Happening.FOLLOWED]


async def test_publishing_moves_everybody_as_the_preview_said(
    db: Db, travel: Travel, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "AT_ONCE", 4)
    by = await boss(db)
    await live(db, 3, travel, fans=10, steps=40)
    wanted = replace(DEFAULT_RULES, fan=rule(Measure.RECEIVED, 1), user=rule(Measure.RECEIVED, 1))
    async with db.merchant("demo") as tx:
        expected = await queries.preview(tx, wanted, day_of(tx.now))
        moving = sum(one.fans for one in expected if one.before is not one.after)
        assert moving
    async with db.merchant("demo") as tx:
        assert await service.publish_rules(tx, by, wanted, note="更快", based_on=0) == 1
    with pytest.raises(errors.StageRulesMoved):
        async with db.merchant("demo") as tx:
            await service.publish_rules(tx, by, wanted, note="", based_on=0)
    await drain()
    async with db.merchant("demo") as tx:
        row = await tx.get_one(StageRuleSet, 1)
        assert row.applied_at is not None
        assert (row.looked_at, row.moved) == (row.fans, moving)
        counts = {one.stage: one.fans for one in await service.stage_counts(tx) if one.fans}
        told: dict[Stage, int] = {}
        for one in expected:
            told[one.after] = told.get(one.after, 0) + one.fans
        assert counts == told
        causes = await tx.scalars(select(StageMove.cause).where(StageMove.version == 1))
        assert set(causes) == {MoveCause.RULES}
    assert await wrong_stages(db) == []


async def test_one_event_costs_a_fixed_number_of_statements(db: Db, travel: Travel) -> None:
    fan_id = await follower(db, at=travel.now)
    sent = []
    for n in range(2):
        with statements(db) as seen:
            async with db.merchant("demo") as tx:
                for day in range(1 + 30 * n):
                    await service.record(
                        tx, fan_id, Happening.MESSAGE_IN, f"m{n}-{day}",
                        at=tx.now - timedelta(days=day),
                    )  # fmt: skip
        sent.append(len(seen))
    assert sent[1] <= sent[0] * 31


async def test_a_stage_written_by_hand_is_seen(db: Db, travel: Travel) -> None:
    await follower(db, at=travel.now)
    async with db.merchant("demo") as tx:
        await tx.execute(update(Fan).values(stage=Stage.CORE))
    assert any(one.invariant == "F8.stage_log" for one in await audit.run(db))
