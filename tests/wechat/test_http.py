"""The console's and the shop's routes: secrets stay in, rights hold, other merchants do not exist."""

import json
from typing import Any

import httpx
from sqlalchemy import text

from tests.conftest import StaffClient
from tests.wechat import factories as f
from tiefen.kernel.db import Db
from tiefen.team.values import Permission
from tiefen.wechat import service
from tiefen.wechat.values import AccountKind

READ, WRITE = Permission.SETTINGS_READ, Permission.SETTINGS_WRITE
BODY: dict[str, Any] = {
    "official": {
        "app_id": f.APP,
        "name": "小林好物",
        "secret": f.SECRET,
        "token": f.TOKEN,
        "aes_key": f.AES,
        "push_mode": "safe",
        "oauth_domain": "test",
        "js_domain": "test",
    },
    "mini": {"app_id": f.MINI, "secret": "m" * 32},
    "pay": {
        "mchid": f.MCHID,
        "serial_no": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        "private_key": f.private_pem(f.OURS),
        "api_v3_key": f.API_V3,
        "public_key_id": f.PUBLIC_ID,
        "public_key": f.public_pem(f.THEIRS),
    },
    "templates": {"order_paid": "tmpl-1"},
}


async def test_settings_go_in_and_secrets_do_not_come_out(
    staff_client: StaffClient, db: Db
) -> None:
    staff = await staff_client([READ, WRITE])
    empty = (await staff.get("/api/console/wechat")).json()
    assert empty == {"official": None, "mini": None, "pay": None, "templates": {}, "sandbox": False}
    saved = await staff.put("/api/console/wechat", json=BODY)
    assert saved.status_code == 200, saved.text
    shown = await staff.get("/api/console/wechat")
    assert saved.json() == shown.json()
    for secret in (f.SECRET, f.TOKEN, f.AES, f.API_V3, "PRIVATE KEY", "m" * 32):
        assert secret not in shown.text
    official, pay = shown.json()["official"], shown.json()["pay"]
    assert official["secret"] == {"set": True, "tail": "cdef"}
    assert official["token"] == {"set": True, "tail": ""}  # too short to show any of it
    assert official["callback_url"] == f"http://test/wechat/oa/{f.APP}"
    assert (pay["mode"], pay["private_key"]["set"]) == ("public_key", True)
    assert pay["notify_url"] == f"http://test/wechat/pay/{f.MCHID}/notify"
    # What is left out stays; a new key keeps the old one.
    body = {"official": {"app_id": f.APP, "aes_key": f.OLD_AES, "name": "新名字"}}
    after = (await staff.put("/api/console/wechat", json=body)).json()["official"]
    assert (after["name"], after["secret"]["set"]) == ("新名字", True)
    assert after["previous_aes_key"] == {"set": True, "tail": f.AES[-4:]}
    async with db.merchant("demo") as tx:
        audit = (await tx.execute(text("SELECT action, body FROM audit_entry ORDER BY seq"))).all()
    assert [row[0] for row in audit][:4] == [
        "wechat.account_changed",
        "wechat.account_changed",
        "wechat.pay_changed",
        "wechat.templates_changed",
    ]
    assert f.SECRET not in "".join(row[1] for row in audit)


async def test_bad_settings_name_their_field(staff_client: StaffClient) -> None:
    staff = await staff_client([READ, WRITE])
    for section, change, field in (
        ("official", {"app_id": "x"}, "official.app_id"),
        ("official", {"app_id": "有效的应用号"}, "official.app_id"),
        ("official", {"aes_key": "!" * 43}, "official.aes_key"),
        ("official", {"oauth_domain": "https://shop.cn/x"}, "official.oauth_domain"),
        ("official", {"push_mode": "odd"}, "official.push_mode"),
        ("official", {"api_base": "http://169.254.169.254"}, "official.api_base"),
        ("pay", {"mchid": "12"}, "pay.mchid"),
        ("pay", {"api_v3_key": "密" * 32}, "pay.api_v3_key"),
        ("pay", {"private_key": "-----BEGIN"}, "pay.private_key"),
        ("pay", {"public_key_id": "3775B6"}, "pay.public_key_id"),
    ):
        body = {section: {**dict(BODY[section]), **change}}
        answer = await staff.put("/api/console/wechat", json=body)
        assert answer.status_code == 422, (section, change)
        assert answer.json()["error"]["field"] == field, answer.text
        assert f.SECRET not in answer.text


async def test_an_account_belongs_to_one_merchant(staff_client: StaffClient, db: Db) -> None:
    await f.configure(db)
    other = await staff_client([READ, WRITE], merchant="other")
    answer = await other.put("/api/console/wechat", json={"official": {"app_id": f.APP}})
    assert answer.status_code == 422
    assert (await other.get("/api/console/wechat")).json()["official"] is None
    # Once the first merchant has moved to another app id, the old one is free.
    async with db.merchant("demo") as tx:
        await service.set_app(tx, AccountKind.OFFICIAL, app_id="wx00000000000000aa")
    answer = await other.put("/api/console/wechat", json={"official": {"app_id": f.APP}})
    assert answer.status_code == 200


