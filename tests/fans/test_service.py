"""Identities, races, counters and stages on a real database."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, true, update

from tests.conftest import Drain, StaffClient
from tests.fans.factories import APP, AT, MINI, follower, say, statements
from tiefen.fans import queries, service
from tiefen.fans.models import Fan, Identity, Line, Merge
from tiefen.fans.service import timeline
from tiefen.fans.values import FanSort, Happening, Stage
from tiefen.kernel import audit
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db
from tiefen.kernel.errors import NotFound
from tiefen.orders.events import OrderPaid, OrderReceived, OrderRefunded
from tiefen.wechat.events import Followed, MessageReceived, Unfollowed


async def breaches(db: Db) -> list[str]:
    return [f"{breach.invariant}: {breach.row}" for breach in await audit.run(db)]


async def joined(db: Db) -> int:
    async with db.platform() as tx:
        count = text("SELECT count(*) FROM platform.event WHERE name = 'fans.joined'")
        return int(await tx.scalar(count) or 0)


async def fan(db: Db, fan_id: int) -> Fan:
    async with db.merchant("demo") as tx:
        found, _ = await queries.one_fan(tx, fan_id)
        return found


async def test_twenty_identical_follows_at_once_make_one_fan(db: Db, drain: Drain) -> None:
    async def one() -> int:
        async with db.merchant("demo") as tx:
            return await service.follow(tx, app_id=APP, openid="o1", scene="c.x", at=AT)

    found = await asyncio.gather(*(one() for _ in range(20)))
    assert len(set(found)) == 1
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).select_from(Fan)) == 1
        lines = await tx.scalars(select(Line.kind).order_by(Line.id))
        assert sorted(lines) == ["followed", "joined", "stage"]
    assert await joined(db) == 1
    one_fan = await fan(db, found[0])
    assert one_fan.following
    assert one_fan.interactions == 1
    assert one_fan.stage is Stage.FOLLOWER
    assert await breaches(db) == []


async def test_two_apps_of_one_unionid_at_once_make_one_fan(db: Db) -> None:
    async def one(app: str, openid: str) -> int:
        async with db.merchant("demo") as tx:
            return await service.resolve(tx, app, openid, "u1")

    for round_ in range(5):
        openids = [(app, f"{app}{round_}") for app in (APP, MINI)] * 5
        found = await asyncio.gather(*(one(*pair) for pair in openids))
        assert len(set(found)) == 1
    assert await joined(db) == 1
    assert await breaches(db) == []


async def test_an_openid_that_gains_a_unionid_later_joins_the_records(db: Db, drain: Drain) -> None:
    official = await follower(db, "o1")
    async with db.merchant("demo") as tx:
        mini = await service.resolve(tx, MINI, "m1", "u1")
    assert official != mini
    await say(db, OrderPaid(1, "T1", official, 900, 1, AT), aggregate="order:1")
    await say(db, OrderPaid(2, "T2", mini, 500, 1, AT), aggregate="order:2")
    await drain()
    async with db.merchant("demo") as tx:
        assert await service.resolve(tx, APP, "o1", "u1") == official
    together = await fan(db, mini)
    assert together.id == official
    assert together.paid_fen == 1400
    assert together.orders == 2
    async with db.merchant("demo") as tx:
        assert await service.resolve(tx, MINI, "m1") == mini
        assert await service.person_ids(tx, mini) == [official, mini]
        assert await service.openid_of(tx, official, MINI) == "m1"
        briefs = await service.brief(tx, [official, mini])
        assert {brief.id for brief in briefs.values()} == {official}
    await say(db, OrderPaid(3, "T3", mini, 100, 1, AT), aggregate="order:3")
    await drain()
    assert (await fan(db, official)).paid_fen == 1500
    assert await breaches(db) == []


async def test_joining_while_orders_arrive_loses_no_counter(db: Db) -> None:
    official = await follower(db, "o1")
    async with db.merchant("demo") as tx:
        mini = await service.resolve(tx, MINI, "m1", "u1")

    async def pay(n: int) -> None:
        async with db.merchant("demo") as tx:
            whom = official if n % 2 else mini
            await service.record(tx, whom, Happening.ORDER_PAID, f"order:{n}", at=AT, amount_fen=n)

    async def join() -> None:
        async with db.merchant("demo") as tx:
            await service.resolve(tx, APP, "o1", "u1")

    await asyncio.gather(*(pay(n) for n in range(10)), join(), *(pay(n) for n in range(10, 24)))
    assert (await fan(db, mini)).paid_fen == sum(range(24))
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).select_from(Merge)) == 1
    assert await breaches(db) == []


async def test_a_unionid_learnt_in_many_places_at_once_joins_once_and_loses_nothing(
    db: Db, drain: Drain
) -> None:
    """Sign-ins, pushes and the import learn it at one moment, while both records buy and follow."""
    official = await follower(db, "o1")
    async with db.merchant("demo") as tx:
        mini = await service.resolve(tx, MINI, "m1", "u1")

    async def learn(app: str, openid: str) -> None:
        async with db.merchant("demo") as tx:
            await service.resolve(tx, app, openid, "u1")

    async def live(n: int) -> None:
        at = AT + timedelta(minutes=n)
        async with db.merchant("demo") as tx:
            if n % 3 == 0:
                await service.follow(tx, app_id=APP, openid="o1", scene=None, at=at)
                return
            whom, ref = (official, mini)[n % 2], f"order:{n}"
            await service.record(tx, whom, Happening.ORDER_PAID, ref, at=at, amount_fen=n)

    learning = [learn(APP, "o1") for _ in range(6)] + [learn("wx_third", "t1") for _ in range(3)]
    await asyncio.gather(*learning, *(live(n) for n in range(24)))
    await drain()
    together = await fan(db, mini)
    async with db.merchant("demo") as tx:
        third = await service.resolve(tx, "wx_third", "t1")
        records = set(await service.person_ids(tx, mini))
        assert await tx.scalar(select(func.count()).select_from(Merge)) == len(records) - 1
    assert records == {official, mini, third}
    mine = [n for n in range(24) if n % 3]
    assert (together.orders, together.paid_fen) == (len(mine), sum(mine))
    assert together.following
    assert await breaches(db) == []


async def test_follows_and_leaves_told_at_once_end_with_the_newest(db: Db, drain: Drain) -> None:
    """WeChat repeats and reorders its pushes: when it happened decides, not when it came."""
    fan_id = await follower(db)

    async def told(n: int) -> None:
        verb = service.follow if n % 2 else service.unfollow
        more: dict[str, Any] = {"scene": None} if n % 2 else {}
        at = AT + timedelta(minutes=1 + n)
        async with db.merchant("demo") as tx:
            await verb(tx, app_id=APP, openid="o1", at=at, **more)

    for last in (8, 13):  # a leave is the newest, then a follow
        await asyncio.gather(*(told(n) for n in [*range(last, -1, -1), *range(last + 1)]))
        await drain()
        person = await fan(db, fan_id)
        assert person.following is (last % 2 == 1)
        assert await breaches(db) == []
    async with db.merchant("demo") as tx:
        kinds = await tx.execute(select(Line.kind, func.count()).group_by(Line.kind))
        counted = {row[0]: row[1] for row in kinds}
    assert counted[Happening.FOLLOWED] == 1 + 7
    assert counted[Happening.UNFOLLOWED] == 7


async def test_unfollow_and_refollow(db: Db, drain: Drain) -> None:
    events = [
        Followed(APP, "o1", "c.1", "ticket", AT),
        Unfollowed(APP, "o1", AT + timedelta(hours=1)),
        Followed(APP, "o1", "c.2", "ticket", AT + timedelta(hours=2)),
    ]
    await say(db, *events, aggregate="openid:o1")
    await drain()
    async with db.merchant("demo") as tx:
        fan_id = await service.resolve(tx, APP, "o1")
    person = await fan(db, fan_id)
    assert person.following
    assert person.stage is Stage.FOLLOWER
    async with db.platform() as tx:
        rows = await tx.scalars(
            text(
                "SELECT payload ->> 'first' FROM platform.event"
                " WHERE name = 'fans.followed' ORDER BY id"
            )
        )
        assert list(rows) == ["true", "false"]
    assert await breaches(db) == []


async def test_a_late_follow_does_not_undo_a_newer_leave(db: Db) -> None:
    async with db.merchant("demo") as tx:
        await service.unfollow(tx, app_id=APP, openid="o1", at=AT + timedelta(minutes=1))
        fan_id = await service.follow(tx, app_id=APP, openid="o1", scene=None, at=AT)
    person = await fan(db, fan_id)
    assert not person.following
    assert person.ever_followed
    assert person.stage is Stage.LOST
    assert await breaches(db) == []


async def test_two_accounts_one_leave_still_follows(db: Db) -> None:
    async with db.merchant("demo") as tx:
        first = await service.resolve(tx, APP, "o1", "u1")
        await service.follow(tx, app_id=APP, openid="o1", scene=None, at=AT)
        await service.resolve(tx, MINI, "m1", "u1")
        await service.follow(tx, app_id=MINI, openid="m1", scene=None, at=AT)
        await service.unfollow(tx, app_id=MINI, openid="m1", at=AT + timedelta(minutes=1))
    assert (await fan(db, first)).following
    assert await breaches(db) == []


async def test_another_merchant_knows_nothing(db: Db) -> None:
    fan_id = await follower(db)
    async with db.merchant("other") as tx:
        assert await service.brief(tx, [fan_id]) == {}
        with pytest.raises(NotFound):
            await service.record(tx, fan_id, Happening.MENU, "x", at=AT)


async def random_life(db: Db, seed: int, *, drain: Drain) -> None:
    """A random history of a few fans, with repeats, told through events."""
    chance = random.Random(seed)
    fans = [await follower(db, f"o{n}") for n in range(4)]
    for n in range(40):
        at, number, kind = AT + timedelta(minutes=n), chance.randrange(12), chance.randrange(6)
        who = fans[number % 4] if kind < 3 else chance.choice(fans)  # an order is one fan's
        openid = f"o{fans.index(who)}"
        made: object
        if kind == 0:
            made = OrderPaid(number, f"T{number}", who, chance.randrange(1, 9999), 1, at)
        elif kind == 1:
            made = OrderReceived(number, f"T{number}", who, 1, at)
        elif kind == 2:
            made = OrderRefunded(number, f"T{number}", who, chance.randrange(1, 99), kind == 1, at)
        elif kind == 3:
            made = Unfollowed(APP, openid, at)
        elif kind == 4:
            made = Followed(APP, openid, None, None, at)
        else:
            made = MessageReceived(APP, openid, number + 1, "text", "在吗", at)
        aggregate = f"order:{number}" if kind < 3 else f"openid:{openid}"
        await say(db, made, aggregate=aggregate)
        if chance.random() < 0.2:
            await say(db, made, aggregate=aggregate)
    await drain()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.slow
async def test_counters_equal_a_recount_after_any_history(db: Db, drain: Drain, seed: int) -> None:
    await random_life(db, seed, drain=drain)
    assert await breaches(db) == []
    async with db.merchant("demo") as tx:
        assert await service.rebuild_counters(tx) == 0


@pytest.mark.slow
async def test_the_recount_sees_a_planted_drift_and_repairs_it(db: Db, drain: Drain) -> None:
    await random_life(db, 4, drain=drain)
    async with db.merchant("demo") as tx:
        await tx.execute(update(Fan).values(paid_fen=Fan.paid_fen + 1, orders=Fan.orders + 4))
    assert any("F1.counters" in breach for breach in await breaches(db))
    async with db.merchant("demo") as tx:
        assert await service.rebuild_counters(tx) == 4
    assert await breaches(db) == []


async def test_forgetting_the_lock_is_seen(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positive control: a count read without the row's lock drifts under load and the audit says so."""
    fan_id = await follower(db)
    seen_before = "orders = (SELECT x.orders FROM fan AS x WHERE x.id = f.id)"
    planted = timeline._RECORD.text.replace("FOR UPDATE SKIP LOCKED", "")
    planted = planted.replace(" orders = f.orders", f" {seen_before}")
    assert seen_before in planted
    monkeypatch.setattr(timeline, "_RECORD", text(planted))

    async def pay(n: int) -> None:
        async with db.merchant("demo") as tx:
            await service.record(tx, fan_id, Happening.ORDER_PAID, f"o{n}", at=AT, amount_fen=7)

    await asyncio.gather(*(pay(n) for n in range(30)))
    assert any("F1.counters" in breach for breach in await breaches(db))


