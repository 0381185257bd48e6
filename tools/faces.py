"""Build the web faces into tiefen/faces, each only when its inputs changed.

Usage: python -m tools.faces [--force] [console] [shop] [phone] [sandbox]
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.node import ROOT, TOOLS, environment, run
from tools.web import WEB, fingerprint, install

FACES = ROOT / "tiefen" / "faces"
BUILT = FACES / "built.json"
# Face → what its build leaves, and where that goes.
OUTPUTS = {
    "console": {"dist": "console"},
    "shop": {"dist/build/h5": "shop", "dist/build/mp-weixin": "mini"},
    "phone": {"dist": "phone"},
    "sandbox": {"dist": "sandbox"},
}
SERVED = {"console", "shop", "phone", "sandbox"}
PACK_FROM = 1024
PACKED = {".css", ".js", ".json", ".svg", ".ttf"}
IGNORED = {"node_modules", "dist", ".vite", "coverage"}


def build(names: list[str], *, force: bool = False) -> None:
    """Bring the named faces up to date; says what it does and how long it took."""
    built = json.loads(BUILT.read_text()) if BUILT.exists() else {}
    wanted = {name: _digest(name) for name in names if (WEB / name / "package.json").exists()}
    stale = [
        name
        for name, digest in wanted.items()
        if force or built.get(name) != digest or not _whole(name)
    ]
    if not stale:
        _say(f"up to date: {', '.join(wanted) or 'none yet'}")
        return
    env = environment()
    install(env)
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=2) as pool:
        for name in pool.map(lambda name: _build(name, env), stale):
            built[name] = wanted[name]
            BUILT.write_text(json.dumps(built, indent=1, sort_keys=True) + "\n")
    _say(f"built {len(stale)} in {time.monotonic() - began:.0f} s")


def _build(name: str, env: dict[str, str]) -> str:
    began = time.monotonic()
    _say(f"building {name} …")
    run(["pnpm", "--dir", str(WEB / name), "run", "build"], WEB, env)
    for made, target in OUTPUTS[name].items():
        source, fresh = WEB / name / made, FACES / f".{target}.new"
        if not source.exists():
            sys.exit(f"the build of {name} left no {source}")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(source, fresh)
        if target in SERVED:
            _pack(fresh)
        shutil.rmtree(FACES / target, ignore_errors=True)
        fresh.rename(FACES / target)
    _say(f"built {name} in {time.monotonic() - began:.0f} s")
    return name


def _pack(folder: Path) -> None:
    """Leave a packed copy beside what the server sends packed (tiefen/kernel/faces.py)."""
    for file in folder.rglob("*"):
        if file.suffix in PACKED and file.stat().st_size > PACK_FROM:
            packed = gzip.compress(file.read_bytes(), 9, mtime=0)
            file.with_name(file.name + ".gz").write_bytes(packed)


def _whole(name: str) -> bool:
    return all(
        any((FACES / target).rglob("*.gz" if target in SERVED else "*"))
        for target in OUTPUTS[name].values()
    )


def _digest(name: str) -> str:
    files = [path for path in WEB.iterdir() if path.is_file()]
    for folder in (WEB / name, WEB / "packages"):
        for base, folders, found in os.walk(folder):
            folders[:] = sorted(inner for inner in folders if inner not in IGNORED)
            files += [
                Path(base) / file for file in found if not file.endswith((".test.ts", ".spec.ts"))
            ]
    return fingerprint(sorted(files))


def _say(text: str) -> None:
    print(f"[faces] {text}", flush=True)


def main(arguments: list[str]) -> None:
    """Build what the arguments name, or everything; one process at a time."""
    names = [one for one in arguments if not one.startswith("-")] or list(OUTPUTS)
    if unknown := set(names) - set(OUTPUTS):
        sys.exit(f"no such face: {', '.join(sorted(unknown))}")
    if not WEB.exists():
        return  # a source archive carries the built faces
    TOOLS.mkdir(exist_ok=True)
    FACES.mkdir(parents=True, exist_ok=True)
    with (TOOLS / "faces.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build(names, force="--force" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
