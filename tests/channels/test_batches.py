"""Many codes at once: all or none, drawn at the platform's pace, counted against its limit."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from tests.channels.factories import FakeQr, boss, code, fake_qr
from tests.conftest import Drain, StaffClient
from tests.fans.factories import APP, say
from tiefen.channels import errors, queries, service
from tiefen.channels.models import ChannelCode, FormerOwner
from tiefen.channels.values import BatchState, CodeKind, CodeWish, Lifetime, Line
from tiefen.kernel import audit
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.wechat.errors import PlatformBusy, api_error
from tiefen.wechat.events import Followed
from tiefen.wechat.values import QrTicket

BATCHES = "/api/console/channel-code-batches"
CODES = "/api/console/channel-codes"
RIGHTS = ["channels.read", "channels.write"]


def lines(count: int, first: int = 1) -> list[Line]:
    return [Line(f"展架 {n:04d}") for n in range(first, first + count)]


async def make(db: Db, by: StaffActor, wanted: list[Line], **more: Any) -> int:
    async with db.merchant("demo") as tx:
        return await service.create_batch(
            tx, by, wanted, CodeWish(kind=CodeKind.EXHIBITION, **more)
        )


async def how_far(db: Db, batch_id: int) -> tuple[BatchState, int, str]:
    async with db.merchant("demo") as tx:
        batch, drawn = await queries.one_batch(tx, batch_id)
        return batch.state, drawn, batch.failure


async def test_a_thousand_codes_stand_at_once_and_are_drawn_one_after_another(
    db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = fake_qr(monkeypatch)
    by = await boss(db)
    batch = await make(db, by, [Line("甲", by.id, 500), *lines(999)], tags=["展会"], cost_fen=90)
    assert await how_far(db, batch) == (BatchState.MAKING, 0, "")
    await drain()
    assert await how_far(db, batch) == (BatchState.DONE, 1000, "")
    assert len(fake.asked) == len(set(fake.asked)) == 1000
    async with db.merchant("demo") as tx:
        row = (await tx.execute(select(func.sum(ChannelCode.cost_fen), func.count()))).one()
        assert tuple(row) == (500 + 999 * 90, 1000)
        assert (await queries.usage(tx)).permanent == 1000
    assert await audit.run(db) == []


async def test_a_taken_or_repeated_name_refuses_the_whole_batch(db: Db) -> None:
    by = await boss(db)
    await code(db, by, "展架 0002")
    with pytest.raises(errors.NamesTaken) as refused:
        await make(db, by, [*lines(3), Line("同名"), Line("同名")])
    assert refused.value.details == {"count": 2, "names": "同名、展架 0002"}
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).select_from(ChannelCode)) == 1


async def test_a_busy_platform_is_left_alone_for_a_while(
    db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch, travel: Travel
) -> None:
    fake, refused_from = FakeQr(), 50

    async def create(db: Any, merchant: str, scene: str, expires_in: int | None = None) -> QrTicket:
        if len(fake.asked) >= refused_from:
            raise api_error(45011, "api minute-quota reach limit")
        return await fake.create(db, merchant, scene, expires_in)

    monkeypatch.setattr("tiefen.wechat.service.create_qrcode", create)
    by = await boss(db)
    batch = await make(db, by, lines(90))
    await drain()
    state, drawn, failure = await how_far(db, batch)
    assert (state, drawn) == (BatchState.MAKING, 50)
    assert failure == api_error(45011, "api minute-quota reach limit").message("zh")
    assert isinstance(api_error(45011, ""), PlatformBusy)
    await drain()
    assert len(fake.asked) == 50
    refused_from = 1000
    travel.move(timedelta(minutes=1))
    await drain()
    assert await how_far(db, batch) == (BatchState.DONE, 90, "")


async def test_a_stopped_batch_keeps_what_is_drawn_and_frees_the_other_names(
    db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = fake_qr(monkeypatch)
    by = await boss(db)
    batch = await make(db, by, lines(5))
    async with db.merchant("demo") as tx:
        await service.stop_batch(tx, by, batch)
    await drain()
    assert fake.asked == []
    async with db.merchant("demo") as tx:
        assert (await queries.usage(tx)).permanent == 0
    again = await make(db, by, lines(5))
    await drain()
    assert await how_far(db, again) == (BatchState.DONE, 5, "")
    assert await audit.run(db) == []


async def test_permanent_codes_end_at_the_platforms_limit(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiefen.channels.queries.codes.PERMANENT_LIMIT", 10)
    by = await boss(db)
    await make(db, by, lines(6))
    with pytest.raises(errors.PermanentSpent) as refused:
        await make(db, by, lines(5, first=7))
    assert refused.value.details == {"limit": 10, "left": 4}
    await make(db, by, lines(5, first=7), lifetime=Lifetime.TEMPORARY)
    await make(db, by, lines(3, first=20))
    with pytest.raises(errors.PermanentSpent):
        await asyncio.gather(code(db, by, "甲"), code(db, by, "乙"))
    async with db.merchant("demo") as tx:
        used = await queries.usage(tx)
    assert (used.permanent, used.left, used.temporary) == (10, 0, 5)


@pytest.mark.parametrize("turns", [True, False], ids=["taking turns", "planted bug: no turns"])
async def test_the_limit_holds_when_many_make_codes_at_once(
    db: Db, monkeypatch: pytest.MonkeyPatch, turns: bool
) -> None:
    monkeypatch.setattr("tiefen.channels.queries.codes.PERMANENT_LIMIT", 3)
    if not turns:
        monkeypatch.setattr("tiefen.channels.service.codes._LOCK_ALLOWANCE", text("SELECT 1"))
    by = await boss(db)
    waiting = asyncio.Barrier(8)

    async def one(name: str) -> None:
        async with db.merchant("demo") as tx:
            await waiting.wait()
            await service.create_code(tx, by, name, CodeWish(kind=CodeKind.AD))

    await asyncio.gather(*(one(f"码{n}") for n in range(8)), return_exceptions=True)
    async with db.merchant("demo") as tx:
        made = (await queries.usage(tx)).permanent
    assert made == 3 if turns else made > 3


async def test_many_codes_change_together_and_the_owners_before_are_kept(
    db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_qr(monkeypatch)
    by = await boss(db)
    await make(db, by, lines(20))
    async with db.merchant("demo") as tx:
        ids = list(await tx.scalars(select(ChannelCode.id).order_by(ChannelCode.id)))
        changes = {"owner_staff_id": by.id, "tags": ["夏", "夏"], "late_words": "活动已结束"}
        assert await service.edit_codes(tx, by, ids, changes) == 20
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).select_from(FormerOwner)) == 20
        await service.edit_codes(tx, by, ids, {"archived": True})
    await make(db, by, lines(1))
    with pytest.raises(errors.NamesTaken):
        async with db.merchant("demo") as tx:
            await service.edit_codes(tx, by, ids, {"archived": False})
    with pytest.raises(errors.CodeMissing):
        async with db.merchant("demo") as tx:
            await service.edit_codes(tx, by, [*ids, 10**9], {"note": "x"})
    await drain()
    assert await audit.run(db) == []


async def test_an_expired_code_still_answers_kindly_and_counts_its_touch(
    db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch, travel: Travel
) -> None:
    fake_qr(monkeypatch)
    by = await boss(db)
    made = await code(
        db, by, welcome="欢迎光临", late_words="活动结束了，看看新品吧",
        starts_at=travel.now + timedelta(days=1), ends_at=travel.now + timedelta(days=2),
    )  # fmt: skip

    async def says() -> str:
        async with db.merchant("demo") as tx:
            greeting = await service.greeting(tx, made.scene)
            assert greeting
            return greeting.welcome

    assert await says() == ""
    travel.move(timedelta(days=1))
    assert await says() == "欢迎光临"
    travel.move(timedelta(days=1))
    assert await says() == "活动结束了，看看新品吧"
    await say(db, Followed(APP, "o1", made.scene, "t", travel.now), aggregate="openid:o1")
    await drain()
    async with db.merchant("demo") as tx:
        assert (await queries.one_code(tx, made.id)).fans == 1


async def test_the_pages_make_watch_and_stop_a_batch(
    staff_client: StaffClient, db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_qr(monkeypatch)
    by = await boss(db)
    client = await staff_client(RIGHTS)
    body = {
        "kind": "exhibition",
        "lines": [{"name": "一号"}, {"name": "二号", "owner_staff_id": by.id, "cost_fen": 7}],
        "owner_staff_id": None,
    }
    made = await client.post(BATCHES, json=body)
    assert made.status_code == 201, made.text
    one = made.json()
    assert (one["total"], one["drawn"], one["state"]) == (2, 0, "making")
    await drain()
    shown = (await client.get(f"{BATCHES}/{one['id']}")).json()
    assert (shown["drawn"], shown["state"]) == (2, "done")
    assert (await client.get(BATCHES)).json()["items"] == [shown]
    codes = (await client.get(f"{CODES}?batch_id={one['id']}")).json()["items"]
    assert [row["state"] for row in codes] == ["ready"] * 2
    assert {row["cost_fen"] for row in codes} == {0, 7}
    usage = (await client.get("/api/console/channel-code-usage")).json()
    assert usage == {"permanent": 2, "limit": 100000, "left": 99998, "temporary": 0, "waiting": 0}
    changed = await client.patch(
        CODES, json={"code_ids": [row["id"] for row in codes], "archived": True}
    )
    assert changed.json() == {"changed": 2}
    for path in ("resume", "stop"):
        assert (await client.post(f"{BATCHES}/{one['id']}/{path}")).json()["state"] == "done"
        assert (await client.post(f"{BATCHES}/99/{path}")).status_code == 404
    twice = await client.post(BATCHES, json=body | {"lines": [{"name": "甲"}, {"name": "甲"}]})
    assert twice.json()["error"]["field"] == "lines"
    empty = await client.post(BATCHES, json=body | {"lines": []})
    assert empty.status_code == 422
    reader = await staff_client(["channels.read"])
    assert (await reader.post(BATCHES, json=body)).status_code == 403
