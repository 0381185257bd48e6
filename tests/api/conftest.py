"""A real server on a loopback port, in a thread with its own loop, on a fresh database."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import uvicorn
from pydantic import SecretStr

from tests.conftest import SECRET
from tests.databases import raw_url, with_database
from tiefen.commands.serving import fast_loop
from tiefen.fans import service as fans
from tiefen.kernel.auth import Loaders, StaffActor, open_session
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.settings import Settings
from tiefen.main import create_app
from tiefen.team import service as team
from tiefen.team.values import ALL_PERMISSIONS


@dataclass(frozen=True, slots=True)
class Live:
    """A running server and two people signed in at it."""

    base: str
    staff_token: str
    fan_token: str


@asynccontextmanager
async def _running(url: str, folder: Path, bound: socket.socket) -> AsyncIterator[tuple[str, str]]:
    settings = Settings(data_dir=folder, secret_key=SecretStr(SECRET))
    db = Db(url, pool_size=10)
    app = create_app(settings, db)

    async def everything(_: Tx, staff_id: int) -> StaffActor:
        return StaffActor(staff_id, "模糊测试", ALL_PERMISSIONS)

    app.state.loaders = Loaders(staff=everything, api_key=app.state.loaders.api_key)
    async with db.merchant("demo") as tx:
        owner = await team.found_team(
            tx, account="owner", name="店主", password="a long enough passphrase"
        )
        fan_id = await fans.resolve(tx, "wxfuzz", "openid-of-the-fuzzer")
        staff = await open_session(tx, "staff", owner, timedelta(hours=1))
        fan = await open_session(tx, "fan", fan_id, timedelta(hours=1))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_keep_alive=600)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    while not server.started:  # noqa: ASYNC110 uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield staff, fan
    server.should_exit = True
    await task
    await db.close()


@pytest.fixture(scope="module")
def live(
    server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """One server for the module; its database is a clone of the template."""
    name = f"test_live_{threading.get_native_id()}"
    ready: list[Live] = []
    up, down = threading.Event(), threading.Event()
    folder = tmp_path_factory.mktemp("live")

    async def life() -> None:
        admin = await asyncpg.connect(raw_url(server_url))
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            bound.listen(128)
            async with _running(with_database(server_url, name), folder, bound) as tokens:
                ready.append(Live(f"http://127.0.0.1:{bound.getsockname()[1]}/m/demo", *tokens))
                up.set()
                await asyncio.to_thread(down.wait)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()

    def run() -> None:
        with asyncio.Runner(loop_factory=fast_loop) as runner:
            runner.run(life())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert up.wait(30)
    yield ready[0]
    down.set()
    thread.join(30)
