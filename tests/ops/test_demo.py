"""`tiefen demo` where it refuses, begins anew or is stopped; `tests/browser/test_town.py` lives in one."""

import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

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


@pytest.mark.slow
def test_a_reset_begins_anew_and_can_be_interrupted(data: Path) -> None:
    """Ctrl-C while a world is made, as people press it: once, and again if nothing came of it."""
    demo._remember(data, port=1)
    before = demo._memory(data)["password"]
    (data / genesis.DONE).write_text("{}")
    command = [sys.executable, "-m", "tiefen", "demo", "--json", "--reset", "--fans", "12"]
    with subprocess.Popen(
        [*command, "--data", str(data), "--port", str(ports.pair())],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stderr
        assert any("making the demo world" in line for line in started.stderr)
        assert demo._memory(data)["password"] != before
        assert not genesis.is_made(data)
        for _ in range(3):
            started.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                started.communicate(timeout=30)
                return
        raise AssertionError("it cannot be stopped")


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
