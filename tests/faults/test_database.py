"""A database that is full, locked, busy, going, gone or coming back: the door says 503, and nothing is
half done, lost or done twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Query
from sqlalchemy import text
from sqlalchemy.engine import make_url

from tests.conftest import FanClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tiefen.kernel import audit
from tiefen.kernel import db as database
from tiefen.kernel.auth import anyone, open_session
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.http import OK, Ok, TxDep

Step = Callable[[Tx], Awaitable[None]]

_WRITE = text(
    "INSERT INTO idempotency_key (caller, key, request_hash, created_at)"
    " VALUES ('test', :key, '', now())"
)
_ROWS = text("SELECT key FROM idempotency_key WHERE caller = 'test' ORDER BY 1")


@pytest.fixture
def steps(app: FastAPI) -> dict[str, Step]:
    """Routes of the test's own: `/step/{name}` writes a row and then takes the step of that name."""
    known: dict[str, Step] = {}

    @app.post("/step", dependencies=[Depends(anyone())])
    async def step(tx: TxDep, name: Annotated[str, Query()]) -> Ok:
        await tx.execute(_WRITE, {"key": name})
        await known[name](tx)
        return OK

    return known


async def written(db: Db) -> list[str]:
    """Which steps were committed."""
    async with db.merchant("demo") as tx:
        return list(await tx.scalars(_ROWS))


def away(answer: httpx.Response) -> bool:
    """Whether the door asks to come again, and says when."""
    if answer.status_code != 503:
        return False
    told = answer.json()["error"]
    return told["code"] == "away" and int(answer.headers["retry-after"]) > 0 and bool(told["id"])


@pytest.mark.parametrize(
    "state",
    ["53100", "53200", "53400", "58030", "25006", "40001", "40P01", "55P03", "57014", "57P01"],
)
async def test_a_full_disk_or_a_busy_server_is_a_503_and_leaves_nothing(
    db: Db, steps: dict[str, Step], client: httpx.AsyncClient, state: str
) -> None:
    """53100 is what PostgreSQL says when its disk is full; the others are its other bad days."""
    full = [True]

    async def refused(tx: Tx) -> None:
        if full:
            await tx.execute(
                text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$")
            )

    steps["full"] = refused
    assert away(await client.post("/step?name=full"))
    assert await written(db) == []
    full.clear()
    assert (await client.post("/step?name=full")).status_code == 200
    assert await written(db) == ["full"]


async def test_an_error_that_stays_is_no_503(
    steps: dict[str, Step], client: httpx.AsyncClient
) -> None:
    """Who is told to come again must have a chance then: a bug is said to be one."""

    async def broken(tx: Tx) -> None:
        await tx.execute(text("SELECT nothing_of_this_name"))

    steps["broken"] = broken
    assert (await client.post("/step?name=broken")).status_code == 500


async def test_a_row_that_is_locked_too_long_is_a_503(
    db: Db, steps: dict[str, Step], client: httpx.AsyncClient
) -> None:
    async def wait(tx: Tx) -> None:
        await tx.execute(text("SET LOCAL lock_timeout = '20ms'"))
        await tx.execute(text("SELECT 1 FROM session WHERE subject_id = 1 FOR UPDATE"))

    steps["locked"] = wait
    async with db.merchant("demo") as tx:
        await open_session(tx, "fan", 1, timedelta(hours=1))
    async with db.merchant("demo") as holder:
        await holder.execute(text("SELECT 1 FROM session FOR UPDATE"))
        assert away(await client.post("/step?name=locked"))
    assert (await client.post("/step?name=locked")).status_code == 200
    assert await written(db) == ["locked"]


async def test_of_two_in_a_ring_one_goes_through_and_one_is_asked_to_come_again(
    db: Db, steps: dict[str, Step], client: httpx.AsyncClient
) -> None:
    """A real deadlock: each holds what the other wants."""
    both = asyncio.Barrier(2)

    def crossing(first: int, second: int) -> Step:
        async def cross(tx: Tx) -> None:
            await tx.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": first})
            await both.wait()
            await tx.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": second})

        return cross

    steps["one"], steps["two"] = crossing(1, 2), crossing(2, 1)
    answers = dict(
        zip(
            steps,
            await asyncio.gather(*(client.post(f"/step?name={name}") for name in steps)),
            strict=True,
        )
    )
    (lost,) = [name for name, answer in answers.items() if away(answer)]
    assert sorted(answer.status_code for answer in answers.values()) == [200, 503]
    assert await written(db) == [name for name in steps if name != lost]


@asynccontextmanager
async def _behind(app: FastAPI, handle: Db) -> AsyncIterator[None]:
    """The application on another handle for a while."""
    kept, app.state.db = app.state.db, handle
    try:
        yield
    finally:
        app.state.db = kept
        await handle.close()


