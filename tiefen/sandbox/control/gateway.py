"""How a control call is received and answered."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tiefen.sandbox.box import Box
from tiefen.sandbox.errors import ControlError
from tiefen.sandbox.gateway import base_url

PREFIX = "/sandbox/api"
MOST = 1000
LOOPBACK = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")


@dataclass(slots=True)
class Ask:
    box: Box
    request: Request
    body: dict[str, Any]

    def path(self, name: str) -> str:
        value: str = self.request.path_params[name]
        return value

    def query(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default)

    def number(self, name: str, default: int) -> int:
        text = self.query(name)
        if not text:
            return default
        if not text.isdecimal():
            raise invalid(name, "is not a number")
        return int(text)

    def text(self, name: str, default: str | None = None) -> str:
        """A text of the body. Raises 422 when it is required and absent, or not a text."""
        value = self.body.get(name, default)
        if value is None or not isinstance(value, str):
            raise invalid(name, "is required" if value is None else "is not a text")
        return value

    def base(self) -> str:
        return base_url(self.box, self.request)

    def paged(self, items: list[Any], show: Callable[[Any], Any]) -> dict[str, Any]:
        """A page of a list, by position."""
        start, limit = self.number("cursor", 0), min(self.number("limit", 100), MOST)
        page = items[start : start + limit]
        more = start + limit < len(items)
        return {"items": [show(i) for i in page], "next": str(start + limit) if more else None}


Handler: TypeAlias = Callable[[Ask], Awaitable["dict[str, Any] | Response"]]


def invalid(name: str, issue: str) -> ControlError:
    return ControlError(422, "sandbox.invalid", f"{name} {issue}")


def reply(data: dict[str, Any], status: int = 200) -> Response:
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, media_type="application/json")


def route(box: Box, method: str, path: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        box.touch()
        if not _local(request.headers.get("origin", ""), box):
            return reply(
                {"error": {"code": "sandbox.origin", "message": "only local pages may call"}}, 403
            )
        try:
            answer = await handler(Ask(box, request, await _body(request)))
        except ControlError as error:
            return reply({"error": {"code": error.code, "message": error.message}}, error.status)
        return answer if isinstance(answer, Response) else reply(answer)

    return Route(PREFIX + path, endpoint, methods=[method], name=f"control {method} {path}")


def _local(origin: str, box: Box) -> bool:
    """A page of some website must not command the sandbox of whoever reads it."""
    return (
        not origin
        or bool(LOOPBACK.fullmatch(origin))
        or origin == (box.public_url or "").rstrip("/")
    )


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    if not raw:
        return {}
    try:
        loaded = json.loads(raw)
    except ValueError as error:
        raise ControlError(400, "sandbox.not_json", "the body is not JSON") from error
    if not isinstance(loaded, dict):
        raise ControlError(400, "sandbox.not_json", "the body is not a JSON object")
    return loaded
