"""The control API: provisioning, the wire log, live events, the clock, opening pages as a fan."""

import asyncio
import json
import shlex
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tiefen.sandbox.app import create_app
from tiefen.sandbox.clock import Clock

from .conftest import START, Recorder, World
from .merchant import open_shop


async def test_an_account_is_made_once_and_takes_settings(world: World) -> None:
    first = await world.post("/accounts", kind="oa", key="a", name="甲", push_mode="plain")
    again = await world.post("/accounts", kind="oa", key="a", callback_url="http://shop.test/cb")
    assert again == first | {"callback_url": "http://shop.test/cb"}
    assert len(first["aes_key"]) == 43
    other = await world.post("/accounts", kind="oa", key="b")
    assert other["app_id"] != first["app_id"]
    patched = await world.do("PATCH", f"/accounts/{first['app_id']}", {"push_mode": "safe"})
    assert patched["push_mode"] == "safe"
    listed = (await world.do("GET", "/accounts?kind=oa"))["items"]
    assert [a["name"] for a in listed] == ["甲", "沙箱公众号"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "tv", "key": "a"}, 422),
        ({"kind": "oa"}, 422),
        ({"kind": "oa", "key": "a", "push_mode": "loud"}, 422),
        ({"kind": "oa", "key": "a", "colour": "red"}, 422),
        ({"kind": "pay", "key": "a", "apiv3_key": "short"}, 422),
    ],
)
async def test_a_wrong_account_is_refused(world: World, body: dict[str, Any], status: int) -> None:
    response = await world.http.post("/sandbox/api/accounts", json=body)
    assert response.status_code == status
    assert response.json()["error"]["code"].startswith("sandbox.")


async def test_fans_are_made_found_and_switched(world: World) -> None:
    app = await world.oa(callback_url="")
    made = (await world.post("/fans", count=30))["items"]
    lin = await world.fan(key="lin", nickname="小林")
    assert (await world.fan(key="lin"))["id"] == lin["id"]
    await world.post(f"/fans/{lin['id']}/follow", app_id=app["app_id"])
    assert (await world.do("GET", "/fans?q=小林"))["items"][0]["following"] == [app["app_id"]]
    assert len((await world.do("GET", f"/fans?follows={app['app_id']}"))["items"]) == 1
    page = await world.do("GET", "/fans?limit=20")
    rest = await world.do("GET", f"/fans?limit=20&cursor={page['next']}")
    assert len({f["id"] for f in page["items"] + rest["items"]}) == 31
    assert rest["next"] is None
    response = await world.http.post(f"/sandbox/api/fans/{made[0]['id']}/switch")
    assert response.cookies["sandbox_fan"] == str(made[0]["id"])
    assert (await world.http.get("/sandbox/api/fans/9999")).status_code == 404


async def test_the_wire_shows_both_ways_decoded_and_as_curl(world: World) -> None:
    shop = await open_shop(world)
    await world.post(f"/fans/{shop.fan['id']}/follow", app_id=shop.app["app_id"])
    await shop.paid()
    entries = (await world.do("GET", "/wire"))["items"]
    push = next(e for e in entries if e["direction"] == "out" and e["platform"] == "oa")
    assert "<Event><![CDATA[subscribe]]></Event>" in push["decoded"]
    assert "subscribe" not in push["request"]["body"]
    assert push["signature"] == "signed"
    prepay = next(e for e in entries if e["url"].endswith("/jsapi"))
    assert (prepay["direction"], prepay["signature"], prepay["account"]) == (
        "in",
        "valid",
        shop.account["mchid"],
    )
    command = shlex.split(prepay["curl"])
    assert command[:3] == ["curl", "-X", "POST"]
    assert json.loads(command[command.index("--data-binary") + 1])["description"] == "茶叶"
    assert any(c.lower().startswith("authorization: WECHATPAY2".lower()) for c in command)
    notice = next(e for e in entries if e["url"].endswith("/notify"))
    assert json.loads(notice["decoded"])["trade_state"] == "SUCCESS"
    assert await world.do("GET", f"/wire/{notice['id']}") == notice
    after = await world.do("GET", f"/wire?after={prepay['id']}&account={shop.account['mchid']}")
    assert [e["id"] for e in after["items"]] == [notice["id"]]
    await world.do("DELETE", "/wire")
    assert (await world.do("GET", "/wire"))["items"] == []


