"""The edge of the process: merchant by path, size caps, request id, language, headers, 500s.

Pure ASGI, so that it costs microseconds and never buffers a body.
"""

import re
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry.trace import Span, StatusCode
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tiefen.kernel import ids, log, metrics, tracing
from tiefen.kernel.errors import language

logger = log.get("kernel")

_PREFIX = re.compile(r"^/m/([a-z][a-z0-9_]{0,30})(/.*)$")
_MIB = 1024 * 1024
_CAPS = (
    ("/wechat/", 64 * 1024),
    ("/api/console/files", 12 * _MIB),
    ("/api/console/videos", 60 * _MIB),
    ("/api/console/goods-imports", 12 * _MIB),
    ("/api/console/purchase-imports", 300 * _MIB),
)
_CAP = 1024 * 1024
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
)
_BROKEN = (
    '{{"error":{{"code":"internal","message":"{text}","field":null,"fields":[],'
    '"details":{{}},"id":"{id}"}}}}'
)
_TOO_LARGE = (
    b'{"error":{"code":"body_too_large","message":"\xe8\xaf\xb7\xe6\xb1\x82\xe5\xa4\xaa\xe5\xa4\xa7'
    b' / request body too large","field":null,"fields":[],"details":{},"id":""}}'
)


class BodyTooLarge(HTTPException):
    """A body grew past its cap while it was being read."""

    def __init__(self) -> None:
        super().__init__(413)


class Edge:
    """Outermost ASGI layer of the server."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        prefixed = _PREFIX.match(scope["path"])
        if prefixed:
            scope["merchant"], scope["path"] = prefixed[1], prefixed[2]
            scope["raw_path"] = scope["path"].encode()
        request_id = ids.token(9)
        scope["request_id"] = request_id
        headers = Headers(scope=scope)
        language.set("en" if headers.get("accept-language", "").startswith("en") else "zh")
        cap = next((cap for path, cap in _CAPS if scope["path"].startswith(path)), _CAP)
        if int(headers.get("content-length") or 0) > cap:
            await _answer(send, 413, _TOO_LARGE)
            return
        await self._timed(scope, _capped(receive, cap), send, request_id)

    async def _timed(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        began, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    *_HEADERS,
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        with (
            structlog.contextvars.bound_contextvars(request=request_id),
            tracing.begun("request", {"request.id": request_id}) as span,
        ):
            try:
                await self.app(scope, receive, sending)
            except Exception:
                logger.exception("request failed", path=scope["path"])
                if status:  # the answer had begun: nothing better than cutting it off
                    raise
                text = (
                    "Something broke on our side; quote this id"
                    if language.get() == "en"
                    else "服务器出错了，数据没有丢失。请把编号告诉我们"
                )
                await _answer(sending, 500, _BROKEN.format(text=text, id=request_id).encode())
            route = getattr(scope.get("route"), "path", "other")
            if span:
                _describe(span, scope, route, status)
        metrics.requests.labels(route, scope["method"], str(status)).inc()
        metrics.latency.labels(route).observe(time.perf_counter() - began)


def _describe(span: Span, scope: Scope, route: str, status: int) -> None:
    span.update_name(f"{scope['method']} {route}")
    span.set_attributes(
        {
            "http.request.method": scope["method"],
            "http.route": route,
            "http.response.status_code": status,
            "tiefen.merchant": scope.get("merchant", ""),
        }
    )
    if status >= 500:
        span.set_status(StatusCode.ERROR)


def _capped(receive: Receive, cap: int) -> Receive:
    seen = 0

    async def receiving() -> MutableMapping[str, Any]:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > cap:
            raise BodyTooLarge
        return message

    return receiving


async def _answer(send: Send, status: int, body: bytes) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
