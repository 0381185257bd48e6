"""Pushes over HTTP: who is believed, what is stored, what is answered. The other side is wechatpy."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from defusedxml.ElementTree import fromstring
from sqlalchemy import select, text

from tests.wechat import factories as f
from tiefen.kernel import clock, crypto
from tiefen.kernel.db import Db, Tx
from tiefen.wechat import service, wire
from tiefen.wechat.models import InboxItem
from tiefen.wechat.values import (
    AccountKind,
    Article,
    Inbound,
    NewsReply,
    PushMode,
    Reply,
    TextReply,
)


async def post(client: httpx.AsyncClient, push: f.Push, app_id: str = f.APP) -> httpx.Response:
    return await client.post(
        f"http://test/wechat/oa/{app_id}", params=push.params, content=push.body
    )


async def stored(db: Db, merchant: str = "demo") -> list[tuple[Any, ...]]:
    async with db.merchant(merchant) as tx:
        rows = await tx.execute(
            text("SELECT vendor_key, kind, mode, reply FROM wechat_inbox ORDER BY id")
        )
        return [tuple(row) for row in rows]


async def events(db: Db, prefix: str = "wechat.") -> list[tuple[str, dict[str, Any]]]:
    async with db.platform() as tx:
        rows = await tx.execute(
            text("SELECT name, payload FROM platform.event WHERE name LIKE :p ORDER BY id"),
            {"p": prefix + "%"},
        )
        return [(name, opened(payload)) for name, payload in rows]


def opened(payload: dict[str, Any]) -> dict[str, Any]:
    """An event's payload with what fans wrote in clear: in the log it is sealed."""
    for name in ("content", "place"):
        if said := payload.get(name):
            assert said.startswith("v1.")
            payload[name] = crypto.unseal(said, merchant="demo")
    return payload


@pytest.fixture
async def ready(db: Db) -> None:
    await f.configure(db)


@pytest.fixture
def hello() -> list[Inbound]:
    asked: list[Inbound] = []

    async def reply(tx: Tx, inbound: Inbound) -> Reply | None:
        asked.append(inbound)
        return TextReply(f"你说的是{inbound.content}") if inbound.kind == "text" else None

    service.register_reply(reply)
    return asked


# ── the address ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_address_is_verified(ready: None, client: httpx.AsyncClient) -> None:
    params = {**f.plain("").params, "echostr": "4375120948345356249"}
    answer = await client.get(f"http://test/wechat/oa/{f.APP}", params=params)
    assert (answer.status_code, answer.text) == (200, "4375120948345356249")


async def test_a_wrong_signature_gets_no_echo(ready: None, client: httpx.AsyncClient) -> None:
    for change in ({"signature": ""}, {"signature": "0" * 40}, {"nonce": "1"}, {"timestamp": ""}):
        params = {**f.plain("").params, "echostr": "secret-echo", **change}
        answer = await client.get(f"http://test/wechat/oa/{f.APP}", params=params)
        assert answer.status_code == 403
        assert "secret-echo" not in answer.text


async def test_an_unknown_app_is_404(ready: None, client: httpx.AsyncClient) -> None:
    assert (
        await post(client, f.sealed(f.text_push("hi")), "wx9999999999999999")
    ).status_code == 404
    assert (await client.get("http://test/wechat/oa/%00")).status_code in (404, 422)


async def test_an_account_without_a_token_believes_nobody(
    db: Db, client: httpx.AsyncClient
) -> None:
    async with db.merchant("demo") as tx:
        await service.set_app(tx, AccountKind.OFFICIAL, app_id=f.APP, push_mode=PushMode.PLAIN)
    assert (await post(client, f.plain(f.text_push("hi"), token=""))).status_code == 403
    assert await stored(db) == []


# ── modes ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_safe_mode_takes_wechatpys_message_and_wechatpy_reads_our_reply(
    ready: None, db: Db, client: httpx.AsyncClient, hello: list[Inbound]
) -> None:
    answer = await post(client, f.sealed(f.text_push("面膜怎么用 🙂", 77)))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    reply = fromstring(f.opened(answer.text))
    assert reply.findtext("Content") == "你说的是面膜怎么用 🙂"
    assert (reply.findtext("ToUserName"), reply.findtext("FromUserName")) == ("oFan0001", "gh_shop")
    ((key, kind, mode, _),) = await stored(db)
    assert (key, kind, mode) == (f"push:{f.APP}:msg:77", "text", "sealed")
    ((name, payload),) = await events(db)
    assert name == "wechat.message_received"
    assert payload == {
        "app_id": f.APP,
        "openid": "oFan0001",
        "msg_id": 77,
        "kind": "text",
        "content": "面膜怎么用 🙂",
        "at": "2026-06-18T10:00:00Z",
    }