async def test_when_all_connections_are_taken_the_wait_is_short_and_ends_in_a_503(
    app: FastAPI, db: Db, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "POOL_SECONDS", 0.03)
    async with _behind(app, Db(db.url, pool_size=2)):
        held = [app.state.db.platform() for _ in range(2)]
        for one in held:
            await one.__aenter__()
        answers = await asyncio.gather(*(client.get("/api/console/products") for _ in range(20)))
        assert all(map(away, answers)), [answer.text for answer in answers]
        for one in held:
            await one.__aexit__(None, None, None)
        assert (await client.get("/api/console/products")).status_code == 401


async def test_a_server_that_does_not_let_us_in_is_not_waited_for(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that takes the connection and says nothing, as one does that hangs."""
    monkeypatch.setattr(database, "CONNECT_SECONDS", 0.05)
    gone = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    app.state.directory.forget()
    async with _behind(app, Db(f"postgresql+asyncpg://u:p@127.0.0.1:{port}/none")):
        assert away(await client.get("/api/console/products"))
    gone.set()
    server.close()


# ── a server that dies under load ────────────────────────────────────────────────────────────


class Wire:
    """The way to PostgreSQL, which can be cut and closed: whoever comes then hears `57P03`, as from a
    server that is starting, or nothing at all."""

    def __init__(self, url: str) -> None:
        self._to = make_url(url)
        self._open: set[asyncio.StreamWriter] = set()
        self.up, self.said = True, 0
        self.die_after: int | None = None
        self.refused = 0

    async def start(self) -> str:
        """Begin; the address to use instead."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        here = self._to.set(host="127.0.0.1", port=port, query={})
        return here.render_as_string(hide_password=False)

    def die(self) -> None:
        """The server is killed: all its connections end in the middle of what they were at."""
        self.up = False
        for writer in self._open:
            writer.transport.abort()

    async def close(self) -> None:
        self.die()
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.up:
            self.refused += 1
            if self.refused % 2:
                await _starting(reader, writer)
            writer.close()
            return
        host = str(self._to.query.get("host") or self._to.host)
        if host.startswith("/"):
            port = self._to.query.get("port") or self._to.port or 5432
            inner, outer = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            inner, outer = await asyncio.open_connection(host, self._to.port)
        self._open |= {writer, outer}
        await asyncio.gather(self._pass(reader, outer, asked=True), self._pass(inner, writer))
        self._open -= {writer, outer}

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asked: bool = False
    ) -> None:
        with contextlib.suppress(OSError):
            while some := await reader.read(65536):
                writer.write(some)
                self.said += asked
                if self.die_after is not None and self.said >= self.die_after:
                    self.die_after = None
                    self.die()
        writer.close()


async def _starting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What a server answers to a greeting before it is ready."""
    for _ in range(2):
        size = int.from_bytes(await reader.readexactly(4), "big")
        await reader.readexactly(size - 4)
        if size != 8:
            break
        writer.write(b"N")  # no encryption here
    said = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
    writer.write(b"E" + (len(said) + 4).to_bytes(4, "big") + said)
    await writer.drain()


@pytest.mark.parametrize("after", [20, 90])
async def test_a_server_killed_under_load_loses_and_doubles_nothing(
    app: FastAPI, db: Db, fan_client: FanClient, after: int
) -> None:
    """24 buyers order while the server dies; they are told 503 and try again with the same keys."""
    async with db.merchant("demo") as tx:
        sku_id, fan_id = await stocked(tx, 100), await make.fan(tx)
        form = await make.form(tx, fan_id, (sku_id, 1))
    fan = await fan_client(fan_id)
    wire = Wire(db.url)

    async def order(key: int) -> httpx.Response:
        return await fan.post(
            "/api/shop/orders",
            json=form.model_dump(mode="json"),
            headers={"Idempotency-Key": f"buyer-{key:04d}"},
        )

    async with _behind(app, Db(await wire.start(), pool_size=6)):
        assert (await order(0)).status_code == 201
        wire.die_after = wire.said + after
        told = await asyncio.gather(*map(order, range(1, 25)))
        assert not wire.up
        assert all(answer.status_code == 201 or away(answer) for answer in told), [
            answer.text for answer in told if answer.status_code != 201
        ]
        while_down = await asyncio.gather(*map(order, range(1, 25)))
        assert all(away(answer) for answer in while_down)
        wire.up = True
        again = await asyncio.gather(*map(order, range(25)))
        assert {answer.status_code for answer in again} == {201}, "at once, on new connections"
        numbers = [answer.json()["order_no"] for answer in again]
        assert len(set(numbers)) == 25
        for first, second in zip(told, again[1:], strict=True):
            assert first.status_code == 503 or first.json() == second.json()
        await wire.close()
    mine = (await fan.get("/api/shop/orders?limit=100")).json()["items"]
    assert sorted(one["order_no"] for one in mine) == sorted(numbers)
    assert await audit.run(db) == []
