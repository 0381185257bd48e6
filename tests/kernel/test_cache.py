"""The short memory answers alike, forgets soon, and never mixes merchants or languages."""

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from tiefen.kernel import cache, metrics


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
def counting() -> Counting:
    """An application behind the memory alone."""
    return Counting()


def reading(counting: Counting, host: str = "one.test") -> httpx.AsyncClient:
    """A client through the memory."""
    made = cache.ShortMemory(counting, (r"/read", r"/missing"))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=made), base_url=f"http://{host}")


async def test_many_readers_cost_one_read(counting: Counting) -> None:
    async with reading(counting) as reader:
        answers = await asyncio.gather(*(reader.get("/read?q=1") for _ in range(20)))
    assert len(counting.asked) == 1
    assert {answer.text for answer in answers} == {"one.test /read?q=1"}


async def test_queries_and_hosts_are_apart(counting: Counting) -> None:
    memory = cache.ShortMemory(counting, (r"/read",))
    transport = httpx.ASGITransport(app=memory)
    async with httpx.AsyncClient(transport=transport) as reader:
        for url in ("http://a.test/read", "http://b.test/read", "http://a.test/read?q=2"):
            assert url.split("//")[1].split("/")[0] in (await reader.get(url)).text
    assert len(counting.asked) == 3


async def test_it_forgets(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SECONDS", -1.0)
    async with reading(counting) as reader:
        await reader.get("/read")
        await reader.get("/read")
    assert len(counting.asked) == 2


async def test_other_paths_methods_and_failures_are_not_kept(counting: Counting) -> None:
    async with reading(counting) as reader:
        for _ in range(2):
            await reader.get("/other")
            await reader.post("/read")
            assert (await reader.get("/missing")).status_code == 404
    assert len(counting.asked) == 6


async def test_hits_are_counted_and_timed_as_their_route(client: httpx.AsyncClient) -> None:
    def counted() -> tuple[float, ...]:
        found = []
        for route in ("/api/shop/home", "other"):
            asked = {"route": route, "method": "GET", "status": "200"}
            found += [
                metrics.registry.get_sample_value("tiefen_requests_total", asked) or 0,
                metrics.registry.get_sample_value("tiefen_request_seconds_count", {"route": route})
                or 0,
            ]
        return tuple(found)

    before = counted()
    for _ in range(3):
        assert (await client.get("/api/shop/home")).status_code == 200
    gained = [now - then for now, then in zip(counted(), before, strict=True)]
    assert gained == [3, 3, 0, 0], "one read and two hits, all of them under the route's own name"
