"""The edge: merchants by address, refusals with fields, caps, sessions, rights, idempotency."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI
from pydantic import Field
from sqlalchemy import text

from tests.conftest import StaffClient
from tiefen.kernel import heartbeat
from tiefen.kernel.auth import FanActor, anyone, close_session, fan, open_session
from tiefen.kernel.db import Db
from tiefen.kernel.errors import Conflict
from tiefen.kernel.http import In, Out, QuantityIn, TxDep
from tiefen.kernel.idempotency import IdemDep


class Ask(In):
    """A test input."""

    name: Annotated[str, Field(max_length=5)]
    quantity: QuantityIn = 1


class Answer(Out):
    """A test output."""

    number: int


class _Taken(Conflict):
    code = "test.taken"
    zh = "{name} 已被占用"
    en = "{name} is taken"


@pytest.fixture
def probe(app: FastAPI) -> FastAPI:
    """The application with three routes of the test's own."""
    calls: list[int] = []

    @app.post("/probe", dependencies=[Depends(anyone())])
    async def ask(tx: TxDep, body: Ask, idem: IdemDep) -> Answer:
        async def verb() -> Answer:
            if body.name == "taken":
                raise _Taken(field="name", name=body.name)
            if body.name == "bug":
                raise ZeroDivisionError
            calls.append(1)
            await tx.execute(
                text(
                    "INSERT INTO session (token_hash, kind, subject_id, created_at, expires_at)"
                    " VALUES (convert_to(:n, 'UTF8'), 'fan', 1, :now, :now)"
                ),
                {"n": f"{body.name}{len(calls)}", "now": tx.now},
            )
            return Answer(number=len(calls))

        return await idem.once(tx, body, Answer, verb)

    @app.get("/probe/me")
    async def me(who: Annotated[FanActor, Depends(fan())]) -> Answer:
        return Answer(number=who.id)

    return app


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"account": "owner", "password": "a", "password": "b"}', "password"),
        (b'{"account": {"a": 1, "b": [{"c": 2, "c": 2}]}, "password": "a"}', "c"),
        (b'{"account": "owner", "password": "a", "passw\\u006frd": "b"}', "password"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "?"),  # half a character is no text to send back
    ],
)
async def test_what_a_body_says_twice_is_refused_by_name(
    client: httpx.AsyncClient, body: bytes, field: str
) -> None:
    """Who looks at the first price and who looks at the last would not see the same order."""
    kind = {"Content-Type": "application/json"}
    answer = await client.post("/api/console/session", content=body, headers=kind)
    assert answer.status_code == 422
    told = answer.json()["error"]
    assert (told["code"], told["field"]) == ("invalid_input", field)
    assert told["fields"][0]["message"] == "出现了两次"


async def test_a_refusal_names_code_field_and_speaks_the_readers_language(
    probe: FastAPI, client: httpx.AsyncClient
) -> None:
    zh = await client.post("/probe", json={"name": "taken"})
    assert zh.status_code == 409
    assert zh.json()["error"]["code"] == "test.taken"
    assert zh.json()["error"]["message"] == "taken 已被占用"
    assert zh.json()["error"]["field"] == "name"
    en = await client.post("/probe", json={"name": "taken"}, headers={"Accept-Language": "en-GB"})
    assert en.json()["error"]["message"] == "taken is taken"
    assert en.headers["x-request-id"] == en.json()["error"]["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "too long"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "\u202egnp"}, "name"),
        ({"name": "a", "price": 1}, "price"),
        ({"name": "a", "quantity": 0}, "quantity"),
        ({"name": "a", "quantity": -1}, "quantity"),
        ({"name": "a", "quantity": True}, "quantity"),
        ({"name": "a", "quantity": "1"}, "quantity"),
        ({"name": "a", "quantity": 1.5}, "quantity"),
        ({"name": "a", "quantity": 2**63}, "quantity"),
    ],
)
async def test_bad_input_is_named(
    probe: FastAPI, client: httpx.AsyncClient, body: dict[str, object], field: str
) -> None:
    answer = await client.post("/probe", json=body)
    assert answer.status_code == 422
    assert field in [item["field"] for item in answer.json()["error"]["fields"]]


@pytest.mark.parametrize(
    "raw", [b"{", b'{"name": "\\ud800"}', b"[" * 100_000, b"null", b'{"name": NaN}', b"\xff\xfe"]
)
async def test_unreadable_bodies_are_refused(
    probe: FastAPI, client: httpx.AsyncClient, raw: bytes
) -> None:
    answer = await client.post("/probe", content=raw, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)