async def test_plain_mode_answers_in_plain(
    db: Db, client: httpx.AsyncClient, hello: list[Inbound]
) -> None:
    await f.configure(db, mode=PushMode.PLAIN)
    answer = await post(client, f.plain(f.text_push("你好")))
    assert fromstring(answer.text).findtext("Content") == "你说的是你好"


async def test_compat_mode_believes_the_sealed_half(
    db: Db, client: httpx.AsyncClient, hello: list[Inbound]
) -> None:
    await f.configure(db, mode=PushMode.COMPAT)
    push = f.sealed(f.text_push("真的"), compat=True)
    push.body = push.body.replace("真的".encode(), "假的".encode())
    answer = await post(client, push)
    assert fromstring(f.opened(answer.text)).findtext("Content") == "你说的是真的"


async def test_safe_mode_takes_no_plain_push(
    ready: None, db: Db, client: httpx.AsyncClient, hello: list[Inbound]
) -> None:
    assert (await post(client, f.plain(f.text_push("hi")))).status_code == 403
    assert await stored(db) == []


async def test_safe_mode_never_takes_signature_for_msg_signature(
    ready: None, db: Db, client: httpx.AsyncClient
) -> None:
    push = f.sealed(f.text_push("hi"))
    push.params["msg_signature"] = push.params["signature"]
    assert (await post(client, push)).status_code == 403


async def test_a_push_with_the_previous_key_is_read_and_answered_with_it(
    ready: None, db: Db, client: httpx.AsyncClient, hello: list[Inbound]
) -> None:
    async with db.merchant("demo") as tx:
        await service.set_app(tx, AccountKind.OFFICIAL, app_id=f.APP, aes_key=f.OLD_AES)
    answer = await post(
        client, f.sealed(f.text_push("late"))
    )  # sealed with what is now the old key
    assert fromstring(f.opened(answer.text)).findtext("Content") == "你说的是late"


async def test_forged_pushes_change_nothing(ready: None, db: Db, client: httpx.AsyncClient) -> None:
    true = f.sealed(f.text_push("x"))
    doctype = "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><xml>&b;</xml>"
    forged = {
        "other token": (f.sealed(f.text_push("x"), token="otherToken"), 403),
        "other key": (f.sealed(f.text_push("x"), aes=f.OLD_AES), 422),
        "other app": (f.sealed(f.text_push("x"), app_id=f.MINI), 422),
        "no signature": (f.Push({**true.params, "msg_signature": ""}, true.body), 403),
        "altered body": (f.Push(f.sealed("").params, true.body), 403),
        "empty cipher": (f.Push(true.params, b"<xml><Encrypt></Encrypt></xml>"), 422),
        "no body": (f.Push(true.params, b""), 422),
        "doctype": (f.sealed(doctype), 422),
        "not xml": (f.sealed("not xml"), 422),
        "nothing inside": (f.sealed(f.xml(MsgType="text")), 422),
    }
    for name, (push, status) in forged.items():
        assert (await post(client, push)).status_code == status, name
        assert await stored(db) == [], name
        assert await events(db) == [], name
    assert (await post(client, true)).status_code == 200


async def test_a_huge_body_is_refused(ready: None, client: httpx.AsyncClient) -> None:
    push = f.sealed(f.text_push("x"))
    push.body = b"<xml>" + b"x" * 70_000
    assert (await post(client, push)).status_code == 413

    async def dripping() -> Any:
        for _ in range(80):
            yield b"x" * 1024

    answer = await client.post(
        f"http://test/wechat/oa/{f.APP}", params=push.params, content=dripping()
    )
    assert answer.status_code == 413


