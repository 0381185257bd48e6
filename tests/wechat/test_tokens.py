"""Shared tokens: one refresher at a time, one retry after a rejection, nothing inside a transaction."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from tests.wechat import factories as f
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.kernel.http import OpenTransaction
from tiefen.wechat import credentials, service, tokens
from tiefen.wechat.errors import (
    AddressRefused,
    ApiError,
    CredentialRefused,
    PlatformBusy,
    TokenRejected,
    WeChatAway,
)
from tiefen.wechat.values import AccountKind

INFO = "/cgi-bin/user/info"


class Tokens:
    """The platform's token space: the same token until it is forced or ends."""

    def __init__(self, platform: f.Platform) -> None:
        self.number, self.seconds, self.delay = 1, 7200, 0.0
        self.forced, self.code = 0, 40001
        self.good: Callable[[str], bool] = lambda token: token == f"token-{self.number}"
        platform.answers["/cgi-bin/stable_token"] = self.give
        platform.answers[INFO] = self.info

    async def give(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self.delay)
        asked = json.loads(request.content)
        assert (asked["appid"], asked["secret"]) == (f.APP, f.SECRET)
        if asked["force_refresh"]:
            self.forced += 1
            self.number += 1
        return httpx.Response(
            200, json={"access_token": f"token-{self.number}", "expires_in": self.seconds}
        )

    def info(self, request: httpx.Request) -> httpx.Response:
        if not self.good(request.url.params["access_token"]):
            return httpx.Response(
                200, json={"errcode": self.code, "errmsg": "invalid credential rid: 1-2-3"}
            )
        return httpx.Response(
            200, json={"subscribe": 1, "openid": "oFan", "subscribe_time": 1781776800}
        )


@pytest.fixture
async def space(db: Db, platform: f.Platform) -> Tokens:
    await f.configure(db)
    return Tokens(platform)


async def app(db: Db) -> credentials.AppCredentials:
    return await credentials.app(db, "demo", AccountKind.OFFICIAL)


async def test_one_token_serves_many_calls(space: Tokens, db: Db, platform: f.Platform) -> None:
    for _ in range(3):
        assert (await service.user_info(db, "demo", "oFan")).subscribed
    assert platform.paths().count("/cgi-bin/stable_token") == 1


@pytest.mark.slow
async def test_thirty_processes_that_need_a_token_fetch_it_once(
    space: Tokens, db: Db, platform: f.Platform
) -> None:
    space.delay = 0.2
    who = await app(db)
    found = await asyncio.gather(*(tokens.access_token(db, "demo", who) for _ in range(30)))
    assert set(found) == {"token-1"}
    assert platform.paths().count("/cgi-bin/stable_token") == 1


