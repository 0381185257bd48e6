"""`tiefen demo`: database, WeChat sandbox, server and worker with a demo merchant, in one command.

The sandbox and the server are processes of their own; this one prepares, tells, and keeps them alive.
Everything is kept in one folder, so the next start goes on where this one ended.
"""

import asyncio
import fcntl
import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tiefen.commands import founding, genesis, serving
from tiefen.commands.installation import (
    Installation,
    create_merchant,
    database,
    environment,
    migrate_up,
    opened,
)
from tiefen.kernel import postgres
from tiefen.kernel.settings import Settings

MERCHANT, MERCHANT_NAME, OWNER = "demo", "小林好物", "owner"
TIEFEN = (sys.executable, "-m", "tiefen")
READY_SECONDS = 120
MANY = 1_000
"""A world of so many fans takes long enough to be looked at while it lives."""
LOG_BYTES = 5 * 1024 * 1024


class DemoError(RuntimeError):
    """The demo cannot start; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for on the command line."""

    port: int
    data: Path
    fans: int
    seed: int
    reset: bool = False
    reload: bool = False
    as_json: bool = False

    @property
    def server(self) -> str:
        """Where the server is reached."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox(self) -> str:
        """Where the sandbox is reached."""
        return f"http://127.0.0.1:{self.port + 1}"


@dataclass(frozen=True, slots=True)
class Login:
    """Someone who can sign in."""

    who: str
    account: str
    password: str
    address: str


@dataclass(frozen=True, slots=True)
class Founded:
    """What the demo's merchant has: people who sign in, accounts at the sandbox by kind."""

    logins: list[Login]
    accounts: dict[str, Any]


def run(plan: Plan) -> int:
    """Run the demo until a signal; returns the exit code. Raises DemoError, PostgresError."""
    data = plan.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    with _alone(data):
        if plan.reset or not genesis.is_made(data):
            if not plan.reset and (data / "demo.json").exists():
                _say("the last start was stopped before its world was ready: it is made anew")
            _forget(data)
        for port in (plan.port, plan.port + 1):
            _must_be_free(port)
        _remember(data, port=plan.port)
        settings = _settings(plan, data)
        began = time.monotonic()
        _say("starting PostgreSQL …")
        with opened(settings) as installation:
            _say(f"starting PostgreSQL: {time.monotonic() - began:.1f} s")
            return _run(plan, installation)


def _settings(plan: Plan, data: Path) -> Settings:
    """A demo keeps to its own folder, whatever database or bucket the environment names."""
    own = {"TIEFEN_DATABASE_URL": "", "storage_url": "", "demo": True}
    where = {"public_url": plan.server, "sandbox_url": plan.sandbox, "data_dir": data}
    return Settings(**own, **where)  # type: ignore[arg-type]


def settings_of(data: Path) -> dict[str, Any]:
    """The settings a demo in this folder runs with, for other commands on it; empty if there is none."""
    if not (data / "demo.json").exists():
        return {}
    plan = Plan(_memory(data)["port"], data, fans=0, seed=0)
    return {"public_url": plan.server, "sandbox_url": plan.sandbox, "demo": True}


def _run(plan: Plan, installation: Installation) -> int:
    with _step("migrating"):
        asyncio.run(migrate_up(installation.url))
        asyncio.run(create_merchant(installation.url, MERCHANT, MERCHANT_NAME))
    if not genesis.is_made(installation.settings.data_dir):
        early = serving.Children(environment(installation), say=_say)
        with (
            _step(f"making the demo world: {plan.fans:,} fans live through sixty days"),
            _stopping(early),
            asyncio.Runner(loop_factory=serving.fast_loop) as runner,
        ):
            opening = partial(_open_early, plan, installation, early)
            go_on = runner.run(serving.until_told(_make_world(plan, installation, opening)))
        if not go_on:
            ready = genesis.is_made(installation.settings.data_dir)
            _say("stopped; " + ("the data stays" if ready else "the next start makes it anew"))
            return 0
    children = serving.Children(environment(installation), say=_say)
    try:
        with _step("starting the WeChat sandbox and the server"):
            for name, command in _commands(plan, installation).items():
                children.start(name, command, log=_log(installation, name))
            _await(children, "sandbox", f"{plan.sandbox}/sandbox/api/", installation)
            founded = asyncio.run(_found(plan, installation))
            _await(children, "server", f"{plan.server}/ready", installation)
            asyncio.run(_point_callbacks(plan, founded))
        _tell(plan, installation, founded)
        return children.watch()
    except KeyboardInterrupt:  # Ctrl-C before watch() has taken the signal over
        return 0
    finally:
        _say("stopping …")
        children.stop()
        _say("stopped; the data stays")


def _open_early(plan: Plan, installation: Installation, early: serving.Children) -> None:
    """Let people look while a large world lives; its worker is the world's own until the end."""
    if plan.fans < MANY:
        return
    early.start("server", [*_server(plan), "--no-work"], log=_log(installation, "server"))
    password = _memory(installation.settings.data_dir)["password"]
    _say(f"the console is open: {plan.server}/console/  {OWNER} / {password}")
    _say("its pages fill while the world lives; look, and change things when it is ready")


async def _make_world(
    plan: Plan, installation: Installation, when_open: Callable[[], None]
) -> None:
    """Once: let the demo's population live through the doors."""
    await genesis.make_world(
        installation,
        merchant=MERCHANT,
        name=MERCHANT_NAME,
        owner=OWNER,
        password=_memory(installation.settings.data_dir)["password"],
        fans=plan.fans,
        seed=plan.seed,
        say=_say,
        when_open=when_open,
    )


