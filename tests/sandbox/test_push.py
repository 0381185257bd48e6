"""Pushes in the three modes, their tries, their faults, and the passive replies that come back."""

import base64
import json
from typing import Any

import pytest
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.replies import ArticlesReply, TextReply, TransferCustomerServiceReply
from wechatpy.utils import check_signature

from tiefen.sandbox import msgcrypt, xml

from .conftest import Got, World


async def follower(world: World, **settings: Any) -> tuple[dict[str, Any], dict[str, Any], str]:
    """(account, fan, the fan's path), the fan following already; nothing recorded yet."""
    app, fan = await world.oa(**settings), await world.fan(nickname="小林")
    path = f"/fans/{fan['id']}"
    await world.post(f"{path}/follow", app_id=app["app_id"])
    world.server.got.clear()
    return app, fan, path


def decrypted(app: dict[str, Any], got: Got) -> str:
    """By wechatpy, which nobody here wrote."""
    crypto = WeChatCrypto(app["token"], app["aes_key"], app["app_id"])
    query = got.query
    text: str = crypto.decrypt_message(
        got.body, query["msg_signature"], query["timestamp"], query["nonce"]
    )
    return text


# -- golden vectors -------------------------------------------------------------------------------------------------

SAFE_IN = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzD"
    "pVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2I"
    "uQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F"
    "9mFUPAJGj04="
)
SAFE_OUT = (
    "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
)


@pytest.mark.parametrize(
    ("parts", "digest"),
    [
        (("AAAAA", "1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (("AAAAA", "1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (("AAAAA", "1714112445", "415670741"), "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
        (("AAAAA", "1714112445", "415670741", SAFE_IN), "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
        (
            ("AAAAA", "1713424427", "415670741", SAFE_OUT),
            "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
        ),
    ],
)
def test_signatures_agree_with_the_published_ones(parts: tuple[str, ...], digest: str) -> None:
    assert msgcrypt.signature(*parts) == digest


def test_the_cipher_agrees_with_the_published_messages() -> None:
    key, app_id = "A" * 43, "wxba5fad812f8e6fb9"
    found = json.loads(msgcrypt.decrypt(key, SAFE_IN, app_id))
    assert (found["Event"], found["CreateTime"]) == ("debug_demo", 1714112445)
    made = msgcrypt.encrypt(key, b'{"demo_resp":"good luck"}', app_id, b"707722b803182950")
    assert made == SAFE_OUT
    with pytest.raises(msgcrypt.BadMessage, match="meant for"):
        msgcrypt.decrypt(key, SAFE_IN, "wx0000000000000000")


@pytest.mark.parametrize("size", range(0, 70, 3))
def test_every_padding_length_comes_back(size: int) -> None:
    key = "A" * 43
    message = b"x" * size
    sealed = msgcrypt.encrypt(key, message, "wx1", b"0123456789abcdef")
    assert len(base64.b64decode(sealed)) % 32 == 0
    assert msgcrypt.decrypt(key, sealed, "wx1") == message


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "A" * 64])
def test_rubbish_is_not_a_message(text: str) -> None:
    with pytest.raises(msgcrypt.BadMessage):
        msgcrypt.decrypt("A" * 43, text, "wx1")


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><A>&a;</A></xml>',
        b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><A>1</A></xml>',
        b"<xml>",
        b"<other><A>1</A></other>",
    ],
)
def test_dangerous_or_broken_xml_is_refused(body: bytes) -> None:
    with pytest.raises(xml.BadXml):
        xml.load(body)


# -- modes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["plain", "compat", "safe"])
async def test_a_text_is_pushed_in_every_mode(world: World, mode: str) -> None:
    app, fan, path = await follower(world, push_mode=mode)
    await world.post(f"{path}/text", app_id=app["app_id"], content="你好 ]]> <b>")
    (got,) = world.server.got
    check_signature(
        app["token"], got.query["signature"], got.query["timestamp"], got.query["nonce"]
    )
    assert got.query["openid"] == fan["openids"][app["app_id"]]
    if mode != "safe":
        assert parse_message(got.body).content == "你好 ]]> <b>"
    else:
        assert b"\xe4\xbd\xa0" not in got.body
        assert set(xml.load(got.body)) == {"ToUserName", "Encrypt"}
    if mode == "plain":
        assert "msg_signature" not in got.query
        return
    assert got.query["encrypt_type"] == "aes"
    message = parse_message(decrypted(app, got))
    assert (message.type, message.content) == ("text", "你好 ]]> <b>")
    assert (message.target, message.source) == (app["original_id"], fan["openids"][app["app_id"]])


