"""Distance: the box holds the circle, SQL measures as the judge does, and a place is kept by consent alone."""

import random
from datetime import timedelta
from math import asin, atan2, cos, degrees, radians, sin
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Integer, column, func, select, text, values

from tests.conftest import Drain, FanClient, StaffClient
from tests.fans.factories import APP, AT, MINI, follower, say, statements
from tiefen.fans import queries, rules, service
from tiefen.fans.errors import RuleWrong
from tiefen.fans.models import Place
from tiefen.fans.queries import segments as compiled
from tiefen.fans.rules import places as measured
from tiefen.fans.values import COOLING, Box, Spot
from tiefen.kernel import audit
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db, Tx
from tiefen.wechat.events import Located

BOSS = StaffActor(1, "林老板", frozenset())
BUND, STORE = "31240,121490", {"name": "外滩店", "latitude": 31.24, "longitude": 121.49}
FAR = "39904,116407"

SPOTS = st.builds(Spot, st.floats(-90, 90), st.floats(-180, 180))
RADII = st.floats(measured.NEAREST_METRES, measured.FARTHEST_METRES)


def _there(middle: Spot, metres: float, bearing: float) -> Spot:
    """Where one is after so many metres straight on, to the thousandth of a degree, as phones are kept."""
    far, up, way = metres / rules.EARTH_METRES, radians(middle.latitude), radians(bearing)
    high = asin(max(-1.0, min(1.0, sin(up) * cos(far) + cos(up) * sin(far) * cos(way))))
    wide = atan2(sin(way) * sin(far) * cos(up), cos(far) - sin(up) * sin(high))
    longitude = (middle.longitude + degrees(wide) + 540) % 360 - 180
    return Spot(round(degrees(high), 3), round(longitude, 3))


def _holds(found: Box, spot: Spot) -> bool:
    latitude, longitude = round(spot.latitude * 1000), round(spot.longitude * 1000)
    return found.south <= latitude <= found.north and any(
        west <= longitude <= east for west, east in found.spans
    )


def _inside(middle: Spot, radius: float, part: float, bearing: float) -> bool:
    """Whether the box holds somebody who is inside the circle."""
    spot = _there(middle, radius * part, bearing)
    return rules.metres(middle, spot) > radius or _holds(rules.box(middle, radius), spot)


@given(SPOTS, RADII, st.floats(0, 1), st.floats(0, 360))
@example(Spot(0.0, 179.999), 5_000.0, 1.0, 90.0)
@example(Spot(0.0, -180.0), 5_000.0, 1.0, 270.0)
@example(Spot(89.99, 0.0), 50_000.0, 1.0, 0.0)
@example(Spot(-90.0, 0.0), 1_000.0, 0.5, 77.0)
@example(Spot(70.0, 179.9), 900_000.0, 1.0, 75.0)
def test_the_box_holds_the_whole_circle(
    middle: Spot, radius: float, part: float, bearing: float
) -> None:
    assert _inside(middle, radius, part, bearing)


def test_a_box_that_forgets_the_antimeridian_or_the_cosine_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _inside(Spot(0.0, 179.999), 5_000, 0.9, 90)
    assert _inside(Spot(60.0, 20.0), 50_000, 0.9, 90)
    narrow = rules.box
    monkeypatch.setattr(
        rules, "box", lambda spot, far: Box(-90_000, 90_000, narrow(spot, far).spans[:1])
    )
    assert not _inside(Spot(0.0, 179.999), 5_000, 0.9, 90)
    monkeypatch.setattr(measured, "cos", lambda _angle: 1.0)
    monkeypatch.setattr(rules, "box", narrow)
    assert not _holds(narrow(Spot(60.0, 20.0), 50_000), _there(Spot(60.0, 20.0), 45_000, 90))


@given(SPOTS, SPOTS)
def test_a_distance_is_the_same_both_ways_and_never_longer_than_half_the_earth(
    one: Spot, other: Spot
) -> None:
    there = rules.metres(one, other)
    assert there == pytest.approx(rules.metres(other, one), abs=1e-3)
    assert 0 <= there <= rules.EARTH_METRES * 3.1416
    assert there <= rules.ring(there) * 1000


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        (Spot(31.2304, 121.4737), Spot(39.9042, 116.4074), 1067.3),  # 上海, 北京
        (Spot(0.0, 179.5), Spot(0.0, -179.5), 111.2),
        (Spot(90.0, 0.0), Spot(90.0, 137.0), 0.0),
        (Spot(90.0, 0.0), Spot(-90.0, 0.0), 20015.1),
    ],
)
def test_known_distances(one: Spot, other: Spot, km: float) -> None:
    assert rules.metres(one, other) / 1000 == pytest.approx(km, abs=0.1)