async def test_live_events_tell_one_fans_messages(world: World) -> None:
    app, fan, other = await world.oa(), await world.fan(), await world.fan()
    for one in (fan, other):
        await world.post(f"/fans/{one['id']}/follow", app_id=app["app_id"])
    stream = world.box.wire.stream(fan["id"])
    await world.post(f"/fans/{other['id']}/text", app_id=app["app_id"], content="别人")
    await world.post(f"/fans/{fan['id']}/text", app_id=app["app_id"], content="我")
    await world.post("/clock", move=60)
    seen = []
    while (found := await stream.next(0.01)) is not None:
        seen.append(found)
    stream.close()
    assert [d["message"]["text"] for e, d in seen if e == "message"] == ["我"]
    assert [e for e, _ in seen if e == "clock"] == ["clock"]
    assert not world.box.wire.watched


async def test_a_page_from_elsewhere_may_not_command_the_sandbox(world: World) -> None:
    local = {"Origin": "http://localhost:8000"}
    response = await world.http.get("/sandbox/api/", headers=local)
    assert response.headers["access-control-allow-origin"] == "http://localhost:8000"
    assert response.headers["access-control-allow-credentials"] == "true"
    for origin in ("https://evil.test", "http://localhost.evil.test", "null"):
        refused = await world.http.post("/sandbox/api/reset", headers={"Origin": origin})
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers


async def test_the_clock_is_read_set_frozen_and_moved(world: World) -> None:
    shown = await world.post("/clock", set="2026-02-01T00:00:00Z")
    assert shown["now"] == "2026-02-01T00:00:00.000Z"
    assert (await world.post("/clock", move=3600))["now"] == "2026-02-01T01:00:00.000Z"
    assert (await world.post("/clock", freeze=False))["frozen"] is False
    assert (await world.post("/clock", freeze=True))["frozen"] is True
    for wrong in ({"set": "soon"}, {"set": "2026-02-01T00:00:00"}, {"move": "1"}, {"move": 1e12}):
        assert (await world.http.post("/sandbox/api/clock", json=wrong)).status_code == 422


async def test_a_slow_server_is_cut_off_and_tried_again() -> None:
    server, calls = Recorder(), []

    async def drip(request: Request) -> Response:
        calls.append(1)
        await asyncio.sleep(30)
        return Response(b"")

    slow = Starlette(routes=[Route("/wechat", drip, methods=["POST"])])
    app = create_app(
        None,
        Clock(START, ticking=False),
        transport=httpx.ASGITransport(app=slow),
        push_timeout=0.05,
        auto=False,
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://s.test"
    ) as http:
        world = World(app.state.box, app.state.box.clock, http, server)
        oa, fan = await world.oa(), await world.fan()
        answer = await world.post(f"/fans/{fan['id']}/follow", app_id=oa["app_id"])
    assert answer["push"]["outcome"] == "failed"
    assert [a["error"] for a in answer["push"]["attempts"]] == ["no answer within 0.05 s"] * 3
    assert len(calls) == 3
    await app.state.box.stop()
    app.state.box.store.close()


async def test_a_page_is_opened_as_a_fan_through_authorisation() -> None:
    box: dict[str, str] = {}

    async def shop(request: Request) -> Response:
        if "code" in request.query_params:
            response = RedirectResponse("/home", 302)
            response.set_cookie("who", request.query_params["code"])
            return response
        if request.url.path == "/home":
            return Response(request.cookies.get("who", "nobody"))
        back = quote("http://shop.test/back", safe="")
        return RedirectResponse(
            f"http://sandbox.test/connect/oauth2/authorize?appid={box['app_id']}&redirect_uri={back}"
            "&response_type=code&scope=snsapi_userinfo&state=x#wechat_redirect"
        )

    site = Starlette(routes=[Route("/{rest:path}", shop)])
    app = create_app(
        None, Clock(START, ticking=False), transport=httpx.ASGITransport(app=site), auto=False
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://sandbox.test"
    ) as http:
        world = World(app.state.box, app.state.box.clock, http, Recorder())
        oa, fan = await world.oa(oauth_domain="shop.test"), await world.fan()
        box["app_id"] = oa["app_id"]
        opened = await world.post(f"/fans/{fan['id']}/open", url="http://shop.test/")
        assert (opened["url"], opened["status"]) == ("http://shop.test/home", 200)
        assert [h["status"] for h in opened["hops"]] == [307, 302, 302, 200]
        await world.do("PATCH", f"/accounts/{oa['app_id']}", {"oauth_domain": "other.test"})
        refused = await http.post(
            f"/sandbox/api/fans/{fan['id']}/open", json={"url": "http://shop.test/"}
        )
        assert refused.status_code == 409
        assert "10003" in refused.text
    await app.state.box.stop()
    app.state.box.store.close()