@pytest.mark.parametrize("sort", list(FanSort))
async def test_the_list_pages_through_everyone_once_in_one_statement_a_page(
    db: Db, sort: FanSort
) -> None:
    made = {await follower(db, f"o{n}") for n in range(13)}
    async with db.merchant("demo") as tx:
        await tx.execute(
            text("UPDATE fan SET paid_fen = id % 3, orders = id % 2, last_seen_at = :at"),
            {"at": AT},
        )
    seen: list[int] = []
    after: tuple[object, int] | None = None
    async with db.merchant("demo") as tx:
        while True:
            with statements(tx) as sent:
                rows = await queries.fan_list(tx, queries.Filter(), sort, after=after, limit=5)
            assert len(sent) == 1
            seen += [row.id for row, _ in rows[:5]]
            if len(rows) <= 5:
                break
            last = rows[4][0]
            after = (queries.sort_key(last, sort), last.id)
    assert sorted(seen) == sorted(made)
    assert len(seen) == 13


async def test_names_phones_and_numbers_are_found(db: Db) -> None:
    fan_id = await follower(db, "o1")
    await follower(db, "o2")
    async with db.merchant("demo") as tx:
        await service.edit_profile(
            tx, fan_id, {"nickname": "爱喝茶的小林", "phone": "13800138000", "real_name": "林大山"}
        )
    async with db.merchant("demo") as tx:
        for query in ("小林", "喝茶", "茶", "13800138000", f"#{fan_id}", " 爱喝 "):
            rows = await queries.fan_list(
                tx, queries.Filter(query=query), FanSort.NEWEST, after=None, limit=9
            )
            assert [row.id for row, _ in rows] == [fan_id], query
        for query in ("138 0013 8000", "+86 138-0013-8000", "爱喝茶的小林"):
            rows = await queries.fan_list(
                tx, queries.Filter(query=query), FanSort.NEWEST, after=None, limit=9
            )
            assert [row.id for row, _ in rows] == [fan_id], query
        for query in ("小王", "13800138001", "' OR 1=1 --", "%", "_", "#99999999999999999"):
            rows = await queries.fan_list(
                tx, queries.Filter(query=query), FanSort.NEWEST, after=None, limit=9
            )
            assert rows == [], query