async def test_sql_measures_what_the_judge_measures_everywhere(tx: Tx) -> None:
    chance = random.Random(11)
    edges = [(lat, lng) for lat in (-90_000, 0, 90_000) for lng in (-180_000, 0, 179_999, 180_000)]
    milli = edges + [
        (chance.randint(-90_000, 90_000), chance.randint(-180_000, 180_000)) for _ in range(800)
    ]
    asked = [Spot(lat / 1000, lng / 1000) for lat, lng in edges] + [
        Spot(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(12)
    ]
    rows = values(column("n", Integer), column("lat", Integer), column("lng", Integer), name="v")
    rows = rows.data([(n, lat, lng) for n, (lat, lng) in enumerate(milli)])
    for point in asked:
        away = queries.away(rows.c.lat, rows.c.lng, point)
        found = await tx.execute(select(away).select_from(rows).order_by(rows.c.n))
        for (lat, lng), (metres,) in zip(milli, found, strict=True):
            own = rules.metres(Spot(lat / 1000, lng / 1000), point)
            assert metres == pytest.approx(own, abs=1e-6), (lat, lng, point)


# ── through the doors ────────────────────────────────────────────────────────────────────────

RIGHTS = ["fans.read", "fans.write", "fans.reveal", "settings.write"]
PLACES = "/api/console/places"
SEGMENTS = "/api/console/segments"


async def _at(db: Db, drain: Drain, place: str, openid: str = "o1", after: int = 0) -> None:
    """A phone says where it is."""
    await say(db, Located(APP, openid, place, AT + timedelta(minutes=after)))
    await drain()


async def _kept(db: Db) -> list[tuple[int, int | None]]:
    async with db.merchant("demo") as tx:
        rows = await tx.execute(select(Place.fan_id, Place.latitude_milli).order_by(Place.fan_id))
        return [(row[0], row[1]) for row in rows]


def _near(point_id: Any, km: Any = 3) -> dict[str, Any]:
    return {"field": "distance", "op": "near", "value": {"point": point_id, "km": km}}


async def test_a_place_is_kept_once_both_sides_want_it_and_moves_the_fan_in_and_out(
    db: Db, staff_client: StaffClient, fan_client: FanClient, drain: Drain, travel: Travel
) -> None:
    travel.now = AT
    staff, fan_id = await staff_client(RIGHTS), await follower(db, "o1")
    fan = await fan_client(fan_id)
    await _at(db, drain, BUND)
    refused = await fan.put("/api/shop/me/place", json={"agreed": True})
    assert refused.json()["error"]["code"] == "fans.places_off"
    assert await _kept(db) == []
    setting = {"kept": True, "days": 30}
    assert (await staff.put(PLACES, json=setting)).json()["kept"] is True
    await _at(db, drain, BUND)
    assert await _kept(db) == [], "the fan has not agreed"
    point = (await staff.post(f"{PLACES}/points", json=STORE)).json()
    near = (await staff.post(SEGMENTS, json={"name": "附近", "rule": _near(point["id"])})).json()
    unknown = {"field": "distance", "op": "unset"}
    nowhere = (await staff.post(SEGMENTS, json={"name": "不详", "rule": unknown})).json()
    await drain()

    async def members(of: dict[str, Any]) -> int:
        found: int = (await staff.get(f"{SEGMENTS}/{of['id']}")).json()["members"]
        return found

    assert (await members(near), await members(nowhere)) == (0, 1)
    assert (await fan.put("/api/shop/me/place", json={"agreed": True})).status_code == 200
    assert await _kept(db) == [(fan_id, None)]
    await _at(db, drain, BUND)
    assert await _kept(db) == [(fan_id, 31240)]
    assert (await members(near), await members(nowhere)) == (1, 0)
    mine = (await fan.get("/api/shop/me/privacy")).json()
    assert (mine["place"]["offered"], mine["place"]["agreed"]) == (True, True)
    assert "fan_place" in {one["table"] for one in mine["kept"]}
    await _at(db, drain, FAR, after=-5)
    assert await members(near) == 1, "what came late is older"
    await _at(db, drain, FAR, after=5)
    assert await members(near) == 0
    await _at(db, drain, BUND, after=9)
    assert await members(near) == 1
    assert (await fan.put("/api/shop/me/place", json={"agreed": False})).status_code == 200
    await drain()
    assert await _kept(db) == []
    assert (await members(near), await members(nowhere)) == (0, 1)
    assert await audit.run(db) == []


async def test_what_staff_see_is_a_ring_and_more_for_a_reason(
    db: Db, staff_client: StaffClient, drain: Drain, travel: Travel
) -> None:
    travel.now = AT
    staff, fan_id = await staff_client(RIGHTS), await follower(db, "o1")
    await staff.put(PLACES, json={"kept": True, "days": 30})
    await staff.post(f"{PLACES}/points", json=STORE)
    other = {"name": "徐汇店", "latitude": 31.1883, "longitude": 121.4365}
    second = (await staff.post(f"{PLACES}/points", json=other)).json()
    path = f"/api/console/fans/{fan_id}/place"
    assert (await staff.get(path)).json() == {
        "kept": True,
        "agreed_at": None,
        "at": None,
        "nearest": None,
    }
    reason = {"reason": "顾客来电问最近的店"}
    assert (await staff.post(f"{path}/reveal", json=reason)).status_code == 404
    async with db.merchant("demo") as tx:
        await service.agree_place(tx, fan_id, agreed=True)
    await _at(db, drain, BUND)
    seen = await staff.get(path)
    assert seen.json()["nearest"] == {"point_id": 1, "name": "外滩店", "km": 1}
    assert "31.2" not in seen.text
    told = (await staff.post(f"{path}/reveal", json=reason)).json()
    assert [(one["name"], one["metres"]) for one in told] == [("外滩店", 0), ("徐汇店", 7700)]
    assert (await staff.post(f"{path}/reveal", json={"reason": "看"})).status_code == 422
    weak = await staff_client(["fans.read"])
    assert (await weak.post(f"{path}/reveal", json=reason)).status_code == 403
    made = {"name": "附近", "rule": _near(second["id"], "7.5")}
    segment = (await staff.post(SEGMENTS, json=made)).json()
    why = (await staff.get(f"{SEGMENTS}/{segment['id']}/why/{fan_id}")).json()
    assert (why["node"]["holds"], why["node"]["have"]) == (False, 10)
    assert (await staff.post(f"{path}/forget", json=reason)).status_code == 200
    assert (await staff.post(f"{path}/forget", json=reason)).status_code == 404
    assert await _kept(db) == []
    async with db.merchant("demo") as tx:
        noted = (await tx.scalars(text("SELECT action FROM audit_entry ORDER BY seq"))).all()
    assert [one for one in noted if one.startswith("fans.")] == [
        "fans.places_set",
        "fans.point_added",
        "fans.point_added",
        "fans.revealed",
        "fans.segment_saved",
        "fans.place_forgotten",
    ]


async def test_old_places_are_forgotten_and_all_of_them_when_it_is_switched_off(
    db: Db, staff_client: StaffClient, drain: Drain, travel: Travel
) -> None:
    travel.now = AT
    staff, one, two = await staff_client(RIGHTS), await follower(db, "o1"), await follower(db, "o2")
    await staff.put(PLACES, json={"kept": True, "days": 30})
    async with db.merchant("demo") as tx:
        for fan_id in (one, two):
            await service.agree_place(tx, fan_id, agreed=True)
    known = {"name": "有位置", "rule": {"field": "distance", "op": "set"}}
    segment = (await staff.post(SEGMENTS, json=known)).json()
    await _at(db, drain, BUND, "o1")
    await _at(db, drain, BUND, "o2", after=60 * 24 * 3)
    travel.move(timedelta(days=31))
    async with db.merchant("demo") as tx:
        assert await service.forget_places(tx) == 1
    await drain()
    assert await _kept(db) == [(one, None), (two, 31240)]
    staff = await staff_client(RIGHTS)
    assert (await staff.get(f"{SEGMENTS}/{segment['id']}")).json()["members"] == 1
    await _at(db, drain, BUND, "o1")
    assert (await _kept(db))[0] == (one, None), "it was old when it came"
    off = (await staff.put(PLACES, json={"kept": False, "days": 30})).json()
    assert (off["kept"], off["agreed"], off["placed"]) == (False, 2, 0)
    await drain()
    assert (await staff.get(f"{SEGMENTS}/{segment['id']}")).json()["members"] == 0
    assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        await tx.execute(
            text("UPDATE fan_place SET latitude_milli = 1, longitude_milli = 1, at = now()")
        )
    assert {found.invariant for found in await audit.run(db)} == {"F13.places"}


async def test_a_place_stays_with_its_record_through_a_join_and_its_undoing(
    db: Db, drain: Drain, travel: Travel
) -> None:
    travel.now = AT
    one, two = await follower(db, "o1"), await follower(db, "o2")
    async with db.merchant("demo") as tx:
        await service.set_places(tx, BOSS, kept=True, days=30)
        point = await service.add_point(
            tx, BOSS, name="店", latitude_micro=31_240_000, longitude_micro=121_490_000
        )
        await service.agree_place(tx, two, agreed=True)
        near = _near(point.id)

    async def found() -> list[int]:
        async with db.merchant("demo") as tx:
            rule = await service.read_rule(tx, near)
            listed = list(await tx.scalars(await queries.fans_of(tx, rule)))
            assert await compiled.hits(tx, rule, [one, two]) == listed
            return listed

    await _at(db, drain, BUND, "o2")
    assert await found() == [two]
    async with db.merchant("demo") as tx:
        await service.join(tx, BOSS, one, two, "同一个人")
    assert await found() == [one]
    await _at(db, drain, FAR, "o1", after=5)  # the word of a person is that of all their records
    assert await _kept(db) == [(one, 39904), (two, 31240)]
    assert await found() == [one]
    async with db.merchant("demo") as tx:
        (merged,) = await queries.merges(tx, [one, two])
        await service.part(tx, BOSS, merged.id, "看错了")
    assert await found() == [two]
    async with db.merchant("demo") as tx:
        await service.resolve(tx, MINI, "m1")
        await service.agree_place(tx, two, agreed=False)
    assert await _kept(db) == [(one, 39904)]


async def test_an_erased_persons_place_is_gone_from_table_and_log(
    db: Db, drain: Drain, travel: Travel
) -> None:
    travel.now = AT
    fan_id = await follower(db, "o1")
    async with db.merchant("demo") as tx:
        await service.set_places(tx, BOSS, kept=True, days=30)
        await service.agree_place(tx, fan_id, agreed=True)
    await _at(db, drain, BUND)
    assert await _kept(db) == [(fan_id, 31240)]
    async with db.merchant("demo") as tx:
        await service.ask_erase(tx, fan_id)
    travel.move(COOLING + timedelta(minutes=1))
    await drain()
    assert await _kept(db) == []
    told = text("SELECT payload ->> 'place' FROM platform.event WHERE name = 'wechat.located'")
    async with db.platform() as tx:
        assert (await tx.scalars(told)).all() == [""]


async def test_who_has_not_agreed_costs_one_statement(db: Db, travel: Travel) -> None:
    travel.now = AT
    await follower(db, "o1")
    async with db.merchant("demo") as tx:
        await service.set_places(tx, BOSS, kept=True, days=30)
    async with db.merchant("demo") as tx:
        with statements(tx) as sent:
            kept = await service.keep_place(
                tx, app_id=APP, openid="o1", latitude_milli=1, longitude_milli=1, at=AT
            )
        assert (kept, len(sent)) == (False, 1)
        await service.agree_place(tx, 1, agreed=True)
        for minute, wanted in ((0, True), (1, False), (61, True)):
            at = AT + timedelta(minutes=minute)
            kept = await service.keep_place(
                tx, app_id=APP, openid="o1", latitude_milli=1, longitude_milli=1, at=at
            )
            assert kept is wanted, "who stays is written down once an hour"


async def test_points_are_made_moved_and_kept_while_a_segment_asks_for_them(
    db: Db, staff_client: StaffClient, drain: Drain, travel: Travel
) -> None:
    travel.now = AT
    staff, fan_id = await staff_client(RIGHTS), await follower(db, "o1")
    await staff.put(PLACES, json={"kept": True, "days": 365})
    async with db.merchant("demo") as tx:
        await service.agree_place(tx, fan_id, agreed=True)
    await _at(db, drain, BUND)
    points = f"{PLACES}/points"
    made = (await staff.post(points, json=STORE)).json()
    assert made == {**STORE, "id": made["id"], "segments": []}
    again = await staff.post(points, json=STORE)
    assert again.json()["error"]["code"] == "fans.point_name_taken"
    path = f"{points}/{made['id']}"
    segment = (await staff.post(SEGMENTS, json={"name": "附近", "rule": _near(made["id"])})).json()
    await drain()
    members = f"{SEGMENTS}/{segment['id']}"
    assert (await staff.get(members)).json()["members"] == 1
    used = await staff.delete(path)
    assert (used.status_code, used.json()["error"]["code"]) == (409, "fans.point_in_use")
    assert (await staff.get(PLACES)).json()["points"][0]["segments"] == ["附近"]
    moved = await staff.put(path, json={**STORE, "latitude": 31.3})
    assert (moved.status_code, moved.json()["latitude"]) == (200, 31.3)
    await drain()
    assert (await staff.get(members)).json()["members"] == 0
    await staff.patch(members, json={"archived": True})
    assert (await staff.delete(path)).status_code == 409, "an archived one can come back"
    await staff.patch(members, json={"archived": False, "rule": {"field": "distance", "op": "set"}})
    assert (await staff.delete(path)).status_code == 200
    assert (await staff.delete(path)).status_code == 404
    assert (await staff.put(path, json=STORE)).status_code == 404
    weak = await staff_client(["fans.read", "fans.write"])
    assert (await weak.post(points, json=STORE)).status_code == 403


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (None, "rule.value"),
        ([1, 3], "rule.value"),
        ({"point": 1}, "rule.value.km"),
        ({"km": 3}, "rule.value.point"),
        ({"point": 1, "km": 0}, "rule.value.km"),
        ({"point": 1, "km": 0.4999}, "rule.value.km"),
        ({"point": 1, "km": -3}, "rule.value.km"),
        ({"point": 1, "km": 1001}, "rule.value.km"),
        ({"point": 1, "km": "NaN"}, "rule.value.km"),
        ({"point": 1, "km": True}, "rule.value.km"),
        ({"point": 1, "km": 3, "sql": "1=1"}, "rule.value.sql"),
        ({"point": "1", "km": 3}, "rule.value.point"),
        ({"point": 2**63, "km": 3}, "rule.value.point"),
        ({"point": 99, "km": 3}, "rule.value.point"),
    ],
)
async def test_a_wrong_distance_is_refused_with_its_path(tx: Tx, value: Any, path: str) -> None:
    raw = {"field": "distance", "op": "near"} | ({} if value is None else {"value": value})
    with pytest.raises(RuleWrong) as refused:
        await service.read_rule(tx, raw)
    assert refused.value.field == path


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"latitude": 91}, "latitude"),
        ({"latitude": "NaN"}, "latitude"),
        ({"longitude": -180.5}, "longitude"),
        ({"longitude": None}, "longitude"),
        ({"name": "  "}, "name"),
        ({"name": "店" * 31}, "name"),
        ({"radius": 3}, "radius"),
    ],
)
async def test_a_point_that_is_not_on_earth_is_refused(
    staff_client: StaffClient, change: dict[str, Any], field: str
) -> None:
    staff = await staff_client(RIGHTS)
    answer = await staff.post(f"{PLACES}/points", json=STORE | change)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["field"] == field
    raw = '{"name": "店", "latitude": NaN, "longitude": 1}'
    headers = {"Content-Type": "application/json"}
    assert (await staff.post(f"{PLACES}/points", content=raw, headers=headers)).status_code == 422
    assert (await staff.put(PLACES, json={"kept": True, "days": 0})).status_code == 422


async def test_the_index_answers_for_who_is_near(tx: Tx) -> None:
    plan = (
        select(func.count())
        .select_from(Place)
        .where(
            Place.latitude_milli.between(31_200, 31_280),
            Place.longitude_milli.between(121_000, 122_000),
        )
    )
    await tx.execute(text("SET LOCAL enable_seqscan = off"))
    said = await tx.scalars(text(f"EXPLAIN {plan.compile(compile_kwargs={'literal_binds': True})}"))
    assert "ix_fan_place_where" in "\n".join(said)
