"""`tiefen demo` as a script would drive it: one JSON object, everything up, everything kept."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import ports
from tiefen.commands import demo, genesis
from tiefen.commands.demo import DemoError, Plan
from tiefen.kernel import postgres

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tf-"))
    folder.chmod(0o711)
    yield folder
    demo._forget(folder)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(data: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def begin(*more: str) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "tiefen",
            "demo",
            "--json",
            "--data",
            str(data),
            "--fans",
            "12",
        ]
        started = subprocess.Popen(
            [*command, "--port", str(ports.pair()), *more],
            cwd=ROOT,
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "DATABASE_URL": "postgresql://nobody@nowhere/x"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(started)
        return started

    yield begin
    for one in running:
        if one.poll() is None:
            one.send_signal(signal.SIGINT)
        one.communicate(timeout=90)


def told_by(started: subprocess.Popen[str]) -> dict[str, Any]:
    """What it tells when all is up."""
    assert started.stdout
    line = started.stdout.readline()
    assert line, started.stderr and started.stderr.read()
    told: dict[str, Any] = json.loads(line)
    return told


def end(started: subprocess.Popen[str]) -> None:
    started.send_signal(signal.SIGINT)
    assert started.wait(120) == 0


def interrupt(started: subprocess.Popen[str]) -> None:
    """Ctrl-C as people press it: once, and again if nothing came of it for a while."""
    for _ in range(3):
        started.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            started.communicate(timeout=30)
            return
    raise AssertionError("it cannot be stopped")


@pytest.mark.slow
def test_the_demo_runs_keeps_its_data_and_starts_anew(start: Start, data: Path) -> None:
    first = start()
    told = told_by(first)
    server, sandbox = told["server"], told["sandbox"]["api"]
    login = told["logins"][0]
    with httpx.Client(trust_env=False, timeout=30) as client:
        assert client.get(f"{server}/ready").status_code == 200
        entered = {"account": login["account"], "password": login["password"]}
        signed = client.post(
            f"{server}/api/console/session", json=entered, headers={"Origin": server}
        )
        assert signed.status_code == 200, signed.text
        app_id = told["accounts"]["oa"]["app_id"]
        proof = client.post(f"{sandbox}/accounts/{app_id}/verify-url").json()
        assert proof["ok"], proof
    end(first)
    assert not (data / "postgres" / "postmaster.pid").exists()

    second = start()
    again = told_by(second)
    assert again["logins"][0]["password"] == login["password"]
    assert again["accounts"]["oa"]["app_id"] == app_id
    end(second)

    # From here it goes the way of the first start, which need not be gone twice.
    third = start("--reset")
    assert third.stderr
    assert any("making the demo world" in line for line in third.stderr)
    assert demo._memory(data)["password"] != login["password"]
    assert not genesis.is_made(data)
    interrupt(third)


def test_an_installation_that_is_no_demo_is_not_erased(data: Path) -> None:
    (data / "postgres").mkdir()
    (data / "postgres" / "precious").touch()
    plan = Plan(ports.pair(), data, fans=0, seed=1, reset=True)
    with pytest.raises(DemoError, match="no demo's"):
        demo.run(plan)
    assert (data / "postgres" / "precious").exists()
    (data / "demo.json").touch()  # so that the fixture may clean up


def test_a_world_that_was_stopped_half_made_is_made_anew_and_that_is_said(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    demo._remember(data, port=1)
    before = demo._memory(data)["password"]
    (data / "sandbox").mkdir()
    (data / "sandbox" / "sandbox.sqlite3").touch()

    def stop(*_: Any, **__: Any) -> None:
        raise DemoError("far enough")

    monkeypatch.setattr(postgres, "ensure", stop)
    with pytest.raises(DemoError, match="far enough"):
        demo.run(Plan(ports.pair(), data, fans=0, seed=1))
    assert "made anew" in capsys.readouterr().err
    assert not (data / "sandbox").exists()
    assert demo._memory(data)["password"] != before


def test_two_demos_do_not_share_a_folder(data: Path) -> None:
    with demo._alone(data), pytest.raises(DemoError, match="another tiefen demo"):
        demo.run(Plan(ports.pair(), data, fans=0, seed=1))


def test_a_taken_port_is_said_before_anything_starts(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ensure", lambda *_, **__: pytest.fail("started"))
    port = ports.pair()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + 1))
        taken.listen()
        with pytest.raises(DemoError, match=f"port {port + 1} is taken"):
            demo.run(Plan(port, data, fans=0, seed=1))
