"""Fan sign-in, the fan's own profile, the console's fan pages."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.conftest import Drain, FanClient, StaffClient
from tests.fans.factories import APP, AT, MINI, follower, say, statements
from tiefen.fans import service
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.orders.events import OrderPaid
from tiefen.wechat.values import OAuthIdentity

WECHAT = "tiefen.wechat.service"


@pytest.fixture
def wechat(monkeypatch: pytest.MonkeyPatch) -> dict[str, OAuthIdentity]:
    """WeChat as far as sign-in goes: code → identity."""
    known: dict[str, OAuthIdentity] = {}

    async def url(_tx: Any, redirect: str, scope: str, *, state: str) -> str:
        return f"https://open.weixin.test/authorize?redirect_uri={redirect}&state={state}&scope={scope}"

    async def exchange(_db: Any, _merchant: str, code: str) -> OAuthIdentity:
        return known.pop(code)

    monkeypatch.setattr(f"{WECHAT}.oauth_url", url)
    monkeypatch.setattr(f"{WECHAT}.exchange_code", exchange)
    monkeypatch.setattr(f"{WECHAT}.mini_login", exchange)
    return known


async def state_for(client: httpx.AsyncClient) -> str:
    answer = await client.get("/api/shop/oauth-url", params={"redirect": "/shop/"})
    assert answer.status_code == 200, answer.text
    query = parse_qs(urlsplit(answer.json()["url"]).query)
    assert query["redirect_uri"] == ["http://test/shop/"]
    return str(query["state"][0])


async def test_oauth_signs_in_the_person_wechat_names_and_the_state_works_once(
    client: httpx.AsyncClient, wechat: dict[str, OAuthIdentity]
) -> None:
    wechat.update(a=OAuthIdentity(APP, "o1"), b=OAuthIdentity(APP, "o2"))
    state = await state_for(client)
    first = await client.post("/api/shop/session/oauth", json={"code": "a", "state": state})
    assert first.status_code == 200
    body = first.json()
    again = await client.post("/api/shop/session/oauth", json={"code": "b", "state": state})
    assert again.status_code == 401
    assert again.json()["error"]["code"] == "fans.oauth_state_refused"
    me = await client.get("/api/shop/me", headers={"Authorization": f"Bearer {body['token']}"})
    assert me.json()["id"] == body["fan"]["id"]
    assert "openid" not in me.text
    assert "o1" not in str(me.json().values())


async def test_a_state_of_another_browser_is_refused(
    client: httpx.AsyncClient, wechat: dict[str, OAuthIdentity]
) -> None:
    wechat["a"] = OAuthIdentity(APP, "victim")
    state = await state_for(client)
    client.cookies.clear()
    answer = await client.post("/api/shop/session/oauth", json={"code": "a", "state": state})
    assert answer.status_code == 401
    await state_for(client)  # this browser's own nonce does not fit the other state
    answer = await client.post("/api/shop/session/oauth", json={"code": "a", "state": state})
    assert answer.status_code == 401


async def test_a_snapshot_visitor_is_never_bound(
    db: Db, client: httpx.AsyncClient, wechat: dict[str, OAuthIdentity]
) -> None:
    wechat["a"] = OAuthIdentity(APP, "throwaway", None, snapshot=True)
    state = await state_for(client)
    answer = await client.post("/api/shop/session/oauth", json={"code": "a", "state": state})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "fans.snapshot_visitor"
    async with db.merchant("demo") as tx:
        assert await service.stage_counts(tx)
        assert sum(one.fans for one in await service.stage_counts(tx)) == 0


async def test_sign_in_does_not_lead_elsewhere(client: httpx.AsyncClient) -> None:
    for redirect in ("https://evil.example/", "//evil.example", "/\\evil"):
        answer = await client.get("/api/shop/oauth-url", params={"redirect": redirect})
        assert answer.status_code == 422
        assert answer.json()["error"]["field"] == "redirect"


async def test_mini_login_joins_by_unionid(
    db: Db, client: httpx.AsyncClient, wechat: dict[str, OAuthIdentity]
) -> None:
    async with db.merchant("demo") as tx:
        known = await service.resolve(tx, APP, "o1", "u1")
    wechat["c"] = OAuthIdentity(MINI, "m1", "u1")
    answer = await client.post("/api/shop/session/mini", json={"code": "c"})
    assert answer.json()["fan"]["id"] == known


async def test_no_identity_is_taken_from_a_client(client: httpx.AsyncClient) -> None:
    for sent in ("openid", "fan_id", "id", "unionid"):
        answer = await client.post("/api/shop/session/mini", json={"code": "x", sent: "1"})
        assert answer.status_code == 422
        assert answer.json()["error"]["field"] == sent


BAD_PROFILES: list[tuple[dict[str, Any], str]] = [
    ({"phone": "1"}, "phone"),
    ({"phone": 13800138000}, "phone"),
    ({"nickname": ""}, "nickname"),
    ({"nickname": "x" * 41}, "nickname"),
    ({"nickname": "a\u0000"}, "nickname"),
    ({"nickname": "\u202eevil"}, "nickname"),
    ({"avatar_url": "javascript:alert(1)"}, "avatar_url"),
    ({"avatar_url": "http://x"}, "avatar_url"),
    ({"stage": "core"}, "stage"),
    ({"paid_fen": 1}, "paid_fen"),
    ({"id": 2}, "id"),
]


async def test_bad_profiles_are_refused_naming_the_field(db: Db, fan_client: FanClient) -> None:
    client = await fan_client(await follower(db))
    for body, field in BAD_PROFILES:
        answer = await client.patch("/api/shop/me", json=body)
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field), body


async def test_a_fan_edits_themselves_and_sees_a_masked_phone(
    db: Db, fan_client: FanClient
) -> None:
    client = await fan_client(await follower(db))
    answer = await client.patch(
        "/api/shop/me", json={"nickname": "👨‍👩‍👧小林", "phone": "138 0013 8000"}
    )
    assert answer.json()["phone_masked"] == "138****8000"
    assert answer.json()["name"] == "👨‍👩‍👧小林"
    await client.delete("/api/shop/session")
    assert (await client.get("/api/shop/me")).status_code == 401


async def test_the_console_sees_a_fan_and_reveals_with_a_reason(
    db: Db, staff_client: StaffClient, drain: Drain, travel: Travel
) -> None:
    fan_id = await follower(db)
    async with db.merchant("demo") as tx:
        await service.edit_profile(tx, fan_id, {"phone": "13800138000", "real_name": "林大山"})
    await say(db, OrderPaid(1, "T1", fan_id, 9900, 2, AT), aggregate="order:1")
    await drain()
    client = await staff_client(["fans.read", "fans.reveal", "fans.write", "team.read"])
    detail = (await client.get(f"/api/console/fans/{fan_id}")).json()
    assert detail["phone_masked"] == "138****8000"
    assert detail["real_name_masked"] == "林**"
    assert detail["paid_fen"] == 9900
    assert detail["stage"] == "customer"
    assert detail["standing"]["next_stage"] == "user"
    (missing,) = detail["standing"]["missing"]
    assert missing == {
        "fact": "received", "have": 0, "need": 1, "within_days": None, "either": False,
    }  # fmt: skip
    assert len(detail["identities"][0]["openid_tail"]) <= 4
    reveal = f"/api/console/fans/{fan_id}/reveal"
    for reason in ("", "   ", "x"):
        refused = await client.post(reveal, json={"field": "phone", "reason": reason})
        assert refused.status_code == 422
        assert refused.json()["error"]["field"] == "reason"
    answer = await client.post(reveal, json={"field": "phone", "reason": "快递联系不上买家"})
    assert answer.json()["value"] == "13800138000"
    log = (await client.get("/api/console/audit?action=fans.revealed")).json()["items"]
    assert log[0]["reason"] == "快递联系不上买家"
    assert "13800138000" not in str(log)
    noted = await client.patch(f"/api/console/fans/{fan_id}", json={"remark": "老顾客"})
    assert noted.json()["remark"] == "老顾客"


async def test_the_timeline_is_filtered_and_paged(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    fan_id = await follower(db)
    for n in range(5):
        await say(db, OrderPaid(n + 1, f"T{n}", fan_id, 100, 1, AT), aggregate=f"order:{n}")
    await drain()
    client = await staff_client(["fans.read"])
    path = f"/api/console/fans/{fan_id}/timeline"
    seen, cursor = [], ""
    while True:
        page = (await client.get(f"{path}?kind=order_paid&limit=2&cursor={cursor}")).json()
        seen += [line["ref"] for line in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert sorted(seen) == [f"order:T{n}" for n in range(5)]
    everything = (await client.get(path)).json()["items"]
    kinds = {line["kind"] for line in everything}
    assert {"joined", "followed", "order_paid", "stage"} <= kinds


async def test_a_position_of_another_order_is_refused(db: Db, staff_client: StaffClient) -> None:
    for n in range(3):
        await follower(db, f"o{n}")
    client = await staff_client(["fans.read"])
    page = (await client.get("/api/console/fans?sort=spend&limit=1")).json()
    wrong = await client.get(f"/api/console/fans?sort=last_seen&cursor={page['next']}")
    assert wrong.status_code == 422
    assert wrong.json()["error"]["field"] == "cursor"
    for junk in ("x", "W10", "%00", "a" * 501):
        answer = await client.get("/api/console/fans", params={"cursor": junk})
        assert answer.status_code == 422


async def test_bad_filters_are_refused(staff_client: StaffClient) -> None:
    client = await staff_client(["fans.read"])
    for query in (
        "sort=paid_fen;drop",
        "stage=x",
        "limit=0",
        "limit=101",
        "following=maybe",
        "source_code_id=-1",
    ):
        answer = await client.get(f"/api/console/fans?{query}")
        assert answer.status_code == 422
        assert answer.json()["error"]["field"] == query.split("=")[0]


async def test_rights_and_foreign_fans(
    db: Db, staff_client: StaffClient, fan_client: FanClient, client: httpx.AsyncClient
) -> None:
    fan_id = await follower(db)
    paths = ["/fans", f"/fans/{fan_id}", f"/fans/{fan_id}/timeline", "/fans/stages"]
    reader, nothing = await staff_client(["fans.read"]), await staff_client(["orders.read"])
    as_fan = await fan_client(fan_id)
    other = await staff_client(["fans.read", "fans.reveal"], merchant="other")
    for path in paths:
        assert (await reader.get(f"/api/console{path}")).status_code == 200
        assert (await nothing.get(f"/api/console{path}")).status_code == 403
        assert (await client.get(f"/api/console{path}")).status_code == 401
        assert (await as_fan.get(f"/api/console{path}")).status_code == 401
    assert (await other.get(f"/api/console/fans/{fan_id}")).status_code == 404
    assert (await other.get(f"/api/console/fans/{fan_id}/timeline")).status_code == 404
    body = {"field": "phone", "reason": "看看别家的"}
    assert (await other.post(f"/api/console/fans/{fan_id}/reveal", json=body)).status_code == 404
    assert (await reader.post(f"/api/console/fans/{fan_id}/reveal", json=body)).status_code == 403
    assert (await as_fan.get("/api/shop/me")).status_code == 200
    assert (await reader.get("/api/shop/me")).status_code == 401


async def test_the_console_list_sends_the_same_statements_for_one_or_many(
    db: Db, staff_client: StaffClient
) -> None:
    await follower(db, "o0")
    client = await staff_client(["fans.read"])
    await client.get("/api/console/fans")  # the address's merchant is now known to the process
    counts: list[int] = []
    for size in (1, 12):
        for n in range(size):
            await follower(db, f"o{n}")
        async with db.merchant("demo") as tx:
            with statements(tx) as sent:
                assert len((await client.get("/api/console/fans")).json()["items"]) == size
        counts.append(len(sent))
    assert counts[0] == counts[1]
