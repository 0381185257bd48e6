"""Run the tests as `make test` does: a browser if there is one, two workers, the time noted.

Usage: python -m tools.test [--fast] [path …]
"""

import json
import os
import subprocess
import sys
import time

from tools.browser import chromium
from tools.node import ROOT, TOOLS


def main(arguments: list[str]) -> int:
    """Run pytest; returns its exit code."""
    fast = "--fast" in arguments
    paths = [one for one in arguments if one != "--fast"] or ["tests"]
    env = os.environ | {"CHROMIUM": "" if fast else chromium(), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal", "-q"]
    command += ["-m", "not slow and not browser"] if fast else ["--durations", "10"]
    began = time.monotonic()
    code = subprocess.call([*command, *paths], cwd=ROOT, env=env)
    seconds = time.monotonic() - began
    if code == 0 and paths == ["tests"]:
        TOOLS.mkdir(exist_ok=True)
        what = "fast subset" if fast else "whole"
        (TOOLS / "suite.json").write_text(json.dumps({"seconds": seconds, "what": what}))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
