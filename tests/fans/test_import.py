"""The import of followers, against the sandbox: everybody once, whatever happens on the way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Drain
from tests.fans.import_world import ACTOR, World, opened, wechat_token
from tiefen.fans import rules, service
from tiefen.fans.errors import ImportMissing, ImportRunning
from tiefen.fans.service import importing as imports
from tiefen.fans.values import Change, FollowerImportState, Happening, ImportStep, KnownId
from tiefen.kernel import failpoints, worker
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.wechat.errors import NotConfigured
from tiefen.wechat.values import UserInfo

AT = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
async def world(db: Db) -> AsyncIterator[World]:
    async with opened(db) as made:
        yield made


def counts(row: Any) -> tuple[int, int, int, int, int, int]:
    return (row.asked, row.added, row.updated, row.unchanged, row.skipped, row.left_us)


async def test_every_follower_becomes_a_fan_with_their_history(world: World) -> None:
    await world.crowd(430)
    row = await world.import_all()
    assert (row.state, row.total, row.listed) == (FollowerImportState.DONE, 430, 430)
    assert counts(row) == (430, 430, 0, 0, 0, 0)
    await world.check()
    fans = await world.one(
        """
        SELECT count(*) AS fans, count(*) FILTER (WHERE f.stage = 'follower') AS followers,
               count(*) FILTER (WHERE f.following AND f.interactions = 1) AS counted,
               count(*) FILTER (WHERE f.joined_at = i.followed_at AND l.at = i.followed_at) AS timed,
               count(i.unionid) AS named, count(*) FILTER (WHERE f.remark <> '') AS remarked,
               count(*) FILTER (WHERE l.data ->> 'imported' = 'true') AS told,
               count(*) FILTER (WHERE a.first_code_id IS NULL AND a.first_at = l.at) AS sourced
        FROM fan AS f JOIN fan_identity AS i ON i.fan_id = f.id
        JOIN fan_line AS l ON l.fan_id = f.id AND l.kind = 'followed'
        JOIN channel_attribution AS a ON a.fan_id = f.id
        """
    )
    assert tuple(fans) == (430, 430, 430, 430, 430, 9, 430, 430)
    assert (await world.one("SELECT count(*) FROM fan_import_openid"))[0] == 0
    assert (await world.one("SELECT count(*) FROM fan_stage_move"))[0] == 0


async def test_a_second_run_writes_only_what_changed(world: World) -> None:
    await world.crowd(250)
    back, fan = await world.fan(), await world.fan()
    await world.import_all()
    before = await world.one("SELECT max(xmin::text::bigint) FROM fan")
    await world.crowd_leaves(12)
    new = await world.fan()
    for one in (back, fan):
        await world.post(f"/fans/{one['id']}/unfollow", app_id=world.app_id)
    world.box.clock.move(120)
    await world.post(f"/fans/{back['id']}/follow", app_id=world.app_id)
    row = await world.import_all()
    assert counts(row) == (240, 1, 1, 238, 0, 13)
    await world.check()
    touched = await world.one(
        "SELECT count(*) FROM fan WHERE xmin::text::bigint > :before", before=before[0]
    )
    assert touched[0] == 15
    assert new["openids"][world.app_id] in await world.following()
    gone = await world.one(
        "SELECT count(*) FROM fan WHERE NOT following AND ever_followed AND stage = 'lost'"
    )
    assert gone[0] == 13
    again = await world.import_all()
    assert counts(again) == (240, 0, 0, 240, 0, 0)
    await world.check()


PLACES = [
    "fans.import.listed:kill",
    "fans.import.told:kill:2",
    "fans.import.page:kill:2",
    "fans.import.one:kill:2",
    "fans.import.left:kill:3",
]


@pytest.mark.parametrize("place", PLACES)
async def test_killed_anywhere_it_goes_on_and_everybody_is_counted_once(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(imports, "CALLS_AT_ONCE", 1)
    async with world.db.merchant("demo") as tx:  # they left, or were known without their follow
        for n in range(6):
            openid = f"gone{n}"
            await service.follow(tx, app_id=world.app_id, openid=openid, scene=None, at=AT)
    await world.crowd(350)
    for openid in sorted(await world.truth())[:5]:
        async with world.db.merchant("demo") as tx:
            await service.resolve(tx, world.app_id, openid)
    import_id = await world.start()
    monkeypatch.setattr(failpoints, "_armed", {})
    monkeypatch.setattr(failpoints, "_passes", type(failpoints._passes)())
    failpoints.arm(place.replace("kill", "raise"))
    async with world.db.merchant("demo") as tx:
        turn = (await world.row()).turn
    with pytest.raises(failpoints.Failpoint):
        await imports.work(world.db, "demo", import_id, turn)
    monkeypatch.setattr(failpoints, "_armed", {})
    await worker.drain(world.db)
    row = await world.row()
    assert row.state is FollowerImportState.DONE
    assert counts(row) == (350, 345, 5, 0, 0, 6)
    await world.check()


async def test_two_jobs_of_one_import_do_each_page_once(world: World) -> None:
    await world.crowd(900)
    import_id = await world.start()
    await asyncio.gather(*(imports.work(world.db, "demo", import_id, 0) for _ in range(3)))
    await worker.drain(world.db)
    row = await world.row()
    assert counts(row) == (900, 900, 0, 0, 0, 0)
    await world.check()


async def test_there_is_one_import_at_a_time(world: World) -> None:
    await world.crowd(3)
    first = await world.start()
    with pytest.raises(ImportRunning):
        await world.start()
    async with world.db.merchant("demo") as tx:
        with pytest.raises(ImportRunning):
            await service.resume_import(tx, ACTOR, first)
    await worker.drain(world.db)
    second = await world.start()
    assert second > first
    async with world.db.merchant("demo") as tx:
        with pytest.raises(ImportMissing):
            await service.stop_import(tx, ACTOR, first)


async def test_stopped_it_stands_and_goes_on_from_there(world: World, drain: Drain) -> None:
    await world.crowd(900)
    import_id = await world.start()
    await imports.work(world.db, "demo", import_id, 0, seconds=0)
    await imports.work(world.db, "demo", import_id, 1, seconds=0)
    async with world.db.merchant("demo") as tx:
        stopped = await service.stop_import(tx, ACTOR, import_id)
    assert stopped.state is FollowerImportState.STOPPED
    before = counts(await world.row())
    await drain()
    assert counts(await world.row()) == before
    async with world.db.merchant("demo") as tx:
        await service.resume_import(tx, ACTOR, import_id)
    await drain()
    row = await world.row()
    assert (row.state, counts(row)) == (FollowerImportState.DONE, (900, 900, 0, 0, 0, 0))
    await world.check()


async def test_a_spent_quota_is_waited_for(world: World, travel: Travel, drain: Drain) -> None:
    await world.crowd(1300)
    await world.limit(ask=8)
    row = await world.import_all()
    assert (row.state, row.trouble, row.asked) == (FollowerImportState.WAITING, "45009", 800)
    assert row.wait_until == datetime(2026, 4, 1, 16, 5, tzinfo=UTC)  # 00:05 in China
    assert await drain() == 0
    await world.limit(ask=1000)
    travel.move(timedelta(hours=12, minutes=6))
    await drain()
    row = await world.row()
    assert (row.state, row.trouble, counts(row)[:2]) == (FollowerImportState.DONE, "", (1300, 1300))
    await world.check()


async def test_a_busy_platform_is_asked_again_later_and_later(
    world: World, travel: Travel, drain: Drain
) -> None:
    await world.crowd(120)
    match = {"path": "/cgi-bin/user/get"}
    await world.post("/faults", kind="rate_limit", code=45011, match=match, times=2)
    row = await world.import_all()
    assert (row.state, row.trouble) == (FollowerImportState.WAITING, "45011")
    assert row.wait_until == row.moved_at + timedelta(seconds=10)
    travel.move(timedelta(seconds=11))
    await drain()
    assert (await world.row()).refusals == 2
    travel.move(timedelta(seconds=31))
    await drain()
    assert (await world.row()).state is FollowerImportState.DONE
    await world.check()


async def test_what_only_a_person_can_mend_is_told_and_goes_on_afterwards(
    world: World, drain: Drain
) -> None:
    await world.crowd(120)
    await world.post("/faults", kind="rate_limit", code=48001, match={"path": "/cgi-bin/user/get"})
    row = await world.import_all()
    assert (row.state, row.trouble) == (FollowerImportState.FAILED, "48001")
    async with world.db.merchant("demo") as tx:
        await service.resume_import(tx, ACTOR, row.id)
    await drain()
    assert (await world.row()).state is FollowerImportState.DONE
    await world.check()


async def test_without_an_account_there_is_nothing_to_import(db: Db) -> None:
    async with db.merchant("demo") as tx:
        with pytest.raises(NotConfigured):
            await service.start_import(tx, ACTOR)


async def test_pushes_that_race_the_import_count_once(world: World) -> None:
    await world.crowd(200)
    openids = sorted(await world.truth())
    import_id = await world.start()

    few = asyncio.Semaphore(6)

    async def follow(openid: str) -> None:
        at = _since(world, openid)
        async with few, world.db.merchant("demo") as tx:
            await service.follow(tx, app_id=world.app_id, openid=openid, scene=None, at=at)

    pushes = [follow(openid) for openid in openids[:60]]
    await asyncio.gather(imports.work(world.db, "demo", import_id, 0), *pushes)
    await worker.drain(world.db)
    row = await world.row()
    assert row.asked == row.added + row.updated + row.unchanged == 200
    lines = await world.one("SELECT count(*) FROM fan_line WHERE kind = 'followed'")
    assert lines[0] == 200
    await world.check()


async def test_a_leave_that_races_the_import_stays_a_leave(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.crowd(30)
    openid = sorted(await world.truth())[3]
    async with world.db.merchant("demo") as tx:
        at = _since(world, openid)
        await service.follow(tx, app_id=world.app_id, openid=openid, scene=None, at=at)
    real = imports._take_page

    async def left_meanwhile(*given: Any) -> None:
        await world.post(f"/fans/{openid}/unfollow", app_id=world.app_id)
        async with world.db.merchant("demo") as tx:
            await service.unfollow(tx, app_id=world.app_id, openid=openid, at=datetime.now(UTC))
        await real(*given)

    monkeypatch.setattr(imports, "_take_page", left_meanwhile)
    row = await world.import_all()
    assert counts(row) == (30, 29, 0, 1, 0, 0)
    await world.check()


async def test_a_unionid_joins_the_follower_to_the_fan_of_the_mini_program(world: World) -> None:
    await world.crowd(20)
    token_holder = sorted(await world.truth())[5]
    unionid = (await _told(world, token_holder))["unionid"]
    async with world.db.merchant("demo") as tx:
        shopper = await service.resolve(tx, "wx_mini", "m1", unionid, at=AT)
        paid = Happening.ORDER_PAID
        await service.record(tx, shopper, paid, "order:1", at=tx.now, amount_fen=500)
    row = await world.import_all()
    assert counts(row) == (20, 19, 1, 0, 0, 0)
    fan = await world.one(
        "SELECT f.id, f.following, f.orders, f.stage FROM fan AS f JOIN fan_identity AS i"
        " ON i.fan_id = f.id WHERE i.openid = :openid",
        openid=token_holder,
    )
    assert tuple(fan) == (shopper, True, 1, "customer")
    await world.check()


async def test_an_unbound_account_gains_unionids_on_a_later_run(db: Db) -> None:
    async with opened(db, bound=False) as world:
        await world.crowd(40)
        await world.import_all()
        assert (await world.one("SELECT count(unionid) FROM fan_identity"))[0] == 0
        world.box.apps[world.app_id].bound = True
        row = await world.import_all()
        assert counts(row) == (40, 0, 40, 0, 0, 0)
        assert (await world.one("SELECT count(unionid) FROM fan_identity"))[0] == 40
        await world.check()


async def test_tags_of_the_platform_come_along(world: World) -> None:
    fan = await world.fan()
    relation = world.box.relations[fan["openids"][world.app_id]]
    world.box.apps[world.app_id].tags[100] = "老客户"
    relation.tags.append(100)
    await world.import_all()
    worn = await world.one(
        "SELECT t.name, g.author FROM fan_tagging AS g JOIN fan_tag AS t ON t.id = g.tag_id"
    )
    assert tuple(worn) == ("老客户", "platform")


async def test_a_list_that_cannot_go_on_is_read_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.crowd(10_020)
    monkeypatch.setattr(imports, "CALLS_AT_ONCE", 20)
    import_id = await world.start()
    await imports.work(world.db, "demo", import_id, 0, seconds=0)
    at = (await world.row()).next_openid
    await world.post(f"/fans/{at}/unfollow", app_id=world.app_id)
    await imports.work(world.db, "demo", import_id, 1, seconds=0)
    row = await world.row()
    assert (row.restarts, row.listed, row.step) == (1, 0, ImportStep.LISTING)
    async with world.db.merchant("demo") as tx:
        await service.stop_import(tx, ACTOR, import_id)


def _since(world: World, openid: str) -> datetime:
    found = world.box.relation_of(world.box.apps[world.app_id], openid)
    assert found is not None
    return datetime.fromtimestamp(int(found.subscribed_at), UTC)


async def _told(world: World, openid: str) -> dict[str, Any]:
    query = {"access_token": await wechat_token(world), "openid": openid}
    answer: dict[str, Any] = (await world.control.get("/cgi-bin/user/info", params=query)).json()
    return answer


# ── rules ────────────────────────────────────────────────────────────────────────────────────

MOMENTS = st.datetimes(
    min_value=datetime(2025, 1, 1),  # noqa: DTZ001 the strategy adds the zone
    max_value=datetime(2026, 12, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(
    known=st.none()
    | st.builds(
        KnownId,
        following=st.booleans(),
        followed_at=st.none() | MOMENTS,
        unfollowed_at=st.none() | MOMENTS,
        unionid=st.none() | st.just("u"),
        asked=st.booleans(),
    ),
    subscribed=st.booleans(),
    at=st.none() | MOMENTS,
    began=MOMENTS,
)
def test_what_is_heard_makes_us_agree_with_the_platform(
    known: KnownId | None, subscribed: bool, at: datetime | None, began: datetime
) -> None:
    """Taken over, the word makes our state the platform's; the one exception is a fresh leave."""
    heard = rules.hear(known, UserInfo("o", subscribed, unionid="u", subscribed_at=at), began)
    follows = {
        Change.NEW: True,
        Change.FOLLOWS: True,
        Change.LEFT: False,
        Change.NOBODY: False,
    }.get(heard.change, known is not None and known.following)
    fresh = (
        known is not None
        and not known.following
        and known.unfollowed_at is not None
        and known.unfollowed_at > began - rules.imports.JUST_NOW
    )
    assert follows == subscribed or (fresh and not follows)
    if heard.change in {Change.FOLLOWS, Change.LEFT} and known:
        newest = [known.unfollowed_at] if heard.change is Change.FOLLOWS else [known.followed_at]
        assert all(one is None or heard.at > one or known.following for one in newest)


async def test_a_planted_bug_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgetting those who left while nobody listened: the check goes red."""
    await world.crowd(60)
    await world.import_all()
    await world.crowd_leaves(3)

    async def forgetful(*_: Any) -> None:
        return None

    monkeypatch.setattr(imports, "_take_missing", forgetful)
    await world.import_all()
    with pytest.raises(AssertionError):
        await world.check()