async def _found(plan: Plan, installation: Installation) -> Founded:
    """Make sure the owner and the accounts at the sandbox are there."""
    password = _memory(installation.settings.data_dir)["password"]
    logins = [
        Login("店主 owner", OWNER, password, f"{plan.server}/console/"),
        Login("店长 manager", "manager", password, f"{plan.server}/phone/"),
        Login("导购 小林", "xiaolin", password, f"{plan.server}/phone/"),
    ]
    async with database(installation.url) as db:
        await founding.add_owner(db, MERCHANT, account=OWNER, name="店主", password=password)
        async with founding.sandbox_client(plan.sandbox) as sandbox:
            accounts = await founding.connect_to_sandbox(
                db, MERCHANT, sandbox=sandbox, public_url=plan.server, name=MERCHANT_NAME
            )
    return Founded(logins, accounts)


async def _point_callbacks(plan: Plan, founded: Founded) -> None:
    async with founding.sandbox_client(plan.sandbox) as sandbox:
        await founding.point_callbacks(sandbox, plan.server, founded.accounts)


# ── processes ────────────────────────────────────────────────────────────────────────────────


def _commands(plan: Plan, installation: Installation) -> dict[str, list[str]]:
    """What is run beside this process, by name."""
    folder = str(installation.settings.data_dir / "sandbox")
    box = ["--port", str(plan.port + 1), "--data", folder, "--seed", str(plan.seed)]
    return {
        "sandbox": [sys.executable, "-m", "tiefen.sandbox", *box, "--stop-at-eof"],
        "server": [*_server(plan), *(["--reload"] if plan.reload else [])],
    }


def _server(plan: Plan) -> list[str]:
    return [*TIEFEN, "serve", "--port", str(plan.port), "--no-migrate", "--stop-at-eof"]


def _await(children: serving.Children, name: str, url: str, installation: Installation) -> None:
    """Wait until an address answers 200. Raises DemoError with the log's end when it will not."""
    deadline = time.monotonic() + READY_SECONDS
    with httpx.Client(timeout=5, trust_env=False) as client:
        while time.monotonic() < deadline:
            if children.ended(name):
                break
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
    last = _log(installation, name).read_text(errors="replace").splitlines()[-25:]
    raise DemoError(f"the {name} did not start; its log ends with:\n" + "\n".join(last))


def _log(installation: Installation, name: str) -> Path:
    folder = installation.settings.data_dir / "log"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.log"
    if file.exists() and file.stat().st_size > LOG_BYTES:
        file.replace(folder / f"{name}.old.log")
    return file


def _must_be_free(port: int) -> None:
    try:
        serving.listen("127.0.0.1", port).close()
    except OSError as error:
        raise DemoError(
            f"port {port} is taken ({error.strerror}); choose another: make demo PORT=9000"
        ) from error


# ── the folder ───────────────────────────────────────────────────────────────────────────────


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    with (data / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoError(f"another tiefen demo already uses {data}") from error
        yield


def _forget(data: Path) -> None:
    """Delete what demos made in the folder, and nothing else that may lie there.

    Raises DemoError when the folder holds an installation that no demo made.
    """
    if (data / "postgres").exists() and not (data / "demo.json").exists():
        raise DemoError(f"{data} holds an installation that is no demo's; choose another DATA")
    postgres.erase(data)
    for name in ("files", "sandbox", "log"):
        shutil.rmtree(data / name, ignore_errors=True)
    for name in ("secret_key", "postgres.password", "demo.json", genesis.DONE):
        (data / name).unlink(missing_ok=True)


def _memory(data: Path) -> dict[str, Any]:
    """What was remembered of earlier starts, above all the made-up password."""
    file = data / "demo.json"
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return known


def _remember(data: Path, *, port: int) -> None:
    known = {"password": secrets.token_urlsafe(9)} | _memory(data) | {"port": port}
    half = data / "demo.json.new"
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(known, out)
    half.replace(data / "demo.json")


# ── telling ──────────────────────────────────────────────────────────────────────────────────


def _tell(plan: Plan, installation: Installation, founded: Founded) -> None:
    addresses = {
        "console": f"{plan.server}/console/",
        "shop": f"{plan.server}/shop/",
        "phone": f"{plan.server}/phone/",
        "sandbox": f"{plan.server}/sandbox/",
        "docs": f"{plan.server}/docs",
        "ready": f"{plan.server}/ready",
    }
    if plan.as_json:
        told = {
            "addresses": addresses,
            "server": plan.server,
            "sandbox": {"base": plan.sandbox, "api": f"{plan.sandbox}/sandbox/api"},
            "merchant": MERCHANT,
            "accounts": founded.accounts,
            "logins": [asdict(one) for one in founded.logins],
            "data": str(installation.settings.data_dir),
        }
        print(json.dumps(told, ensure_ascii=False), flush=True)
        return
    print("\nTiefen 铁粉 is ready.\n")
    for name, address in addresses.items():
        print(f"  {name:<8} {address}")
    for one in founded.logins:
        print(f"  {one.who}: {one.account} / {one.password}  {one.address}")
    print("\nCtrl-C stops everything and keeps the data.", flush=True)


@contextmanager
def _stopping(children: serving.Children) -> Iterator[None]:
    try:
        yield
    finally:
        children.stop()


@contextmanager
def _step(what: str) -> Iterator[None]:
    began = time.monotonic()
    _say(f"{what} …")
    yield
    _say(f"{what}: {time.monotonic() - began:.1f} s")


def _say(text: str) -> None:
    print(f"[demo] {text}", file=sys.stderr, flush=True)
