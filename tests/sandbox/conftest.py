"""Fixtures: an in-process sandbox whose pushes go to a recorder, and a real one on a loopback port."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tiefen.sandbox import keys
from tiefen.sandbox.app import create_app
from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import Clock
from tiefen.sandbox.server import Running, start_sandbox

START = 1_767_225_600.0  # 2026-01-01 08:00 in Beijing


@dataclass
class Got:
    """One request the recorder received."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Recorder:
    """The merchant's server: it remembers what came and answers what it was told to."""

    got: list[Got] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    default: tuple[int, bytes] = (200, b"success")
    together: int = 0
    most_together: int = 0

    async def answer(self, request: Request) -> Response:
        self.together += 1
        self.most_together = max(self.together, self.most_together)
        body = await request.body()
        self.got.append(
            Got(
                request.method,
                request.url.path,
                dict(request.query_params),
                dict(request.headers),
                body,
            )
        )
        await asyncio.sleep(0)
        self.together -= 1
        status, answer = self.answers.pop(0) if self.answers else self.default
        if answer == b"(echostr)":
            answer = request.query_params["echostr"].encode()
        return Response(answer, status)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{rest:path}", self.answer, methods=["GET", "POST"])])


@dataclass
class World:
    """A sandbox in this process, its control client, and the merchant's server."""

    box: Box
    clock: Clock
    http: httpx.AsyncClient
    server: Recorder
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def do(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """A control call that must succeed."""
        response = await self.http.request(method, f"/sandbox/api{path}", json=body)
        assert response.status_code == 200, response.text
        data: dict[str, Any] = response.json()
        return data

    async def post(self, path: str, /, **body: Any) -> dict[str, Any]:
        return await self.do("POST", path, body)

    async def oa(self, **settings: Any) -> dict[str, Any]:
        return await self.post(
            "/accounts",
            kind="oa",
            key="shop",
            **{"callback_url": "http://shop.test/wechat", **settings},
        )

    async def fan(self, **asked: Any) -> dict[str, Any]:
        made: dict[str, Any] = (await self.post("/fans", fans=[asked]))["items"][0]
        return made

    async def token(self, app: dict[str, Any]) -> str:
        response = await self.http.get(
            "/cgi-bin/token",
            params={
                "grant_type": "client_credential",
                "appid": app["app_id"],
                "secret": app["secret"],
            },
        )
        found: str = response.json()["access_token"]
        return found

    async def call(self, token: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """A platform call: POST with a body, else GET."""
        query["access_token"] = token
        response = await self.http.request(
            "GET" if body is None else "POST", path, params=query, json=body
        )
        assert response.status_code == 200
        data: dict[str, Any] = response.json()
        return data


@pytest.fixture(scope="session")
def pool() -> list[rsa.RSAPrivateKey]:
    """Making a key takes a tenth of a second; no test needs more different ones than this."""
    return [keys.new_private_key() for _ in range(8)]


@pytest.fixture(autouse=True)
def _ready_keys(monkeypatch: pytest.MonkeyPatch, pool: list[rsa.RSAPrivateKey]) -> None:
    turn = itertools.cycle(pool)
    monkeypatch.setattr(keys, "new_private_key", lambda: next(turn))


@pytest.fixture
def clock() -> Clock:
    return Clock(START, ticking=False)


@pytest.fixture
async def world(clock: Clock) -> AsyncIterator[World]:
    """Time stands still and scheduled work waits for `run-due`."""
    server = Recorder()
    app = create_app(
        None, clock, seed=7, transport=httpx.ASGITransport(app=server.app()), auto=False
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as http:
        yield World(app.state.box, clock, http, server)
    await app.state.box.stop()
    app.state.box.store.close()


@pytest.fixture(scope="module")
def live() -> Iterator[Running]:
    """A sandbox on a loopback port, in a thread, in real time."""
    with start_sandbox(push_timeout=2.0) as running:
        yield running
