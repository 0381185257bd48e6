"""Minting, first sources, credits and counters, in order, out of order and in races."""

import asyncio
import random
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from tests.channels.factories import boss, code, fake_qr, reload
from tests.conftest import Drain
from tests.fans.factories import APP, AT, follower, say
from tiefen.channels import errors, service
from tiefen.channels.models import Attribution, ChannelCode, Touch
from tiefen.channels.values import CodeKind, CodeState, Lifetime, TouchKind
from tiefen.fans import queries as fan_queries
from tiefen.fans import service as fans
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.kernel.errors import Away
from tiefen.orders.events import OrderPaid, OrderReceived, OrderRefunded
from tiefen.wechat.events import Followed, Scanned, Unfollowed


async def breaches(db: Db) -> list[str]:
    return [f"{breach.invariant}: {breach.row}" for breach in await audit.run(db)]


async def test_the_qr_code_is_made_after_the_commit_and_retried(
    db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch, travel: Travel
) -> None:
    fake = fake_qr(monkeypatch)
    fake.failures = 1
    made = await code(db, await boss(db))
    assert made.state is CodeState.PENDING
    assert fake.asked == []
    await drain()
    waiting = await reload(db, made.id)
    assert waiting.state is CodeState.PENDING
    assert waiting.failure == Away().message("zh")
    travel.move(timedelta(minutes=1))
    await drain()
    ready = await reload(db, made.id)
    assert ready.state is CodeState.READY
    assert ready.failure == ""
    assert ready.runs_out_at is None
    assert ready.url.endswith(made.scene)
    assert fake.asked == [(made.scene, None)] * 2


async def test_temporary_codes_are_made_anew_before_they_run_out(
    db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch, travel: Travel
) -> None:
    fake = fake_qr(monkeypatch)
    made = await code(db, await boss(db), lifetime=Lifetime.TEMPORARY)
    await drain()
    first = (await reload(db, made.id)).runs_out_at
    assert first == travel.now + timedelta(days=30)
    travel.move(timedelta(days=20))
    async with db.merchant("demo") as tx:
        assert await service.renew(tx) == 0
    travel.move(timedelta(days=8))
    async with db.merchant("demo") as tx:
        assert await service.renew(tx) == 1
    await drain()
    assert (await reload(db, made.id)).runs_out_at == travel.now + timedelta(days=30)
    assert fake.asked == [(made.scene, 2_592_000)] * 2


async def test_names_are_taken_by_living_codes_only(db: Db) -> None:
    by = await boss(db)
    first = await code(db, by, "海报")
    with pytest.raises(errors.NameTaken):
        await code(db, by, "海报")
    async with db.merchant("demo") as tx:
        await service.edit_code(tx, by, first.id, {"archived": True})
    second = await code(db, by, "海报")
    with pytest.raises(errors.NameTaken):
        async with db.merchant("demo") as tx:
            await service.edit_code(tx, by, first.id, {"archived": False})
    assert second.id != first.id


