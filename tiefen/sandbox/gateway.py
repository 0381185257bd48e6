"""How a call to api.weixin.qq.com is received: method, body, token, quota, faults, rid, wire log."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import quota, tokens
from .box import Box
from .errors import WxError
from .faults import CALLING, Rule
from .models import App
from .wire import Entry

# An escape of a character that need not be escaped: the platform refuses it.
ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u(?!00[01])[0-9a-fA-F]{4}")

Result: TypeAlias = "dict[str, Any] | Response"


@dataclass(slots=True)
class Call:
    box: Box
    request: Request
    body: bytes
    query: dict[str, str]
    maybe_app: App | None = None

    @property
    def app(self) -> App:
        """The account whose access token came along."""
        if self.maybe_app is None:
            raise WxError(41001)
        return self.maybe_app

    def json(self) -> dict[str, Any]:
        if not self.body.strip():
            raise WxError(44002)
        if ESCAPED.search(self.body):
            raise WxError(40033)
        try:
            loaded = json.loads(self.body)
        except ValueError as error:
            raise WxError(47001) from error
        if not isinstance(loaded, dict):
            raise WxError(47001)
        return loaded

    def base(self) -> str:
        return base_url(self.box, self.request)


def base_url(box: Box, request: Request) -> str:
    """The sandbox's own origin as the outside knows it."""
    return (box.public_url or str(request.base_url)).rstrip("/")


Handler: TypeAlias = Callable[[Call], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Api:
    """One platform call. `daily` is the default quota of an account; `kinds` who may call it."""

    method: str
    path: str
    handler: Handler
    token: bool = True
    daily: int = 100_000
    kinds: tuple[str, ...] = ("oa", "mini")


def ok(**fields: Any) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok", **fields}


def caller_ip(request: Request) -> str:
    return request.client.host if request.client else "127.0.0.1"


def shown_url(request: Request) -> str:
    return str(request.url)


async def sleep_for(rule: Rule) -> None:
    """A stuck platform: real seconds, since it is the caller's real patience that is tried."""
    await asyncio.sleep(6.0 if rule.seconds is None else rule.seconds)


def route(box: Box, api: Api) -> Route:
    async def endpoint(request: Request) -> Response:
        return await _receive(box, api, request)

    return Route(api.path, endpoint, methods=["GET", "POST"], name=api.path)


async def _receive(box: Box, api: Api, request: Request) -> Response:
    box.touch()
    began = time.perf_counter()
    body = await request.body()
    call = Call(box, request, body, dict(request.query_params))
    entry = box.wire.open(
        box.clock.time(),
        "in",
        "app",
        "",
        request.method,
        shown_url(request),
        request.headers.items(),
        body,
    )
    entry.rid = box.chance.rid()
    response = await _with_faults(box, api, call, entry)
    entry.ms = (time.perf_counter() - began) * 1000
    entry.status, entry.response_body = response.status_code, bytes(response.body)
    entry.response_headers = response.headers.items()
    box.wire.close(entry)
    return response


async def _with_faults(box: Box, api: Api, call: Call, entry: Entry) -> Response:
    identified = tokens.peek(box, call.query.get("access_token", "")) or call.query.get("appid", "")
    entry.account = identified
    rules = {
        r.kind: r
        for r in box.faults.take("api", {"path": api.path, "account": identified}, CALLING)
    }
    entry.fault = ", ".join(rules)
    if "timeout_before" in rules:
        await sleep_for(rules["timeout_before"])
        return Response(status_code=504)
    if "http_500_before" in rules:
        return Response(status_code=500)
    if "token_rotate" in rules:
        tokens.kill(box, call.query.get("access_token", ""))
    try:
        if "rate_limit" in rules:
            raise WxError(rules["rate_limit"].code)
        response = as_response(await _answer(api, call, entry))
    except WxError as error:
        response = as_response(
            {"errcode": error.errcode, "errmsg": f"{error.errmsg} rid: {entry.rid}"}
        )
    if "timeout_after" in rules:
        await sleep_for(rules["timeout_after"])
        return Response(status_code=504)
    if "http_500_after" in rules:
        return Response(status_code=500)
    if "truncated" in rules:
        return Response(
            bytes(response.body)[: len(response.body) // 2], media_type=response.media_type
        )
    return response


async def _answer(api: Api, call: Call, entry: Entry) -> Result:
    if call.request.method != api.method:
        raise WxError(43001 if api.method == "GET" else 43002)
    if api.token:
        call.maybe_app = tokens.check(call.box, call.query.get("access_token"))
        entry.platform, entry.account, entry.signature = call.app.kind, call.app.app_id, "token ok"
        if call.app.kind not in api.kinds:
            raise WxError(48001)
        quota.spend(call.box, call.app, api.path, api.daily)
    return await api.handler(call)


def as_response(result: Result) -> Response:
    if isinstance(result, Response):
        return result
    body = json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, media_type="application/json; encoding=utf-8")


async def unknown(request: Request) -> Response:
    """A path under the platform's prefixes that is not served."""
    return as_response({"errcode": 40066, "errmsg": "invalid url"})
