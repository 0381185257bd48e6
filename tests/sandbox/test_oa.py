"""公众号: tokens, followers, codes, menu, messages, pushes."""

import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

from tiefen.sandbox.clock import Clock

from .conftest import World


async def test_plain_tokens_displace_each_other_after_five_minutes(world: World) -> None:
    app = await world.oa()
    first = await world.token(app)
    second = await world.token(app)
    assert (await world.call(first, "/cgi-bin/user/get"))["total"] == 0
    world.clock.move(301)
    assert (await world.call(first, "/cgi-bin/user/get"))["errcode"] == 40001
    assert (await world.call(second, "/cgi-bin/user/get"))["total"] == 0
    world.clock.move(7200)
    assert (await world.call(second, "/cgi-bin/user/get"))["errcode"] == 42001


async def test_stable_tokens_live_in_a_space_of_their_own(world: World) -> None:
    app = await world.oa()
    body = {"grant_type": "client_credential", "appid": app["app_id"], "secret": app["secret"]}

    async def stable(**more: object) -> tuple[str, int]:
        answer = (await world.http.post("/cgi-bin/stable_token", json=body | more)).json()
        return answer["access_token"], answer["expires_in"]

    token, life = await stable()
    assert life == 7200
    await world.token(app)
    world.clock.move(3600)
    assert await stable() == (token, 3600)
    world.clock.move(3301)
    rolled, life = await stable()
    assert rolled != token
    assert life == 7200
    assert "total" in await world.call(token, "/cgi-bin/user/get")
    forced, _ = await stable(force_refresh=True)
    assert forced != rolled
    assert (await world.call(rolled, "/cgi-bin/user/get"))["errcode"] == 40001
    assert (await stable(force_refresh=True))[0] == forced


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"secret": "x"}, 40125),
        ({"appid": "wx0"}, 40013),
        ({"secret": ""}, 41004),
        ({"appid": ""}, 41002),
        ({"grant_type": "x"}, 40002),
    ],
)
async def test_a_wrong_credential_names_its_fault(
    world: World, change: dict[str, str], errcode: int
) -> None:
    app = await world.oa()
    query = {"grant_type": "client_credential", "appid": app["app_id"], "secret": app["secret"]}
    answer = (await world.http.get("/cgi-bin/token", params=query | change)).json()
    assert answer["errcode"] == errcode
    assert " rid: " in answer["errmsg"]


async def test_a_caller_off_the_whitelist_is_turned_away(world: World) -> None:
    app = await world.oa(ip_whitelist=["10.0.0.1"])
    query = {"grant_type": "client_credential", "appid": app["app_id"], "secret": app["secret"]}
    assert (await world.http.get("/cgi-bin/token", params=query)).json()["errcode"] == 40164


async def test_a_follow_by_code_is_pushed_and_known(world: World) -> None:
    app, fan = await world.oa(push_mode="plain"), await world.fan()
    token = await world.token(app)
    made = await world.call(
        token,
        "/cgi-bin/qrcode/create",
        {
            "action_name": "QR_STR_SCENE",
            "expire_seconds": 600,
            "action_info": {"scene": {"scene_str": "lin"}},
        },
    )
    image = await world.http.get("/cgi-bin/showqrcode", params={"ticket": made["ticket"]})
    assert image.content.startswith(b"\x89PNG")
    answer = await world.post(f"/fans/{fan['id']}/scan", text=made["url"])
    assert answer["kind"] == "follow"
    assert answer["push"]["outcome"] == "accepted"
    got = world.server.got[-1]
    assert b"<EventKey><![CDATA[qrscene_lin]]></EventKey>" in got.body
    assert b"<Event><![CDATA[subscribe]]></Event>" in got.body
    parts = sorted([app["token"], got.query["timestamp"], got.query["nonce"]])
    assert got.query["signature"] == hashlib.sha1("".join(parts).encode()).hexdigest()
    openid = fan["openids"][app["app_id"]]
    known = await world.call(token, "/cgi-bin/user/info", openid=openid)
    assert (known["subscribe"], known["qr_scene_str"], known["subscribe_scene"]) == (
        1,
        "lin",
        "ADD_SCENE_QR_CODE",
    )
    assert known["unionid"] == fan["unionid"]
    again = await world.post(f"/fans/{fan['id']}/scan", ticket=made["ticket"])
    assert again["kind"] == "scan"
    assert b"<EventKey><![CDATA[lin]]></EventKey>" in world.server.got[-1].body
    world.clock.move(601)
    gone = await world.http.post(
        f"/sandbox/api/fans/{fan['id']}/scan", json={"ticket": made["ticket"]}
    )
    assert gone.status_code == 410


