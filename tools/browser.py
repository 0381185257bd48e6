"""Say where a Chromium is for the browser tests; as root on Debian install it with Chinese fonts when missing.

CHROMIUM in the environment decides when it is set. Else the headless shell goes first: it draws the same
pages with two thirds of the work of the whole browser.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
NAMES = (*SHELLS, "chromium", "chromium-browser", "google-chrome", "chrome")
PACKAGES = ("chromium-headless-shell", "fonts-noto-cjk")
FONTS = Path("/usr/share/fonts/opentype/noto")


def chromium() -> str:
    """The path of a Chromium, or "" with an explanation on standard error."""
    chosen = os.environ.get("CHROMIUM", "")
    if chosen:
        return chosen
    if os.geteuid() == 0 and shutil.which("apt-get") and not (_found(SHELLS) and _chinese_fonts()):
        _install()
    if not _found():
        print(
            "[browser] no Chromium: the browser tests cannot run. Install Chromium and Noto CJK fonts, "
            "or set CHROMIUM to the path of a Chromium.",
            file=sys.stderr,
        )
    return _found()


def _install() -> None:
    print(f"[browser] installing Debian's {' and '.join(PACKAGES)} …", file=sys.stderr, flush=True)
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(
            ["apt-get", "-q", *command], env=env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"[browser] apt-get {command[0]}: {done.stderr.strip()[-500:]}", file=sys.stderr)


def _found(names: tuple[str, ...] = NAMES) -> str:
    return next((path for path in map(shutil.which, names) if path), "")


def _chinese_fonts() -> bool:
    return any(FONTS.glob("NotoSansCJK*"))


if __name__ == "__main__":
    print(chromium())
