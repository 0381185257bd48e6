"""Looking at a path's beginning first leaves out no route, and asks few of them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import Match
from starlette.types import Scope

from tiefen.kernel.routing import Routes

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


def test_every_request_is_answered_by_whom_all_routes_together_would_choose(
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
