"""Fixtures: each test gets a fresh clone of a migrated database with merchants `demo` and `other`."""

import asyncio
import fcntl
import gc
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import hypothesis
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import BaseRoute

from tests.databases import Swept, build_template, clone, drop, with_database
from tiefen.commands.serving import fast_loop
from tiefen.kernel import clock, crypto, limits, postgres, worker
from tiefen.kernel.auth import Loaders, StaffActor, open_session
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.settings import Settings
from tiefen.main import create_app
from tiefen.wechat import wire

hypothesis.settings.register_profile("tiefen", deadline=None)  # a busy machine is no bug
hypothesis.settings.load_profile("tiefen")

ROOT = Path(__file__).resolve().parents[1]
MEMORY, ROOM = Path("/dev/shm"), 2 * 1024**3
SECRET = "test-secret-" + "x" * 32

DATABASE = frozenset({"address", "database_url", "server_url"})
"""Fixtures that mean a test runs on PostgreSQL."""
DOORS = ("_http", "flows")
"""Of those, what the fast subset keeps: each room's doors and the stories through them."""

StaffClient = Callable[..., Awaitable[httpx.AsyncClient]]
FanClient = Callable[[int], Awaitable[httpx.AsyncClient]]
Drain = Callable[[], Awaitable[int]]


def _schema_digest() -> str:
    """Changes when a model or a migration changes, so that the template is built anew."""
    seen = hashlib.sha256()
    for path in sorted([*ROOT.glob("tiefen/**/*.py"), *ROOT.glob("migrations/**/*.py")]):
        if (
            path.name in ("models.py", "env.py")
            or "models" in path.parts
            or "kernel" in path.parts
            or "migrations" in path.parts
        ):
            seen.update(path.read_bytes())
    return seen.hexdigest()[:12]