async def found(db: Db, query: str, **more: Any) -> list[int]:
    async with db.merchant("demo") as tx:
        rows = await queries.fan_list(
            tx, queries.Filter(query, **more), FanSort.SPEND, after=None, limit=50
        )
    return sorted(row.id for row, _ in rows)


async def test_a_fan_without_a_name_is_found_as_it_is_shown(db: Db) -> None:
    made = [await follower(db, f"o{n}") for n in range(12)]
    assert made == list(range(1, 13))
    async with db.merchant("demo") as tx:
        await service.edit_profile(tx, 12, {"nickname": "粉丝团长"})
    for query in ("粉丝1", "丝1", "1", "粉丝 １"):
        assert await found(db, query) == [1, 10, 11]
    assert await found(db, "粉丝12") == []  # has a name now
    assert await found(db, "粉丝") == made
    assert await found(db, "粉丝10", following=True) == [10]
    assert await found(db, "粉丝10", following=False) == []


async def test_the_words_must_stand_together_in_the_name_or_in_the_note(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart, together, noted = [await follower(db, f"o{n}") for n in range(3)]
    async with db.merchant("demo") as tx:
        await service.edit_profile(tx, apart, {"nickname": "喝茶喝水茶喝"})
        await service.edit_profile(tx, together, {"nickname": "爱茶喝茶的人ABC"})
        await service.edit_remark(
            tx, StaffActor(1, "小林", frozenset()), noted, "长" * 300 + "，茶喝\n茶要发顺丰"
        )
    assert await found(db, "茶喝茶") == [together, noted]
    assert await found(db, "ａｂｃ") == [together]
    assert await found(db, "顺丰") == [noted]
    monkeypatch.setattr(queries.people, "FEW", 0)  # a frequent name is walked to: same answer
    assert await found(db, "茶喝茶") == [together, noted]
    monkeypatch.setattr(queries.people, "_named", lambda words: true())
    assert await found(db, "茶喝茶") == [apart, together, noted]  # what the pairs alone would say


async def test_personal_data_is_sealed_at_rest(db: Db) -> None:
    fan_id = await follower(db)
    async with db.merchant("demo") as tx:
        await service.edit_profile(tx, fan_id, {"phone": "13800138000", "real_name": "林大山"})
    async with db.merchant("demo") as tx:
        raw = str((await tx.execute(text("SELECT * FROM fan"))).all())
        assert "13800138000" not in raw
        assert "林大山" not in raw


async def test_a_seen_openid_is_asked_about_once(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    await follower(db, "o1")
    async with db.merchant("demo") as tx:
        mini = await service.resolve(tx, MINI, "m1", "u1")
    asked = []

    class Info:
        unionid = "u1"

    async def user_info(_db: Db, _merchant: str, openid: str) -> Info:
        asked.append(openid)
        return Info()

    monkeypatch.setattr("tiefen.wechat.service.user_info", user_info)
    assert await service.ask_unionids(db, "demo") == 1
    assert await service.ask_unionids(db, "demo") == 0
    assert asked == ["o1"]
    assert (await fan(db, mini)).following
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).select_from(Identity)) == 2
    assert await breaches(db) == []


