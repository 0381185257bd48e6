"""Shares under four models: exact to the fen, kept by event equal to a recount, appeals, payback."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.channels.factories import boss, code
from tests.conftest import Drain
from tests.fans.factories import APP, MINI, follower, say
from tests.team.factories import clerk
from tiefen.analytics.events import FanVisited
from tiefen.channels import errors, queries, rules, service
from tiefen.channels.models import Attribution
from tiefen.channels.rules import sharing
from tiefen.channels.values import CodeKind, Grouping, Model, Step, Weights
from tiefen.fans import service as fans
from tiefen.kernel import audit
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.clock import Travel
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Db
from tiefen.orders.events import OrderPaid, OrderPlaced, OrderReceived, OrderRefunded
from tiefen.wechat.events import Followed, Scanned, Unfollowed

NOW = datetime(2026, 4, 1, 4, tzinfo=UTC)
PROMISES = ("C1.", "C2.", "C3.", "C4.", "C5.", "C6.")


def steps(*codes: int | None, kind: CodeKind = CodeKind.EMPLOYEE) -> list[Step]:
    """A way with a touch a day, the last one yesterday."""
    days = len(codes)
    return [
        Step(one, kind if one else None, NOW - timedelta(days=days - place))
        for place, one in enumerate(codes)
    ]


def split(
    model: Model, way: list[Step], weights: Weights | None = None, **more: int
) -> dict[int, int]:
    given_ = {"paid_fen": 1000, "refunded_fen": 0, **more}
    found = rules.parts(model, way, paid_at=NOW, weights=weights or Weights(), **given_)
    return {one.code_id: one.paid_fen for one in found}


@pytest.mark.parametrize(
    ("model", "way", "parts"),
    [
        (Model.FIRST, steps(), {0: 1000}),
        (Model.FIRST, steps(None, 7), {0: 1000}),
        (Model.FIRST, steps(5, 7), {5: 1000}),
        (Model.LAST, steps(5, 7, None), {7: 1000}),
        (Model.LAST, steps(None), {0: 1000}),
        (Model.LINEAR, steps(5, 7, 9), {5: 334, 7: 333, 9: 333}),
        (Model.LINEAR, steps(5, 7, 5, 7, 5), {5: 600, 7: 400}),
        (Model.LINEAR, steps(None, 7, None), {7: 1000}),
        (Model.RULE, steps(5), {5: 1000}),
        (Model.RULE, steps(5, 7), {5: 500, 7: 500}),
        (Model.RULE, steps(5, 7, 9), {5: 400, 7: 200, 9: 400}),
    ],
)
def test_the_models(model: Model, way: list[Step], parts: dict[int, int]) -> None:
    assert split(model, way) == parts


def test_the_merchants_weights_count_place_kind_and_window() -> None:
    way = [
        Step(5, CodeKind.AD, NOW - timedelta(days=40)),
        Step(7, CodeKind.EMPLOYEE, NOW - timedelta(days=9)),
        Step(9, CodeKind.AD, NOW - timedelta(days=1)),
    ]
    assert split(Model.RULE, way, Weights(window_days=30)) == {7: 500, 9: 500}
    half = Weights(window_days=30, kinds={"ad": 50})
    assert split(Model.RULE, way, half) == {7: 667, 9: 333}
    nothing = Weights(window_days=30, kinds={"ad": 0, "employee": 0})
    assert sum(split(Model.RULE, way, nothing).values()) == 1000
    assert split(Model.RULE, way[:1], Weights(window_days=30)) == {5: 1000}


def test_a_touch_after_the_payment_gets_nothing() -> None:
    way = [*steps(5), Step(7, CodeKind.AD, NOW + timedelta(seconds=1))]
    for model in Model:
        assert split(model, way) == {5: 1000}


ways = st.lists(
    st.builds(
        Step,
        code_id=st.none() | st.integers(1, 5),
        kind=st.sampled_from(CodeKind),
        at=st.integers(-5, 200).map(lambda days: NOW - timedelta(days=days)),
    ),
    max_size=8,
).map(lambda way: sorted(way, key=lambda step: step.at))
weights_ = st.builds(
    Weights,
    first=st.integers(1, 100),
    middle=st.integers(0, 100),
    last=st.integers(0, 100),
    window_days=st.none() | st.integers(1, 100),
    kinds=st.dictionaries(st.sampled_from([kind.value for kind in CodeKind]), st.integers(0, 300)),
)


@given(st.sampled_from(Model), ways, st.integers(0, 10**9), st.integers(0, 10_000), weights_)
def test_shares_add_up_to_the_order_to_the_fen(
    model: Model, way: list[Step], paid_fen: int, back_bp: int, weights: Weights
) -> None:
    assert_adds_up(model, way, paid_fen, paid_fen * back_bp // 10_000, weights)


def assert_adds_up(
    model: Model, way: list[Step], paid: int, refunded: int, weights: Weights
) -> None:
    found = rules.parts(
        model, way, paid_at=NOW, paid_fen=paid, refunded_fen=refunded, weights=weights
    )
    assert sum(one.paid_fen for one in found) == paid
    assert sum(one.refunded_fen for one in found) == refunded
    assert sum(one.weight_bp for one in found) == 10_000
    assert all(0 <= one.refunded_fen <= one.paid_fen for one in found)
    assert len({one.code_id for one in found}) == len(found)


def test_rounding_each_share_by_itself_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Positive control: shares rounded apart lose a fen, and the checker says so."""

    def careless(total: int, weights: list[int]) -> list[int]:
        return [total * weight // (sum(weights) or 1) for weight in weights]

    monkeypatch.setattr(sharing, "allocate", careless)
    with pytest.raises(AssertionError):
        assert_adds_up(Model.LINEAR, steps(1, 2, 3), 1000, 0, Weights())


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (Weights(first=-1), "first"),
        (Weights(first=0, last=0), "first"),
        (Weights(window_days=0), "window_days"),
        (Weights(kinds={"luck": 1}), "kinds.luck"),
    ],
)
def test_weights_that_make_no_sense_are_refused(wrong: Weights, field: str) -> None:
    with pytest.raises(errors.WeightsMalformed) as caught:
        rules.check_weights(wrong)
    assert caught.value.field == field


