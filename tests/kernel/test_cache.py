"""The short memory answers alike, forgets soon, and never mixes merchants or languages."""

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from tiefen.kernel import cache


class Counting:
    """An application that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        self.asked.append(f"{request.headers['host']} {request.url.path}?{request.url.query}")
        await asyncio.sleep(0)
        response: Response = PlainTextResponse(self.asked[-1])
        if request.url.path == "/missing":
            response = PlainTextResponse("no", status_code=404)
        await response(scope, receive, send)


@pytest.fixture
def app() -> Counting:
    """Shadows the product: only the memory is under test."""
    return Counting()


def client(app: Counting, host: str = "one.test") -> httpx.AsyncClient:
    """A client through the memory."""
    made = cache.ShortMemory(app, (r"/read", r"/missing"))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=made), base_url=f"http://{host}")


async def test_many_readers_cost_one_read(app: Counting) -> None:
    async with client(app) as reader:
        answers = await asyncio.gather(*(reader.get("/read?q=1") for _ in range(20)))
    assert len(app.asked) == 1
    assert {answer.text for answer in answers} == {"one.test /read?q=1"}


async def test_queries_and_hosts_are_apart(app: Counting) -> None:
    memory = cache.ShortMemory(app, (r"/read",))
    transport = httpx.ASGITransport(app=memory)
    async with httpx.AsyncClient(transport=transport) as reader:
        for url in ("http://a.test/read", "http://b.test/read", "http://a.test/read?q=2"):
            assert url.split("//")[1].split("/")[0] in (await reader.get(url)).text
    assert len(app.asked) == 3


async def test_it_forgets(app: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SECONDS", -1.0)
    async with client(app) as reader:
        await reader.get("/read")
        await reader.get("/read")
    assert len(app.asked) == 2


async def test_other_paths_methods_and_failures_are_not_kept(app: Counting) -> None:
    async with client(app) as reader:
        for _ in range(2):
            await reader.get("/other")
            await reader.post("/read")
            assert (await reader.get("/missing")).status_code == 404
    assert len(app.asked) == 6
