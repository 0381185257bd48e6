"""Calls to WeChat's servers: where they are, one request with time-outs, one answer read with suspicion.

Nothing here knows a merchant or opens a transaction; the outward client refuses to run inside one.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, BinaryIO
from weakref import WeakKeyDictionary

import httpx
from opentelemetry.trace import Span, SpanKind
from prometheus_client import Counter

from tiefen.kernel import http, log, metrics, tracing
from tiefen.wechat.errors import WeChatAway, api_error

logger = log.get("wechat")

API = "https://api.weixin.qq.com"
IMAGES = "https://mp.weixin.qq.com"
PAGES = "https://open.weixin.qq.com"
PAY = "https://api.mch.weixin.qq.com"
TOTAL_SECONDS = 12.0
"""No answer takes longer, read time-outs or not."""
ANSWER_CAP = 4 * 1024 * 1024
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff")
USER_AGENT = "Tiefen"

calls = Counter(
    "tiefen_wechat_calls_total", "Calls to WeChat", ["api", "outcome"], registry=metrics.registry
)

_sandbox = ""
_public = "http://127.0.0.1:8000"
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, int], http.Outward]] = (
    WeakKeyDictionary()
)


def configure(*, sandbox_url: str, public_url: str) -> None:
    """Set once at composition: a sandbox's base address (empty = the real platform) and our own public address."""
    global _sandbox, _public
    _sandbox, _public = sandbox_url.rstrip("/"), public_url.rstrip("/")


def api_base(own: str | None) -> str:
    """Where the account's server interface is: its own setting, else the sandbox, else the real platform."""
    return own or _sandbox or API


def pay_base(own: str | None) -> str:
    """Where the payment interface is."""
    return own or _sandbox or PAY


def image_base(own: str | None) -> str:
    """Where QR images are shown."""
    return own or _sandbox or IMAGES


def page_base(own: str | None) -> str:
    """Where the browser is sent to sign in."""
    return own or _sandbox or PAGES


def public_base(own: str | None) -> str:
    """Where WeChat reaches us."""
    return (own or _public).rstrip("/")


def absolute(url: str) -> str:
    """A link as WeChat and its phones need it: what is written from the root gets our public address."""
    return _public + url if url.startswith("/") and not url.startswith("//") else url


def client(base: str) -> http.Outward:
    """The kept client for one base address in this event loop: connections are reused, time-outs 1 s and 5 s."""
    loop = asyncio.get_running_loop()
    kept = _clients.setdefault(loop, {})
    key = (base, hash(tuple(map(id, http.outward_mounts.values()))))
    if key not in kept:
        kept[key] = http.outward(base, connect=1.0, read=5.0)
    return kept[key]


async def close() -> None:
    """Close this event loop's clients, at shutdown."""
    for one in _clients.pop(asyncio.get_running_loop(), {}).values():
        await one.aclose()


async def send(
    base: str, request: httpx.Request, *, within: float = TOTAL_SECONDS
) -> httpx.Response:
    """Send one request and read its whole answer within a time: an answer that drips would pass every read time-out.

    Raises httpx.HTTPError for whatever goes wrong.
    """
    about = {"server.address": request.url.host, "url.path": request.url.path}
    with tracing.part(f"{request.method} {request.url.host}", about, kind=SpanKind.CLIENT) as span:
        try:
            async with asyncio.timeout(within):
                response = await client(base).send(request)
        except TimeoutError as error:
            raise httpx.ReadTimeout("the answer took too long", request=request) from error
        if span:
            _describe(span, response)
        return response


async def receive(base: str, request: httpx.Request, into: BinaryIO, *, within: float) -> int:
    """Send one request and write its answer down as it comes, however long; the status.

    Raises httpx.HTTPError for whatever goes wrong.
    """
    try:
        async with asyncio.timeout(within):
            response = await client(base).send(request, stream=True)
            try:
                async for part in response.aiter_bytes():
                    into.write(part)
            finally:
                await response.aclose()
    except TimeoutError as error:
        raise httpx.ReadTimeout("the answer took too long", request=request) from error
    return response.status_code


def _describe(span: Span, response: httpx.Response) -> None:
    span.set_attribute("http.response.status_code", response.status_code)
    said = _read(response) or {}
    code = said.get("errcode") or said.get("code")  # the interface's errcode, or the payment one's
    if isinstance(code, int | str):
        span.set_attribute("wechat.errcode", str(code)[:40])


async def call_api(
    base: str,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One call of the server interface. Raises the typed ApiError of an errcode, WeChatAway without a usable answer.

    The body goes out as real UTF-8: the platform refuses escaped characters (40033).
    """
    response = await _asked(base, method, path, query, body)
    return _said(path, response)


async def call_picture(
    base: str,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> bytes:
    """One call that answers a picture, or an errcode as JSON. Raises as `call_api`."""
    response = await _asked(base, method, path, query, body)
    raw = response.content
    if response.status_code == 200 and raw.startswith(_PICTURES) and len(raw) <= ANSWER_CAP:
        calls.labels(path, "0").inc()
        return raw
    _said(path, response)
    raise WeChatAway  # neither a picture nor an error


async def _asked(
    base: str,
    method: str,
    path: str,
    query: Mapping[str, str] | None,
    body: Mapping[str, Any] | None,
) -> httpx.Response:
    content = (
        None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    )
    headers = {"Content-Type": "application/json; charset=utf-8"} if content is not None else {}
    try:
        request = client(base).build_request(
            method, path, params=query, content=content, headers=headers
        )
        return await send(base, request)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        calls.labels(path, "away").inc()
        logger.warning("no answer", api=path, kind=type(error).__name__)
        away = WeChatAway()
        away.reached = not isinstance(
            error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout
        )
        raise away from error


def _said(path: str, response: httpx.Response) -> dict[str, Any]:
    """The object an answer holds. Raises the typed error of an errcode, WeChatAway without a usable one."""
    data = _read(response)
    if response.status_code >= 500 or data is None:
        calls.labels(path, f"http {response.status_code}").inc()
        logger.warning("broken answer", api=path, status=response.status_code)
        raise WeChatAway
    errcode = data.get("errcode") or 0
    if not isinstance(errcode, int) or (response.status_code >= 400 and not errcode):
        raise WeChatAway
    calls.labels(path, str(errcode)).inc()
    if errcode:
        raise api_error(errcode, str(data.get("errmsg") or ""))
    return data


def _read(response: httpx.Response) -> dict[str, Any] | None:
    # The content type of these answers is not dependable: what counts is whether it is a JSON object.
    if len(response.content) > ANSWER_CAP:
        return None
    try:
        data = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