async def breaches(db: Db) -> list[str]:
    found = await audit.run(db)
    return [f"{one.invariant}: {one.row}" for one in found if one.invariant.startswith(PROMISES)]


async def live(db: Db, drain: Drain, *events: object, key: str = "openid:o1") -> None:
    await say(db, *events, aggregate=key)
    await drain()


async def rows(db: Db, model: Model = Model.FIRST) -> dict[str, tuple[int, int, int]]:
    """Paid, received and refunded by code, over all time."""
    async with db.merchant("demo") as tx:
        first, last = (
            day_of(NOW) - timedelta(days=900),
            day_of(NOW) + timedelta(days=900),
        )
        found = await queries.report(tx, Grouping.CODE, first, last)
        return {
            key: (money["paid_fen"], money["received_fen"], money["refunded_fen"])
            for key, row in found.items()
            if any((money := row.money[model]).values())
        }


def happening(
    chance: random.Random, deed: str, step: int, openid: str, fan_id: int, scene: str, at: datetime
) -> list[tuple[object, str]]:
    """What rooms above and WeChat would say."""
    key = f"order:{step}"
    total = chance.randint(1, 9999)
    told: dict[str, list[tuple[object, str]]] = {
        "follow": [(Followed(APP, openid, chance.choice([scene, None]), "t", at), openid)],
        "scan": [(Scanned(APP, openid, scene, at), openid)],
        "leave": [(Unfollowed(APP, openid, at), openid)],
        "visit": [(FanVisited(fan_id, at), f"fan:{fan_id}")],
        "buy": [
            (OrderPlaced(step, f"T{step}", fan_id, total, at), key),
            (OrderPaid(step, f"T{step}", fan_id, total, 1, at), key),
        ],
    }
    return told.get(deed, [])