async def test_two_codes_of_one_name_at_once_make_one(db: Db) -> None:
    by = await boss(db)
    results = await asyncio.gather(
        *(code(db, by, "展会") for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(r, ChannelCode) for r in results) == 1
    assert sum(isinstance(r, errors.NameTaken) for r in results) == 7


async def test_the_owner_must_work_here(db: Db) -> None:
    by = await boss(db)
    with pytest.raises(errors.OwnerMissing):
        await code(db, by, owner_staff_id=99)


async def live(db: Db, drain: Drain, *events: object, openid: str = "o1") -> None:
    await say(db, *events, aggregate=f"openid:{openid}")
    await drain()


async def fan_of(db: Db, openid: str = "o1") -> int:
    async with db.merchant("demo") as tx:
        return await fans.resolve(tx, APP, openid)


async def test_the_first_source_never_changes(db: Db, drain: Drain) -> None:
    by = await boss(db)
    lin, poster = await code(db, by, "小林"), await code(db, by, "海报", kind=CodeKind.POSTER)
    await live(
        db,
        drain,
        Followed(APP, "o1", lin.scene, "t", AT),
        Scanned(APP, "o1", poster.scene, AT + timedelta(hours=1)),
        Unfollowed(APP, "o1", AT + timedelta(hours=2)),
        Followed(APP, "o1", poster.scene, "t", AT + timedelta(hours=3)),
    )
    fan_id = await fan_of(db)
    async with db.merchant("demo") as tx:
        row = await tx.get(Attribution, fan_id)
        person, named = await fan_queries.one_fan(tx, fan_id)
    assert row
    assert row.first_code_id == lin.id
    assert row.last_code_id == poster.id
    assert row.following
    assert row.unfollows == 1
    assert named
    assert named.name == "小林"
    assert person.source_code_id == lin.id
    lin, poster = await reload(db, lin.id), await reload(db, poster.id)
    assert (lin.scans, lin.follows, lin.fans, lin.unfollows) == (1, 1, 1, 1)
    assert (poster.scans, poster.follows, poster.fans, poster.unfollows) == (2, 1, 0, 0)
    assert await breaches(db) == []


async def test_who_came_alone_first_stays_their_own(db: Db, drain: Drain) -> None:
    lin = await code(db, await boss(db))
    await live(
        db,
        drain,
        Followed(APP, "o1", None, None, AT),
        Scanned(APP, "o1", lin.scene, AT + timedelta(hours=1)),
        Followed(APP, "o2", "unknown-scene", None, AT),
    )
    fan_id = await fan_of(db)
    async with db.merchant("demo") as tx:
        source = await tx.get_one(Attribution, fan_id)
        kinds = list(await tx.scalars(select(Touch.kind).order_by(Touch.id)))
    assert source.first_code_id is None
    assert sorted(kinds) == [TouchKind.ORGANIC, TouchKind.ORGANIC, TouchKind.SCAN]
    assert (await reload(db, lin.id)).fans == 0
    assert await breaches(db) == []


async def test_an_order_counts_for_the_first_code_through_its_whole_life(
    db: Db, drain: Drain
) -> None:
    lin = await code(db, await boss(db))
    await live(db, drain, Followed(APP, "o1", lin.scene, "t", AT))
    fan_id = await fan_of(db)
    await say(
        db,
        OrderPaid(1, "T1", fan_id, 10_000, 1, AT),
        OrderReceived(1, "T1", fan_id, 10_000, AT),
        OrderRefunded(1, "T1", fan_id, 3_000, False, AT),
        OrderRefunded(1, "T1", fan_id, 7_000, True, AT + timedelta(days=1)),
        aggregate="order:1",
    )
    await say(db, OrderPaid(1, "T1", fan_id, 10_000, 1, AT), aggregate="order:1")
    await drain()
    now = await reload(db, lin.id)
    assert (now.orders, now.received_orders, now.paid_fen, now.refunded_fen) == (
        1,
        1,
        10_000,
        10_000,
    )
    assert await breaches(db) == []


async def test_an_order_after_records_were_joined_finds_the_code_of_either(
    db: Db, drain: Drain
) -> None:
    lin = await code(db, await boss(db))
    async with db.merchant("demo") as tx:
        mini = await fans.resolve(tx, "wx_mini", "m1", "u1")
    await live(db, drain, Followed(APP, "o1", lin.scene, "t", AT))
    async with db.merchant("demo") as tx:
        record = await fans.resolve(tx, APP, "o1", "u1")
        assert set(await fans.person_ids(tx, record)) == {mini, record}
    await say(db, OrderPaid(1, "T1", mini, 500, 1, AT), aggregate="order:1")
    await drain()
    assert (await reload(db, lin.id)).paid_fen == 500


async def test_an_order_heard_of_before_the_first_touch_is_claimed_by_it(
    db: Db, drain: Drain
) -> None:
    lin = await code(db, await boss(db))
    fan_id = await fan_of(db)
    later = AT + timedelta(hours=1)
    await say(
        db,
        OrderPaid(1, "T1", fan_id, 500, 1, later),
        OrderReceived(1, "T1", fan_id, 500, later),
        OrderRefunded(1, "T1", fan_id, 100, False, later),
        aggregate="order:1",
    )
    await say(db, OrderPaid(2, "T2", fan_id, 9, 1, AT - timedelta(days=1)), aggregate="order:2")
    await drain()
    assert (await reload(db, lin.id)).orders == 0
    await live(db, drain, Followed(APP, "o1", lin.scene, "t", AT))
    now = await reload(db, lin.id)
    assert (now.orders, now.received_orders, now.paid_fen, now.refunded_fen) == (1, 1, 500, 100)
    assert now.owner_staff_id is not None
    assert await breaches(db) == []


async def test_twenty_touches_at_once_have_one_first(db: Db) -> None:
    by = await boss(db)
    codes = [await code(db, by, f"码{n}") for n in range(4)]
    fan_id = await follower(db)

    async def touch(n: int) -> None:
        async with db.merchant("demo") as tx:
            await service.record_touch(
                tx,
                fan_id=fan_id,
                scene=codes[n % 4].scene,
                kind=TouchKind.SCAN,
                ref=f"scan:{n % 10}",
                at=AT,
            )

    await asyncio.gather(*(touch(n) for n in range(20)))
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).select_from(Touch)) == 10
        assert await tx.scalar(select(func.sum(ChannelCode.fans))) == 1
        assert await tx.scalar(select(func.sum(ChannelCode.scans))) == 10
    assert await breaches(db) == []


