"""小程序: login, phone number, code image, subscription messages."""

from typing import Any

import pytest

from .conftest import World


async def mini(world: World, **settings: Any) -> dict[str, Any]:
    return await world.post("/accounts", kind="mini", key="mini", **settings)


async def test_a_login_code_is_good_once_and_for_five_minutes(world: World) -> None:
    app, fan = await mini(world), await world.fan()

    async def session(code: str) -> dict[str, Any]:
        query = {
            "appid": app["app_id"],
            "secret": app["secret"],
            "grant_type": "authorization_code",
            "js_code": code,
        }
        found: dict[str, Any] = (await world.http.get("/sns/jscode2session", params=query)).json()
        return found

    async def code() -> str:
        found: str = (await world.post(f"/fans/{fan['id']}/mini-login", app_id=app["app_id"]))[
            "code"
        ]
        return found

    first = await code()
    answer = await session(first)
    assert answer["openid"] == fan["openids"][app["app_id"]]
    assert answer["unionid"] == fan["unionid"]
    assert (await session(first))["errcode"] == 40163
    assert (await session("nothing"))["errcode"] == 40029
    late = await code()
    world.clock.move(301)
    assert (await session(late))["errcode"] == 40029
    many = [await session(await code()) for _ in range(101)]
    assert [m.get("errcode") for m in many] == [None] * 100 + [45011]


async def test_the_same_person_has_one_unionid_in_both_apps(world: World) -> None:
    await world.oa(callback_url="")
    await mini(world)
    fan = await world.fan()
    assert len(set(fan["openids"].values())) == 2
    shown = await world.do("GET", f"/fans/{next(iter(fan['openids'].values()))}")
    assert shown == fan


async def test_the_phone_number_needs_its_own_code(world: World) -> None:
    app, fan = await mini(world), await world.fan(phone="13800138000")
    token = await world.token(app)
    login = (await world.post(f"/fans/{fan['id']}/mini-login", app_id=app["app_id"]))["code"]
    path = "/wxa/business/getuserphonenumber"
    assert (await world.call(token, path, {"code": login}))["errcode"] == 40029
    code = (await world.post(f"/fans/{fan['id']}/phone-code", app_id=app["app_id"]))["code"]
    answer = await world.call(token, path, {"code": code})
    assert answer["phone_info"]["purePhoneNumber"] == "13800138000"
    assert answer["phone_info"]["watermark"]["appid"] == app["app_id"]
    assert (await world.call(token, path, {"code": code}))["errcode"] == 40163


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"scene": ""}, 40169),
        ({"scene": "x" * 33}, 40169),
        ({"scene": "a%20b"}, 40169),
        ({"page": "/pages/a"}, 41030),
        ({"page": "pages/unknown"}, 41030),
        ({"width": 100}, 40097),
        ({"env_version": "beta"}, 40097),
    ],
)
async def test_a_wrong_code_image_is_refused(
    world: World, change: dict[str, Any], errcode: int
) -> None:
    token = await world.token(await mini(world, pages=["pages/item"]))
    body = {"scene": "c=12", "page": "pages/item"} | change
    assert (await world.call(token, "/wxa/getwxacodeunlimit", body))["errcode"] == errcode


async def test_code_images_have_a_limit_of_the_minute(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiefen.sandbox.mini.CODES_A_MINUTE", 2)
    token = await world.token(await mini(world))
    path, body = "/wxa/getwxacodeunlimit", {"scene": "c=12"}
    for _ in range(2):
        drawn = await world.http.post(path, params={"access_token": token}, json=body)
        assert drawn.headers["content-type"] == "image/png"
    assert (await world.call(token, path, body))["errcode"] == 45009
    world.clock.move(61)
    assert (await world.http.post(path, params={"access_token": token}, json=body)).is_success


async def test_a_code_image_is_scanned_into_its_page(world: World) -> None:
    app, fan = await mini(world), await world.fan()
    token = await world.token(app)
    response = await world.http.post(
        "/wxa/getwxacodeunlimit",
        params={"access_token": token},
        json={"scene": "c=12", "page": "pages/item"},
    )
    assert response.headers["content-type"] == "image/png"
    (code,) = (await world.do("GET", f"/codes?app_id={app['app_id']}"))["items"]
    scanned = await world.post(f"/fans/{fan['id']}/scan", text=code["text"])
    assert scanned == {
        "kind": "mini",
        "app_id": app["app_id"],
        "page": "pages/item",
        "scene": "c=12",
    }
    assert (await world.http.get(code["image_url"])).content.startswith(b"\x89PNG")


async def test_a_subscription_message_uses_up_one_permission(world: World) -> None:
    app, fan = await mini(world), await world.fan()
    token, template = await world.token(app), app["templates"][0]["template_id"]
    path = "/cgi-bin/message/subscribe/send"
    body = {
        "touser": fan["openids"][app["app_id"]],
        "template_id": template,
        "data": {"thing2": {"value": "茶"}},
    }
    assert (await world.call(token, path, body))["errcode"] == 43101
    await world.post(f"/fans/{fan['id']}/subscribe", app_id=app["app_id"], template_ids=[template])
    long = body | {"data": {"thing2": {"value": "长" * 21}}}
    assert (await world.call(token, path, long))["errcode"] == 47003
    assert (await world.call(token, path, body))["errcode"] == 0
    assert (await world.call(token, path, body))["errcode"] == 43101


async def test_an_account_of_the_other_kind_may_not_call(world: World) -> None:
    token = await world.token(await mini(world))
    assert (await world.call(token, "/cgi-bin/user/get"))["errcode"] == 48001
    assert (await world.call(token, "/cgi-bin/no/such"))["errcode"] == 40066
    wrong_method = await world.call(token, "/cgi-bin/user/get", {"a": 1})
    assert wrong_method["errcode"] == 43001