async def test_rights(staff_client: StaffClient, client: httpx.AsyncClient) -> None:
    routes: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
        ("GET", "/api/console/wechat", None),
        ("PUT", "/api/console/wechat", {}),
        ("GET", "/api/console/doctor", None),
        ("GET", "/api/console/wechat/menu", None),
        ("PUT", "/api/console/wechat/menu", {"button": []}),
        ("GET", "/api/console/wechat/messages", None),
    )
    nobody = await staff_client([])
    reader = await staff_client([READ])
    for method, path, body in routes:
        assert (await client.request(method, path, json=body)).status_code == 401, path
        assert (await nobody.request(method, path, json=body)).status_code == 403, path
        allowed = 403 if method == "PUT" else 200
        assert (await reader.request(method, path, json=body)).status_code == allowed, path


async def test_the_menu_is_published_and_remembered(
    staff_client: StaffClient, db: Db, platform: f.Platform
) -> None:
    await f.configure(db)
    platform.answers["/cgi-bin/stable_token"] = {"access_token": "t", "expires_in": 7200}
    platform.answers["/cgi-bin/menu/create"] = {"errcode": 0}
    platform.answers["/cgi-bin/menu/delete"] = {"errcode": 0}
    staff = await staff_client([READ, WRITE])
    menu = {
        "button": [
            {"name": "商城", "type": "view", "url": "http://shop.test/"},
            {
                "name": "服务",
                "sub_button": [
                    {"name": "联系客服", "type": "click", "key": "kf"},
                    {
                        "name": "小程序",
                        "type": "miniprogram",
                        "url": "http://shop.test/",
                        "appid": f.MINI,
                        "pagepath": "pages/home",
                    },
                ],
            },
        ]
    }
    answer = await staff.put("/api/console/wechat/menu", json=menu)
    assert answer.status_code == 200, answer.text
    assert json.loads(platform.asked[-1].content) == menu
    shown = (await staff.get("/api/console/wechat/menu")).json()
    assert shown["button"][1]["sub_button"][0]["key"] == "kf"
    assert shown["published_at"]
    for bad in (
        {"button": [{"name": "x"}]},
        {"button": [{"name": "x", "type": "view"}]},
        {"button": [{"name": "x", "type": "click", "key": "k", "sub_button": menu["button"][:1]}]},
        {"button": [{"name": "x", "type": "view", "url": "javascript:alert(1)"}]},
        {"button": menu["button"] * 2},
    ):
        assert (await staff.put("/api/console/wechat/menu", json=bad)).status_code == 422, bad
    platform.answers["/cgi-bin/menu/create"] = {
        "errcode": 40054,
        "errmsg": "invalid sub button url",
    }
    answer = await staff.put("/api/console/wechat/menu", json=menu)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wechat.refused")
    assert "40054" in answer.json()["error"]["message"]
    assert (await staff.put("/api/console/wechat/menu", json={"button": []})).status_code == 200
    assert platform.paths()[-1] == "/cgi-bin/menu/delete"


async def test_messages_are_listed_with_their_fate(staff_client: StaffClient, db: Db) -> None:
    async with db.merchant("demo") as tx:
        for number in range(5):
            await service.send_template(tx, f"oStaff{number}", "order_paid", {}, None)
    staff = await staff_client([READ])
    first = (await staff.get("/api/console/wechat/messages?limit=3")).json()
    rest = (
        await staff.get(
            "/api/console/wechat/messages", params={"limit": 3, "cursor": first["next"]}
        )
    ).json()
    ids = [item["id"] for item in first["items"] + rest["items"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), rest["next"]) == (5, None)
    assert first["items"][0]["receiver"] == "…aff4"
    assert first["items"][0]["state"] == "dropped"
    none = (await staff.get("/api/console/wechat/messages?state=sent")).json()
    assert none == {"items": [], "next": None}
    assert (await staff.get("/api/console/wechat/messages?cursor=zz")).status_code == 422


async def test_a_page_is_signed_for_the_shop(
    client: httpx.AsyncClient, db: Db, platform: f.Platform
) -> None:
    params = {"url": "http://test/shop/#/cart"}
    assert (await client.get("/api/shop/jssdk", params=params)).status_code == 409
    await f.configure(db)
    async with db.merchant("demo") as tx:
        await service.set_app(tx, AccountKind.OFFICIAL, app_id=f.APP, js_domain="test")
    platform.answers["/cgi-bin/stable_token"] = httpx.ConnectError("down")
    away = await client.get("/api/shop/jssdk", params=params)
    assert (away.status_code, away.json()["error"]["code"]) == (503, "wechat.away")
    platform.answers["/cgi-bin/stable_token"] = {"access_token": "t", "expires_in": 7200}
    platform.answers["/cgi-bin/ticket/getticket"] = {"ticket": "k", "expires_in": 7200}
    config = (await client.get("/api/shop/jssdk", params=params)).json()
    assert config["app_id"] == f.APP
    assert len(config["signature"]) == 40
    foreign = await client.get("/api/shop/jssdk", params={"url": "http://evil.test/"})
    assert foreign.status_code == 422
    assert (await client.get("/api/shop/jssdk", params={"url": "ftp://x/y/z"})).status_code == 422


async def test_one_app_id_is_one_app(staff_client: StaffClient) -> None:
    staff = await staff_client([READ, WRITE])
    assert (await staff.put("/api/console/wechat", json=BODY)).status_code == 200
    twice = await staff.put("/api/console/wechat", json={"mini": {"app_id": f.APP}})
    assert twice.status_code == 422
    assert twice.json()["error"]["field"] == "mini.app_id"
    both = {"official": {"app_id": "wx1234567890abcdef"}, "mini": {"app_id": "wx1234567890abcdef"}}
    assert (await staff.put("/api/console/wechat", json=both)).status_code == 422
    assert (await staff.get("/api/console/wechat")).json()["mini"]["app_id"] == f.MINI