async def test_a_bug_is_a_500_with_an_id_and_leaves_nothing(
    probe: FastAPI, client: httpx.AsyncClient
) -> None:
    answer = await client.post("/probe", json={"name": "bug"})
    assert answer.status_code == 500
    assert answer.json()["error"]["id"] == answer.headers["x-request-id"]


async def test_a_large_body_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/live", content=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413


async def test_the_same_key_gives_the_same_answer_once(
    probe: FastAPI, client: httpx.AsyncClient, db: Db
) -> None:
    async def go(name: str) -> httpx.Response:
        return await client.post(
            "/probe", json={"name": name}, headers={"Idempotency-Key": "k" * 8}
        )

    answers = await asyncio.gather(*(go("a") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["number"] for answer in answers} == {1}
    assert (await go("b")).json()["error"]["code"] == "idempotency.key_reused"
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM session")) == 1


async def test_merchants_are_found_by_path_and_unknown_ones_are_not(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/m/nobody/api/console/jobs")).status_code == 404
        assert (await client.get("/m/demo/api/console/jobs")).status_code == 401
        assert (await client.get("/api/console/jobs")).status_code == 404  # two merchants, no host


async def test_a_session_of_one_merchant_is_nothing_at_another(
    probe: FastAPI, db: Db, client: httpx.AsyncClient
) -> None:
    async with db.merchant("other") as tx:
        token = await open_session(tx, "fan", 5, timedelta(hours=1))
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await client.get("/probe/me", headers=bearer)).status_code == 401
    client.base_url = httpx.URL("http://test/m/other")
    assert (await client.get("/probe/me", headers=bearer)).json() == {"number": 5}
    async with db.merchant("other") as tx:
        await close_session(tx, token)
    assert (await client.get("/probe/me", headers=bearer)).status_code == 401


async def test_a_cookie_from_a_foreign_page_changes_nothing(
    staff_client: StaffClient, client: httpx.AsyncClient
) -> None:
    signed_in = await staff_client(["jobs.write", "jobs.read"])
    token = signed_in.headers["authorization"].removeprefix("Bearer ")
    client.cookies.set("tiefen_staff", token)
    url = "/api/console/jobs/1/retry"
    foreign = await client.post(url, headers={"Origin": "http://evil.example"})
    assert foreign.json()["error"]["code"] == "auth.cross_origin"
    assert (await client.post(url, headers={"Origin": "http://test"})).status_code == 404
    assert (await client.get("/api/console/jobs")).status_code == 200


async def test_a_missing_permission_says_which(staff_client: StaffClient) -> None:
    answer = await (await staff_client(["jobs.read"])).post("/api/console/jobs/1/retry")
    assert answer.status_code == 403
    assert "jobs.write" in answer.json()["error"]["message"]


async def test_a_disk_that_is_nearly_full_is_not_ready(
    client: httpx.AsyncClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    await heartbeat.keep(db, "w")
    assert (await client.get("/ready")).json()["ready"]
    little = shutil.disk_usage("/")._replace(free=400 * 1024 * 1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: little)
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["checks"]["disk"]) == (503, False)
    monkeypatch.undo()
    assert (await client.get("/ready")).status_code == 200, "ready again by itself"


async def test_when_the_database_is_away_the_answer_is_503(app: FastAPI) -> None:
    away = Db("postgresql+asyncpg://nobody:x@/nothing?host=/nowhere")
    app.state.db, kept = away, app.state.db
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test/m/demo") as client:
        app.state.directory.forget()
        answer = await client.get("/api/console/jobs")
        assert (await client.get("/ready")).status_code == 503
        assert (await client.get("/live")).status_code == 200
    app.state.db = kept
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_a_body_that_does_not_say_how_long_it_is_is_cut_off(
    probe: FastAPI, client: httpx.AsyncClient
) -> None:
    """Ten megabytes in pieces: no more of them is read than a body may have."""
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(160):
            sent += 65_536
            yield b" " * 65_536

    for path, kind in (
        ("/probe", "application/json"),
        ("/api/console/session", "multipart/form-data; boundary=x"),
    ):
        sent = 0
        answer = await client.post(path, content=pieces(), headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
        assert sent <= 1024 * 1024 + 2 * 65_536
