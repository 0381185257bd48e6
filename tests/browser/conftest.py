"""A whole town as a user starts it (`tiefen demo`), and a real Chromium."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Town:
    """What `tiefen demo --json` told."""

    told: dict[str, Any]

    @property
    def base(self) -> str:
        """The server's address."""
        return str(self.told["server"])

    def password(self, account: str) -> str:
        """The password of a demo log-in."""
        return next(
            str(one["password"]) for one in self.told["logins"] if one["account"] == account
        )


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
def town(browser_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """`tiefen demo` with a handful of fans, started and stopped as a user would."""
    folder = tmp_path_factory.mktemp("town")
    for parent in [folder, *folder.parents][:4]:
        if parent.stat().st_uid == os.getuid():
            parent.chmod(parent.stat().st_mode | 0o011)
    command = [
        *(sys.executable, "-m", "tiefen", "demo", "--json", "--fans", "8"),
        *("--data", str(folder), "--port", str(ports.pair())),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert line, "tiefen demo ended before it was ready"
        yield Town(json.loads(line))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


@pytest.fixture
def browser(browser_path: str) -> Iterator[Browser]:
    """One Chromium for one test: its driver holds an event loop, which other tests must not meet."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield made
        made.close()