def home() -> Path:
    """Where the test server keeps its files: in memory if there is room, for clones are many small files.

    What tests of checkouts that are gone left there is deleted.
    """
    beside = ROOT / ".tiefen" / "test"
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        beside.mkdir(parents=True, exist_ok=True)
        return beside
    mine = f"tiefen-test-{os.getuid()}"
    folder = MEMORY / f"{mine}-{hashlib.sha256(bytes(ROOT)).hexdigest()[:10]}"
    if not folder.exists():
        for other in MEMORY.glob(f"{mine}-*"):
            origin, running = other / "origin", other / "postgres" / "postmaster.pid"
            if origin.exists() and not Path(origin.read_text()).exists() and not running.exists():
                shutil.rmtree(other, ignore_errors=True)
    folder.mkdir(mode=0o711, exist_ok=True)
    (folder / "origin").write_text(str(ROOT))
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark `deep` what runs on the database behind the doors; take first what waits for a browser.

    A worker out of tests takes over from the end of another's list: what stands at the beginning stays
    with the one who began it. So one town is started and not three, and the long walks end early.

    A test on the kept connections runs on their loop: pytest-asyncio begins another session, and ends
    this one with all it keeps, for a test that is not `async`.
    """
    for item in items:
        needed = getattr(item, "fixturenames", ())
        if "connected" in needed and item.get_closest_marker("asyncio") is None:
            raise pytest.UsageError(f"{item.nodeid} uses the database: make it async")
        if DATABASE.intersection(needed) and not any(
            word in item.path.as_posix() for word in DOORS
        ):
            item.add_marker(pytest.mark.deep)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if "browser" not in item.keywords:
        return 2
    return 0 if "town" in getattr(item, "fixturenames", ()) else 1


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the loop that serves."""
    return {"fast": fast_loop}


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of every sweep of memory: a million objects that stay."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The test server: TIEFEN_TEST_DATABASE_URL, or an embedded one without fsync."""
    given = os.environ.get("TIEFEN_TEST_DATABASE_URL")
    if given:
        yield given
        return
    server = postgres.ensure(home(), durable=False)
    yield server.url
    postgres.stop(server)


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """The name of the migrated template database, built once for all workers."""
    name = f"template_tiefen_{_schema_digest()}"
    with (home() / "template.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        asyncio.run(build_template(server_url, name))
    return name


@pytest.fixture
async def database_url(server_url: str, template: str) -> AsyncIterator[str]:
    """The address of a fresh clone of its own, dropped after the test: for what changes tables."""
    name = await clone(server_url, template)
    yield with_database(server_url, name)
    await drop(server_url, name)


@pytest.fixture(scope="session")
def swept(server_url: str, template: str) -> Iterator[Swept]:
    """This worker's clone, swept after each test."""
    made = Swept(server_url, template)
    yield made
    made.close()


@pytest.fixture
def address(request: pytest.FixtureRequest, swept: Swept) -> Iterator[str]:
    """Where `db` is: in the swept clone, or in the test's own one if it asks for `database_url`."""
    if "database_url" in request.fixturenames:
        yield request.getfixturevalue("database_url")
        return
    yield swept.begin()
    swept.end()


@pytest.fixture(autouse=True)
def _nobody_came_before() -> None:
    """Limits count in memory, which tests share."""
    limits.forget()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a throw-away installation."""
    return Settings(data_dir=tmp_path, secret_key=SecretStr(SECRET), public_url="http://test")


_compiled: list[Engine] = []


def _share_statements(engine: Engine) -> None:
    """Let all engines of this process use what the first one has compiled: each test has its own."""
    if not _compiled:
        _compiled.append(engine)
    engine.dialect = _compiled[0].dialect
    engine._compiled_cache = _compiled[0]._compiled_cache


@pytest.fixture(scope="session")
async def connected(swept: Swept) -> AsyncIterator[dict[str, AsyncEngine]]:
    """Connections to the swept clone, kept from test to test: they know its tables and statements."""
    kept: dict[str, AsyncEngine] = {}
    yield kept
    for engine in kept.values():
        await engine.dispose()


@pytest.fixture
async def db(
    request: pytest.FixtureRequest,
    address: str,
    settings: Settings,
    connected: dict[str, AsyncEngine],
) -> AsyncIterator[Db]:
    """A handle on a fresh database. Whatever a test leaves running ends with it."""
    crypto.configure(settings.secret_key.get_secret_value())
    handle = Db(address, pool_size=20)
    _share_statements(handle.engine.sync_engine)
    if "database_url" in request.fixturenames:
        yield handle
        await wire.close()
        await handle.close()
        return
    for given_up in connected.keys() - {address}:
        await connected.pop(given_up).dispose()
    handle.engine.sync_engine.pool = connected.setdefault(address, handle.engine).sync_engine.pool
    before = asyncio.all_tasks()
    yield handle
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await wire.close()


@pytest.fixture
async def tx(db: Db) -> AsyncIterator[Tx]:
    """A transaction in merchant `demo`, committed at the end of the test."""
    async with db.merchant("demo") as opened:
        yield opened


_routes: list[BaseRoute] = []


def _share_routes(app: FastAPI) -> None:
    """Let all apps of this process use the first one's routers: FastAPI prepares a router's routes,
    a third of a second of work for ours, when the first request comes."""
    own = app.router.routes
    ours = [place for place, route in enumerate(own) if hasattr(route, "original_router")]
    if not _routes:
        _routes.extend(own[place] for place in ours)
    for place, route in zip(ours, _routes, strict=True):
        own[place] = route


@pytest.fixture
async def app(db: Db, settings: Settings) -> AsyncIterator[FastAPI]:
    """The composed application on the fresh database, without a worker (see `drain`)."""
    made = create_app(settings, db)
    _share_routes(made)
    async with made.router.lifespan_context(made):
        yield made


@asynccontextmanager
async def _client(app: FastAPI, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test/m/demo", headers=headers
    ) as client:
        yield client


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody, at merchant `demo`."""
    async with _client(app) as made:
        yield made


@pytest.fixture
async def staff_client(app: FastAPI, db: Db) -> AsyncIterator[StaffClient]:
    """Make a client signed in as staff with the given permissions, whatever the team's roles are."""
    real: Loaders = app.state.loaders
    actors: dict[int, StaffActor] = {}

    async def load(tx: Tx, staff_id: int) -> StaffActor | None:
        return actors.get(staff_id) or await real.staff(tx, staff_id)

    app.state.loaders = Loaders(staff=load, api_key=real.api_key)
    opened = []

    async def make(
        permissions: list[str] | None = None, *, staff_id: int | None = None, merchant: str = "demo"
    ) -> httpx.AsyncClient:
        subject = staff_id or 900_000 + len(actors)
        if staff_id is None:
            actors[subject] = StaffActor(subject, "测试员", frozenset(map(str, permissions or [])))
        async with db.merchant(merchant) as tx:
            token = await open_session(tx, "staff", subject, timedelta(hours=1))
        context = _client(app, Authorization=f"Bearer {token}")
        opened.append(context)
        made = await context.__aenter__()
        made.base_url = httpx.URL(f"http://test/m/{merchant}")
        return made

    yield make
    for context in opened:
        await context.__aexit__(None, None, None)


@pytest.fixture
async def fan_client(app: FastAPI, db: Db) -> AsyncIterator[FanClient]:
    """Make a client signed in as the fan with this id."""
    opened = []

    async def make(fan_id: int, *, merchant: str = "demo") -> httpx.AsyncClient:
        async with db.merchant(merchant) as tx:
            token = await open_session(tx, "fan", fan_id, timedelta(hours=1))
        context = _client(app, Authorization=f"Bearer {token}")
        opened.append(context)
        made = await context.__aenter__()
        made.base_url = httpx.URL(f"http://test/m/{merchant}")
        return made

    yield make
    for context in opened:
        await context.__aexit__(None, None, None)


@pytest.fixture
def drain(db: Db) -> Drain:
    """Run all due jobs of the fresh database; returns how many ran."""

    async def run() -> int:
        return await worker.drain(db)

    return run


@pytest.fixture
def travel() -> Iterator[clock.Travel]:
    """An injected clock that stands at noon of a spring day until moved."""
    at = clock.Travel(datetime(2026, 4, 1, 4, 0, tzinfo=UTC))
    with clock.use(at):
        yield at
