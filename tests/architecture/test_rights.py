"""Every route says who may enter, and the live router agrees with the written matrix."""

import json
from pathlib import Path

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import SecretStr

from tiefen.kernel.auth import Right
from tiefen.kernel.db import Db
from tiefen.kernel.routing import Strict
from tiefen.kernel.settings import Settings
from tiefen.main import create_app

MATRIX = Path(__file__).with_name("rights.json")


def _rights(dependant: Dependant) -> list[Right]:
    found: list[Right] = [dependant.call] if isinstance(dependant.call, Right) else []
    return found + [right for inner in dependant.dependencies for right in _rights(inner)]


def live_matrix() -> dict[str, list[str]]:
    """`METHOD /path` → the rights it declares, from the router itself."""
    app: FastAPI = create_app(
        Settings(secret_key=SecretStr("x" * 40)),
        Db("postgresql+asyncpg://none/none"),
    )
    matrix = {}
    for route in (context.original_route for context in iter_route_contexts(app.routes)):
        if isinstance(route, APIRoute):
            for method in sorted(route.methods or ()):
                matrix[f"{method} {route.path}"] = sorted(
                    {repr(r) for r in _rights(route.dependant)}
                )
    return dict(sorted(matrix.items(), key=lambda row: row[0].split(" ")[::-1]))


def test_every_route_that_takes_json_refuses_what_is_said_twice() -> None:
    app = create_app(Settings(secret_key=SecretStr("x" * 40)), Db("postgresql+asyncpg://none/none"))
    routes = [one.original_route for one in iter_route_contexts(app.routes)]
    taking = [one for one in routes if isinstance(one, APIRoute) and one.body_field]
    assert len(taking) > 100
    assert [one.path for one in taking if not isinstance(one, Strict)] == []


def test_the_walk_sees_the_routes() -> None:
    assert "GET /api/console/jobs" in live_matrix()


def test_every_route_declares_exactly_one_right() -> None:
    wrong = {route: rights for route, rights in live_matrix().items() if len(rights) != 1}
    assert not wrong


def test_no_route_is_open_that_the_matrix_does_not_name() -> None:
    """The matrix is read by people at review; regenerate it with `make rights`."""
    written = json.loads(MATRIX.read_text())
    live = {route: rights[0] for route, rights in live_matrix().items()}
    assert live == written


def test_console_routes_are_for_staff_and_shop_routes_never_are() -> None:
    signing_in = {"POST /api/console/session", "POST /api/console/session/wechat"}
    open_console = signing_in | {"GET /api/console/session/wechat"}
    for route, (right, *_) in live_matrix().items():
        path = route.split(" ")[1]
        if path.startswith("/api/console/") and route not in open_console:
            assert right.startswith("staff("), route
        if path.startswith("/api/shop/"):
            assert right in {"fan()", "anyone()"}, route


def test_nothing_is_changed_by_get() -> None:
    for route in live_matrix():
        method, path = route.split(" ")
        if path.startswith("/api/"):
            assert method in {"GET", "POST", "PUT", "PATCH", "DELETE"}, route


if __name__ == "__main__":
    MATRIX.write_text(
        json.dumps({route: rights[0] for route, rights in live_matrix().items()}, indent=1) + "\n"
    )
