"""Tags: by hand, in bulk, by code, by behaviour, and two ways with the 公众号."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.conftest import Drain, StaffClient
from tests.fans.factories import APP, follower, say
from tiefen.channels.events import CodeSaved, TouchRecorded
from tiefen.fans import rules, service
from tiefen.fans.values import FactDay, FactKind, Happening
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.orders.events import OrderPaid
from tiefen.wechat.errors import api_error
from tiefen.wechat.values import PlatformTag

RIGHTS = ["fans.read", "fans.write"]
NOW = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)
TODAY = date(2026, 4, 1)
WECHAT = "tiefen.wechat.service"


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 3)), max_size=8),
    st.integers(1, 5),
    st.none() | st.integers(1, 50),
    st.none() | st.integers(1, 50),
)
def test_behaviour_gives_a_tag_exactly_while_it_is_earned(
    deeds: list[tuple[int, int]], times: int, within: int | None, keep: int | None
) -> None:
    facts = [FactDay(FactKind.BOUGHT, "7", TODAY - timedelta(days=ago), n) for ago, n in deeds]
    noise = [FactDay(FactKind.BOUGHT, "8", TODAY, 9), FactDay(FactKind.VISITED, "7", TODAY, 9)]
    earned = rules.given(
        rules.Giving(FactKind.BOUGHT, "7", times, within, keep), [*facts, *noise], TODAY
    )
    recent = [(ago, n) for ago, n in deeds if within is None or ago < within]
    enough = sum(n for _, n in recent) >= times
    newest = min((ago for ago, _ in recent), default=None)
    kept = newest is not None and (keep is None or newest < keep)
    assert (earned is not None) == (enough and kept)


async def _names(staff: Any, fan_id: int) -> list[tuple[str, str]]:
    worn = (await staff.get(f"/api/console/fans/{fan_id}/tags")).json()
    return [(one["name"], one["author"]) for one in worn]


async def _tag(staff: Any, name: str, **more: Any) -> int:
    made = await staff.post("/api/console/tags", json={"name": name, **more})
    assert made.status_code == 201, made.text
    return int(next(one["id"] for one in made.json()["tags"] if one["name"] == name))


async def test_a_tag_is_put_on_by_hand_with_a_why_and_taken_off(
    db: Db, staff_client: StaffClient
) -> None:
    staff, fan_id = await staff_client(RIGHTS), await follower(db)
    tag_id = await _tag(staff, "爱茶", group_name="喜好")
    again = await staff.post("/api/console/tags", json={"name": "爱茶"})
    assert again.json()["error"]["code"] == "fans.tag_name_taken"
    path, body = f"/api/console/fans/{fan_id}/tags", {"tag_id": tag_id, "wears": True}
    worn = (await staff.post(path, json={**body, "reason": "聊天说的"})).json()
    assert [(one["name"], one["reason"], one["author"]) for one in worn] == [
        ("爱茶", "聊天说的", "staff")
    ]
    await staff.post(path, json=body)  # a second time changes nothing
    (row,) = (await staff.get(f"/api/console/fans?tag_id={tag_id}")).json()["items"]
    assert row["tags"][0]["name"] == "爱茶"
    assert (await staff.post(path, json={**body, "wears": False})).json() == []
    lines = (
        await staff.get(f"/api/console/fans/{fan_id}/timeline?kind=tagged&kind=untagged")
    ).json()
    assert [line["kind"] for line in lines["items"]] == ["untagged", "tagged"]


async def test_a_channel_code_gives_its_tags(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    staff, fan_id = await staff_client(RIGHTS), await follower(db)
    await say(db, CodeSaved(5, "展会码", "exhibition", None, NOW, ("展会", "四月")))
    await drain()
    await say(db, TouchRecorded(fan_id, 5, "follow", True, NOW))
    await drain()
    assert await _names(staff, fan_id) == [("四月", "code"), ("展会", "code")]
    page = (await staff.get("/api/console/tags")).json()
    assert [(one["name"], one["fans"], one["codes"][0]["name"]) for one in page["tags"]] == [
        ("四月", 1, "展会码"),
        ("展会", 1, "展会码"),
    ]


async def test_behaviour_gives_a_tag_that_falls_off_and_comes_back_only_by_a_newer_deed(
    db: Db, staff_client: StaffClient, drain: Drain, travel: Travel
) -> None:
    travel.now = NOW
    staff, fan_id = await staff_client(RIGHTS), await follower(db)
    tag_id = await _tag(staff, "龙井客")
    rule = {"tag_id": tag_id, "fact": "bought", "subject": "7", "keep_days": 30}
    assert (await staff.post("/api/console/tag-rules", json=rule)).status_code == 201

    async def buy(number: int) -> None:
        paid = OrderPaid(number, f"T{number}", fan_id, 500, 1, travel.now, ((7, "龙井"),))
        await say(db, paid, aggregate=f"order:{number}")
        await drain()

    await buy(1)
    assert await _names(staff, fan_id) == [("龙井客", "rule")]
    await staff.post(f"/api/console/fans/{fan_id}/tags", json={"tag_id": tag_id, "wears": False})
    async with db.merchant("demo") as tx:
        await service.recheck(tx, fan_id)
    assert await _names(staff, fan_id) == []
    travel.move(timedelta(days=1))
    staff = await staff_client(RIGHTS)
    await buy(2)
    assert await _names(staff, fan_id) == [("龙井客", "rule")]
    travel.move(timedelta(days=31))
    staff = await staff_client(RIGHTS)
    async with db.merchant("demo") as tx:
        assert await service.expire_tags(tx) == 1
    assert await _names(staff, fan_id) == []
    assert await audit.run(db) == []


async def test_a_word_asked_for_gives_a_tag(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    staff, fan_id = await staff_client(RIGHTS), await follower(db)
    tag_id = await _tag(staff, "问发货")
    rule = {"tag_id": tag_id, "fact": "asked", "subject": "发货"}
    await staff.post("/api/console/tag-rules", json=rule)
    async with db.merchant("demo") as tx:
        data = {"text": "什么时候发货呀"}
        await service.record(tx, fan_id, Happening.MESSAGE_IN, "m1", at=NOW, data=data)
    await drain()
    assert await _names(staff, fan_id) == [("问发货", "rule")]


async def test_many_fans_are_tagged_in_pieces_and_it_can_be_stopped(
    db: Db, staff_client: StaffClient, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiefen.fans.service.bulk.AT_ONCE", 2)
    staff = await staff_client(RIGHTS)
    people = [await follower(db, f"o{n}") for n in range(5)]
    tag_id = await _tag(staff, "批量")
    rule = {"field": "following", "op": "is", "value": True}
    body = {"deed": "tag", "tag_id": tag_id, "rule": rule, "filter": {"stage": "follower"}}
    started = (await staff.post("/api/console/fan-bulks", json=body)).json()
    assert (started["total"], started["done"], started["state"]) == (5, 0, "running")
    async with db.merchant("demo") as tx:
        await service.bulk_step(tx, started["id"])
    (half,) = (await staff.get("/api/console/fan-bulks")).json()
    assert (half["done"], half["changed"], half["what"]) == (2, 2, "批量")
    await drain()
    (ended,) = (await staff.get("/api/console/fan-bulks")).json()
    assert (ended["state"], ended["done"], ended["changed"]) == ("done", 5, 5)
    body = {"deed": "untag", "tag_id": tag_id, "fan_ids": people}
    again = (await staff.post("/api/console/fan-bulks", json=body)).json()
    stopped = (await staff.post(f"/api/console/fan-bulks/{again['id']}/stop")).json()
    assert stopped["state"] == "stopped"
    await drain()
    assert (await staff.get("/api/console/tags")).json()["tags"][0]["fans"] == 5
    unclear = await staff.post("/api/console/fan-bulks", json={"deed": "tag", "tag_id": tag_id})
    assert unclear.status_code == 422


async def test_tags_are_renamed_merged_and_deleted_unless_a_segment_looks_at_them(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    staff, fan_id = await staff_client(RIGHTS), await follower(db)
    one, two = await _tag(staff, "一"), await _tag(staff, "二")
    await staff.post(f"/api/console/fans/{fan_id}/tags", json={"tag_id": one, "wears": True})
    rule = {"field": "tag", "op": "in", "value": [one]}
    made = (await staff.post("/api/console/segments", json={"name": "一们", "rule": rule})).json()
    refused = await staff.delete(f"/api/console/tags/{one}")
    assert refused.json()["error"]["code"] == "fans.tag_in_use"
    await staff.patch(f"/api/console/segments/{made['id']}", json={"archived": True})
    merged = await staff.post(f"/api/console/tags/{one}/merge", json={"into_id": two})
    assert [(tag["name"], tag["fans"]) for tag in merged.json()["tags"]] == [("二", 1)]
    renamed = await staff.patch(f"/api/console/tags/{two}", json={"name": "贰"})
    assert renamed.json()["tags"][0]["name"] == "贰"
    assert (await staff.delete(f"/api/console/tags/{two}")).status_code == 200
    assert await _names(staff, fan_id) == []
    await drain()


class Platform:
    """The 公众号 as far as tags go, with its refusals."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tags: dict[int, str] = {}
        self.worn: dict[int, set[str]] = {}
        self.strangers: set[str] = set()
        self.calls = 0
        for name in ("list_tags", "create_tag", "rename_tag", "delete_tag", "set_tag", "tag_page"):
            monkeypatch.setattr(f"{WECHAT}.{name}", getattr(self, name))

        async def app(_db: Any, _merchant: str) -> str:
            return APP

        monkeypatch.setattr(f"{WECHAT}.official_app_id", app)

    async def list_tags(self, _db: Any, _m: str) -> list[PlatformTag]:
        return [PlatformTag(i, name, len(self.worn[i])) for i, name in self.tags.items()]

    async def create_tag(self, _db: Any, _m: str, name: str) -> int:
        if name in self.tags.values():
            raise api_error(45157, "taken")
        number = 100 + len(self.tags)
        self.tags[number], self.worn[number] = name, set()
        return number

    async def rename_tag(self, _db: Any, _m: str, tag_id: int, name: str) -> None:
        self.tags[tag_id] = name

    async def delete_tag(self, _db: Any, _m: str, tag_id: int) -> None:
        if tag_id not in self.tags:
            raise api_error(45159, "gone")
        del self.tags[tag_id]

    async def set_tag(
        self, _db: Any, _m: str, tag_id: int, openids: list[str], *, wears: bool
    ) -> None:
        self.calls += 1
        if self.strangers & set(openids):
            raise api_error(49003, "not yours")
        self.worn[tag_id] = (
            self.worn[tag_id] | set(openids) if wears else self.worn[tag_id] - set(openids)
        )

    async def tag_page(self, _db: Any, _m: str, tag_id: int, after: str) -> tuple[list[str], str]:
        everyone = sorted(self.worn[tag_id])
        page = [one for one in everyone if one > after][:2]
        return page, page[-1] if page and page[-1] != everyone[-1] else ""