async def test_a_menu_messages_choice_counts_as_a_menu_tap(world: World) -> None:
    app, fan = await world.oa(push_mode="plain"), await world.fan()
    path = f"/fans/{fan['id']}"
    await world.post(f"{path}/follow", app_id=app["app_id"])
    token = await world.token(app)
    menu = {
        "head_content": "满意吗",
        "list": [{"id": "101", "content": "满意"}],
        "tail_content": "谢谢",
    }
    body = {"touser": fan["openids"][app["app_id"]], "msgtype": "msgmenu", "msgmenu": menu}
    assert (await world.call(token, "/cgi-bin/message/custom/send", body))["errcode"] == 0
    await world.post(f"{path}/text", app_id=app["app_id"], content="满意", option="101")
    assert b"<bizmsgmenuid><![CDATA[101]]></bizmsgmenuid>" in world.server.got[-1].body
    shown = await world.do("GET", f"{path}/chats/{app['app_id']}")
    assert {a["action"] for a in shown["allowance"]} == {"follow", "menu"}


async def test_a_mini_programs_chat_allows_two_messages_on_entering(world: World) -> None:
    app = await world.post("/accounts", kind="mini", key="m", callback_url="http://shop.test/mini")
    fan = await world.fan()
    token = await world.token(app)
    await world.post(f"/fans/{fan['id']}/enter", app_id=app["app_id"])
    body = {"touser": fan["openids"][app["app_id"]], "msgtype": "text", "text": {"content": "你好"}}
    codes = [
        (await world.call(token, "/cgi-bin/message/custom/send", body))["errcode"] for _ in range(3)
    ]
    assert codes == [0, 0, 45047]


async def test_scheduled_work_runs_by_itself_when_automatic() -> None:
    server = Recorder()
    app = create_app(None, seed=7, transport=httpx.ASGITransport(app=server.app()))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://s.test"
    ) as http:
        world = World(app.state.box, app.state.box.clock, http, server)
        shop = await open_shop(world)
        server.default = (500, b"")
        await shop.paid()
        assert len(server.got) == 1
        server.default = (204, b"")
        await world.post("/clock", move=15)
        for _ in range(200):
            await asyncio.sleep(0.005)
            if len(server.got) == 2:
                break
        (notice,) = (await world.do("GET", "/notices"))["items"]
        assert notice["state"] == "delivered"
    await app.state.box.stop()
    app.state.box.store.close()


async def test_a_batch_does_many_calls_in_one(world: World) -> None:
    app = await world.oa(push_mode="plain")
    fans = (await world.post("/fans", count=40))["items"]
    body = {"app_id": app["app_id"]}
    done = await world.post(
        "/batch",
        actions=[{"path": f"/fans/{f['id']}/follow", "body": body} for f in fans],
        concurrency=8,
    )
    assert {i["body"]["push"]["outcome"] for i in done["items"]} == {"accepted"}
    assert len(world.server.got) == 40
    later = START + 86400
    timed = [
        {"path": f"/fans/{fans[0]['id']}/text", "body": body | {"content": "早"}, "at": later},
        {"path": "/fans/999/follow", "body": body},
        {"path": "/no/such", "body": {}},
    ]
    items = (await world.post("/batch", actions=timed))["items"]
    assert [i["status"] for i in items] == [200, 404, 404]
    assert items[0]["body"]["message"]["at"] == "2026-01-02T00:00:00.000Z"
    for wrong in ({"actions": 1}, {"actions": [1]}, {"actions": [], "concurrency": 0}):
        assert (await world.http.post("/sandbox/api/batch", json=wrong)).status_code == 422


async def test_a_code_is_found_among_many_by_what_it_says(world: World) -> None:
    app = await world.oa()
    token = await world.token(app)
    for number in range(40):
        body = {
            "action_name": "QR_LIMIT_STR_SCENE",
            "action_info": {"scene": {"scene_str": f"Shelf-{number:02}"}},
        }
        assert "ticket" in await world.call(token, "/cgi-bin/qrcode/create", body)
    page = await world.do("GET", "/codes?limit=30")
    assert "Shelf-03" not in {one["scene"] for one in page["items"]}
    found = await world.do("GET", "/codes?limit=30&q=shelf-03")
    assert [one["scene"] for one in found["items"]] == ["Shelf-03"]
    assert (await world.do("GET", "/codes?q=nothing"))["items"] == []