async def test_a_mini_program_may_take_json(world: World) -> None:
    app = await world.post(
        "/accounts",
        kind="mini",
        key="m",
        callback_url="http://shop.test/mini",
        push_mode="plain",
        data_format="json",
    )
    fan = await world.fan()
    await world.post(f"/fans/{fan['id']}/text", app_id=app["app_id"], content="在吗")
    body = json.loads(world.server.got[-1].body)
    assert (body["MsgType"], body["Content"]) == ("text", "在吗")


async def test_pictures_places_and_positions_are_pushed(world: World) -> None:
    app, _, path = await follower(world, push_mode="plain")
    await world.post(f"{path}/image", app_id=app["app_id"])
    await world.post(
        f"{path}/location", app_id=app["app_id"], latitude=22.5, longitude=114.1, label="深圳"
    )
    await world.post(
        f"{path}/report-location", app_id=app["app_id"], latitude=22.5, longitude=114.1
    )
    picture, place, position = (parse_message(g.body) for g in world.server.got)
    seen = await world.http.get(picture.image)
    assert seen.content.startswith(b"\x89PNG")
    assert (place.location, place.label, place.scale) == (("22.5", "114.1"), "深圳", "16")
    assert (position.event, position.latitude) == ("location", 22.5)


async def test_the_url_is_verified_as_when_it_is_saved(world: World) -> None:
    app = await world.oa()
    world.server.answers = [(200, b"(echostr)"), (200, b"wrong"), (403, b"")]
    results = [(await world.post(f"/accounts/{app['app_id']}/verify-url"))["ok"] for _ in range(3)]
    assert results == [True, False, False]
    first = world.server.got[0]
    assert first.method == "GET"
    check_signature(
        app["token"], first.query["signature"], first.query["timestamp"], first.query["nonce"]
    )


# -- tries and faults -----------------------------------------------------------------------------------------------


async def test_a_failing_server_is_tried_three_times_with_one_msgid(world: World) -> None:
    app, _, path = await follower(world, push_mode="plain")
    world.server.default = (500, b"")
    answer = await world.post(f"{path}/text", app_id=app["app_id"], content="在吗")
    assert (answer["push"]["outcome"], len(answer["push"]["attempts"])) == ("failed", 3)
    assert answer["push"]["replies"][0]["kind"] == "unavailable"
    assert len({parse_message(g.body).id for g in world.server.got}) == 1
    assert len({g.query["signature"] for g in world.server.got}) == 3


async def test_the_third_try_may_still_be_answered(world: World) -> None:
    app, _, path = await follower(world, push_mode="plain")
    world.server.answers = [(502, b""), (502, b""), (200, b"")]
    answer = await world.post(f"{path}/text", app_id=app["app_id"], content="在吗")
    assert [a["status"] for a in answer["push"]["attempts"]] == [502, 502, 200]
    assert answer["push"]["outcome"] == "accepted"


async def test_a_duplicate_has_the_same_msgid(world: World) -> None:
    app, _, path = await follower(world, push_mode="plain")
    await world.post("/faults", kind="duplicate", copies=3, match={"target": "push"})
    await world.post(f"{path}/text", app_id=app["app_id"], content="在吗")
    assert len(world.server.got) == 3
    assert len({parse_message(g.body).id for g in world.server.got}) == 1
    await world.post("/faults", kind="duplicate", match={"event": "unsubscribe"})
    await world.post(f"{path}/unfollow", app_id=app["app_id"])
    twice = [parse_message(g.body) for g in world.server.got[3:]]
    assert [(m.event, m.create_time) for m in twice] == [("unsubscribe", twice[0].create_time)] * 2


async def test_pushes_are_delayed_dropped_and_overtaken(world: World) -> None:
    app, _, path = await follower(world, push_mode="plain")
    await world.post("/faults", kind="reorder", match={"event": "text"})
    for content in ("一", "二"):
        await world.post(f"{path}/text", app_id=app["app_id"], content=content)
    assert [parse_message(g.body).content for g in world.server.got] == ["二", "一"]
    await world.post("/faults", kind="drop")
    gone = await world.post(f"{path}/text", app_id=app["app_id"], content="三")
    assert gone["push"]["outcome"] == "dropped"
    await world.post("/faults", kind="delay", seconds=30)
    await world.post(f"{path}/text", app_id=app["app_id"], content="四")
    assert len(world.server.got) == 2
    world.clock.move(30)
    await world.post("/clock/run-due")
    assert parse_message(world.server.got[-1].body).content == "四"