async def test_shared_tags_are_kept_the_same_over_there(
    db: Db, staff_client: StaffClient, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Platform(monkeypatch)
    staff = await staff_client(RIGHTS)
    people = [await follower(db, f"o{n}") for n in range(3)]
    over.strangers.add("o1")
    tag_id = await _tag(staff, "好友")
    for fan_id in people:
        await staff.post(f"/api/console/fans/{fan_id}/tags", json={"tag_id": tag_id, "wears": True})
    await staff.patch(f"/api/console/tags/{tag_id}", json={"shared": True})
    await drain()
    await drain()
    assert (list(over.tags.values()), list(over.worn.values())) == (["好友"], [{"o0", "o2"}])
    await staff.post(f"/api/console/fans/{people[0]}/tags", json={"tag_id": tag_id, "wears": False})
    await staff.patch(f"/api/console/tags/{tag_id}", json={"name": "老友"})
    await drain()
    assert (list(over.tags.values()), list(over.worn.values())) == (["老友"], [{"o2"}])
    await staff.delete(f"/api/console/tags/{tag_id}")
    await drain()
    assert over.tags == {}


async def test_their_tags_are_read_page_by_page_and_only_differences_are_taken_over(
    db: Db, staff_client: StaffClient, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Platform(monkeypatch)
    staff = await staff_client(RIGHTS)
    people = [await follower(db, f"o{n}") for n in range(5)]
    over.tags, over.worn = {100: "星标", 101: "空"}, {100: {"o0", "o1", "o2", "zz"}, 101: set()}
    assert (await staff.post("/api/console/tags/pull")).status_code == 202
    assert (await staff.post("/api/console/tags/pull")).status_code == 409
    await drain()
    page = (await staff.get("/api/console/tags")).json()
    sync = page["sync"]
    assert (sync["state"], sync["read"], sync["added"], sync["unknown"]) == ("done", 4, 3, 1)
    assert {one["name"]: one["fans"] for one in page["tags"]} == {"星标": 3, "空": 0}
    over.worn[100] = {"o2", "o3"}
    over.tags[100] = "超级星标"
    await staff.post("/api/console/tags/pull")
    await drain()
    page = (await staff.get("/api/console/tags")).json()
    assert (page["sync"]["added"], page["sync"]["removed"]) == (1, 2)
    assert {one["name"]: one["fans"] for one in page["tags"]} == {"超级星标": 2, "空": 0}
    assert await _names(staff, people[3]) == [("超级星标", "platform")]
    assert over.calls == 0, "what came from there is not told back"
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM fan_tag_seen")) == 0


async def test_a_reading_that_was_stopped_goes_on_where_it_stood(
    db: Db, staff_client: StaffClient, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Platform(monkeypatch)
    staff = await staff_client(RIGHTS)
    for n in range(4):
        await follower(db, f"o{n}")
    over.tags, over.worn = {100: "星标"}, {100: {f"o{n}" for n in range(4)}}
    whole, asked = over.tag_page, []

    async def page(_db: Any, _m: str, tag_id: int, after: str) -> tuple[list[str], str]:
        asked.append(after)
        if asked == ["", "o1"]:
            raise RuntimeError("killed")
        return await whole(_db, _m, tag_id, after)

    monkeypatch.setattr(f"{WECHAT}.tag_page", page)
    started = (await staff.post("/api/console/tags/pull")).json()
    with pytest.raises(RuntimeError):
        await service.pull_tags(db, "demo", started["id"])
    await service.pull_tags(db, "demo", started["id"])
    assert asked == ["", "o1", "o1"]
    sync = (await staff.get("/api/console/tags")).json()["sync"]
    assert (sync["state"], sync["read"], sync["added"]) == ("done", 4, 4)
