"""Say where a Chromium is for the browser tests; as root on Debian install it with Chinese fonts when missing.

Prints the path, or nothing. CHROMIUM in the environment decides when it is set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PACKAGES = ("chromium", "fonts-noto-cjk")
FONTS = Path("/usr/share/fonts/opentype/noto")


def main() -> None:
    """Print the path of a Chromium; explain on standard error when there is none."""
    chosen = os.environ.get("CHROMIUM", "")
    if chosen:
        print(chosen)
        return
    debian = shutil.which("apt-get") and os.geteuid() == 0
    if debian and not (_found() and any(FONTS.glob("NotoSansCJK*"))):
        print(
            f"[browser] installing Debian's {' and '.join(PACKAGES)} …", file=sys.stderr, flush=True
        )
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
            done = subprocess.run(
                ["apt-get", "-q", *command], env=env, capture_output=True, text=True, check=False
            )
        if done.returncode:
            print(f"[browser] could not: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    found = _found()
    if not found:
        print(
            "[browser] no Chromium: the browser tests will be skipped. Install Chromium and Noto CJK fonts, "
            "or set CHROMIUM to the path of a Chromium.",
            file=sys.stderr,
        )
    print(found)


def _found() -> str:
    return next((path for path in map(shutil.which, NAMES) if path), "")


if __name__ == "__main__":
    main()
