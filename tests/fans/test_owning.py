"""Who of the team looks after a fan: by the first source, by hand, in bulk, through joins."""

import pytest
from sqlalchemy import select, update

from tests.conftest import Drain, StaffClient
from tests.fans.factories import AT, follower
from tests.fans.lives import STAFF
from tiefen.fans import service
from tiefen.fans.models import Fan
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.team.service import found_team

RIGHTS = ["fans.read", "fans.write", "audit.read"]


async def _colleague(db: Db) -> int:
    async with db.merchant("demo") as tx:
        return await found_team(tx, account="boss", name="小林", password="a-long-password-1")


async def _owner(db: Db, fan_id: int) -> int | None:
    async with db.merchant("demo") as tx:
        owner: int | None = await tx.scalar(select(Fan.owner_staff_id).where(Fan.id == fan_id))
        return owner


async def test_a_fan_is_handed_over_and_found_by_who_looks_after_them(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    boss = await _colleague(db)
    fan_id, other = await follower(db, "o1"), await follower(db, "o2")
    staff, reader = await staff_client(RIGHTS), await staff_client(["fans.read"])
    path = f"/api/console/fans/{fan_id}/owner"
    body = {"owner_staff_id": boss, "reason": "老客户"}
    assert (await reader.put(path, json=body)).status_code == 403
    unfit = await staff.put(path, json={"owner_staff_id": boss + 99})
    assert (unfit.status_code, unfit.json()["error"]["code"]) == (422, "fans.owner_unfit")
    given = (await staff.put(path, json=body)).json()
    assert given["owner"] == {"id": boss, "name": "小林", "active": True}
    again = await staff.put(path, json=body)
    assert again.status_code == 200
    lines = (await staff.get(f"/api/console/fans/{fan_id}/timeline?kind=owned")).json()["items"]
    assert [one["data"] for one in lines] == [
        {"before": "", "after": "小林", "reason": "老客户", "staff": "测试员"}
    ], "the same word again is no line"
    found = (await staff.get(f"/api/console/fans?owner_staff_id={boss}")).json()["items"]
    assert [(one["id"], one["owner"]["name"]) for one in found] == [(fan_id, "小林")]
    rule = {"field": "owner_staff_id", "op": "in", "value": [boss]}
    counted = await staff.post("/api/console/segments/count", json={"rule": rule})
    assert counted.json()["fans"] == 1
    none = {"field": "owner_staff_id", "op": "unset"}
    counted = await staff.post("/api/console/segments/count", json={"rule": none})
    assert counted.json()["fans"] == 1
    assert await _owner(db, other) is None
    taken = (await staff.put(path, json={"owner_staff_id": None})).json()
    assert taken["owner"] is None
    missing = await staff.put("/api/console/fans/99999/owner", json=body)
    assert missing.status_code == 404
    await drain()
    assert await audit.run(db) == []


async def test_the_fans_of_who_leaves_are_handed_over_together(
    db: Db, staff_client: StaffClient, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiefen.fans.service.bulk.AT_ONCE", 2)
    boss = await _colleague(db)
    staff = await staff_client(RIGHTS)
    people = [await follower(db, f"o{n}") for n in range(3)]
    async with db.merchant("demo") as tx:
        await tx.execute(update(Fan).values(owner_staff_id=77))
    rule = {"field": "owner_staff_id", "op": "in", "value": [boss]}
    made = {"name": "小林的粉丝", "rule": rule}
    segment = (await staff.post("/api/console/segments", json=made)).json()
    body = {"deed": "own", "owner_staff_id": boss, "filter": {"owner_staff_id": 77}}
    unfit = await staff.post("/api/console/fan-bulks", json=body | {"owner_staff_id": 88})
    assert unfit.json()["error"]["code"] == "fans.owner_unfit"
    started = (await staff.post("/api/console/fan-bulks", json=body)).json()
    assert (started["total"], started["what"]) == (3, "小林")
    await drain()
    (ended,) = (await staff.get("/api/console/fan-bulks")).json()
    assert (ended["state"], ended["changed"]) == ("done", 3)
    assert [await _owner(db, one) for one in people] == [boss] * 3
    inside = (await staff.get(f"/api/console/segments/{segment['id']}/members")).json()["items"]
    assert len(inside) == 3, "segments look again when a bulk is done"


async def test_whom_nobody_looks_after_goes_to_whose_first_code_it_was(
    db: Db, staff_client: StaffClient, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiefen.fans.service.bulk.AT_ONCE", 2)
    boss = await _colleague(db)
    staff, reader = await staff_client(RIGHTS), await staff_client(["fans.read"])
    ours, taken, gone, nobodys, third = [await follower(db, f"o{n}") for n in range(5)]
    async with db.merchant("demo") as tx:
        for code, owner in ((1, boss), (2, boss + 99), (3, None)):
            await service.name_source(
                tx, code, name=f"码{code}", kind="employee", owner_staff_id=owner
            )
        for fan_id, code in ((ours, 1), (taken, 1), (gone, 2), (nobodys, 3), (third, 1)):
            await service.set_source(tx, fan_id, code, at=AT)
        await tx.execute(update(Fan).values(owner_staff_id=None))  # as fans from before
        await tx.execute(update(Fan).where(Fan.id == taken).values(owner_staff_id=77))
    body = {"deed": "own", "by_source": True, "filter": {}, "reason": "补负责人"}
    assert (await reader.post("/api/console/fan-bulks/preview", json=body)).status_code == 403
    for wrong in ({"deed": "tag", "tag_id": 1}, {"owner_staff_id": boss}):
        refused = await staff.post("/api/console/fan-bulks", json=body | wrong)
        assert refused.json()["error"]["field"] == "by_source"
    assert (await staff.post("/api/console/fan-bulks/preview", json=body)).json() == {"fans": 2}
    started = (await staff.post("/api/console/fan-bulks", json=body)).json()
    assert started["total"] == 2
    async with db.merchant("demo") as tx:  # somebody was quicker
        await tx.execute(update(Fan).where(Fan.id == third).values(owner_staff_id=77))
    await drain()
    (ended,) = (await staff.get("/api/console/fan-bulks")).json()
    assert (ended["state"], ended["done"], ended["changed"]) == ("done", 2, 1)
    fans = (ours, taken, gone, nobodys, third)
    assert [await _owner(db, one) for one in fans] == [boss, 77, None, None, 77]
    assert (await staff.post("/api/console/fan-bulks/preview", json=body)).json() == {"fans": 0}
    lines = (await staff.get(f"/api/console/fans/{ours}/timeline?kind=owned")).json()["items"]
    assert lines[0]["data"]["after"] == "小林"
    assert lines[0]["data"]["reason"] == "补负责人"


async def test_whose_code_it_was_looks_after_the_fan_and_staff_have_the_last_word(db: Db) -> None:
    boss = await _colleague(db)
    one, two, three = [await follower(db, f"o{n}") for n in range(3)]
    async with db.merchant("demo") as tx:
        for code, owner in ((1, 5), (2, 6)):
            await service.name_source(
                tx, code, name=f"码{code}", kind="employee", owner_staff_id=owner
            )
        await service.set_source(tx, two, 1, at=AT)
        await service.set_source(tx, three, 1, at=AT)
    async with db.merchant("demo") as tx:
        await service.give_fan(tx, STAFF, three, boss)
    async with db.merchant("demo") as tx:
        await service.merge(tx, one, two, reason="x")
    assert await _owner(db, one) == 5, "the person shows what the joined record knows"
    async with db.merchant("demo") as tx:
        await service.set_source(tx, one, 2, at=AT)
        merge_id = (await service.sides(tx, 1))[0].id
    async with db.merchant("demo") as tx:
        await service.part(tx, STAFF, merge_id, "弄错了")
    assert [await _owner(db, fan_id) for fan_id in (one, two, three)] == [6, 5, boss]
    async with db.merchant("demo") as tx:
        await service.merge(tx, one, three, reason="x")
    async with db.merchant("demo") as tx:
        await service.give_fan(tx, STAFF, one, None)
        await service.part(tx, STAFF, merge_id + 1, "弄错了")
    assert [await _owner(db, one), await _owner(db, three)] == [None, boss]
