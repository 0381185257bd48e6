"""A whole town as a user starts it (`tiefen demo`), and a real Chromium."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import ports
from tools.browser import chromium

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WECHAT = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile"
    " Safari/537.36 MicroMessenger/8.0.50"
)


class Town:
    """`tiefen demo` in a folder, started and stopped as a user would, and what its `--json` told."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.told: dict[str, Any] = {}
        self._port = str(ports.pair())
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        """The server's address."""
        return str(self.told["server"])

    def password(self, account: str) -> str:
        """The password of a demo log-in."""
        return next(
            str(one["password"]) for one in self.told["logins"] if one["account"] == account
        )

    def start(self) -> None:
        """Start it and wait until all is up."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tiefen", "demo", "--json", "--fans", "8"),
                *("--data", str(self.data), "--port", self._port),
            ],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": "postgresql://nobody@nowhere/x"},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "tiefen demo ended before it was ready"
        self.told = json.loads(line)

    def stop(self) -> None:
        """Press Ctrl-C and wait for its end."""
        assert self._process
        assert self._process.stdout
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(60) == 0
        self._process.stdout.close()


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The system's Chromium, or a reason to skip."""
    found = os.environ.get("CHROMIUM") or chromium()
    if not found:
        pytest.skip("no Chromium on this machine: install it or set CHROMIUM")
    for face in ("console", "shop", "phone", "sandbox"):
        if not (ROOT / "tiefen" / "faces" / face / "index.html").exists():
            pytest.skip("the faces are not built: make faces")
    return found


@pytest.fixture(scope="session")
def town() -> Iterator[Town]:
    """A small town for all tests of one worker.

    Not in pytest's own folder: PostgreSQL runs as another account, and every other run of pytest shuts
    that folder to all but its owner.
    """
    folder = Path(tempfile.mkdtemp(prefix="tf-town-"))
    folder.chmod(0o711)
    made = Town(folder)
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


@pytest.fixture
def browser(browser_path: str) -> Iterator[Browser]:
    """One Chromium for one test: its driver holds an event loop, which other tests must not meet."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield made
        made.close()