async def test_the_checker_sees_a_missing_lease(
    space: Tokens, db: Db, platform: f.Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: with a lease that everybody gets, the count above is far from one."""
    careless = text(
        "INSERT INTO wechat_token (app_id, kind, lease_owner, lease_until)"
        " VALUES (:app_id, :kind, :owner, :until) ON CONFLICT (app_id, kind)"
        " DO UPDATE SET lease_owner = excluded.lease_owner RETURNING app_id"
    )
    monkeypatch.setattr(tokens, "_TAKE_LEASE", careless)
    space.delay = 0.2
    who = await app(db)
    await asyncio.gather(*(tokens.access_token(db, "demo", who) for _ in range(10)))
    assert platform.paths().count("/cgi-bin/stable_token") > 1


async def test_near_its_end_a_token_is_renewed_and_the_others_go_on_with_it(
    space: Tokens, db: Db, platform: f.Platform, travel: Travel
) -> None:
    await tokens.access_token(db, "demo", await app(db))
    space.number, space.delay = 2, 0.3
    travel.move(timedelta(seconds=7100))
    who = await app(db)
    found = await asyncio.gather(*(tokens.access_token(db, "demo", who) for _ in range(8)))
    assert sorted(found) == ["token-1"] * 7 + ["token-2"]
    assert platform.paths().count("/cgi-bin/stable_token") == 2


async def test_a_rejected_token_is_refreshed_once_and_the_call_repeated(
    space: Tokens, db: Db, platform: f.Platform
) -> None:
    await tokens.access_token(db, "demo", await app(db))
    for place, code in enumerate((40001, 40014, 42001), start=2):
        space.number, space.code = place, code
        platform.asked.clear()
        assert (await service.user_info(db, "demo", "oFan")).subscribed
        assert platform.paths() == [INFO, "/cgi-bin/stable_token", INFO]
    assert space.forced == 0


async def test_many_calls_with_a_dead_token_refresh_it_once(
    space: Tokens, db: Db, platform: f.Platform
) -> None:
    await tokens.access_token(db, "demo", await app(db))
    space.number, space.delay = 2, 0.2
    found = await asyncio.gather(*(service.user_info(db, "demo", "oFan") for _ in range(12)))
    assert all(one.subscribed for one in found)
    assert platform.paths().count("/cgi-bin/stable_token") == 2


async def test_a_token_that_is_given_out_and_rejected_is_forced(
    space: Tokens, db: Db, platform: f.Platform
) -> None:
    space.good = lambda token: token == "token-2"
    assert (await service.user_info(db, "demo", "oFan")).subscribed
    assert space.forced == 1


async def test_a_second_rejection_is_final(space: Tokens, db: Db, platform: f.Platform) -> None:
    space.good = lambda token: False
    with pytest.raises(TokenRejected):
        await service.user_info(db, "demo", "oFan")
    assert platform.paths().count(INFO) == 2


FAILURES: list[tuple[object, type[Exception]]] = [
    ({"errcode": 40125, "errmsg": "invalid appsecret"}, CredentialRefused),
    ({"errcode": 40001, "errmsg": "invalid credential"}, CredentialRefused),
    ({"errcode": 40164, "errmsg": "invalid ip 1.2.3.4, not in whitelist"}, AddressRefused),
    ({"errcode": -1, "errmsg": "system error"}, PlatformBusy),
    ({"errcode": 99999, "errmsg": "odd {brace}"}, ApiError),
    ({"access_token": ""}, WeChatAway),
    ([], WeChatAway),
    (httpx.ReadTimeout("slow"), WeChatAway),
    (httpx.ConnectError("down"), WeChatAway),
    (httpx.Response(502, text="<html>"), WeChatAway),
]


async def test_a_failed_refresh_gives_the_lease_back(
    space: Tokens, db: Db, platform: f.Platform
) -> None:
    for answer, kind in FAILURES:
        platform.answers["/cgi-bin/stable_token"] = answer
        with pytest.raises(kind):
            await tokens.access_token(db, "demo", await app(db))
    platform.answers["/cgi-bin/stable_token"] = space.give
    assert await tokens.access_token(db, "demo", await app(db)) == "token-1"


async def test_a_new_secret_forgets_the_tokens(space: Tokens, db: Db, platform: f.Platform) -> None:
    await tokens.access_token(db, "demo", await app(db))
    async with db.merchant("demo") as tx:
        await service.set_app(tx, AccountKind.OFFICIAL, app_id=f.APP, secret="f" * 32)
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT value FROM wechat_token")) is None
    assert (await app(db)).secret == "f" * 32


async def test_tokens_are_sealed_at_rest(space: Tokens, db: Db) -> None:
    await tokens.access_token(db, "demo", await app(db))
    async with db.merchant("demo") as tx:
        raw = await tx.scalar(text("SELECT value FROM wechat_token"))
        account = (
            await tx.execute(text("SELECT secret, token, aes_key FROM wechat_account"))
        ).one()
        pay = (
            await tx.execute(text("SELECT private_key, api_v3_key FROM wechat_pay_account"))
        ).one()
    assert raw
    assert "token-1" not in raw
    assert all(value.startswith("v1.") for value in (*account, *pay))


async def test_no_call_leaves_inside_a_transaction(space: Tokens, db: Db) -> None:
    async with db.merchant("demo"):
        with pytest.raises(OpenTransaction):
            await service.user_info(db, "demo", "oFan")


async def test_credentials_never_show_themselves(space: Tokens, db: Db) -> None:
    shown = repr(await app(db)) + repr(await credentials.pay(db, "demo"))
    for secret in (f.SECRET, f.TOKEN, f.AES, f.API_V3, "PRIVATE KEY"):
        assert secret not in shown


async def test_jssdk_is_signed_with_the_shared_ticket(
    space: Tokens, db: Db, platform: f.Platform
) -> None:
    platform.answers["/cgi-bin/ticket/getticket"] = {
        "errcode": 0, "errmsg": "ok", "ticket": "the-ticket", "expires_in": 7200,
    }  # fmt: skip
    for _ in range(2):
        config = await service.jssdk_config(db, "demo", "http://shop.test/p?a=1#x")
    assert config.app_id == f.APP
    assert platform.paths() == ["/cgi-bin/stable_token", "/cgi-bin/ticket/getticket"]
