"""What `make test FAST=1` chooses: something of every room, and nothing that is marked to be left out."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tools import test as runner

ROOMS = {path.parent.name for path in ROOT.glob("tiefen/*/service*")} - {"demo"}
OF_EVERY_ROOM = ("test_rules.py", "test_http.py")


def collected(path: str) -> tuple[list[str], int]:
    """The ids the fast subset would run of `path`, and how many tests there are in all."""
    command = runner.command(fast=True, paths=[path])
    more = command[command.index("-m", 3) :]
    asked = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:schemathesis"]
    done = subprocess.run(
        [*asked, *more, path], cwd=ROOT, env=runner.environment(fast=True),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    told = re.search(r"(\d+)(?:/(\d+))? tests collected", done.stdout)
    assert told, done.stdout[-2000:]
    chosen = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(chosen) == int(told[1])
    return chosen, int(told[2] or told[1])


@pytest.mark.slow
def test_the_fast_subset_holds_something_of_everything() -> None:
    chosen, everything = collected("tests")
    files = Counter(Path(one.partition("::")[0]) for one in chosen)
    for room in sorted(ROOMS):
        for name in OF_EVERY_ROOM:
            path = Path("tests") / room / name
            if (ROOT / path).exists():
                assert files[path], f"nothing of {path} is left"
    assert files[Path("tests/architecture/test_house.py")]
    assert not [one for one in chosen if one.startswith(("tests/browser", "tests/api"))]
    assert 0.4 * everything < len(chosen) < everything, "half of the suite is worth a minute"


@pytest.mark.slow
def test_a_named_room_is_run_behind_its_doors_too() -> None:
    chosen, _ = collected("tests/inventory")
    assert [one for one in chosen if one.startswith("tests/inventory/test_service.py")]


def test_the_whole_suite_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "chromium", lambda: "")
    monkeypatch.delenv("TIEFEN_TEST_FAST", raising=False)
    assert "-m" not in runner.command(fast=False, paths=["tests"])[3:]
    assert "TIEFEN_TEST_FAST" not in runner.environment(fast=False)