def aftermath(
    chance: random.Random, deed: str, paid: list[OrderPaid], at: datetime
) -> list[tuple[object, str]]:
    """An order arrives or goes back, whole or in part; each at most once."""
    if not paid or deed not in {"receive", "refund"}:
        return []
    one = chance.choice(paid)
    number, total = one.order_no, one.total_fen
    key = f"order:{one.order_id}"
    if deed == "receive":
        return [(OrderReceived(one.order_id, number, one.fan_id, total, at), key)]
    paid.remove(one)
    back = chance.choice([total, total // 3])
    return [(OrderRefunded(one.order_id, number, one.fan_id, back, back == total, at), key)]


async def deliver(
    db: Db, drain: Drain, chance: random.Random, waiting: list[tuple[object, str]]
) -> None:
    """Say what waits, whose order among aggregates is chance, and perhaps work it off."""
    groups: dict[str, list[object]] = {}
    for one, key in waiting:
        groups.setdefault(key, []).append(one)
    for key in chance.sample(sorted(groups), len(groups)):
        await say(db, *groups[key], aggregate=key)
    waiting.clear()
    if chance.random() < 0.7:
        await drain()


async def random_life(db: Db, drain: Drain, seed: int, travel: Travel) -> None:
    """Follows, scans, visits, orders, refunds, joins, changes of hands; events out of order."""
    chance = random.Random(seed)
    by = await boss(db)
    other = await clerk(db, by, "mate", "仓库")
    kinds = [chance.choice(list(CodeKind)) for _ in range(3)]
    made = [await code(db, by, f"码{seed}-{n}", kind=kind) for n, kind in enumerate(kinds)]
    openids = [f"r{seed}-{n}" for n in range(4)]
    people = [await follower(db, one, at=travel.now) for one in openids]
    await drain()
    waiting: list[tuple[object, str]] = []
    paid: list[OrderPaid] = []
    deeds = [
        "follow",
        "scan",
        "scan",
        "leave",
        "visit",
        "buy",
        "buy",
        "buy",
        "receive",
        "refund",
        "owner",
        "join",
    ]
    for step in range(1, 41):
        travel.move(timedelta(hours=chance.randint(1, 60)))
        place, deed = chance.randrange(4), chance.choice(deeds)
        scene = chance.choice(made).scene
        told = happening(chance, deed, step, openids[place], people[place], scene, travel.now)
        waiting += [*told, *aftermath(chance, deed, paid, travel.now)]
        paid += [one for one, _ in told if isinstance(one, OrderPaid)]
        async with db.merchant("demo") as tx:
            if deed == "owner":
                owner = chance.choice([by.id, other.id, None])
                await service.edit_code(tx, by, made[0].id, {"owner_staff_id": owner})
            elif deed == "join" and chance.random() < 0.3:
                await fans.merge(tx, people[place], chance.choice(people), reason="test")
        if chance.random() < 0.5:
            await deliver(db, drain, chance, waiting)
    await deliver(db, drain, chance, waiting)
    await drain()


async def _dump(db: Db) -> dict[str, list[Any]]:
    async with db.merchant("demo") as tx:
        found = {}
        for table in ("channel_share", "channel_fan_source", "channel_income", "channel_reach"):
            money = "paid_fen" if table == "channel_income" else "1"
            count = "scans + fans" if table == "channel_reach" else money
            told = await tx.execute(text(f"SELECT * FROM {table} WHERE {count} <> 0"))
            found[table] = sorted(map(str, told))
        return found


async def recount(db: Db) -> None:
    at: tuple[str, int] | None = ("orders", 0)
    while at is not None:
        async with db.merchant("demo") as tx:
            at = await service.see_again(tx, *at)
    async with db.merchant("demo") as tx:
        await service.rebuild_counters(tx)


@pytest.mark.parametrize("seed", range(3))
async def test_what_events_keep_equals_a_recount_from_nothing(
    db: Db, drain: Drain, travel: Travel, seed: int
) -> None:
    await random_life(db, drain, seed, travel)
    assert await breaches(db) == []
    kept = await _dump(db)
    assert kept["channel_share"]
    async with db.merchant("demo") as tx:
        for table in ("channel_share", "channel_fan_source", "channel_income"):
            await tx.execute(text(f"DELETE FROM {table}"))
        await tx.execute(text("UPDATE channel_reach SET fans = 7, buyers = 3"))
    assert await breaches(db)
    await recount(db)
    assert await _dump(db) == kept
    assert await breaches(db) == []


async def test_forgetting_the_difference_is_seen(
    db: Db, drain: Drain, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Positive control: sums that are not brought up to date let the audit cry."""

    async def nothing(*_: object) -> None:
        return None

    monkeypatch.setattr("tiefen.channels.service.sharing._add_income", nothing)
    await random_life(db, drain, 1, travel)
    assert any("C4." in one for one in await breaches(db))


async def test_four_models_side_by_side_through_an_orders_life(
    db: Db, drain: Drain, travel: Travel
) -> None:
    by = await boss(db)
    lin, ad = await code(db, by, "小林"), await code(db, by, "广告", kind=CodeKind.AD)
    at = travel.now
    await live(
        db, drain, Followed(APP, "o1", lin.scene, "t", at), Scanned(APP, "o1", ad.scene, at + timedelta(hours=1))
    )  # fmt: skip
    async with db.merchant("demo") as tx:
        fan_id = await fans.resolve(tx, APP, "o1")
    then = at + timedelta(hours=2)
    await live(
        db,
        drain,
        OrderPlaced(1, "T1", fan_id, 1001, then),
        OrderPaid(1, "T1", fan_id, 1001, 1, then),
        key="order:1",
    )
    assert await rows(db, Model.FIRST) == {str(lin.id): (1001, 0, 0)}
    assert await rows(db, Model.LAST) == {str(ad.id): (1001, 0, 0)}
    assert await rows(db, Model.LINEAR) == {str(lin.id): (501, 0, 0), str(ad.id): (500, 0, 0)}
    later = then + timedelta(days=3)
    await live(db, drain, OrderReceived(1, "T1", fan_id, 1001, later), key="order:1")
    await live(db, drain, OrderRefunded(1, "T1", fan_id, 501, False, later), key="order:1")
    assert await rows(db, Model.LINEAR) == {
        str(lin.id): (501, 501, 251),
        str(ad.id): (500, 500, 250),
    }
    async with db.merchant("demo") as tx:
        found = await queries.report(tx, Grouping.KIND, day_of(at), day_of(at))
        people = found["employee"].people
        assert (people["scans"], people["follows"], people["fans"]) == (1, 1, 1)
        assert (people["visited"], people["ordered"], people["buyers"]) == (1, 1, 1)
        assert (people["receivers"], people["keepers"]) == (1, 1)
        orders = await queries.shared_orders(
            tx, Model.LINEAR, Grouping.OWNER, str(by.id), day_of(at), day_of(then),
            after=None, limit=9,
        )  # fmt: skip
        assert {(one.order_no, one.paid_fen) for one in orders} == {("T1", 501), ("T1", 500)}
    assert await breaches(db) == []


async def test_a_visit_alone_brings_a_fan_one_step_further(
    db: Db, drain: Drain, travel: Travel
) -> None:
    lin = await code(db, await boss(db), "小林")
    await live(db, drain, Followed(APP, "o1", lin.scene, "t", travel.now))
    async with db.merchant("demo") as tx:
        fan_id = await fans.resolve(tx, APP, "o1")
    await live(db, drain, FanVisited(fan_id, travel.now - timedelta(days=1)), key="fan:1")
    async with db.merchant("demo") as tx:
        source = await queries.source_of(tx, fan_id)
        assert source
        assert not source.visited
    await live(db, drain, FanVisited(fan_id, travel.now), key="fan:1")
    await live(db, drain, Unfollowed(APP, "o1", travel.now + timedelta(hours=1)))
    async with db.merchant("demo") as tx:
        source = await queries.source_of(tx, fan_id)
        assert source
        assert (source.visited, source.ordered, source.gone) == (True, False, True)


async def test_a_code_that_changes_hands_leaves_what_it_brought_to_the_former_owner(
    db: Db, drain: Drain, travel: Travel
) -> None:
    by = await boss(db)
    mate = await clerk(db, by, "mate", "仓库")
    lin = await code(db, by, "小林")
    await live(db, drain, Followed(APP, "o1", lin.scene, "t", travel.now))
    async with db.merchant("demo") as tx:
        fan_id = await fans.resolve(tx, APP, "o1")
    await live(db, drain, OrderPaid(1, "T1", fan_id, 500, 1, travel.now), key="order:1")
    travel.move(timedelta(days=1))
    async with db.merchant("demo") as tx:
        await service.edit_code(tx, by, lin.id, {"owner_staff_id": mate.id})
    travel.move(timedelta(days=1))
    await live(db, drain, OrderPaid(2, "T2", fan_id, 700, 1, travel.now), key="order:2")
    await recount(db)
    async with db.merchant("demo") as tx:
        first = day_of(travel.now) - timedelta(days=5)
        found = await queries.report(tx, Grouping.OWNER, first, day_of(travel.now))
        assert found[str(by.id)].money[Model.FIRST]["paid_fen"] == 500
        assert found[str(mate.id)].money[Model.FIRST]["paid_fen"] == 700
        assert (found[str(by.id)].people["fans"], found[str(mate.id)].people["fans"]) == (1, 0)


async def test_the_first_day_that_covers_the_cost_is_the_payback(
    db: Db, drain: Drain, travel: Travel
) -> None:
    by = await boss(db)
    ad = await code(db, by, "广告", kind=CodeKind.AD, cost_fen=1000)
    began = day_of(travel.now)
    await live(db, drain, Followed(APP, "o1", ad.scene, "t", travel.now))
    async with db.merchant("demo") as tx:
        fan_id = await fans.resolve(tx, APP, "o1")
    for n, paid in enumerate((600, 300, 200), start=1):
        travel.move(timedelta(days=2))
        await live(db, drain, OrderPaid(n, f"T{n}", fan_id, paid, 1, travel.now), key=f"order:{n}")
    async with db.merchant("demo") as tx:
        days = began, day_of(travel.now)
        cost = (await queries.costs(tx, Grouping.CODE, Model.FIRST, *days))[str(ad.id)]
        assert (cost.period_fen, cost.total_fen, cost.fans, cost.buyers) == (1000, 1000, 1, 1)
        assert (cost.since, cost.paid_back_on) == days
        later = (await queries.costs(tx, Grouping.CODE, Model.FIRST, days[1], days[1]))[str(ad.id)]
        assert (later.period_fen, later.total_fen, later.fans) == (0, 1000, 0)
    await live(db, drain, OrderRefunded(1, "T1", fan_id, 600, True, travel.now), key="order:1")
    async with db.merchant("demo") as tx:
        cost = (await queries.costs(tx, Grouping.CODE, Model.FIRST, *days))[str(ad.id)]
        assert cost.paid_back_on is None


async def _dispute(
    db: Db, drain: Drain, travel: Travel
) -> tuple[StaffActor, StaffActor, int, int, int]:
    by = await boss(db)
    mate = await clerk(db, by, "mate", "仓库")
    theirs = await code(db, by, "海报", kind=CodeKind.POSTER)
    mine = await code(db, by, "小林", owner_staff_id=mate.id)
    await live(db, drain, Followed(APP, "o1", theirs.scene, "t", travel.now))
    async with db.merchant("demo") as tx:
        fan_id = await fans.resolve(tx, APP, "o1")
    await live(db, drain, OrderPaid(1, "T1", fan_id, 500, 1, travel.now), key="order:1")
    actor = StaffActor(mate.id, "小林", frozenset())
    return by, actor, fan_id, mine.id, theirs.id


async def test_a_granted_appeal_moves_reports_and_leaves_the_touch(
    db: Db, drain: Drain, travel: Travel
) -> None:
    by, actor, fan_id, mine, theirs = await _dispute(db, drain, travel)
    async with db.merchant("demo") as tx:
        appeal = await service.open_appeal(
            tx, actor, fan_id=fan_id, code_id=mine, reason="我带来的"
        )
    with pytest.raises(errors.AppealOpen):
        async with db.merchant("demo") as tx:
            await service.open_appeal(tx, actor, fan_id=fan_id, code_id=mine, reason="再说一次")
    with pytest.raises(errors.OwnAppeal):
        async with db.merchant("demo") as tx:
            await service.decide_appeal(tx, actor, appeal, grant=True, decision="我说了算")
    assert await rows(db) == {str(theirs): (500, 0, 0)}
    async with db.merchant("demo") as tx:
        await service.decide_appeal(tx, by, appeal, grant=True, decision="有聊天记录为证")
    with pytest.raises(errors.AppealDecided):
        async with db.merchant("demo") as tx:
            await service.decide_appeal(tx, by, appeal, grant=False, decision="反悔")
    assert await rows(db) == {str(mine): (500, 0, 0)}
    async with db.merchant("demo") as tx:
        source = await queries.source_of(tx, fan_id)
        assert source
        assert (source.code_id, source.ruled, source.owner_staff_id) == (mine, True, actor.id)
        first = await tx.get_one(Attribution, fan_id)
        assert first.first_code_id == theirs
    await live(db, drain, OrderPaid(2, "T2", fan_id, 300, 1, travel.now), key="order:2")
    assert await rows(db) == {str(mine): (800, 0, 0)}
    await recount(db)
    assert await rows(db) == {str(mine): (800, 0, 0)}
    assert await breaches(db) == []


async def test_an_appeal_needs_ones_own_code_a_source_and_time(
    db: Db, drain: Drain, travel: Travel
) -> None:
    by, actor, fan_id, mine, theirs = await _dispute(db, drain, travel)
    async with db.merchant("demo") as tx:
        stranger = await fans.resolve(tx, MINI, "m9")
    for wanted, code_id, field in (
        (fan_id, theirs, "code_id"),
        (stranger, mine, "fan_id"),
        (999, mine, "fan_id"),
    ):
        with pytest.raises(errors.AppealRefused) as caught:
            async with db.merchant("demo") as tx:
                await service.open_appeal(
                    tx, actor, fan_id=wanted, code_id=code_id, reason="我带来的"
                )
        assert caught.value.field == field
    with pytest.raises(errors.AppealRefused):
        async with db.merchant("demo") as tx:
            await service.open_appeal(tx, by, fan_id=fan_id, code_id=theirs, reason="已经是了")
    travel.move(timedelta(days=91))
    with pytest.raises(errors.AppealRefused):
        async with db.merchant("demo") as tx:
            await service.open_appeal(tx, actor, fan_id=fan_id, code_id=mine, reason="太晚了")


async def test_published_weights_share_every_order_anew(
    db: Db, drain: Drain, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiefen.channels.service.sharing.AT_ONCE", 2)
    by = await boss(db)
    lin, ad = await code(db, by, "小林"), await code(db, by, "广告", kind=CodeKind.AD)
    at = travel.now
    await live(
        db,
        drain,
        Followed(APP, "o1", lin.scene, "t", at),
        Scanned(APP, "o1", ad.scene, at + timedelta(hours=1)),
    )
    async with db.merchant("demo") as tx:
        fan_id = await fans.resolve(tx, APP, "o1")
    then = at + timedelta(hours=2)
    for n in range(1, 6):
        await live(db, drain, OrderPaid(n, f"T{n}", fan_id, 100, 1, then), key=f"order:{n}")
    assert await rows(db, Model.RULE) == {str(lin.id): (250, 0, 0), str(ad.id): (250, 0, 0)}
    wanted = Weights(first=90, middle=0, last=10)
    async with db.merchant("demo") as tx:
        assert await service.publish_weights(tx, by, wanted, note="", based_on=0) == 1
    with pytest.raises(errors.WeightsMoved):
        async with db.merchant("demo") as tx:
            await service.publish_weights(tx, by, wanted, note="", based_on=0)
    await drain()
    assert await rows(db, Model.RULE) == {str(lin.id): (450, 0, 0), str(ad.id): (50, 0, 0)}
    async with db.merchant("demo") as tx:
        (row,) = await queries.weight_sets(tx)
        assert (row.looked_at, row.orders) == (5, 5)
        assert row.applied_at is not None
    assert await breaches(db) == []