async def test_without_the_fans_lock_the_first_source_check_goes_red(db: Db) -> None:
    """Positive control: an attribution that is not the earliest touch is seen."""
    by = await boss(db)
    lin, poster = await code(db, by, "小林"), await code(db, by, "海报")
    fan_id = await follower(db)
    for scene in (lin.scene, poster.scene):
        async with db.merchant("demo") as tx:
            await service.record_touch(
                tx, fan_id=fan_id, scene=scene, kind=TouchKind.SCAN, ref=scene, at=AT
            )
    async with db.merchant("demo") as tx:
        await tx.execute(update(Attribution).values(first_code_id=poster.id))
    assert any("C2.first_source" in breach for breach in await breaches(db))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.slow
async def test_counters_equal_a_recount_after_any_history(db: Db, drain: Drain, seed: int) -> None:
    chance = random.Random(seed)
    by = await boss(db)
    codes = [await code(db, by, f"码{n}") for n in range(3)]
    paid: dict[int, int] = {}
    for n in range(50):
        openid, at = f"o{chance.randrange(5)}", AT + timedelta(minutes=n)
        scene = chance.choice([None, *(one.scene for one in codes)])
        made: object
        match chance.randrange(6):
            case 0:
                made = Followed(APP, openid, scene, None, at)
            case 1:
                made = Unfollowed(APP, openid, at)
            case 2:
                made = Scanned(APP, openid, scene or "x", at)
            case 3:
                paid[n] = chance.randrange(1, 10_000)
                made = OrderPaid(n, f"T{n}", await fan_of(db, openid), paid[n], 1, at)
            case 4 if paid:
                order = chance.choice(list(paid))
                part = chance.randint(0, paid[order])
                paid[order] -= part
                made = OrderRefunded(order, f"T{order}", 1, part, paid[order] == 0, at)
            case _:
                order = chance.choice(list(paid)) if paid else 0
                made = OrderReceived(order, f"T{order}", 1, 0, at)
        number = getattr(made, "order_id", None)
        aggregate = f"order:{number}" if number is not None else f"openid:{openid}"
        await say(
            db,
            *[made] * chance.choice([1, 1, 2]) if "Refund" not in str(made) else [made],
            aggregate=aggregate,
        )
    await drain()
    assert await breaches(db) == []
    async with db.merchant("demo") as tx:
        assert await service.rebuild_counters(tx) == 0
        await tx.execute(text("UPDATE channel_code SET scans = scans + 1, paid_fen = 5"))
    assert any("C1.counters" in breach for breach in await breaches(db))
    async with db.merchant("demo") as tx:
        assert await service.rebuild_counters(tx) == 3
    assert await breaches(db) == []


async def test_the_touch_log_cannot_be_changed(db: Db) -> None:
    for statement in ("UPDATE channel_touch SET fan_id = 1", "DELETE FROM channel_touch"):
        with pytest.raises(Exception, match="permission denied"):
            async with db.merchant("demo") as tx:
                await tx.execute(text(statement))
