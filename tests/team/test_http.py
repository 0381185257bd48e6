"""The team's routes: cookies, rights, refusals, bad input."""

from typing import Any

import httpx
from fastapi import FastAPI

from tests.conftest import StaffClient
from tests.team.factories import PASSWORD, clerk, owner
from tiefen.kernel.auth import STAFF_COOKIE
from tiefen.kernel.db import Db
from tiefen.team import service
from tiefen.team.values import Permission

ALL = [permission.value for permission in Permission]


async def test_sign_in_sets_a_cookie_that_opens_me_and_sign_out_closes_it(
    db: Db, client: httpx.AsyncClient
) -> None:
    await owner(db)
    answer = await client.post(
        "/api/console/session", json={"account": "boss", "password": PASSWORD}
    )
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert STAFF_COOKIE in cookie
    me = (await client.get("/api/console/me")).json()
    assert me["account"] == "boss"
    assert set(me["permissions"]) == set(ALL)
    assert me["merchant_name"] == "小林好物"
    assert me["roles"][0]["owner"] is True
    assert "password" not in str(me)
    assert (await client.delete("/api/console/session")).status_code == 200
    client.cookies.set(STAFF_COOKIE, cookie.split("=", 1)[1].split(";")[0])
    assert (await client.get("/api/console/me")).status_code == 401


