"""Fixtures: each test gets a fresh clone of a migrated database with merchants `demo` and `other`."""

import asyncio
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from tiefen.kernel import clock, crypto, postgres, worker
from tiefen.kernel.auth import Loaders, StaffActor, open_session
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.migrate import Migrator
from tiefen.kernel.settings import Settings
from tiefen.main import create_app

ROOT = Path(__file__).resolve().parents[1]
MERCHANTS = ("demo", "other")
MEMORY, ROOM = Path("/dev/shm"), 2 * 1024**3
SECRET = "test-secret-" + "x" * 32

TxFactory = Callable[[], AbstractAsyncContextManager[Tx]]
StaffClient = Callable[..., Awaitable[httpx.AsyncClient]]
FanClient = Callable[[int], Awaitable[httpx.AsyncClient]]
Drain = Callable[[], Awaitable[int]]


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def raw_url(url: str) -> str:
    """The address as asyncpg takes it."""
    return url.replace("postgresql+asyncpg://", "postgresql://")


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


async def _build_template(url: str, name: str) -> None:
    admin = await asyncpg.connect(raw_url(url))
    try:
        for row in await admin.fetch(
            "SELECT datname FROM pg_database WHERE datname LIKE 'template_tiefen_%'"
        ):
            if row["datname"] == name:
                return
            await admin.execute(f'DROP DATABASE IF EXISTS "{row["datname"]}" WITH (FORCE)')
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}_new" WITH (FORCE)')
        await admin.execute(f'CREATE DATABASE "{name}_new"')
        migrator = Migrator(with_database(url, f"{name}_new"))
        await migrator.up()
        for slug in MERCHANTS:
            await migrator.create_merchant(slug, {"demo": "小林好物", "other": "隔壁老店"}[slug])
        await migrator.close()
        await admin.execute(f'ALTER DATABASE "{name}_new" RENAME TO "{name}"')
    finally:
        await admin.close()


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
        asyncio.run(_build_template(server_url, name))
    return name


async def _drop(admin: asyncpg.Connection, name: str) -> None:
    """Drop a clone; autovacuum, which only a superuser may end, is given a moment to leave."""
    for _ in range(100):
        try:
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        except asyncpg.InsufficientPrivilegeError:
            await asyncio.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{name} cannot be dropped")


@pytest.fixture
async def database_url(server_url: str, template: str) -> AsyncIterator[str]:
    """The address of a fresh clone, dropped after the test."""
    name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(raw_url(server_url))
    try:
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        yield with_database(server_url, name)
        await _drop(admin, name)
    finally:
        await admin.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a throw-away installation."""
    return Settings(data_dir=tmp_path, secret_key=SecretStr(SECRET), public_url="http://test")


@pytest.fixture
async def db(database_url: str, settings: Settings) -> AsyncIterator[Db]:
    """A handle on a fresh database."""
    crypto.configure(settings.secret_key.get_secret_value())
    handle = Db(database_url, pool_size=20)
    yield handle
    await handle.close()


@pytest.fixture
async def tx(db: Db) -> AsyncIterator[Tx]:
    """A transaction in merchant `demo`, committed at the end of the test."""
    async with db.merchant("demo") as opened:
        yield opened


@pytest.fixture
async def app(db: Db, settings: Settings) -> AsyncIterator[FastAPI]:
    """The composed application on the fresh database, without a worker (see `drain`)."""
    made = create_app(settings, db)
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
