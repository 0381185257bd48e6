"""Several records are one person, and that word taken back: nothing lost, whatever else goes on."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.conftest import Drain, StaffClient
from tests.fans import lives
from tests.fans.factories import APP, AT, MINI, follower
from tests.fans.lives import STAFF, World
from tests.wechat.factories import configure
from tiefen.channels.models import ChannelCode, Link
from tiefen.channels.values import CodeKind, CodeState, Lifetime, LinkPlatform, LinkTarget
from tiefen.fans import rules, service
from tiefen.fans.errors import MergeUndone, SamePerson, SameUnionid
from tiefen.fans.models import Fan, Identity, Line, Merge, PastImport
from tiefen.fans.service import timeline
from tiefen.fans.values import AttributeKind, Dates, Decimals, Happening, PastImportState, Question
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db, Tx
from tiefen.wechat import service as wechat
from tiefen.wechat.values import AccountKind

RIGHTS = ["fans.read", "fans.write"]


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12), st.integers(0, 7))
def test_what_is_under_a_record_is_what_reaches_it(pairs: list[tuple[int, int]], top: int) -> None:
    reached = {top}
    for _ in range(8):
        reached |= {below for into, below in pairs if into in reached}
    assert rules.under(pairs, top) == reached


async def _world(db: Db, merchant: str) -> World:
    """Two followers, two codes, two tags (one of them given by a code), two lists, a question."""
    world = World(merchant)
    async with db.merchant(merchant) as tx:
        for n in range(2):
            code = ChannelCode(
                name=f"码{n}",
                kind=CodeKind.EMPLOYEE,
                scene=f"c.new{n}",
                lifetime=Lifetime.PERMANENT,
                state=CodeState.READY,
                created_at=AT,
            )
            tx.add(code)
            await tx.flush()
            code.scene = f"c.{code.id}"
            world.codes.append(code.id)
            await service.name_source(
                tx, code.id, name=code.name, kind=code.kind, owner_staff_id=5 + n
            )
            world.tags.append((await service.make_tag(tx, STAFF, f"签{n}", "")).id)
            world.lists.append((await service.save_segment(tx, STAFF, name=f"单{n}")).id)
        await service.name_code_tags(tx, world.codes[0], ["签0", "码签"])
        asked = Question(0, "skin", "肤质", AttributeKind.CHOICE, ("干", "油"))
        await service.define_attribute(tx, STAFF, asked, hint="", in_form=True)
        for n in range(2):
            world.fans.append(await service.resolve(tx, APP, f"o{n}", at=AT))
        for n in range(2):
            world.friends.append(await service.resolve(tx, APP, f"friend{n}", at=AT))
        await _ways(tx, world)
    return world


async def _ways(tx: Tx, world: World) -> None:
    """A short link that is one of the codes, and a file of purchases made elsewhere."""
    link = Link(
        code_id=world.codes[1],
        slug="spring",
        platform=LinkPlatform.WEIBO,
        target=LinkTarget.SHOP,
        **dict.fromkeys(("utm_source", "utm_medium", "utm_campaign", "title", "words"), ""),
    )
    file = PastImport(
        source="旧店",
        file_name="a.csv",
        state=PastImportState.STOPPED,
        heading=[],
        sample=[],
        columns={},
        faults={},
        dates=Dates.YMD,
        decimals=Decimals.POINT,
        staff_id=1,
        staff_name="",
        started_at=AT,
        moved_at=AT,
    )
    tx.add_all([link, file])
    await tx.flush()
    world.file = file.id


async def _merge_id(db: Db, merchant: str = "demo") -> int:
    async with db.merchant(merchant) as tx:
        found = await tx.scalar(select(Merge.id).where(Merge.undone_at.is_(None)))
        assert found is not None
        return found


@pytest.mark.parametrize("seed", range(6))
async def test_merging_and_parting_leaves_the_lives_that_were_lived_apart(
    db: Db, drain: Drain, travel: Travel, seed: int
) -> None:
    chance = random.Random(seed)
    before, during, after = (
        lives.deeds(chance, 12, joined=joined) for joined in (False, True, False)
    )
    joined, apart = await _world(db, "demo"), await _world(db, "other")
    assert joined.fans == apart.fans
    for world in (joined, apart):
        await lives.live(db, world, before)
    await drain()
    _pass(travel, joined, apart)
    async with db.merchant("demo") as tx:
        await service.join(tx, STAFF, joined.fans[1], joined.fans[0], "同一个人")
    await drain()
    _pass(travel, joined, apart)
    for world in (joined, apart):
        await lives.live(db, world, during)
        await drain()
    _pass(travel, joined, apart)
    assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        person = await tx.get_one(Fan, joined.fans[0])
        both = await service.brief(tx, joined.fans)
        assert {one.id for one in both.values()} == {person.id}
    merge_id = await _merge_id(db)
    async with db.merchant("demo") as tx:
        assert await service.part(tx, STAFF, merge_id, "弄错了") == tuple(joined.fans)
    await drain()
    assert await audit.run(db) == []
    _same(await lives.left(db, joined), await lives.left(db, apart))
    _pass(travel, joined, apart)
    for world in (joined, apart):
        await lives.live(db, world, after)
    await drain()
    _same(await lives.left(db, joined), await lives.left(db, apart))
    assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        assert await service.rebuild_counters(tx) == 0


def _pass(travel: Travel, *worlds: World) -> None:
    """An hour goes by for everybody."""
    now = travel.move(timedelta(hours=1))
    for world in worlds:
        world.at = now


def _same(joined: list[dict[str, Any]], apart: list[dict[str, Any]]) -> None:
    differences = [
        (who, name, rows, theirs[name])
        for who, (ours, theirs) in enumerate(zip(joined, apart, strict=True))
        for name, rows in ours.items()
        if rows != theirs[name]
    ]
    assert differences == []


async def test_nested_joins_come_apart_in_any_order(db: Db, drain: Drain) -> None:
    fans = [await follower(db, f"o{n}") for n in range(4)]
    async with db.merchant("demo") as tx:
        for n, fan_id in enumerate(fans):
            await service.edit_profile(tx, fan_id, {"nickname": f"名{n}"} if n else {})
        await service.merge(tx, fans[2], fans[3], reason="1")
        await service.merge(tx, fans[1], fans[2], reason="2")
        await service.merge(tx, fans[0], fans[3], reason="3")
    assert await audit.run(db) == []
    for undone in (2, 1, 3):
        async with db.merchant("demo") as tx:
            await service.part(tx, STAFF, undone, "错")
        assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        rows = (await tx.scalars(select(Fan).order_by(Fan.id))).all()
        assert [(one.merged_into, one.nickname, one.interactions) for one in rows] == [
            (None, "", 1),
            (None, "名1", 1),
            (None, "名2", 1),
            (None, "名3", 1),
        ]
        assert all(one.own is None for one in rows)
        with pytest.raises(MergeUndone):
            await service.part(tx, STAFF, 2, "再来")
        with pytest.raises(SamePerson):
            await service.join(tx, STAFF, fans[0], fans[0], "自己")


async def test_what_the_platform_calls_one_person_stays_one(db: Db) -> None:
    official = await follower(db, "o1")
    async with db.merchant("demo") as tx:
        await service.resolve(tx, MINI, "m1", "u1")
        await service.resolve(tx, APP, "o1", "u1")
    async with db.merchant("demo") as tx:
        with pytest.raises(SameUnionid):
            await service.part(tx, STAFF, 1, "错")
        assert len(await service.person_ids(tx, official)) == 2


async def test_an_openid_that_gains_a_unionid_while_joined_takes_it_along(db: Db) -> None:
    one, two = await follower(db, "o1"), await follower(db, "o2")
    async with db.merchant("demo") as tx:
        await service.merge(tx, one, two, reason="同住")
        await service.resolve(tx, APP, "o2", "u2")
        assert await service.resolve(tx, MINI, "m2", "u2") == two
        await service.part(tx, STAFF, 1, "错")
    async with db.merchant("demo") as tx:
        assert await service.person_ids(tx, two) == [two]
        kept = await tx.scalars(select(Identity.openid).where(Identity.fan_id == two))
        assert set(kept) == {"o2", "m2"}
        assert await service.openid_of(tx, one, MINI) is None
    assert await audit.run(db) == []


async def test_two_merges_that_cross_end_in_one_person(db: Db) -> None:
    fans = [await follower(db, f"o{n}") for n in range(3)]

    async def cross(one: int, other: int) -> None:
        async with db.merchant("demo") as tx:
            await service.merge(tx, one, other, reason="cross")

    a, b, c = fans
    await asyncio.gather(cross(a, b), cross(b, a), cross(c, b), cross(a, c), cross(b, c))
    async with db.merchant("demo") as tx:
        assert set(await service.person_ids(tx, c)) == set(fans)
    assert await audit.run(db) == []


async def _storm(db: Db, pair: list[int]) -> None:
    """Orders and follows of two come in while they are joined and parted over and over."""

    async def deed(n: int) -> None:
        who = n % 2
        async with db.merchant("demo") as tx:
            if n % 3:
                kind, ref = Happening.ORDER_PAID, f"order:T{n}"
                await service.record(tx, pair[who], kind, ref, at=AT, amount_fen=n)
            else:
                at = AT + timedelta(minutes=n)
                verb = service.follow if n % 6 else service.unfollow
                more = {"scene": None} if n % 6 else {}
                await verb(tx, app_id=APP, openid=f"o{who}", at=at, **more)

    async def turn() -> None:
        for round_ in range(5):
            if round_:
                await _part(db)
            async with db.merchant("demo") as tx:
                await service.merge(tx, *pair, reason="storm")

    await asyncio.gather(turn(), *(deed(n) for n in range(48)))


async def _part(db: Db) -> None:
    merge_id = await _merge_id(db)
    async with db.merchant("demo") as tx:
        await service.part(tx, STAFF, merge_id, "storm")


async def test_merging_and_parting_while_orders_and_callbacks_come_in(db: Db, drain: Drain) -> None:
    pair = [await follower(db, f"o{n}") for n in range(2)]
    await _storm(db, pair)
    await drain()
    assert await audit.run(db) == []
    await _part(db)
    await drain()
    assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        for who, fan_id in enumerate(pair):
            person = await tx.get_one(Fan, fan_id)
            mine = [n for n in range(48) if n % 3 and n % 2 == who]
            assert (person.orders, person.paid_fen) == (len(mine), sum(mine))
            wrong = select(Line.id).where(Line.fan_id == pair[1 - who], Line.amount_fen.in_(mine))
            assert list(await tx.scalars(wrong)) == []


@pytest.mark.parametrize("planted", [False, True])
async def test_an_order_that_waited_for_a_join_counts_for_who_lives_on(
    db: Db, monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    """Planted: who is who is looked up before the wait for the lock, and not again."""
    one, two = await follower(db, "o1"), await follower(db, "o2")
    looked, joined, real = asyncio.Event(), asyncio.Event(), timeline.lock_person

    async def late(tx: Tx, fan_id: int) -> Fan:
        looked.set()
        await joined.wait()
        if not planted:
            return await real(tx, fan_id)
        return (await tx.scalars(select(Fan).where(Fan.id == fan_id).with_for_update())).one()

    async def buy() -> None:
        async with db.merchant("demo") as tx:
            kind, data = Happening.ORDER_REFUNDED, {"order_no": "T1"}
            await service.record(
                tx, two, kind, "order:T1", at=AT, amount_fen=5, whole=True, data=data
            )

    monkeypatch.setattr(timeline, "lock_person", late)
    buying = asyncio.create_task(buy())
    await looked.wait()
    async with db.merchant("demo") as tx:
        await service.merge(tx, one, two, reason="x")
    joined.set()
    await buying
    broken = {breach.invariant for breach in await audit.run(db)}
    assert ("F1.counters" in broken) is planted


async def test_the_two_paths_of_a_purchase_limit_are_one_persons(db: Db) -> None:
    one, two, other = [await follower(db, f"o{n}") for n in range(3)]
    async with db.merchant("demo") as tx:
        await service.merge(tx, one, two, reason="x")
        assert await service.joined(tx, [two, other]) == {two: [one, two]}
        assert await service.records_of(tx, [two, other, 99]) == {
            two: [one, two],
            other: [other],
            99: [99],
        }


async def test_staff_merge_look_at_what_would_go_where_and_undo(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    staff = await staff_client(RIGHTS)
    one, two = await follower(db, "o1"), await follower(db, "o2")
    path = f"/api/console/fans/{one}/merges"
    look = await staff.get(f"{path}/preview", params={"other_id": two})
    assert look.status_code == 200, look.text
    assert (look.json()["stays"]["id"], look.json()["joins"]["id"]) == (one, two)
    made = await staff.post(path, json={"other_id": two, "reason": "同一位顾客"})
    assert made.status_code == 201, made.text
    again = await staff.post(path, json={"other_id": two, "reason": "同一位顾客"})
    assert again.json()["error"]["code"] == "fans.same_person"
    async with db.merchant("demo") as tx:
        await service.record(tx, two, Happening.ORDER_PAID, "order:T1", at=tx.now, amount_fen=5)
    (row,) = (await staff.get(path)).json()["items"]
    assert (row["loser_id"], row["reason"], row["undone_at"]) == (two, "同一位顾客", None)
    where = (await staff.get(f"{path}/{row['id']}/preview")).json()
    assert where["leaves"]["id"] == two
    assert where["leaves"]["orders_since"] == 1
    assert where["stays"]["orders_since"] == 0
    undone = await staff.post(f"{path}/{row['id']}/undo", json={"reason": "不是同一人"})
    assert undone.status_code == 200, undone.text
    (row,) = (await staff.get(path)).json()["items"]
    assert (row["undone_by"] != "", row["undo_reason"]) == (True, "不是同一人")
    refused = await staff.get(f"/api/console/fans/{two}/merges/{row['id'] + 9}/preview")
    assert refused.status_code == 404
    reader = await staff_client(["fans.read"])
    assert (await reader.post(path, json={"other_id": two, "reason": "x"})).status_code == 403


CORP, CONTACT = "ww1234567890abcdef", "wmqfasd1e1927831291723123109rAAA"


async def test_one_person_is_seen_across_official_mini_and_wecom(
    db: Db, drain: Drain, staff_client: StaffClient
) -> None:
    await configure(db, app_id=APP)
    await follower(db, "o1")
    other = await follower(db, "o2")
    async with db.merchant("demo") as tx:
        await wechat.set_app(tx, AccountKind.MINI, app_id=MINI, secret="secret")
        await service.resolve(tx, MINI, "m1", "union-1", at=AT)
        first = await tx.scalar(select(Identity.id).where(Identity.openid == "o1"))
        assert first is not None
        person = await service.learn_unionid(tx, first, "union-1")
    client, reader = await staff_client(RIGHTS), await staff_client(["fans.read"])
    path = f"/api/console/fans/{person}"
    body = {"corp_id": CORP, "external_userid": f" {CONTACT} "}
    assert (await reader.post(f"{path}/wecom", json=body)).status_code == 403
    for wrong in ({**body, "corp_id": "1234"}, {**body, "external_userid": "o1"}):
        assert (await client.post(f"{path}/wecom", json=wrong)).status_code == 422
    made = (await client.post(f"{path}/wecom", json=body)).json()
    assert (made["platform"], made["openid_tail"]) == ("wecom", "rAAA")
    assert (await client.post(f"{path}/wecom", json=body)).json() == made, "again is the same"
    told = (await client.get(path)).json()["identities"]
    assert sorted(id_["platform"] for id_ in told) == ["mini", "official", "wecom"]
    taken = await client.post(f"/api/console/fans/{other}/wecom", json=body)
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "fans.wecom_taken")
    assert f"#{person}" in taken.json()["error"]["message"]
    # merged, the contact is the one person's; parted, it is theirs whose it was
    merged = await client.post(f"{path}/merges", json={"other_id": other, "reason": "同一个人"})
    assert merged.status_code < 300, merged.text
    assert (await client.post(f"/api/console/fans/{other}/wecom", json=body)).json() == made
    async with db.merchant("demo") as tx:
        await service.part(tx, STAFF, await _newest_merge(tx), "弄错了")
    own = next(id_["id"] for id_ in told if id_["platform"] == "official")
    assert (await client.delete(f"{path}/wecom/{own}")).status_code == 404
    assert (await client.delete(f"/api/console/fans/{other}/wecom/{made['id']}")).status_code == 404
    assert (await client.delete(f"{path}/wecom/{made['id']}")).status_code == 200
    assert len((await client.get(path)).json()["identities"]) == 2
    await drain()
    assert await audit.run(db) == []


async def _newest_merge(tx: Tx) -> int:
    found = await tx.scalar(select(Merge.id).order_by(Merge.id.desc()).limit(1))
    assert found is not None
    return found
