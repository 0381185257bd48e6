"""Staff whom WeChat recognises: binding by one tap, coming in without a password."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text, update

from tests.conftest import StaffClient
from tests.fans.factories import APP
from tests.team.factories import clerk, owner
from tiefen.kernel.db import Db
from tiefen.team.models import Staff
from tiefen.wechat.values import OAuthIdentity

WECHAT = "tiefen.wechat.service"
SESSION = "/api/console/session/wechat"


@pytest.fixture
def wechat(monkeypatch: pytest.MonkeyPatch) -> dict[str, OAuthIdentity]:
    """WeChat as far as recognising goes: code → identity."""
    known: dict[str, OAuthIdentity] = {}

    async def url(_tx: Any, redirect: str, scope: str, *, state: str) -> str:
        return f"https://open.weixin.test/authorize?redirect_uri={redirect}&state={state}&scope={scope}"

    async def exchange(_db: Any, _merchant: str, code: str) -> OAuthIdentity:
        return known.pop(code)

    monkeypatch.setattr(f"{WECHAT}.oauth_url", url)
    monkeypatch.setattr(f"{WECHAT}.exchange_code", exchange)
    return known


async def answer(client: httpx.AsyncClient, code: str) -> dict[str, str]:
    """What WeChat sends back to the page, under `code`."""
    told = await client.get(SESSION)
    query = parse_qs(urlsplit(told.json()["url"]).query)
    assert query["redirect_uri"] == ["http://test/m/demo/phone/"]
    return {"code": code, "state": query["state"][0]}


async def test_one_tap_binds_and_the_next_notice_opens_signed_in(
    db: Db,
    client: httpx.AsyncClient,
    staff_client: StaffClient,
    wechat: dict[str, OAuthIdentity],
) -> None:
    boss = await owner(db)
    phone = await staff_client(staff_id=boss.id)
    for code in "abc":
        wechat[code] = OAuthIdentity(APP, "o-boss")
    unknown = await client.post(SESSION, json=await answer(client, "a"))
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (401, "team.wechat_unknown")
    bound = await phone.post("/api/console/me/wechat/here", json=await answer(phone, "b"))
    assert bound.status_code == 200, bound.text
    assert (await phone.get("/api/console/me")).json()["wechat_bound"]
    here = {"Origin": "http://test"}
    entered = await client.post(SESSION, json=await answer(client, "c"), headers=here)
    assert entered.status_code == 200, entered.text
    assert (await client.get("/api/console/me", headers=here)).json()["id"] == boss.id
    async with db.merchant("demo") as tx:
        acts = list(await tx.scalars(text("SELECT action FROM audit_entry ORDER BY seq")))
    assert acts[-2:] == ["team.wechat_bound", "team.signed_in"]


async def test_who_may_not_come_in_by_wechat(
    db: Db,
    client: httpx.AsyncClient,
    staff_client: StaffClient,
    wechat: dict[str, OAuthIdentity],
) -> None:
    boss = await owner(db)
    lin = await clerk(db, boss, "lin", "客服")
    phone = await staff_client(staff_id=boss.id)
    others = await staff_client(staff_id=lin.id)
    here = "/api/console/me/wechat/here"
    wechat.update({code: OAuthIdentity(APP, "o-boss") for code in "abcd"})
    wechat["s"] = OAuthIdentity(APP, "o-ghost", snapshot=True)
    ghost = await phone.post(here, json=await answer(phone, "s"))
    assert (ghost.status_code, ghost.json()["error"]["code"]) == (403, "helpdesk.snapshot_staff")
    assert (await phone.post(here, json=await answer(phone, "a"))).status_code == 200
    taken = await others.post(here, json=await answer(others, "b"))
    assert taken.json()["error"]["code"] == "team.wechat_taken"
    planted = await answer(phone, "c")  # asked for by another browser
    assert (await client.post(SESSION, json=planted)).json()["error"]["code"] == (
        "fans.oauth_state_refused"
    )
    async with db.merchant("demo") as tx:
        await tx.execute(update(Staff).where(Staff.id == boss.id).values(totp_secret="X" * 32))
    second = await client.post(SESSION, json=await answer(client, "c"))
    assert second.json()["error"]["code"] == "team.totp_required"
    async with db.merchant("demo") as tx:
        gone = {"totp_secret": None, "active": False}
        await tx.execute(update(Staff).where(Staff.id == boss.id).values(**gone))
    off = await client.post(SESSION, json=await answer(client, "d"))
    assert off.json()["error"]["code"] == "team.wechat_unknown"
