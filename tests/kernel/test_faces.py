"""The faces: what a demo shows, and what nothing but a demo shows."""

import httpx
from fastapi import FastAPI

from tiefen.kernel import faces
from tiefen.kernel.settings import Settings

SANDBOX, PUBLIC = "http://127.0.0.1:8101", "http://127.0.0.1:8100"


async def _get(path: str, *, demo: bool) -> httpx.Response:
    app = FastAPI()
    faces.mount(app, Settings(demo=demo, sandbox_url=SANDBOX, public_url=PUBLIC))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
        return await client.get(path)


async def test_a_demo_tells_the_phone_where_the_sandbox_is() -> None:
    answer = await _get("/sandbox-config", demo=True)
    assert answer.json() == {"sandbox": SANDBOX, "shop": "/shop/", "public": PUBLIC}
    assert answer.headers["cache-control"] == "no-store"


async def test_only_a_demo_has_the_sandbox_phone() -> None:
    assert (await _get("/sandbox-config", demo=False)).status_code == 404
    assert (await _get("/sandbox/", demo=False)).status_code == 404