@pytest.mark.parametrize(
    "how", ["headers_missing", "empty_signature", "other_key", "altered_body", "other_app_id"]
)
async def test_a_forged_push_does_not_verify(world: World, how: str) -> None:
    app, _, path = await follower(world)
    await world.post("/faults", kind="forge", how=how, match={"target": "push"})
    await world.post(f"{path}/text", app_id=app["app_id"], content="在吗")
    forged, true = world.server.got
    with pytest.raises((InvalidSignatureException, InvalidAppIdException, KeyError)):
        decrypted(app, forged)
    assert parse_message(decrypted(app, true)).content == "在吗"


# -- replies --------------------------------------------------------------------------------------------------------


def reply_to(app: dict[str, Any], openid: str, reply: Any, *, encrypt: bool) -> bytes:
    reply.source, reply.target = app["original_id"], openid
    text = reply.render()
    if encrypt:
        crypto = WeChatCrypto(app["token"], app["aes_key"], app["app_id"])
        text = crypto.encrypt_message(text, "12345", "1767225600")
    return str(text).encode()


@pytest.mark.parametrize("mode", ["plain", "safe"])
async def test_a_reply_made_by_wechatpy_appears_in_the_thread(world: World, mode: str) -> None:
    app, fan, path = await follower(world, push_mode=mode)
    openid, encrypt = fan["openids"][app["app_id"]], mode == "safe"
    articles = ArticlesReply()
    articles.add_article(
        {
            "title": "秋茶",
            "description": "新到",
            "image": "http://i.test/1",
            "url": "http://shop.test/1",
        }
    )
    world.server.answers = [
        (200, reply_to(app, openid, TextReply(content="欢迎"), encrypt=encrypt)),
        (200, reply_to(app, openid, articles, encrypt=encrypt)),
        (200, reply_to(app, openid, TransferCustomerServiceReply(), encrypt=encrypt)),
    ]
    for content in ("1", "2", "3"):
        answer = await world.post(f"{path}/text", app_id=app["app_id"], content=content)
        assert answer["push"]["outcome"] == "replied"
    thread = (await world.do("GET", f"{path}/chats/{app['app_id']}"))["items"]
    out = [m for m in thread if m["via"] == "passive"]
    assert out[0]["text"] == "欢迎"
    assert out[1]["articles"][0]["title"] == "秋茶"
    assert thread[-1]["text"] == "已转接人工客服"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("plain", "must be encrypted"),
        ("other key", "MsgSignature"),
        ("too long", "2048"),
        ("not swapped", "swapped"),
        ("two articles", "ArticleCount must be 1"),
        ("html", "not XML"),
    ],
)
async def test_a_reply_the_platform_would_refuse_is_refused(
    world: World, fault: str, reason: str
) -> None:
    app, fan, path = await follower(world)
    openid = fan["openids"][app["app_id"]]
    reply: Any = TextReply(content="长" * 683 if fault == "too long" else "好")
    if fault == "two articles":
        reply = ArticlesReply()
        for title in ("一", "二"):
            reply.add_article({"title": title, "description": "", "image": "", "url": ""})
    sender = app | {"token": "x"} if fault == "other key" else app
    body = reply_to(
        sender, "oOther" if fault == "not swapped" else openid, reply, encrypt=fault != "plain"
    )
    world.server.answers = [(200, b"<html><p>oops" if fault == "html" else body)]
    answer = await world.post(f"{path}/text", app_id=app["app_id"], content="在吗")
    assert answer["push"]["outcome"] == "failed"
    assert reason in answer["push"]["replies"][0]["card"]["reason"]
    assert len(world.server.got) == 1


async def test_a_reply_under_the_former_key_is_still_read(world: World) -> None:
    app, fan, path = await follower(world)
    await world.post(f"/accounts/{app['app_id']}/rotate", what="aes_key")
    body = reply_to(app, fan["openids"][app["app_id"]], TextReply(content="旧钥匙"), encrypt=True)
    world.server.answers = [(200, body)]
    answer = await world.post(f"{path}/text", app_id=app["app_id"], content="在吗")
    assert answer["push"]["replies"][0]["text"] == "旧钥匙"
    with pytest.raises((InvalidAppIdException, ValueError, AssertionError)):
        decrypted(app, world.server.got[-1])
