"""The faces: what a demo shows, and what nothing but a demo shows."""

import gzip
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tiefen.kernel import faces
from tiefen.kernel.settings import Settings

SANDBOX, PUBLIC = "http://127.0.0.1:8101", "http://127.0.0.1:8100"


async def _get(path: str, *, demo: bool = False, takes: str = "gzip, br") -> httpx.Response:
    app = FastAPI()
    faces.mount(app, Settings(demo=demo, sandbox_url=SANDBOX, public_url=PUBLIC))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
        return await client.get(path, headers={"accept-encoding": takes})


async def test_a_demo_tells_the_phone_where_the_sandbox_is() -> None:
    answer = await _get("/sandbox-config", demo=True)
    assert answer.json() == {"sandbox": SANDBOX, "shop": "/shop/", "public": PUBLIC}
    assert answer.headers["cache-control"] == "no-store"


async def test_only_a_demo_has_the_sandbox_phone() -> None:
    assert (await _get("/sandbox-config", demo=False)).status_code == 404
    assert (await _get("/sandbox/", demo=False)).status_code == 404


async def test_what_the_build_packed_travels_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "const 名 = '铁粉'\n" * 400
    (tmp_path / "shop/assets").mkdir(parents=True)
    (tmp_path / "shop/index.html").write_text("<!doctype html>")
    (tmp_path / "shop/assets/a.js").write_text(script)
    (tmp_path / "shop/assets/a.js.gz").write_bytes(gzip.compress(script.encode()))
    (tmp_path / "shop/assets/b.js").write_text("1")
    monkeypatch.setattr(faces, "_FOLDER", tmp_path)

    packed = await _get("/shop/assets/a.js")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.headers["content-type"].endswith("javascript")
    assert "immutable" in packed.headers["cache-control"]
    assert int(packed.headers["content-length"]) < 500
    assert packed.text == script

    plain = await _get("/shop/assets/a.js", takes="identity")
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    assert plain.text == script
    assert (await _get("/shop/assets/b.js")).text == "1"
    assert (await _get("/shop/")).headers["cache-control"] == "no-cache"
