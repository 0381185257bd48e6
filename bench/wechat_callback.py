"""A sealed 公众号 message: verify, decrypt, store once, publish, answer, encrypt; limit = the same server's bare echo."""

import os

from bench.harness import (
    MERCHANT,
    Installation,
    Load,
    Result,
    installation,
    load,
    rate_result,
    request,
)
from tiefen.wechat import crypto, service
from tiefen.wechat.values import AccountKind, PushMode

APP, TOKEN = "wxbe9c800000000001", "aBenchToken1"
AES = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CONNECTIONS, SECONDS, TURNS = 32, 4.0, 3


async def _account(home: Installation) -> None:
    async with home.db.merchant(MERCHANT) as tx:
        await service.set_app(
            tx,
            AccountKind.OFFICIAL,
            app_id=APP,
            name="压测小店",
            secret="0" * 32,
            token=TOKEN,
            aes_key=AES,
            push_mode=PushMode.SAFE,
        )


def _pushes(first: int, count: int) -> list[bytes]:
    made = []
    for number in range(first, first + count):
        message = (
            "<xml><ToUserName><![CDATA[gh_bench]]></ToUserName>"
            f"<FromUserName><![CDATA[oBench{number % 5000:06}]]></FromUserName>"
            "<CreateTime>1781776800</CreateTime><MsgType><![CDATA[text]]></MsgType>"
            f"<Content><![CDATA[面膜怎么用]]></Content><MsgId>{number}</MsgId></xml>"
        )
        sealed = crypto.encrypt_push(AES, APP, message.encode(), os.urandom(16))
        signed = crypto.push_signature(TOKEN, "1781776801", "415670741", sealed)
        body = f"<xml><ToUserName><![CDATA[gh_bench]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        path = (
            f"/wechat/oa/{APP}?timestamp=1781776801&nonce=415670741"
            f"&encrypt_type=aes&msg_signature={signed}"
        )
        made.append(request("POST", path, body.encode()))
    return made


async def _turn(base: str, first: int) -> tuple[float, Load]:
    bare = request("GET", "/live")
    echo = await load(base, lambda: bare, connections=CONNECTIONS, seconds=SECONDS)
    ready = iter(_pushes(first, int(echo.rate * SECONDS)))
    seen = await load(base, lambda: next(ready), connections=CONNECTIONS, seconds=SECONDS)
    assert set(seen.statuses) == {200}, seen.statuses
    return echo.rate, seen


async def run() -> list[Result]:
    """One line: messages a second over 32 connections against the bare answers a second of the same server."""
    async with installation() as home:
        await _account(home)
        with home.server(work=False) as base:
            turns = [await _turn(base, 1 + turn * 1_000_000) for turn in range(TURNS)]
        slowest = max(seen.p(0.99) for _, seen in turns)
        note = f"p99 {slowest * 1000:.0f} ms; limit = GET /live; each message stored and committed, its jobs left to `tiefen worker`"
        rates, limits = [seen.rate for _, seen in turns], [echo for echo, _ in turns]
        return [rate_result("wechat_callback", rates, limits, note)]
