"""Every check that is not a test: style, types, layers, migrations, the client in step, the web code.

Usage: python -m tools.check [name …]. Prints one line a check, what a failing one said, and the house's
health numbers at the end.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from tools import health
from tools.node import ROOT, environment
from tools.web import install

PYTHON = sys.executable
BIN = ROOT / ".venv" / "bin"
CHECKS: dict[str, Sequence[str]] = {
    "style": (PYTHON, "-m", "ruff", "check", "--quiet", "--output-format", "concise", "."),
    "format": (PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."),
    "layers": (
        PYTHON,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])",
    ),
    "types": (PYTHON, "-m", "mypy"),
    "types again": (PYTHON, "-m", "pyright", "--pythonpath", PYTHON),
    "migrations": (PYTHON, "-m", "tiefen", "migrate", "--check"),
    "migration safety": (PYTHON, "-m", "tools.safety"),
    "client": (PYTHON, "-m", "tools.client", "--check"),
    "docs": (PYTHON, "-m", "tools.docs", "--check"),
    "web style": ("pnpm", "run", "lint"),
    "web types": ("pnpm", "run", "type-check"),
    "web tests": ("pnpm", "run", "test"),
}


def main(wanted: list[str]) -> None:
    """Run the checks named, or all; ends with 1 when any failed."""
    env = environment() | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    install(env)
    failed = [name for name in wanted or CHECKS if not _passes(name, env)]
    print()
    for line in health.numbers():
        print(line)
    print(f"\n{len(wanted or CHECKS) - len(failed)} passed, {len(failed)} failed")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def _passes(name: str, env: dict[str, str]) -> bool:
    began = time.monotonic()
    command = CHECKS[name]
    folder = ROOT / "web" if command[0] == "pnpm" else ROOT
    print(f"{name:<18}", end="", flush=True)
    done = subprocess.run(
        command,
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(
        f"{'ok' if done.returncode == 0 else 'FAILED':<8}{time.monotonic() - began:6.1f} s",
        flush=True,
    )
    if done.returncode:
        lines = done.stdout.splitlines()
        shown = (
            lines
            if len(lines) < 120
            else [*lines[:60], f"… {len(lines) - 120} lines …", *lines[-60:]]
        )
        print(os.linesep.join(f"    {line}" for line in shown), flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main(sys.argv[1:])
