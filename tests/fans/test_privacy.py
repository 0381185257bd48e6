"""A copy of what is known of a person, and forgetting them: everywhere, once, at any kill."""

import base64
import io
import json
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from tests.conftest import Drain, FanClient, StaffClient
from tests.fans.factories import APP, AT, MINI, follower, say
from tests.helpdesk.factories import push as ask
from tests.helpdesk.factories import said
from tests.wechat import factories as f
from tiefen.fans import rules, service
from tiefen.fans.errors import PersonErased
from tiefen.fans.models import Fan, PersonRequest
from tiefen.fans.values import COOLING, LINK_LIFE, Happening, RequestState
from tiefen.helpdesk.models import Message
from tiefen.helpdesk.values import Direction
from tiefen.kernel import audit, failpoints, personal
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Base, Db
from tiefen.orders.models import Address, Order
from tiefen.wechat import callbacks
from tiefen.wechat import service as wechat
from tiefen.wechat.events import MessageReceived, PayNotified
from tiefen.wechat.values import PushMode

PHONE, NAME, OPENID, MINIID = "13912345678", "陈皮皮的真名", "o-canary-openid", "m-canary-openid"
STREET, SAID, NICK = "金丝雀街一号", "我的电话是13912345678", "金丝雀昵称"
CANARIES = (PHONE, NAME, OPENID, MINIID, STREET, SAID, NICK)
BOSS = StaffActor(1, "店长", frozenset())
RIGHTS = ["fans.read", "fans.write", "fans.privacy"]


async def _person(db: Db, drain: Drain) -> int:
    """Somebody whom many rooms know: two identities in two records that are one person."""
    fan_id = await follower(db, OPENID)
    async with db.merchant("demo") as tx:
        mini = await service.resolve(tx, MINI, MINIID, "u-canary")
        await service.resolve(tx, APP, OPENID, "u-canary")
        assert await service.person_ids(tx, mini) == [fan_id, mini]
        told = {"nickname": NICK, "phone": PHONE, "real_name": NAME}
        await service.edit_profile(tx, mini, told)
        await service.edit_remark(tx, BOSS, fan_id, f"备注 {NAME}")
        data = {"kind": "text", "text": SAID}
        await service.record(tx, fan_id, Happening.MESSAGE_IN, "msg:1", at=AT, data=data)
        where = {
            "region_code": "440305",
            "province": "广东省",
            "city": "深圳市",
            "district": "南山区",
        }
        tx.add(
            Address(
                fan_id=mini,
                name=NAME,
                phone=PHONE,
                detail=STREET,
                is_default=True,
                updated_at=AT,
                **where,
            )
        )
        tx.add(
            Message(
                fan_id=fan_id,
                app_id=APP,
                direction=Direction.IN,
                kind="text",
                content=SAID,
                ref="msg:1",
                at=AT,
            )
        )
        await wechat.send_text(tx, APP, OPENID, f"已记下：{SAID}")
    await say(db, MessageReceived(APP, OPENID, 1, "text", SAID, AT))
    await _push(db, f.text_push(SAID, 77, OPENID))
    await ask(db, said(SAID, msg_id=78, openid=OPENID))
    paid = {"appid": APP, "payer": {"openid": OPENID}}
    await say(db, PayNotified("1900007291", "transaction", paid, AT))
    await drain()
    return fan_id


async def _push(db: Db, message: str) -> None:
    """What somebody wrote, as WeChat pushes it."""
    await f.configure(db, app_id=APP, mode=PushMode.PLAIN)
    push = f.plain(message)
    await callbacks.receive_push(db, "demo", APP, callbacks.Signature(**push.params), push.body)