async def test_followers_are_paged_in_order(world: World) -> None:
    app = await world.oa(callback_url="")
    fans = (await world.post("/fans", count=12))["items"]
    for fan in fans:
        await world.post(f"/fans/{fan['id']}/follow", app_id=app["app_id"])
    await world.post(f"/fans/{fans[3]['id']}/unfollow", app_id=app["app_id"])
    token = await world.token(app)
    page = await world.call(token, "/cgi-bin/user/get")
    wanted = [f["openids"][app["app_id"]] for i, f in enumerate(fans) if i != 3]
    assert page["data"]["openid"] == wanted
    rest = await world.call(token, "/cgi-bin/user/get", next_openid=wanted[8])
    assert rest["data"]["openid"] == wanted[9:]
    many = await world.call(
        token, "/cgi-bin/user/info/batchget", {"user_list": [{"openid": o} for o in wanted]}
    )
    assert [u["subscribe"] for u in many["user_info_list"]] == [1] * 11


async def test_tags_follow_their_rules(world: World) -> None:
    app, fan = await world.oa(callback_url=""), await world.fan()
    openid = fan["openids"][app["app_id"]]
    await world.post(f"/fans/{fan['id']}/follow", app_id=app["app_id"])
    token = await world.token(app)
    tag = (await world.call(token, "/cgi-bin/tags/create", {"tag": {"name": "铁粉"}}))["tag"]
    assert (await world.call(token, "/cgi-bin/tags/create", {"tag": {"name": "铁粉"}}))[
        "errcode"
    ] == 45157
    assert (await world.call(token, "/cgi-bin/tags/create", {"tag": {"name": "长" * 31}}))[
        "errcode"
    ] == 45158
    batch = {"openid_list": [openid], "tagid": tag["id"]}
    assert (await world.call(token, "/cgi-bin/tags/members/batchtagging", batch))["errcode"] == 0
    assert (await world.call(token, "/cgi-bin/tags/getidlist", {"openid": openid}))[
        "tagid_list"
    ] == [tag["id"]]
    counted = (await world.call(token, "/cgi-bin/tags/get"))["tags"]
    assert {"id": tag["id"], "name": "铁粉", "count": 1} in counted
    stranger = {"openid_list": ["oNobody"], "tagid": tag["id"]}
    assert (await world.call(token, "/cgi-bin/tags/members/batchtagging", stranger))[
        "errcode"
    ] == 49003
    assert (await world.call(token, "/cgi-bin/tags/delete", {"tag": {"id": 2}}))["errcode"] == 45058
    assert (await world.call(token, "/cgi-bin/tags/delete", {"tag": {"id": tag["id"]}}))[
        "errcode"
    ] == 0
    assert (await world.call(token, "/cgi-bin/tags/getidlist", {"openid": openid}))[
        "tagid_list"
    ] == []


