"""The language of segments: what is refused and where, SQL against judging one by one, members kept."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from tests.conftest import Drain, StaffClient
from tests.fans.factories import APP, follower, say
from tests.members.factories import ladder
from tiefen.fans import queries, rules, service
from tiefen.fans.errors import RuleWrong
from tiefen.fans.models import Fan
from tiefen.fans.queries import segments as compiled
from tiefen.fans.values import AttributeKind, Happening, Question, Stage
from tiefen.kernel import audit
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.clock import Travel
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Db, Tx
from tiefen.members.service import lock_level
from tiefen.orders.events import OrderPaid

BOSS = StaffActor(1, "林老板", frozenset())
NOW = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)
TODAY = date(2026, 4, 1)
PEOPLE, TAGS, GOODS, DAYS = 40, 4, (7, 8, 9), 120
WORDS = ("发货", "退款")
POINTS = (
    ("外滩店", 31_240_000, 121_490_000),
    ("日界线", 0, 179_990_000),
    ("北极", 90_000_000, 0),
)
QUESTIONS = [
    Question(1, "height", "身高", AttributeKind.NUMBER),
    Question(2, "skin", "肤质", AttributeKind.CHOICE, ("干性", "油性", "混合")),
    Question(3, "likes", "喜好", AttributeKind.CHOICES, ("茶", "酒", "糖")),
    Question(4, "born", "生日", AttributeKind.DATE),
    Question(5, "vip", "会员", AttributeKind.YES_NO),
    Question(6, "town", "小区", AttributeKind.TEXT),
]

# ── random rules ─────────────────────────────────────────────────────────────────────────────

_DAYS = st.dates(date(2025, 12, 1), TODAY).map(date.isoformat)
_MOVING = st.tuples(st.sampled_from(["within", "before"]), st.integers(1, 150))


def _clause(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op} | ({} if value is None else {"value": value})


def _lists(field: str, values: list[Any], *ops: str) -> st.SearchStrategy[dict[str, Any]]:
    some = st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)
    return st.builds(_clause, st.just(field), st.sampled_from(ops), some)


def _numbers(field: str, top: int) -> st.SearchStrategy[dict[str, Any]]:
    number = st.integers(0, top)
    compare = st.builds(
        _clause, st.just(field), st.sampled_from(["eq", "ne", "ge", "le", "gt", "lt"]), number
    )
    pair = st.tuples(number, number).map(sorted)
    return compare | st.builds(_clause, st.just(field), st.just("between"), pair)


def _moments(field: str, *more: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Any]:
    known = st.sampled_from(["set", "unset"]).map(lambda op: _clause(field, op))
    moving = _MOVING.map(lambda pair: _clause(field, *pair))
    between = st.tuples(_DAYS, _DAYS).map(lambda pair: _clause(field, "between", sorted(pair)))
    return st.one_of(known, moving, between, *more)


LEAVES = st.one_of(
    _numbers("orders", 4),
    _numbers("interactions", 12),
    _numbers("paid_fen", 40_000),
    _numbers("attribute:height", 200),
    _moments("last_seen_at"),
    _moments("last_paid_at"),
    _moments(
        "attribute:born",
        st.integers(0, 60).map(lambda days: _clause("attribute:born", "coming", days)),
    ),
    _lists("stage", list(Stage), "in", "not_in"),
    _lists("source_code_id", [1, 2, 3], "in", "not_in"),
    _lists("source_kind", ["employee", "bottle"], "in", "not_in"),
    _lists("source_owner_id", [5, 6], "in", "not_in"),
    _lists("owner_staff_id", [5, 6], "in", "not_in"),
    _lists("level_id", [0, 1, 2], "in", "not_in"),
    st.builds(
        lambda point, km: _clause("distance", "near", {"point": point, "km": km}),
        st.integers(1, 3),
        st.sampled_from([0.5, 5, 50, "999.5"]),
    ),
    st.sampled_from(["set", "unset"]).map(lambda op: _clause("distance", op)),
    _lists("region_code", ["31", "3101", "310104", "11"], "in", "not_in"),
    _lists("tag", list(range(1, TAGS + 1)), "in", "not_in", "all_of"),
    _lists("attribute:skin", ["干性", "油性", "混合"], "in", "not_in", "all_of"),
    _lists("attribute:likes", ["茶", "酒", "糖"], "in", "not_in", "all_of"),
    st.booleans().map(lambda yes: _clause("following", "is", yes)),
    st.booleans().map(lambda yes: _clause("attribute:vip", "is", yes)),
    st.sampled_from(["园", "B", "%", "_"]).map(
        lambda word: _clause("attribute:town", "contains", word)
    ),
    st.sampled_from(["source_code_id", "region_code", "attribute:skin", "attribute:town"]).flatmap(
        lambda field: st.sampled_from(["set", "unset"]).map(lambda op: _clause(field, op))
    ),
    st.builds(
        lambda did, op, times, days: (
            {"did": did[0], "op": op, "times": max(times, op == "at_least")}
            | ({"of": did[1]} if did[1] else {})
            | ({"days": days} if days else {})
        ),
        st.sampled_from(
            [
                ("bought", []),
                ("bought", ["7"]),
                ("bought", ["7", "8"]),
                ("refunded", ["8"]),
                ("asked", ["发货"]),
                ("wrote", []),
                ("visited", ["9"]),
                ("visited", ["never"]),
            ]
        ),
        st.sampled_from(["at_least", "at_most", "exactly"]),
        st.integers(0, 3),
        st.sampled_from([None, 1, 30, 90]),
    ),
)
RULES = st.recursive(
    LEAVES,
    lambda below: st.one_of(
        st.lists(below, min_size=1, max_size=4).map(lambda nodes: {"all": nodes}),
        st.lists(below, min_size=1, max_size=4).map(lambda nodes: {"any": nodes}),
        below.map(lambda node: {"not": node}),
    ),
    max_leaves=8,
)


# ── a world to judge ─────────────────────────────────────────────────────────────────────────


async def populate(db: Db) -> None:
    """Some people with chance histories, through the room's own verbs."""
    chance = random.Random(7)
    async with db.merchant("demo") as tx:
        for question in QUESTIONS:
            await service.define_attribute(tx, BOSS, question, hint="", in_form=False)
        for number in range(TAGS):
            await service.make_tag(tx, BOSS, f"标签{number + 1}")
        for code in (1, 2, 3):
            kind, owner = ("employee", 5) if code == 1 else ("bottle", None if code == 2 else 6)
            await service.name_source(tx, code, name=f"码{code}", kind=kind, owner_staff_id=owner)
        await service.read_rule(tx, {"did": "asked", "of": ["发货"]})
        await service.set_places(tx, BOSS, kept=True, days=365)
        for name, latitude, longitude in POINTS:
            await service.add_point(
                tx, BOSS, name=name, latitude_micro=latitude, longitude_micro=longitude
            )
    for number in range(PEOPLE):
        async with db.merchant("demo") as tx:
            await _live(tx, number, chance)
    await ladder(db, ("银卡", 500, 0), ("金卡", 5_000, 0))
    async with db.merchant("demo") as tx:
        until = day_of(tx.now) + timedelta(days=30)
        for fan_id in (await tx.scalars(select(Fan.id).where(Fan.id % 2 == 0))).all():
            await lock_level(tx, BOSS, fan_id, fan_id // 2 % 3, until, "贵客")


async def _live(tx: Tx, number: int, chance: random.Random) -> None:
    def day() -> datetime:
        return NOW - timedelta(days=chance.randrange(DAYS), hours=chance.randrange(24))

    fan_id = await service.resolve(tx, APP, f"o{number}", at=NOW - timedelta(days=DAYS))
    if chance.random() < 0.6:
        await service.follow(tx, app_id=APP, openid=f"o{number}", scene=None, at=day())
    if chance.random() < 0.6:
        await service.set_source(tx, fan_id, chance.randrange(1, 4), at=NOW)
    if chance.random() < 0.5:
        await service.set_region(tx, fan_id, chance.choice(["310104", "310115", "110101"]))
    for turn in range(chance.randrange(6)):
        kind = chance.choice([Happening.ORDER_PAID, Happening.MESSAGE_IN, Happening.VISITED])
        data: dict[str, Any] = {"text": chance.choice(WORDS) + "吗"}
        if kind is Happening.ORDER_PAID:
            products = chance.sample(GOODS, chance.randrange(1, 3))
            data = {"products": [[one, "货"] for one in products], "order_no": f"T{turn}"}
        if kind is Happening.VISITED:
            data = {"product_id": chance.choice(GOODS)}
        amount = chance.randrange(100, 20_000) if kind is Happening.ORDER_PAID else 0
        await service.record(tx, fan_id, kind, f"x:{turn}", at=day(), amount_fen=amount, data=data)
    for tag_id in range(1, TAGS + 1):
        if chance.random() < 0.3:
            await service.tag_by_hand(tx, BOSS, fan_id, tag_id, wears=True)
    await _be_somewhere(tx, fan_id, number, chance, day())
    answers: dict[str, Any] = {
        "height": chance.randrange(150, 190),
        "skin": chance.choice(QUESTIONS[1].options),
        "likes": chance.sample(QUESTIONS[2].options, chance.randrange(1, 3)),
        "born": str(date(1990, 1, 1) + timedelta(days=chance.randrange(9000))),
        "vip": chance.random() < 0.5,
        "town": chance.choice(["花园", "b座", "100%"]),
    }
    given = {key: value for key, value in answers.items() if chance.random() < 0.6}
    await service.set_answers(tx, fan_id, given, by=BOSS)


async def _be_somewhere(
    tx: Tx, fan_id: int, number: int, chance: random.Random, at: datetime
) -> None:
    """Nowhere known, or near one of the points, perhaps on the other side of the antimeridian."""
    if chance.random() < 0.4:
        return
    await service.agree_place(tx, fan_id, agreed=True)
    _, latitude, longitude = chance.choice(POINTS)
    turned = longitude // 1000 + chance.randint(-60, 60) + 180_000
    await service.keep_place(
        tx,
        app_id=APP,
        openid=f"o{number}",
        latitude_milli=min(90_000, latitude // 1000 + chance.randint(-60, 60)),
        longitude_milli=turned % 360_000 - 180_000,
        at=at,
    )


async def both_ways(tx: Tx, raw: dict[str, Any]) -> tuple[set[int], set[int]]:
    """Whom SQL finds, and whom judging each fan by themselves finds."""
    rule = await service.read_rule(tx, raw)
    found = set(await tx.scalars(await queries.fans_of(tx, rule)))
    judged = set()
    for fan in await tx.scalars(select(Fan).where(Fan.merged_into.is_(None))):
        if rules.holds(rule, await queries.picture(tx, fan), day_of(tx.now)):
            judged.add(fan.id)
    return found, judged


async def _disagreement(db: Db, raw: dict[str, Any]) -> set[int]:
    async with db.merchant("demo") as tx:
        found, judged = await both_ways(tx, raw)
    return found ^ judged


@pytest.fixture
async def world(db: Db, travel: Travel) -> Db:
    """People with chance histories on a fixed day."""
    travel.now = NOW
    await populate(db)
    return db


async def test_sql_finds_exactly_whom_judging_one_by_one_finds(
    world: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[dict[str, Any]] = []

    @settings(max_examples=250, deadline=None, database=None)
    @given(RULES)
    def draw(raw: dict[str, Any]) -> None:
        drawn.append(raw)

    draw()
    told_apart, refused = 0, ["rule"]
    async with world.merchant("demo") as tx:
        people = (await tx.scalars(select(Fan).where(Fan.merged_into.is_(None)))).all()
        pictures = {fan.id: await queries.picture(tx, fan) for fan in people}
        asked = queries.questions(await queries.attributes(tx))
        for raw in drawn:
            try:
                rule = rules.read_rule(raw, asked)
            except RuleWrong as wrong:  # nested deeper, or more deeds, than a rule may have
                refused.append(wrong.field or "")
                continue
            found = set(await tx.scalars(await queries.fans_of(tx, rule)))
            assert found == {
                fan_id for fan_id, one in pictures.items() if rules.holds(rule, one, TODAY)
            }, raw
            told_apart += 0 < len(found) < PEOPLE
    assert all(path.startswith("rule") for path in refused)
    assert told_apart > 40, "the rules must tell people apart"
    # The planted bug: a compiler that forgets the window is seen.
    raw = {"did": "bought", "op": "at_least", "days": 30}
    assert await _disagreement(world, raw) == set()
    monkeypatch.setattr(compiled, "window_first", lambda _days, _today: date.min)
    assert await _disagreement(world, raw) != set()


async def test_facts_equal_a_fold_of_the_timeline_after_joins_too(world: Db) -> None:
    async with world.merchant("demo") as tx:
        await service.merge(tx, 3, 9, reason="test")
        await service.merge(tx, 4, 3, reason="test")
    assert await audit.run(world) == []
    async with world.merchant("demo") as tx:
        await tx.execute(text("UPDATE fan_fact SET times = times + 1 WHERE fan_id = 5"))
    assert {one.invariant for one in await audit.run(world)} == {"F4.facts"}
    async with world.merchant("demo") as tx:
        await service.refold(tx, [5])
    assert await audit.run(world) == []


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("1; DROP TABLE fan", "rule"),
        ({}, "rule"),
        ({"all": []}, "rule.all"),
        ({"all": [{"field": "orders", "op": "ge", "value": 1}, {"field": "orders", "op": "ge", "value": "1 OR 1=1"}]}, "rule.all.1.value"),
        ({"field": "password", "op": "eq", "value": 1}, "rule.field"),
        ({"field": "grams", "op": "in", "value": ["x"]}, "rule.field"),
        ({"field": "orders", "op": "within", "value": 3}, "rule.op"),
        ({"field": "orders", "op": "between", "value": [5, 1]}, "rule.value"),
        ({"field": "stage", "op": "in", "value": ["core", "god"]}, "rule.value.1"),
        ({"field": "tag", "op": "in", "value": [99]}, "rule.value.0"),
        ({"field": "segment", "op": "in", "value": [99]}, "rule.value.0"),
        ({"field": "attribute:nobody", "op": "set"}, "rule.field"),
        ({"field": "last_seen_at", "op": "within", "value": 99_999}, "rule.value"),
        ({"did": "flown"}, "rule.did"),
        ({"did": "bought", "times": 0}, "rule.times"),
        ({"did": "bought", "of": [7]}, "rule.of"),
        ({"did": "bought", "days": 0}, "rule.days"),
        ({"field": "orders", "op": "ge", "value": 1, "sql": "x"}, "rule.sql"),
        ({"not": {"not": {"not": {"not": {"not": {"not": {"did": "bought"}}}}}}}, "rule.not.not.not.not.not.not"),
        ({"any": [{"did": "bought"}] * 13}, "rule.any.12"),
        ({"any": [{"field": "orders", "op": "ge", "value": 1}] * 61}, "rule.any"),
    ],
)  # fmt: skip
async def test_a_wrong_rule_is_refused_with_the_path_of_the_node(
    staff_client: StaffClient, raw: Any, path: str
) -> None:
    staff = await staff_client(["fans.read"])
    answer = await staff.post("/api/console/segments/count", json={"rule": raw})
    assert answer.status_code == 422, answer.text
    if isinstance(raw, dict):
        assert answer.json()["error"]["field"] == path, answer.text


RIGHTS = ["fans.read", "fans.write", "settings.write"]
PATH = "/api/console/segments"
BUYERS = {"all": [{"did": "bought", "days": 90}, {"field": "tag", "op": "not_in", "value": [1]}]}


async def _pay(db: Db, fan_id: int, number: int, at: datetime, product: int = 7) -> None:
    paid = OrderPaid(number, f"T{number}", fan_id, 500, 1, at, ((product, "龙井"),), "310104")
    await say(db, paid, aggregate=f"order:{number}")


async def test_a_segment_is_counted_saved_filled_and_followed_by_what_fans_do(
    db: Db, staff_client: StaffClient, drain: Drain, travel: Travel
) -> None:
    travel.now = NOW
    staff = await staff_client(RIGHTS)
    one, two = await follower(db, "o1"), await follower(db, "o2")
    await staff.post("/api/console/tags", json={"name": "员工"})
    await _pay(db, one, 1, NOW)
    await drain()
    counted = (await staff.post(f"{PATH}/count", json={"rule": BUYERS})).json()
    assert (counted["fans"], counted["everyone"]) == (1, 2)
    assert [row["id"] for row in counted["sample"]] == [one]
    made = (await staff.post(PATH, json={"name": "近期买家", "rule": BUYERS})).json()
    assert made["state"] == "filling"
    await drain()
    members = f"{PATH}/{made['id']}/members"
    assert [row["id"] for row in (await staff.get(members)).json()["items"]] == [one]
    await _pay(db, two, 2, NOW)
    await drain()
    assert [row["id"] for row in (await staff.get(members)).json()["items"]] == [two, one]
    await staff.post(f"/api/console/fans/{one}/tags", json={"tag_id": 1, "wears": True})
    await drain()
    assert [row["id"] for row in (await staff.get(members)).json()["items"]] == [two]
    why = (await staff.get(f"{PATH}/{made['id']}/why/{one}")).json()
    assert (why["inside"], why["node"]["holds"]) == (False, False)
    assert [(n["path"], n["holds"], n["have"]) for n in why["node"]["nodes"]] == [
        ("rule.all.0", True, 1),
        ("rule.all.1", False, [1]),
    ]
    travel.move(timedelta(days=91))  # the window moves past their only orders
    async with db.merchant("demo") as tx:
        await service.refresh_moved(tx)
    await drain()
    staff = await staff_client(RIGHTS)
    assert (await staff.get(f"{PATH}/{made['id']}")).json()["members"] == 0
    async with db.platform() as tx:
        told = await tx.execute(
            text(
                "SELECT name, payload ->> 'fan_id' FROM platform.event"
                " WHERE name LIKE 'fans.segment_%' ORDER BY id"
            )
        )
    assert [tuple(row) for row in told] == [
        ("fans.segment_refreshed", None),
        ("fans.segment_entered", str(two)),
        ("fans.segment_left", str(one)),
        ("fans.segment_left", str(two)),
        ("fans.segment_refreshed", None),
    ]
    assert await audit.run(db) == []


async def test_segments_are_made_of_others_but_never_of_themselves(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    staff = await staff_client(RIGHTS)
    one, two = await follower(db, "o1"), await follower(db, "o2")
    hand = (await staff.post(PATH, json={"name": "名单", "fan_ids": [one, 999]})).json()
    assert (hand["kind"], hand["members"], hand["state"]) == ("fixed", 1, "ready")
    rule = {"not": {"field": "segment", "op": "in", "value": [hand["id"]]}}
    rest = (await staff.post(PATH, json={"name": "其余", "rule": rule})).json()
    await drain()
    assert (await staff.get(f"{PATH}/{rest['id']}")).json()["members"] == 1
    changed = await staff.put(
        f"{PATH}/{hand['id']}/members", json={"fan_ids": [two], "there": True}
    )
    assert changed.json() == {"changed": 1}
    await drain()
    assert (await staff.get(f"{PATH}/{rest['id']}")).json()["members"] == 0
    itself = {"field": "segment", "op": "in", "value": [rest["id"]]}
    refused = await staff.patch(f"{PATH}/{rest['id']}", json={"rule": itself})
    assert refused.json()["error"]["code"] == "fans.segment_circle"
    by_hand = await staff.put(f"{PATH}/{rest['id']}/members", json={"fan_ids": [1], "there": True})
    assert by_hand.json()["error"]["code"] == "fans.segment_not_by_hand"
    used = await staff.patch(f"{PATH}/{hand['id']}", json={"archived": True})
    assert used.json()["error"]["code"] == "fans.segment_in_use"
    assert await audit.run(db) == []


async def test_the_list_is_narrowed_by_any_rule_and_an_export_holds_no_formula(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    staff, one = await staff_client(RIGHTS), await follower(db, "o1")
    await follower(db, "o2")
    async with db.merchant("demo") as tx:
        await service.edit_profile(tx, one, {"nickname": "=HYPERLINK(1)"})
    rule = '{"field": "friends", "op": "eq", "value": 0}'
    listed = (await staff.get("/api/console/fans", params={"rule": rule, "limit": 1})).json()
    assert len(listed["items"]) == 1
    assert listed["next"]
    bad = await staff.get("/api/console/fans", params={"rule": "{no json"})
    assert bad.status_code == 422
    made = (await staff.post(PATH, json={"name": "名单", "fan_ids": [one]})).json()
    taken = await staff.post(f"{PATH}/{made['id']}/export")
    assert taken.text.startswith("\ufeff编号,")
    assert f"{one},'=HYPERLINK(1),关注者,是," in taken.text
    async with db.merchant("demo") as tx:
        noted = await tx.scalars(text("SELECT action FROM audit_entry"))
        assert "fans.segment_exported" in set(noted)
    weak = await staff_client(["fans.read"])
    assert (await weak.post(f"{PATH}/{made['id']}/export")).status_code == 403


async def test_twelve_hands_at_once_leave_one_count(db: Db, drain: Drain) -> None:
    fan_id = await follower(db, "o1")
    async with db.merchant("demo") as tx:
        rule = {"field": "interactions", "op": "ge", "value": 3}
        await service.save_segment(tx, BOSS, name="常客", raw=rule)
    await drain()
    for n in range(12):
        async with db.merchant("demo") as tx:
            await service.record(tx, fan_id, Happening.MENU, f"m:{n}", at=NOW, data={"key": "k"})
    await drain()
    assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        (segment,) = await queries.saved_segments(tx)
        assert segment.members == 1
