"""Run the tests as `make test` does: a browser if there is one, three workers, the time noted.

Usage: python -m tools.test [--fast] [path …]

`--fast` is for every commit: all that is pure, every room's doors and the stories through them, with
fewer drawn cases. It promises to end within a minute. With a path it also takes what is behind that
room's doors; kills, races of their own servers, whole programs and browsers are left to the whole run.
"""

import json
import os
import subprocess
import sys
import time

from tools.browser import chromium
from tools.node import ROOT, TOOLS

LEFT_OUT = "not slow and not browser"
BEHIND_DOORS = " and not deep"
WORKERS = "3"
"""One more than cores: while one waits for a browser, a disk or a program it started, another runs."""
FAST_SECONDS = 60
"""What the fast subset promises on two quiet cores."""


def main(arguments: list[str]) -> int:
    """Run pytest; returns its exit code."""
    fast = "--fast" in arguments
    paths = [one for one in arguments if one != "--fast"] or ["tests"]
    began = time.monotonic()
    code = subprocess.call([*command(fast, paths), *paths], cwd=ROOT, env=environment(fast))
    seconds = time.monotonic() - began
    if code == 0 and paths == ["tests"]:
        TOOLS.mkdir(exist_ok=True)
        what = "fast subset" if fast else "whole"
        (TOOLS / "suite.json").write_text(json.dumps({"seconds": seconds, "what": what}))
        if fast and seconds > FAST_SECONDS:
            print(f"{seconds:.0f} s: over the promised {FAST_SECONDS} s; see --durations 20")
    return code


def command(fast: bool, paths: list[str]) -> list[str]:
    """How pytest is called for `paths`, without them."""
    wanted = LEFT_OUT + (BEHIND_DOORS if paths == ["tests"] else "")
    made = [sys.executable, "-m", "pytest", "-n", WORKERS, "--dist", "worksteal", "-q"]
    return [*made, *(["-m", wanted] if fast else ["--durations", "10"])]


def environment(fast: bool) -> dict[str, str]:
    """What the tests see: a browser or none, and whether to draw fewer cases.

    Compiled code is kept: dozens of programs are started, and each would compile all of it anew.
    """
    given = os.environ | {"CHROMIUM": "" if fast else chromium(), "PYTHONPATH": str(ROOT)}
    given |= {"PYTHONDONTWRITEBYTECODE": ""}
    return given | {"TIEFEN_TEST_FAST": "1"} if fast else given


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