async def test_customer_messages_keep_to_their_windows(world: World) -> None:
    app, fan = await world.oa(callback_url=""), await world.fan()
    openid, path = fan["openids"][app["app_id"]], f"/fans/{fan['id']}"

    async def send() -> int:
        token = await world.token(app)
        body = {"touser": openid, "msgtype": "text", "text": {"content": "你好"}}
        errcode: int = (await world.call(token, "/cgi-bin/message/custom/send", body))["errcode"]
        return errcode

    assert await send() == 45015
    await world.post(f"{path}/follow", app_id=app["app_id"])
    assert [await send() for _ in range(4)] == [0, 0, 0, 45047]
    world.clock.move(61)
    assert await send() == 45015
    await world.post(f"{path}/text", app_id=app["app_id"], content="在吗")
    assert [await send() for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    await world.post(f"{path}/text", app_id=app["app_id"], content="在吗")
    world.clock.move(48 * 3600 + 1)
    assert await send() == 45015
    thread = (await world.do("GET", f"{path}/chats/{app['app_id']}"))["items"]
    assert [m["via"] for m in thread if m["direction"] == "out"] == ["custom"] * 8


async def test_a_template_message_reaches_the_phone_and_its_receipt_comes_back(
    world: World,
) -> None:
    app, fan = await world.oa(push_mode="plain"), await world.fan()
    openid, token = fan["openids"][app["app_id"]], await world.token(app)
    template = app["templates"][0]
    body = {
        "touser": openid,
        "template_id": template["template_id"],
        "url": "http://shop.test/orders/1",
        "data": {"character_string1": {"value": "A1"}, "amount3": {"value": "12.00元"}},
    }
    assert (await world.call(token, "/cgi-bin/message/template/send", body))["errcode"] == 43004
    await world.post(f"/fans/{fan['id']}/follow", app_id=app["app_id"])
    wrong = body | {"template_id": "x"}
    assert (await world.call(token, "/cgi-bin/message/template/send", wrong))["errcode"] == 40037
    sent = await world.call(token, "/cgi-bin/message/template/send", body | {"client_msg_id": "c1"})
    assert (
        await world.call(token, "/cgi-bin/message/template/send", body | {"client_msg_id": "c1"})
        == sent
    )
    await world.post("/clock/run-due")
    last = world.server.got[-1].body.decode()
    assert "TEMPLATESENDJOBFINISH" in last
    assert f"<MsgID>{sent['msgid']}</MsgID>" in last
    shown = (await world.do("GET", f"/fans/{fan['id']}/notifications"))["items"]
    assert len(shown) == 1
    assert shown[0]["rows"][0] == {"label": "订单编号", "value": "A1", "key": "character_string1"}


async def test_a_menu_is_checked_tapped_and_pushed(world: World) -> None:
    app, fan = await world.oa(push_mode="plain"), await world.fan()
    token = await world.token(app)
    menu = {
        "button": [
            {"name": "商城", "type": "view", "url": "http://shop.test/"},
            {"name": "更多", "sub_button": [{"name": "客服", "type": "click", "key": "HELP"}]},
        ]
    }
    assert (await world.call(token, "/cgi-bin/menu/get"))["errcode"] == 46003
    bad = {"button": [{"name": "一个很长很长的名字", "type": "click", "key": "K"}]}
    assert (await world.call(token, "/cgi-bin/menu/create", bad))["errcode"] == 40018
    escaped = await world.http.post(
        "/cgi-bin/menu/create",
        params={"access_token": token},
        content=b'{"button":[{"name":"\\u5546"}]}',
    )
    assert escaped.json()["errcode"] == 40033
    assert (await world.call(token, "/cgi-bin/menu/create", menu))["errcode"] == 0
    await world.post(f"/fans/{fan['id']}/follow", app_id=app["app_id"])
    opened = await world.post(f"/fans/{fan['id']}/menu", app_id=app["app_id"], path=[0])
    assert (opened["kind"], opened["url"]) == ("view", "http://shop.test/")
    await world.post(f"/fans/{fan['id']}/menu", app_id=app["app_id"], path=[1, 0])
    assert b"<EventKey><![CDATA[HELP]]></EventKey>" in world.server.got[-1].body


async def test_daily_quota_ends_and_is_cleared(world: World) -> None:
    app = await world.oa(limits={"/cgi-bin/user/get": 2}, callback_url="")
    token = await world.token(app)
    for _ in range(2):
        assert "total" in await world.call(token, "/cgi-bin/user/get")
    assert (await world.call(token, "/cgi-bin/user/get"))["errcode"] == 45009
    asked = await world.call(token, "/cgi-bin/openapi/quota/get", {"cgi_path": "/cgi-bin/user/get"})
    assert asked["quota"] == {"daily_limit": 2, "used": 2, "remain": 0}
    for _ in range(10):
        assert (await world.call(token, "/cgi-bin/clear_quota", {"appid": app["app_id"]}))[
            "errcode"
        ] == 0
    assert (await world.call(token, "/cgi-bin/clear_quota", {"appid": app["app_id"]}))[
        "errcode"
    ] == 48006
    assert "total" in await world.call(token, "/cgi-bin/user/get")


async def test_an_errors_rid_leads_to_its_request(world: World) -> None:
    app = await world.oa()
    token = await world.token(app)
    problem = await world.call(token, "/cgi-bin/user/info", openid="oNobody")
    rid = problem["errmsg"].rpartition("rid: ")[2]
    found = (await world.call(token, "/cgi-bin/openapi/rid/get", {"rid": rid}))["request"]
    assert "openid=oNobody" in found["request_url"]
    assert rid in found["response_body"]
    missing = await world.call(token, "/cgi-bin/openapi/rid/get", {"rid": "0-0-0"})
    assert missing["errcode"] == 76003


async def test_media_is_checked_kept_and_given_back(world: World) -> None:
    app = await world.oa()
    token = await world.token(app)
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 64

    async def upload(kind: str, data: bytes) -> dict[str, object]:
        response = await world.http.post(
            "/cgi-bin/media/upload",
            params={"access_token": token, "type": kind},
            files={"media": ("a.png", data, "image/png")},
        )
        found: dict[str, object] = response.json()
        return found

    made = await upload("image", png)
    back = await world.http.get(
        "/cgi-bin/media/get", params={"access_token": token, "media_id": str(made["media_id"])}
    )
    assert back.content == png
    assert (await upload("thumb", png))["errcode"] == 40004
    world.clock.move(3 * 86400 + 1)
    token = await world.token(app)
    gone = await world.call(token, "/cgi-bin/media/get", media_id=made["media_id"])
    assert gone["errcode"] == 40007


async def test_web_authorisation_end_to_end(world: World) -> None:
    app, fan = await world.oa(oauth_domain="shop.test"), await world.fan(nickname="小林")
    query = {
        "appid": app["app_id"],
        "redirect_uri": "http://shop.test/back?x=1",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "s1",
    }
    page = await world.http.get("/connect/oauth2/authorize", params=query)
    assert "这是谁的手机" in page.text
    headers = {"X-Sandbox-Fan": str(fan["id"])}
    wrong = query | {"redirect_uri": "http://www.shop.test/back"}
    refused = await world.http.get("/connect/oauth2/authorize", params=wrong, headers=headers)
    assert "10003" in refused.text
    sent = await world.http.get("/connect/oauth2/authorize", params=query, headers=headers)
    assert sent.status_code == 302
    target = urlsplit(sent.headers["location"])
    found = parse_qs(target.query)
    assert (target.netloc, found["x"], found["state"]) == ("shop.test", ["1"], ["s1"])
    credential = {
        "appid": app["app_id"],
        "secret": app["secret"],
        "grant_type": "authorization_code",
    }
    ask = credential | {"code": found["code"][0]}
    answer = (await world.http.get("/sns/oauth2/access_token", params=ask)).json()
    assert answer["openid"] == fan["openids"][app["app_id"]]
    assert "unionid" not in answer
    assert (await world.http.get("/sns/oauth2/access_token", params=ask)).json()["errcode"] == 40163
    holder = {"access_token": answer["access_token"], "openid": answer["openid"]}
    assert (await world.http.get("/sns/userinfo", params=holder)).json()["errcode"] == 48001
    again = {
        "appid": app["app_id"],
        "grant_type": "refresh_token",
        "refresh_token": answer["refresh_token"],
    }
    assert (await world.http.get("/sns/oauth2/refresh_token", params=again)).json()[
        "openid"
    ] == answer["openid"]


async def test_userinfo_asks_for_consent(world: World) -> None:
    app, fan = await world.oa(), await world.fan(nickname="小林")
    query = {
        "appid": app["app_id"],
        "redirect_uri": "http://shop.test/back",
        "response_type": "code",
        "scope": "snsapi_userinfo",
        "sandbox_fan": fan["id"],
    }
    page = await world.http.get("/connect/oauth2/authorize", params=query)
    assert 'id="allow"' in page.text
    denied = await world.http.get(
        "/connect/oauth2/authorize", params=query | {"sandbox_consent": "deny"}
    )
    assert "code" not in parse_qs(urlsplit(denied.headers["location"]).query)
    made = await world.post(
        f"/fans/{fan['id']}/oauth",
        app_id=app["app_id"],
        scope="snsapi_userinfo",
        redirect_uri="http://shop.test/back",
    )
    ask = {
        "appid": app["app_id"],
        "secret": app["secret"],
        "grant_type": "authorization_code",
        "code": made["code"],
    }
    world.clock.move(301)
    assert (await world.http.get("/sns/oauth2/access_token", params=ask)).json()["errcode"] == 42003
    fresh = await world.post(
        f"/fans/{fan['id']}/oauth",
        app_id=app["app_id"],
        scope="snsapi_userinfo",
        redirect_uri="http://shop.test/back",
    )
    answer = (
        await world.http.get("/sns/oauth2/access_token", params=ask | {"code": fresh["code"]})
    ).json()
    assert answer["unionid"] == fan["unionid"]
    holder = {"access_token": answer["access_token"], "openid": answer["openid"]}
    info = (await world.http.get("/sns/userinfo", params=holder)).json()
    assert (info["nickname"], info["sex"], info["city"]) == ("小林", 0, "")
    head = await world.http.get(urlsplit(info["headimgurl"]).path)
    assert head.headers["content-type"] == "image/svg+xml"


async def test_the_jssdk_signature_is_judged_as_wx_config_would(world: World) -> None:
    app = await world.oa(js_domains=["shop.test"])
    token = await world.token(app)
    ticket = (await world.call(token, "/cgi-bin/ticket/getticket", type="jsapi"))["ticket"]
    url = "http://shop.test/item?id=1"
    string = f"jsapi_ticket={ticket}&noncestr=n&timestamp=1&url={url}"
    ask = {"app_id": app["app_id"], "nonceStr": "n", "timestamp": 1, "url": f"{url}#top"}
    good = await world.post(
        "/jssdk/check", signature=hashlib.sha1(string.encode()).hexdigest(), **ask
    )
    assert good["err_msg"] == "config:ok"
    assert (await world.post("/jssdk/check", signature="0", **ask))[
        "err_msg"
    ] == "config:invalid signature"
    ask["url"] = "http://elsewhere.test/"
    assert (await world.post("/jssdk/check", signature="0", **ask))[
        "err_msg"
    ] == "config:invalid url domain"


def test_a_clock_moves_world_time_and_leaves_signatures_alone() -> None:
    clock = Clock()
    before = clock.wire()
    clock.move(3600)
    assert clock.time() - before >= 3600
    assert clock.wire() - before < 60
    clock.move(60, wire=True)
    assert clock.wire() - before >= 60


async def test_a_snapshot_visitor_is_nobody(world: World) -> None:
    app, fan = await world.oa(), await world.fan(nickname="小林")
    seen = set()
    for _ in range(2):
        made = await world.post(
            f"/fans/{fan['id']}/oauth",
            app_id=app["app_id"],
            scope="snsapi_userinfo",
            redirect_uri="http://shop.test/back",
            snapshot=True,
        )
        ask = {"appid": app["app_id"], "secret": app["secret"], "grant_type": "authorization_code"}
        answer = (await world.http.get("/sns/oauth2/access_token", params=ask | made)).json()
        assert answer["is_snapshotuser"] == 1
        assert "unionid" not in answer
        holder = {"access_token": answer["access_token"], "openid": answer["openid"]}
        assert (await world.http.get("/sns/userinfo", params=holder)).json()[
            "nickname"
        ] == "微信用户"
        seen.add(answer["openid"])
    assert len(seen | set(fan["openids"].values())) == 3


async def test_an_article_image_gets_an_address(world: World) -> None:
    token = await world.token(await world.oa())
    files = {"media": ("a.jpg", b"\xff\xd8\xff\xe0" + b"0" * 16, "image/jpeg")}
    made = await world.http.post(
        "/cgi-bin/media/uploadimg", params={"access_token": token}, files=files
    )
    assert (await world.http.get(made.json()["url"])).headers["content-type"] == "image/jpeg"
    files = {"media": ("a.gif", b"GIF89a0000", "image/gif")}
    made = await world.http.post(
        "/cgi-bin/media/uploadimg", params={"access_token": token}, files=files
    )
    assert made.json()["errcode"] == 40005


async def test_a_crowd_is_listed_told_of_and_met_like_other_followers(world: World) -> None:
    app = await world.oa()
    app_id, fan = app["app_id"], await world.fan()
    await world.post(f"/fans/{fan['id']}/follow", app_id=app_id)
    grown = await world.post(f"/accounts/{app_id}/followers", count=10_050, days=30)
    assert grown == {"followers": 10_050}
    token = await world.token(app)
    first = await world.call(token, "/cgi-bin/user/get")
    openids = first["data"]["openid"]
    assert (first["total"], first["count"], len(set(openids))) == (10_051, 10_000, 10_000)
    assert first["next_openid"] == openids[-1]
    second = await world.call(token, "/cgi-bin/user/get", next_openid=openids[-1])
    assert second["count"] == 51
    assert second["data"]["openid"][-1] == fan["openids"][app_id]
    end = await world.call(token, "/cgi-bin/user/get", next_openid=second["next_openid"])
    assert (end["count"], end["next_openid"]) == (0, "")
    asked = {"user_list": [{"openid": one, "lang": "zh_CN"} for one in openids[:100]]}
    told = (await world.call(token, "/cgi-bin/user/info/batchget", asked))["user_info_list"]
    assert [one["openid"] for one in told] == openids[:100]
    assert {len(one["openid"]) for one in told} == {28}
    assert len({one["unionid"] for one in told}) == 100
    assert all(
        one["subscribe"] == 1 and one["subscribe_time"] <= world.clock.time() for one in told
    )
    assert len(world.box.relations) == 1

    await world.post(f"/fans/{openids[7]}/unfollow", app_id=app_id)
    assert await world.post(f"/accounts/{app_id}/followers/leave", count=5) == {
        "left": 5,
        "followers": 10_044,
    }
    left = await world.call(token, "/cgi-bin/user/get")
    assert left["total"] == 10_045
    assert left["data"]["openid"][0] == openids[5]
    assert openids[7] not in left["data"]["openid"]
    gone = await world.call(token, "/cgi-bin/user/info", openid=openids[7])
    assert gone == {"subscribe": 0, "openid": openids[7]}
    assert (await world.call(token, "/cgi-bin/user/info", openid=openids[0]))["errcode"] == 40003