async def _raw(db: Db, words: tuple[str, ...]) -> set[tuple[str, str]]:
    """Where any of the words can be read in the database as it lies there."""
    seen = set()
    async with db.merchant("demo") as tx:
        columns = await tx.execute(
            text(
                "SELECT table_schema, table_name, column_name FROM information_schema.columns"
                " WHERE table_schema IN (current_schema(), 'platform')"
            )
        )
        for schema, table, column in columns.all():
            found = text(
                f'SELECT 1 FROM "{schema}"."{table}" WHERE EXISTS (SELECT FROM unnest(CAST(:words AS text[])) AS w'
                f' WHERE position(w IN "{column}"::text) > 0) LIMIT 1'
            )
            if await tx.scalar(found, {"words": list(words)}):
                seen.add((str(table), str(column)))
    return seen


async def test_no_personal_words_lie_in_the_clear(db: Db, drain: Drain) -> None:
    """What people wrote, where they live and how to call them: sealed in every table and every event.

    Staff's own remark about a fan is searched by its parts, and stays as it was written.
    """
    await _person(db, drain)
    assert await _raw(db, (PHONE, NAME, STREET, SAID)) == {("fan", "remark")}


async def test_the_look_at_what_lies_there_sees_a_statement_that_passes_the_sealing_by(
    db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the log of messages is written as it came, as a fast statement once did."""
    monkeypatch.setattr("tiefen.helpdesk.service.logging.seal", lambda words: words)
    await _person(db, drain)
    assert await _raw(db, (SAID,)) == {("helpdesk_message", "content")}
    assert any("H1" in str(one) for one in await audit.run(db))


async def _found(db: Db, words: tuple[str, ...] = CANARIES) -> list[tuple[str, str, str]]:
    """Where any of the words stands, in every text of every table, sealed text opened."""
    seen = []
    async with db.merchant("demo") as tx:
        for table in Base.metadata.sorted_tables:
            for column in table.c:
                rows = (await tx.scalars(select(column).where(column.is_not(None)))).all()
                told = " ".join(str(row) for row in rows)
                seen += [
                    (str(table.name), str(column.name), word) for word in words if word in told
                ]
        for name, held in (("event", "payload"), ("job", "args")):
            kept = (await tx.scalars(text(f"SELECT {held}::text FROM platform.{name}"))).all()
            seen += [(name, held, word) for word in words if word in " ".join(kept)]
    return seen


async def _forget(db: Db, drain: Drain, travel: Travel, fan_id: int) -> None:
    async with db.merchant("demo") as tx:
        await service.ask_erase(tx, fan_id)
    travel.move(COOLING + timedelta(minutes=1))
    await drain()


async def test_nothing_of_an_erased_person_is_left(db: Db, drain: Drain, travel: Travel) -> None:
    fan_id = await _person(db, drain)
    before = {table for table, _, _ in await _found(db)}
    assert {"fan", "fan_identity", "address", "helpdesk_message", "event"} <= before
    assert {"wechat_inbox", "wechat_message", "unanswered_question"} <= before
    await _forget(db, drain, travel, fan_id)
    assert await _found(db) == []
    assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        person = await tx.get_one(Fan, fan_id)
        assert person.erased_at is not None
        assert person.interactions > 0
        with pytest.raises(PersonErased):
            await service.join(tx, BOSS, fan_id, await service.resolve(tx, APP, "o9"), "x")
    again = await follower(db, OPENID)
    assert again != fan_id
    async with db.merchant("demo") as tx:
        assert await service.person_ids(tx, again) == [again]


async def test_the_scan_sees_a_table_that_is_passed_by(
    db: Db, drain: Drain, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the registry forgets addresses."""
    kept = [one for one in personal.holdings() if one.table != "address"]
    monkeypatch.setattr(personal, "holdings", lambda: kept)
    fan_id = await _person(db, drain)
    await _forget(db, drain, travel, fan_id)
    assert {table for table, _, _ in await _found(db)} == {"address"}


async def test_an_erasure_killed_at_every_step_ends_as_one_that_was_not(
    db: Db, drain: Drain, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    fan_id = await _person(db, drain)
    async with db.merchant("demo") as tx:
        asked = await service.ask_erase(tx, fan_id)
        request_id = asked.id
    travel.move(COOLING + timedelta(minutes=1))
    armed = [True]

    def killed(name: str) -> None:
        if name == "fans.erase.step" and armed[0]:
            raise failpoints.Failpoint(name)

    monkeypatch.setattr("tiefen.fans.service.privacy.failpoint", killed)
    for _ in range(len(personal.holdings()) + 3):
        armed[0] = True
        with pytest.raises(failpoints.Failpoint):
            async with db.merchant("demo") as tx:
                await service.erase_person(tx, request_id)
        armed[0] = False
        async with db.merchant("demo") as tx:
            await service.erase_person(tx, request_id)
        async with db.merchant("demo") as tx:
            found = await tx.get_one(PersonRequest, request_id)
            if found.state is RequestState.RUNNING and found.step == personal.holdings()[-1].table:
                break
    async with db.merchant("demo") as tx:
        await service.erase_person(tx, request_id)
        await service.erase_person(tx, request_id)
    assert await _found(db) == []
    await drain()
    assert await audit.run(db) == []


async def test_an_open_order_holds_an_erasure_up(
    db: Db, drain: Drain, travel: Travel, staff_client: StaffClient
) -> None:
    fan_id = await _person(db, drain)
    async with db.merchant("demo") as tx:
        values = dict.fromkeys(("goods_fen", "total_fen"), 100) | {
            "order_no": "T1", "fan_id": fan_id, "checkout_key": "k", "request_hash": "h",
            "status": "paid", "freight_fen": 0, "discount_fen": 0, "quantity": 1,
            "receiver": json.dumps([NAME, PHONE, STREET], ensure_ascii=False),
            "phone_blind": "b", "region_code": "440305", "region": "广东", "quote": {},
            "grams": [], "folded": "", "placed_at": AT, "pay_until": AT,
        }  # fmt: skip
        tx.add(Order(**values))
    staff = await staff_client(RIGHTS)
    path = f"/api/console/fans/{fan_id}/privacy"
    asked = await staff.post(f"{path}/erase", json={"reason": "顾客来电要求"})
    assert asked.status_code == 201, asked.text
    look = (await staff.get(path)).json()
    assert look["holds"] == [{"name": "未完成的订单", "ref": "T1"}]
    effect = {one["table"]: (one["rows"], one["gone"]) for one in look["effects"]}
    assert effect["address"] == (1, True)
    assert effect["orders"] == (1, False)
    travel.move(COOLING + timedelta(minutes=1))
    await drain()
    staff = await staff_client(RIGHTS)
    (row,) = (await staff.get(path)).json()["requests"]
    assert (row["state"], row["held_by"]) == ("waiting", "未完成的订单 T1")
    async with db.merchant("demo") as tx:
        await tx.execute(text("UPDATE orders SET status = 'received'"))
    travel.move(timedelta(days=1, minutes=1))
    await drain()
    staff = await staff_client(RIGHTS)
    (row,) = (await staff.get(path)).json()["requests"]
    assert row["state"] == "done"
    assert {table for table, _, _ in await _found(db)} == {"orders"}
    travel.move(timedelta(days=4 * 365))
    async with db.merchant("demo") as tx:
        await service.erase_late(tx)
    assert await _found(db) == []


async def test_an_erasure_can_be_taken_back_until_it_begins(
    db: Db, drain: Drain, travel: Travel, fan_client: FanClient
) -> None:
    fan_id = await _person(db, drain)
    mine = await fan_client(fan_id)
    asked = (await mine.post("/api/shop/me/privacy/erase")).json()
    assert (await mine.post("/api/shop/me/privacy/erase")).status_code == 409
    other = await fan_client(await follower(db, "o-other"))
    path = f"/api/shop/me/privacy/{asked['id']}/withdraw"
    assert (await other.post(path)).status_code == 404
    assert (await mine.post(path)).json()["state"] == "withdrawn"
    assert (await mine.post(path)).status_code == 409
    travel.move(COOLING + timedelta(days=1))
    await drain()
    async with db.merchant("demo") as tx:
        assert (await tx.get_one(Fan, fan_id)).erased_at is None


async def test_a_copy_holds_everything_and_can_be_fetched_for_a_day(
    db: Db, drain: Drain, travel: Travel, staff_client: StaffClient, fan_client: FanClient
) -> None:
    fan_id = await _person(db, drain)
    staff = await staff_client(RIGHTS)
    path = f"/api/console/fans/{fan_id}/privacy"
    asked = (await staff.post(f"{path}/export", json={"reason": "顾客要求副本"})).json()
    assert (await staff.get(f"{path}/{asked['id']}/file")).status_code == 409
    await drain()
    got = await staff.get(f"{path}/{asked['id']}/file")
    assert got.status_code == 200
    folder = zipfile.ZipFile(io.BytesIO(got.content))
    told = json.loads(folder.read("data.json"))
    everything = folder.read("data.json").decode()
    assert all(word in everything for word in CANARIES), told.keys()
    assert {"fan", "address", "helpdesk_message", "fan_identity", "fan_line"} <= told.keys()
    assert NICK in folder.read("index.html").decode()
    assert STREET in folder.read("address.csv").decode()
    async with db.merchant("demo") as tx:
        log = await tx.scalars(text("SELECT action FROM audit_entry ORDER BY seq"))
        assert {"fans.export_asked", "fans.export_fetched"} <= set(log)
        raw = await tx.scalar(text("SELECT file FROM fan_request"))
        assert raw.startswith("v1.")
    fan = await fan_client(fan_id)
    assert (await fan.get(f"/api/shop/me/privacy/{asked['id']}/file")).status_code == 200
    reader = await staff_client(["fans.read", "fans.reveal"])
    assert (await reader.get(path)).status_code == 403
    travel.move(LINK_LIFE + timedelta(minutes=1))
    staff = await staff_client(RIGHTS)
    assert (await staff.get(f"{path}/{asked['id']}/file")).status_code == 409
    async with db.merchant("demo") as tx:
        await service.drop_exports(tx)
        assert await tx.scalar(text("SELECT count(file) FROM fan_request")) == 0


def test_a_copy_is_the_same_bytes_and_runs_no_formula() -> None:
    rows = [{"name": "=1+1", "at": AT, "list": ["a"], "n": None}]
    one, two = (rules.package("t", "a<b", [("x", "名", rows)]) for _ in range(2))
    assert one == two
    folder = zipfile.ZipFile(io.BytesIO(one))
    assert "'=1+1" in folder.read("x.csv").decode()
    assert "a&lt;b" in folder.read("index.html").decode()
    assert base64.b64encode(one)


async def test_whom_we_may_not_write_to_is_known_to_who_sends(
    db: Db, fan_client: FanClient, staff_client: StaffClient
) -> None:
    one, two = await follower(db, "o1"), await follower(db, "o2")
    mine = await fan_client(one)
    assert (await mine.put("/api/shop/me/contact", json={"wanted": False})).status_code == 200
    assert (await mine.get("/api/shop/me/privacy")).json()["no_contact"] is True
    async with db.merchant("demo") as tx:
        assert await service.without_contact(tx, [one, two]) == {one}
        await service.merge(tx, one, two, reason="x")
        assert await service.without_contact(tx, [one, two]) == {one, two}
    staff = await staff_client(RIGHTS)
    said = {"wanted": True, "reason": "来电同意"}
    assert (await staff.put(f"/api/console/fans/{one}/contact", json=said)).status_code == 200
    async with db.merchant("demo") as tx:
        assert await service.without_contact(tx, [one, two]) == set()
