"""The web workspace: its packages, installed as the lock file says."""

import hashlib
import time
from pathlib import Path

from tools.node import ROOT, run

WEB = ROOT / "web"


def install(env: dict[str, str]) -> None:
    """Install the packages the lock file names, when it or a manifest changed."""
    manifests = [
        WEB / "pnpm-lock.yaml",
        *sorted(WEB.glob("*/package.json")),
        *sorted(WEB.glob("packages/*/package.json")),
    ]
    digest = fingerprint([WEB / "package.json", *manifests])
    stamp = WEB / "node_modules" / ".tiefen-installed"
    if stamp.exists() and stamp.read_text() == digest:
        return
    began = time.monotonic()
    print("[faces] installing web packages …", flush=True)
    run(["pnpm", "install", "--frozen-lockfile", "--reporter=append-only"], WEB, env)
    stamp.write_text(digest)
    print(f"[faces] installed web packages in {time.monotonic() - began:.0f} s", flush=True)


def fingerprint(files: list[Path]) -> str:
    """One digest over names and contents."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(WEB)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