# ── once ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_repeated_push_gets_the_same_answer_and_no_second_effect(
    ready: None, db: Db, client: httpx.AsyncClient, hello: list[Inbound]
) -> None:
    first = await post(client, f.sealed(f.text_push("在吗", 5)))
    again = await post(client, f.sealed(f.text_push("在吗", 5)))
    assert f.opened(first.text) == f.opened(again.text)
    assert first.text != again.text  # sealed anew
    assert len(await stored(db)) == len(await events(db)) == len(hello) == 1


async def test_twenty_at_once_are_one(
    ready: None, db: Db, client: httpx.AsyncClient, hello: list[Inbound]
) -> None:
    pushes = [f.sealed(f.text_push("在吗", 5)) for _ in range(20)]
    answers = await asyncio.gather(*(post(client, push) for push in pushes))
    assert {answer.status_code for answer in answers} == {200}
    assert len({f.opened(answer.text) for answer in answers}) == 1
    assert len(await stored(db)) == len(await events(db)) == len(hello) == 1


async def test_the_checker_sees_a_missing_dedupe(
    ready: None,
    db: Db,
    client: httpx.AsyncClient,
    hello: list[Inbound],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Control: with the unique name planted away, the counts above are no longer one."""
    careless = text(
        "INSERT INTO wechat_inbox (vendor_key, source, kind, mode, fields, received_at)"
        " SELECT i.vendor_key || '#' || random(), i.source, i.kind, i.mode, i.fields, :now"
        " FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
        " AS i(vendor_key text, source text, kind text, mode text, fields jsonb)"
        " RETURNING split_part(vendor_key, '#', 1)"
    )
    monkeypatch.setattr("tiefen.wechat.callbacks._STORE", careless)
    for _ in range(2):
        await post(client, f.sealed(f.text_push("在吗", 5)))
    assert len(await stored(db)) == len(await events(db)) == len(hello) == 2


async def test_many_different_pushes_at_once_all_arrive(
    ready: None, db: Db, client: httpx.AsyncClient, hello: list[Inbound]
) -> None:
    pushes = [f.sealed(f.text_push(f"第{n}条", n, f"oFan{n:04}")) for n in range(1, 61)]
    answers = await asyncio.gather(*(post(client, push) for push in pushes))
    said = [fromstring(f.opened(answer.text)).findtext("Content") for answer in answers]
    assert said == [f"你说的是第{n}条" for n in range(1, 61)]
    assert len(await stored(db)) == len(await events(db)) == 60


async def test_a_card_leaves_with_addresses_wechat_can_fetch(
    ready: None, db: Db, client: httpx.AsyncClient
) -> None:
    async def show(tx: Tx, inbound: Inbound) -> Reply | None:
        return NewsReply(Article("新茶", "", "/files/demo/tea.webp", "/shop/#/products/1"))

    service.register_reply(show)
    said = fromstring(f.opened((await post(client, f.sealed(f.text_push("茶", 7)))).text))
    assert [node.text for tag in ("PicUrl", "Url") for node in said.iter(tag)] == [
        "http://test/files/demo/tea.webp",
        "http://test/shop/#/products/1",
    ]


def test_only_what_is_written_from_the_root_gets_our_address() -> None:
    for url in ("", "https://a.cn/x", "//a.cn/x", "weixin://dl"):
        assert wire.absolute(url) == url
    assert wire.absolute("/shop/") == "http://test/shop/"


async def test_a_failing_hook_loses_no_push(ready: None, db: Db, client: httpx.AsyncClient) -> None:
    async def broken(tx: Tx, inbound: Inbound) -> Reply | None:
        if inbound.content == "bad":
            await tx.execute(text("SELECT 1 FROM no_such_table"))
        return TextReply("ok")

    service.register_reply(broken)
    pushes = [f.sealed(f.text_push("bad" if n == 3 else "good", n)) for n in range(1, 7)]
    answers = await asyncio.gather(*(post(client, push) for push in pushes))
    assert [answer.text == "success" for answer in answers] == [n == 3 for n in range(1, 7)]
    assert len(await stored(db)) == len(await events(db)) == 6


async def test_a_slow_hook_is_not_waited_for(
    ready: None, db: Db, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiefen.wechat.callbacks.REPLY_SECONDS", 0.05)
    asked = 0

    async def slow(tx: Tx, inbound: Inbound) -> Reply | None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(5)
        return None

    service.register_reply(slow)
    pushes = [f.sealed(f.text_push("hi", n)) for n in range(1, 9)]
    answers = await asyncio.gather(*(post(client, push) for push in pushes))
    assert {answer.text for answer in answers} == {"success"}
    assert len(await events(db)) == 8
    assert asked <= 8  # nobody is asked about twice


async def test_while_time_is_injected_a_slow_hook_is_waited_for(
    ready: None, db: Db, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A demo world on a slow machine loses no welcome: its clock stands still meanwhile."""
    monkeypatch.setattr("tiefen.wechat.callbacks.REPLY_SECONDS", -1.0)  # over before it began

    async def slow(tx: Tx, inbound: Inbound) -> Reply | None:
        await asyncio.sleep(0)
        return TextReply("欢迎")

    service.register_reply(slow)
    late = await post(client, f.sealed(f.text_push("hi", 1)))
    assert late.text == "success"
    with clock.use(clock.Travel(datetime.now(UTC))):
        answers = await asyncio.gather(
            *(post(client, f.sealed(f.text_push("hi", n))) for n in range(2, 6))
        )
    assert "success" not in {answer.text for answer in answers}


async def test_with_the_database_away_all_who_wait_hear_it_and_can_come_again(
    ready: None, db: Db, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushes = [f.sealed(f.text_push("hi", n)) for n in range(1, 9)]
    await post(client, f.sealed(f.text_push("warm", 100)))
    tries = 0

    async def away(*_: object) -> None:
        nonlocal tries
        tries += 1
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("tiefen.wechat.callbacks._store", away)
        answers = await asyncio.gather(*(post(client, push) for push in pushes))
    assert {answer.status_code for answer in answers} == {503}
    assert tries <= 8
    assert len(await stored(db)) == 1
    again = await asyncio.gather(*(post(client, push) for push in pushes))
    assert {answer.status_code for answer in again} == {200}
    assert len(await stored(db)) == 9


# ── what each push says ───────────────────────────────────────────────────────────────────────────────────────


SAID: list[tuple[str, str, dict[str, Any]]] = [
    (f.event_push("subscribe", EventKey=""), "wechat.followed", {"scene": None, "ticket": None}),
    (
        f.event_push("subscribe", at=1781776802, EventKey="qrscene_emp-7", Ticket="TT"),
        "wechat.followed",
        {"scene": "emp-7", "ticket": "TT"},
    ),
    (f.event_push("unsubscribe"), "wechat.unfollowed", {"openid": "oFan0001"}),
    (f.event_push("SCAN", EventKey="emp-7", Ticket="TT"), "wechat.scanned", {"scene": "emp-7"}),
    (f.event_push("CLICK", EventKey="menu-1"), "wechat.menu_clicked", {"key": "menu-1"}),
    (
        f.xml(
            ToUserName="gh", FromUserName="oFan0001", CreateTime=1781776800, MsgType="image",
            PicUrl="http://mmbiz.qpic.cn/1", MediaId="M", MsgId=9,
        ),
        "wechat.message_received",
        {"kind": "image", "content": "http://mmbiz.qpic.cn/1"},
    ),
]  # fmt: skip


async def test_pushes_become_events(ready: None, db: Db, client: httpx.AsyncClient) -> None:
    for message, _, _ in SAID:
        assert (await post(client, f.sealed(message))).text == "success"
    found = await events(db)
    assert [name for name, _ in found] == [name for _, name, _ in SAID]
    for (_, payload), (_, _, part) in zip(found, SAID, strict=True):
        assert part.items() <= payload.items()


async def test_other_events_are_kept_and_say_nothing(
    ready: None, db: Db, client: httpx.AsyncClient
) -> None:
    nowhere = f.event_push("LOCATION", Latitude="91.2", Longitude="121.4", Precision="10")
    await post(client, f.sealed(nowhere))
    long_view = f.event_push("VIEW", EventKey="https://x/" + "长" * 900, MenuId="1")
    assert (await post(client, f.sealed(long_view))).text == "success"
    assert len(await stored(db)) == 2
    assert await events(db) == []


async def test_where_a_phone_is_is_told_and_kept_to_a_hundred_metres(
    ready: None, db: Db, client: httpx.AsyncClient
) -> None:
    report = f.event_push("LOCATION", Latitude="31.230419", Longitude="-121.473701", Precision="40")
    sent = f.xml(
        ToUserName="gh_shop", FromUserName="oFan0001", CreateTime=1781776801, MsgType="location",
        Location_X="23.134521", Location_Y="113.358803", Scale="16", Label="广州塔", MsgId=9,
    )  # fmt: skip
    chosen = f.event_push("location_select", at=1781776802).replace(
        "</xml>",
        "<SendLocationInfo><Location_X>23.134521</Location_X><Label>x</Label></SendLocationInfo></xml>",
    )
    for push in (report, sent, chosen):
        assert (await post(client, f.sealed(push))).text == "success"
    found = await events(db)
    assert [name for name, _ in found] == [
        "wechat.located", "wechat.message_received", "wechat.located",
    ]  # fmt: skip
    assert [payload.get("place") for _, payload in found] == ["31230,-121474", None, "23135,113359"]
    assert found[1][1]["content"] == "广州塔"
    async with db.merchant("demo") as tx:
        kept = (await tx.scalars(select(InboxItem.fields).order_by(InboxItem.id))).all()
    told = " ".join(map(str, kept))
    assert "31.230" in told
    assert all(exact not in told for exact in ("31.2304", "121.4737", "23.1345", "113.3588"))


async def test_nothing_is_answered_to_who_has_left(
    ready: None, client: httpx.AsyncClient, hello: list[Inbound]
) -> None:
    assert (await post(client, f.sealed(f.event_push("unsubscribe")))).text == "success"
    assert hello == []


async def test_a_mini_program_pushes_json(db: Db, client: httpx.AsyncClient) -> None:
    async with db.merchant("demo") as tx:
        await service.set_app(
            tx,
            AccountKind.MINI,
            app_id=f.MINI,
            token=f.TOKEN,
            aes_key=f.AES,
            push_mode=PushMode.SAFE,
        )
    message = '{"ToUserName":"gh","FromUserName":"oMini","CreateTime":1781776800,"MsgType":"text","Content":"a\\u0000b\\ud83d","MsgId":3}'
    push = f.sealed(message, app_id=f.MINI)
    encrypted = push.body.decode().partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    push.body = ('{"ToUserName":"gh","Encrypt":"' + encrypted.replace("/", "\\/") + '"}').encode()
    answer = await client.post(
        f"http://test/wechat/mini/{f.MINI}", params=push.params, content=push.body
    )
    assert (answer.status_code, answer.text) == (200, "success")
    ((_, payload),) = await events(db)
    assert payload["content"] == "ab?"


NASTY: list[object] = [
    "\u0000", "\ud83d", "\u202eabc", "́" * 300, "👨‍👩‍👧‍👦" * 50, "=HYPERLINK(1)", "'; DROP TABLE x; --", "{x}", "%s",
    "x" * 20_000, "", " ", 0, -1, 2**63, 2**200, 1e308, True, None, [], {}, [[[[1]]]], {"a": {"b": 1}},
    "１２", "1e3", "NaN",
]  # fmt: skip


@pytest.mark.slow
async def test_nasty_values_are_stored_or_refused_but_break_nothing(
    ready: None, db: Db, client: httpx.AsyncClient, hello: list[Inbound]
) -> None:
    good: dict[str, object] = {
        "ToUserName": "gh", "FromUserName": "oFan", "CreateTime": 1781776800, "MsgType": "text",
        "Content": "hi", "MsgId": 1,
    }  # fmt: skip
    seen: set[tuple[int, str]] = set()
    for number, value in enumerate(NASTY):
        for name in (*good, "EventKey", "Extra"):
            body = {**good, "MsgId": number * 100 + len(seen), name: value}
            push = f.sealed(json.dumps(body))
            answer = await post(client, push)
            assert answer.status_code in (200, 422), (name, value, answer.text)
            seen.add((answer.status_code, name))
    assert {(200, "Content"), (422, "FromUserName"), (422, "CreateTime")} <= seen


async def test_a_push_reaches_its_own_merchant_only(db: Db, client: httpx.AsyncClient) -> None:
    await f.configure(db)
    await f.configure(db, merchant="other", app_id="wx00000000000000ff", mchid="1900009999")
    await post(client, f.sealed(f.text_push("hi")))
    assert len(await stored(db)) == 1
    assert await stored(db, "other") == []