async def test_orders_of_joined_records_belong_to_the_one_person(db: Db) -> None:
    async with db.merchant("demo") as tx:
        official = await service.resolve(tx, APP, "o1")
        mini = await service.resolve(tx, MINI, "m1", "u1")
        stranger = await service.resolve(tx, APP, "o2")
        await service.resolve(tx, APP, "o1", "u1")
        with statements(tx) as sent:
            assert await service.person_ids(tx, mini) == [official, mini]
        assert len(sent) == 1
        assert await service.person_ids(tx, official) == [official, mini]
        assert await service.person_ids(tx, stranger) == [stranger]
        assert await service.person_ids(tx, 999) == [999]


async def test_what_was_said_is_sealed_in_the_timeline(db: Db, staff_client: StaffClient) -> None:
    fan_id = await follower(db)
    said = "我的电话 13800138000"
    async with db.merchant("demo") as tx:
        data = {"kind": "text", "text": said}
        await service.record(tx, fan_id, Happening.MESSAGE_IN, "msg:1", at=AT, data=data)
    async with db.merchant("demo") as tx:
        kept = await tx.scalar(text("SELECT data::text FROM fan_line WHERE ref = 'msg:1'"))
    assert "13800138000" not in str(kept)
    path = f"/api/console/fans/{fan_id}/timeline?kind=message_in"
    helper = await staff_client(["fans.read", "helpdesk.read"])
    (line,) = (await helper.get(path)).json()["items"]
    assert (line["data"]["text"], line["data"]["hidden"]) == (said, False)
    seller = await staff_client(["fans.read"])
    (line,) = (await seller.get(path)).json()["items"]
    assert (line["data"]["text"], line["data"]["hidden"]) == ("", True)