async def test_a_cookie_from_a_foreign_page_changes_nothing(
    db: Db, client: httpx.AsyncClient
) -> None:
    await owner(db)
    await client.post("/api/console/session", json={"account": "boss", "password": PASSWORD})
    answer = await client.patch(
        "/api/console/me", json={"name": "hacked"}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403


async def test_refusals_say_when_to_try_again(db: Db, client: httpx.AsyncClient) -> None:
    await owner(db)
    body = {"account": "boss", "password": "wrong"}
    codes = [(await client.post("/api/console/session", json=body)).status_code for _ in range(9)]
    assert codes == [401] * 8 + [429]
    answer = await client.post("/api/console/session", json=body)
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"]["code"] == "team.sign_in_too_often"


BAD_STAFF: list[tuple[dict[str, Any], str]] = [
    ({"account": "a"}, "account"),
    ({"account": "bad account"}, "account"),
    ({"account": "Ａbc"}, "account"),
    ({"name": ""}, "name"),
    ({"name": "   "}, "name"),
    ({"name": "x" * 41}, "name"),
    ({"name": "a\u0000b"}, "name"),
    ({"name": "\u202etxt"}, "name"),
    ({"password": "short"}, "password"),
    ({"role_ids": []}, "role_ids"),
    ({"role_ids": [999]}, "role_ids"),
    ({"role_ids": ["1 OR 1=1"]}, "role_ids.0"),
    ({"role_ids": [2**63]}, "role_ids.0"),
    ({"id": 1}, "id"),
    ({"permissions": ALL}, "permissions"),
]


async def test_bad_staff_is_refused_naming_the_field(db: Db, staff_client: StaffClient) -> None:
    boss = await owner(db)
    client = await staff_client(staff_id=boss.id)
    for wrong, field in BAD_STAFF:
        body = {"account": "lin", "name": "小林", "password": PASSWORD, "role_ids": [1], **wrong}
        answer = await client.post("/api/console/staff", json=body)
        assert 400 <= answer.status_code < 500, wrong
        assert answer.json()["error"]["field"] == field, wrong


async def test_the_whole_life_of_a_member_of_staff(db: Db, staff_client: StaffClient) -> None:
    boss = await owner(db)
    client = await staff_client(staff_id=boss.id)
    roles = (await client.get("/api/console/roles")).json()["items"]
    assert roles[0]["owner"]
    assert len(roles) == 6
    service_role = next(role for role in roles if role["name"] == "客服")
    made = await client.post(
        "/api/console/staff",
        json={
            "account": "Lin",
            "name": "小林",
            "password": PASSWORD,
            "role_ids": [service_role["id"]],
        },
    )
    assert made.status_code == 201
    assert made.json()["account"] == "lin"
    staff_id = made.json()["id"]
    again = await client.post(
        "/api/console/staff",
        json={
            "account": "lin",
            "name": "x",
            "password": PASSWORD,
            "role_ids": [service_role["id"]],
        },
    )
    assert again.status_code == 409
    assert again.json()["error"]["field"] == "account"
    edited = await client.patch(
        f"/api/console/staff/{staff_id}", json={"department": "门店", "active": False}
    )
    assert edited.json()["department"] == "门店"
    assert edited.json()["active"] is False
    first = (await client.get("/api/console/staff?limit=1")).json()
    rest = (await client.get(f"/api/console/staff?limit=1&cursor={first['next']}")).json()
    assert [first["items"][0]["id"], rest["items"][0]["id"]] == [boss.id, staff_id]
    assert rest["next"] is None
    log = (await client.get(f"/api/console/audit?target=staff:{staff_id}")).json()["items"]
    assert [line["action"] for line in log] == ["team.staff_edited", "team.staff_added"]
    assert log[0]["after"] == {"department": "门店", "active": False}
    assert log[0]["request_id"]


async def test_the_owner_cannot_be_switched_off_by_themselves(
    db: Db, staff_client: StaffClient
) -> None:
    boss = await owner(db)
    client = await staff_client(staff_id=boss.id)
    answer = await client.patch(f"/api/console/staff/{boss.id}", json={"active": False})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "team.last_owner"


async def test_reading_needs_the_right(staff_client: StaffClient) -> None:
    without = await staff_client([p for p in ALL if p != "team.read"])
    allowed = await staff_client(["team.read"])
    for path in ("/staff", "/roles", "/audit", "/api-keys"):
        assert (await without.get(f"/api/console{path}")).status_code == 403
        assert (await allowed.get(f"/api/console{path}")).status_code == 200


async def test_writing_needs_more_than_reading(db: Db, staff_client: StaffClient) -> None:
    boss = await owner(db)
    reader = await staff_client(["team.read"])
    for method, path in (
        ("POST", "/staff"),
        ("PATCH", f"/staff/{boss.id}"),
        ("POST", f"/staff/{boss.id}/password"),
        ("DELETE", f"/staff/{boss.id}/totp"),
        ("POST", "/roles"),
        ("PUT", "/roles/1"),
        ("DELETE", "/roles/1"),
        ("POST", "/api-keys"),
        ("DELETE", "/api-keys/1"),
    ):
        body: dict[str, str] | None = {} if method != "DELETE" else None
        answer = await reader.request(method, f"/api/console{path}", json=body)
        assert answer.status_code in (403, 422), (method, path)
        nobody = httpx.AsyncClient(transport=reader._transport, base_url="http://test/m/demo")
        async with nobody:
            answer = await nobody.request(method, f"/api/console{path}", json=body)
        assert answer.status_code in (401, 422), (method, path)


async def test_another_merchants_staff_is_not_found(db: Db, staff_client: StaffClient) -> None:
    boss = await owner(db)
    for n in range(3):
        await clerk(db, boss, f"lin{n}x", "客服")
    theirs = await owner(db, "other", "neighbour")
    client = await staff_client(staff_id=theirs.id, merchant="other")
    assert (await client.get("/api/console/staff/4")).status_code == 404
    stranger = await staff_client(staff_id=theirs.id, merchant="other")
    stranger.base_url = httpx.URL("http://test/m/demo")
    assert (await stranger.get("/api/console/staff/1")).status_code == 401


async def test_an_api_key_reads_but_has_no_self(db: Db, app: FastAPI) -> None:
    boss = await owner(db)
    async with db.merchant("demo") as tx:
        _, key = await service.make_api_key(
            tx, boss, name="报表", permissions=["team.read"], days=None
        )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://test/m/demo",
        headers={"Authorization": f"Bearer {key}"},
    ) as program:
        listed = await program.get("/api/console/api-keys")
        assert listed.status_code == 200
        assert listed.json()["items"][0]["created_by_name"] == "林老板"
        assert key not in listed.text
        assert (await program.get("/api/console/me")).status_code == 403
        elsewhere = httpx.URL("http://test/m/other")
        program.base_url = elsewhere
        assert (await program.get("/api/console/staff")).status_code == 401


async def test_two_step_sign_in_over_http(db: Db, client: httpx.AsyncClient) -> None:
    await owner(db)
    sign_in = {"account": "boss", "password": PASSWORD}
    await client.post("/api/console/session", json=sign_in)
    setup = (await client.post("/api/console/me/totp")).json()
    assert setup["uri"].startswith("otpauth://totp/")
    assert setup["image"].startswith("data:image/svg")
    wrong = await client.post("/api/console/me/totp/confirm", json={"code": "000000"})
    assert wrong.status_code == 401
    removed = await client.request("DELETE", "/api/console/me/totp", json={"password": "not it"})
    assert removed.status_code == 422
    assert removed.json()["error"]["field"] == "password"
