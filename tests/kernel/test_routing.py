"""Looking at a path's beginning first leaves out no route, and asks few of them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.routing import Match
from starlette.types import Scope

from tiefen.kernel import auth
from tiefen.kernel.routing import Direct, Routes

API = Path(__file__).parents[2] / "web" / "packages" / "client" / "openapi.json"


def _answer(app: FastAPI, method: str, path: str) -> tuple[Match, object]:
    """Who answers, and how well it fits: the first that fits whole, else the first in part."""
    best: tuple[Match, object] = (Match.NONE, None)
    for route in app.router.routes:
        scope: Scope = {
            "type": "http",
            "path": path,
            "method": method,
            "root_path": "",
            "headers": [],
        }
        match, _ = route.matches(scope)
        if match is Match.FULL:
            return match, route
        if match is Match.PARTIAL and best[0] is Match.NONE:
            best = match, route
    return best


def _paths() -> Iterator[tuple[str, str]]:
    for path, verbs in json.loads(API.read_text())["paths"].items():
        filled = re.sub(r"{[^}]*}", "17", path)
        for verb in verbs:
            yield verb.upper(), filled
            yield verb.upper(), f"{filled}/more"
        yield "TRACE", filled


async def test_every_request_is_answered_by_whom_all_routes_together_would_choose(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [*_paths(), ("GET", "/"), ("GET", "/api"), ("GET", "/api/shop"), ("GET", "/nothing")]
    quick = [_answer(app, *one) for one in asked]
    monkeypatch.setattr(Routes, "matches", APIRouter.matches)
    assert quick == [_answer(app, *one) for one in asked]
    assert sum(match is Match.FULL for match, _ in quick) > 200


def test_routes_that_begin_otherwise_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = FastAPI()
    asked: list[str] = []

    def room(name: str) -> Routes:
        routes = Routes()
        routes.add_api_route(f"/api/{name}/things/{{thing}}", lambda thing: thing)
        return routes

    def noting(self: APIRouter, scope: Scope) -> tuple[Match, Scope]:
        asked.append(self.routes[0].path)  # type: ignore[attr-defined]
        return plain(self, scope)

    plain = APIRouter.matches
    monkeypatch.setattr(APIRouter, "matches", noting)
    for name in ("console", "shop", "wechat"):
        rooms.include_router(room(name))
    match, _ = _answer(rooms, "GET", "/api/wechat/things/5")
    assert match is Match.FULL
    assert asked == ["/api/wechat/things/{thing}"]
    assert _answer(rooms, "GET", "/api/elsewhere")[0] is Match.NONE
    assert len(asked) == 1


def test_a_route_added_later_is_known() -> None:
    app, late = FastAPI(), Routes()
    app.include_router(late)
    assert _answer(app, "GET", "/late")[0] is Match.NONE
    late.add_api_route("/late", lambda: "")
    assert _answer(app, "GET", "/late")[0] is Match.FULL


async def test_a_direct_route_takes_the_request_itself_and_nothing_else() -> None:
    signed_by_them = [Depends(auth.signed("them"))]

    async def takes_all(request: Request, thing: str) -> Response:
        return Response(f"{request.method} {thing} {await request.body()!r}")

    async def takes_a_query(request: Request, thing: str, more: str = "") -> Response:
        return Response(more)

    app, routes = FastAPI(), Routes(route_class=Direct)
    routes.post("/their/{thing}", dependencies=signed_by_them)(takes_all)
    app.include_router(routes)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        assert (await client.post("/their/5", content=b"x")).text == "POST 5 b'x'"
        refused = await client.get("/their/5")
        assert refused.status_code == 405
        assert refused.headers["allow"] == "POST"
    assert "/their/{thing}" in app.openapi()["paths"]
    with pytest.raises(TypeError, match="request and its path"):
        routes.post("/their/{thing}/more", dependencies=signed_by_them)(takes_a_query)
    with pytest.raises(TypeError, match="looks nobody up"):
        routes.post("/their/{thing}", dependencies=[Depends(auth.fan())])(takes_all)
