"""Which routes a request may be for, without asking each of them; and routes that take it as it is."""

import inspect
import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

DEPTH = 3
"""Segments that are looked at: `/api/shop/orders`."""


class Repeated(HTTPException):
    """A body says one thing twice. Whoever reads the first and whoever reads the last would differ."""

    def __init__(self, field: str) -> None:
        super().__init__(422)
        self.field = field


class Once(Request):
    """A request whose JSON must say each thing once; the parser alone would keep the last."""

    async def json(self) -> Any:
        """The body. Raises JSONDecodeError, or Repeated with the name that stands twice."""
        if not hasattr(self, "_json"):
            self._json = json.loads(await self.body(), object_pairs_hook=_each_once)
        return self._json


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise Repeated(name)
            seen.add(name)
    return found


class Strict(APIRoute):
    """A route that takes JSON as `Once` reads it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own, on a stricter request."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            return await handle(Once(request.scope, request.receive))

        return handled


class Routes(APIRouter):
    """A room's routes. What begins like none of them is refused by one look-up, not by each route.

    A server has hundreds of routes and a request is for one: without this, asking them all in turn
    was a third of what answering over HTTP costs.
    """

    _begins: frozenset[str] = frozenset()
    _known = -1

    def __init__(self, **given: Any) -> None:
        given.setdefault("route_class", Strict)
        super().__init__(**given)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether one of these routes answers."""
        if self._known != len(self.routes):
            assert all(isinstance(route, Route) for route in self.routes)
            paths = (route.path for route in self.routes if isinstance(route, Route))
            self._begins, self._known = frozenset(map(_begin, paths)), len(self.routes)
        if self._begins.isdisjoint(_beginnings(scope["path"])):
            return Match.NONE, {}
        return super().matches(scope)


class Direct(APIRoute):
    """A route whose function reads the request and makes the response itself, for the hottest doors.

    The function takes `request` and the path's parameters as texts, and its right is in the
    message it verifies (`signed`). So nothing is looked up, injected or validated for it: that is
    a quarter of what a small answer costs. Described and listed like any other.
    """

    def __init__(self, path: str, endpoint: Any, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        taken = inspect.signature(endpoint, eval_str=True).parameters
        texts = set(self.param_convertors)
        kinds = {name: one.annotation for name, one in taken.items()}
        if kinds != {"request": Request} | dict.fromkeys(texts, str):
            raise TypeError(f"{path}: a direct route takes the request and its path's texts")
        if any(getattr(one.dependency, "who", "")[:7] != "signed:" for one in self.dependencies):
            raise TypeError(f"{path}: a direct route looks nobody up")

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)  # it says what is allowed
            return
        response = await self.endpoint(Request(scope, receive), **scope["path_params"])
        await response(scope, receive, send)


def _begin(path: str) -> str:
    """What a request must begin with to be for a path: its first segments up to a parameter."""
    fixed = []
    for segment in path.split("/")[1 : DEPTH + 1]:
        if "{" in segment:
            break
        fixed.append(segment)
    return "/".join(fixed)


def _beginnings(path: str) -> list[str]:
    """Every beginning under which a route for this path may be known."""
    segments = path.split("/", DEPTH + 1)[1 : DEPTH + 1]
    return ["/".join(segments[:size]) for size in range(len(segments) + 1)]
