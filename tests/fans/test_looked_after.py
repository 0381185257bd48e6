"""The fans a member of staff looks after, on their own phone: nobody else's, and what is planned."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from tests.conftest import Drain, StaffClient
from tests.fans.factories import follower, say
from tests.members.factories import bought, ladder
from tiefen.fans import queries, service
from tiefen.fans.models import Fan
from tiefen.kernel import audit
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Db
from tiefen.orders.events import OrderPaid

MY = "/api/console/my"
ME = 900_000
"""Whom the first client of a test is signed in as."""
BOSS = StaffActor(1, "店长", frozenset({"fans.write"}))
NOW = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)


async def mine(db: Db, *fan_ids: int) -> None:
    """Give these fans to whom the first client is signed in as."""
    async with db.merchant("demo") as tx:
        await tx.execute(update(Fan).where(Fan.id.in_(fan_ids)).values(owner_staff_id=ME))


async def test_one_sees_ones_own_fans_and_no_others(db: Db, staff_client: StaffClient) -> None:
    own, other = await follower(db, "o1"), await follower(db, "o2")
    paid = OrderPaid(1, "T1", own, 9_900, 1, NOW)
    await say(db, paid, aggregate="order:T1")
    hand = await staff_client(["overview.read"])
    await mine(db, own)
    (row,) = (await hand.get(f"{MY}/looked-after")).json()["items"]
    assert (row["id"], row["follow_up_on"], row["tags"]) == (own, None, [])
    assert (await hand.get(f"{MY}/looked-after/{own}")).json()["id"] == own
    found = [(await hand.get(f"{MY}/looked-after?{q}")).json() for q in ("query=zzz", "stage=core")]
    assert [one["items"] for one in found] == [[], []]
    assert (await hand.get(f"{MY}/looked-after?query=%23{other}")).json()["items"] == []
    lines = (await hand.get(f"{MY}/looked-after/{own}/timeline?kind=joined")).json()["items"]
    assert [one["kind"] for one in lines] == ["joined"]
    assert (await hand.get(f"{MY}/looked-after/{own}/level")).json()["growth_fen"] == 0
    told = await hand.patch(f"{MY}/looked-after/{own}", json={"remark": "爱喝绿茶"})
    assert told.json()["remark"] == "爱喝绿茶"
    async with db.merchant("demo") as tx:
        plan = {"due_on": day_of(tx.now).isoformat(), "note": "回访"}
    foreign = [
        await hand.get(f"{MY}/looked-after/{other}"),
        await hand.get(f"{MY}/looked-after/{other}/timeline"),
        await hand.get(f"{MY}/looked-after/{other}/level"),
        await hand.patch(f"{MY}/looked-after/{other}", json={"remark": "x"}),
        await hand.put(f"{MY}/looked-after/{other}/follow-up", json=plan),
        await hand.post(f"{MY}/looked-after/{other}/follow-up/done", json={}),
        await hand.delete(f"{MY}/looked-after/{other}/follow-up"),
        await hand.get(f"{MY}/looked-after/987654"),
    ]
    assert {one.status_code for one in foreign} == {404}
    assert (await hand.get(f"/api/console/fans/{own}")).status_code == 403, "only by this door"


async def test_who_may_read_all_reads_all_here_and_writes_none(
    db: Db, staff_client: StaffClient
) -> None:
    other = await follower(db, "o2")
    reader = await staff_client(["fans.read", "members.read"])
    assert (await reader.get(f"{MY}/looked-after")).json()["items"] == []
    assert (await reader.get(f"{MY}/looked-after/{other}")).json()["id"] == other
    assert (await reader.get(f"{MY}/looked-after/{other}/level")).status_code == 200
    body = {"remark": "x"}
    assert (await reader.patch(f"{MY}/looked-after/{other}", json=body)).status_code == 404


async def test_a_follow_up_is_planned_due_and_done(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    first, second = await follower(db, "o1"), await follower(db, "o2")
    hand = await staff_client([])
    await mine(db, first, second)
    async with db.merchant("demo") as tx:
        today = day_of(tx.now)
    url = f"{MY}/looked-after/{first}/follow-up"
    for days, note, field in ((-1, "回访", "due_on"), (400, "回访", "due_on"), (1, " ", "note")):
        body = {"due_on": (today + timedelta(days=days)).isoformat(), "note": note}
        refused = (await hand.put(url, json=body)).json()["error"]
        assert field in {refused["field"], *(one["field"] for one in refused["fields"])}
    early, late = today + timedelta(days=1), today + timedelta(days=3)
    body = {"due_on": late.isoformat(), "note": "问问第一次用得怎么样"}
    assert (await hand.put(url, json=body)).json()["follow_up_on"] == late.isoformat()
    body = {"due_on": early.isoformat(), "note": "寄试用装"}
    assert (await hand.put(url.replace(str(first), str(second)), json=body)).status_code == 200
    ids = [one["id"] for one in (await hand.get(f"{MY}/follow-ups")).json()["items"]]
    assert ids == [second, first], "what is due first stands first"
    page = (await hand.get(f"{MY}/follow-ups?limit=1")).json()
    rest = (await hand.get(f"{MY}/follow-ups?limit=1&cursor={page['next']}")).json()
    assert [one["id"] for one in page["items"] + rest["items"]] == ids
    due = (await hand.get(f"{MY}/follow-ups?until={early.isoformat()}")).json()["items"]
    assert [one["id"] for one in due] == [second]
    done = await hand.post(f"{url}/done", json={"result": "很满意，下月再买"})
    assert (done.json()["follow_up_on"], done.json()["follow_up_note"]) == (None, "")
    again = await hand.post(f"{url}/done", json={})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "fans.nothing_planned")
    where = f"{MY}/looked-after/{first}/timeline?kind=followed_up"
    (line,) = (await hand.get(where)).json()["items"]
    told = {"note": "问问第一次用得怎么样", "result": "很满意，下月再买", "staff": "测试员"}
    assert line["data"] == told
    dropped = await hand.delete(url.replace(str(first), str(second)))
    assert dropped.json()["follow_up_on"] is None
    assert (await hand.get(f"{MY}/follow-ups")).json()["items"] == []
    await drain()
    assert await audit.run(db) == []


async def test_a_plan_goes_with_the_person_and_comes_back(db: Db) -> None:
    kept, leaves = await follower(db, "o1"), await follower(db, "o2")
    async with db.merchant("demo") as tx:
        day = day_of(tx.now)
        await service.plan_follow_up(tx, BOSS, leaves, day, "回访", "fans.write")
    async with db.merchant("demo") as tx:
        joined = await service.join(tx, BOSS, kept, leaves, "同一个人")
    async with db.merchant("demo") as tx:
        person, _ = await queries.one_fan(tx, kept)
        assert (person.follow_up_on, person.follow_up_note) == (day, "回访")
        await service.part(tx, BOSS, joined, "弄错了")
    async with db.merchant("demo") as tx:
        person, _ = await queries.one_fan(tx, kept)
        other, _ = await queries.one_fan(tx, leaves)
        assert (person.follow_up_on, other.follow_up_on) == (None, day)


async def test_a_move_between_levels_stands_in_the_timeline(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    fan_id = await follower(db)
    await ladder(db, ("银卡", 100, 0), ("金卡", 1000, 0))
    hand = await staff_client([])
    await mine(db, fan_id)
    names = (await hand.get("/api/console/level-names")).json()
    assert [one["name"] for one in names] == ["普通会员", "银卡", "金卡"]
    await drain()
    async with db.merchant("demo") as tx:
        at = tx.now
    await bought(db, fan_id, "T1", 150, at)
    await drain()
    where = f"{MY}/looked-after/{fan_id}/timeline?kind=level"
    lines = (await hand.get(where)).json()["items"]
    told = {"before": "普通会员", "after": "银卡", "up": True, "cause": "earned"}
    assert [one["data"] for one in lines] == [told]
    await ladder(db, ("金卡", 1000, 0))  # the card they have is taken away
    await drain()
    told = {"before": "银卡", "after": "普通会员", "up": False, "cause": "rules"}
    assert (await hand.get(where)).json()["items"][0]["data"] == told


@pytest.mark.parametrize("sort", ["newest", "last_seen", "spend", "orders"])
async def test_the_list_goes_on_where_it_stopped(
    db: Db, staff_client: StaffClient, sort: str
) -> None:
    people = [await follower(db, f"o{n}") for n in range(3)]
    hand = await staff_client([])
    await mine(db, *people)
    first = (await hand.get(f"{MY}/looked-after?sort={sort}&limit=2")).json()
    where = f"{MY}/looked-after?sort={sort}&limit=2&cursor={first['next']}"
    rest = (await hand.get(where)).json()
    assert sorted(one["id"] for one in first["items"] + rest["items"]) == people
    assert rest["next"] is None
