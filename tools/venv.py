"""Make .venv and install exactly what requirements.lock names. Does nothing when that is already so.

Runs under any Python 3.11 or newer and needs nothing else; on Debian as root it may install python3-venv.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".tiefen-installed"
LOCKS = {"uv": ROOT / "tools" / "locks" / "uv.txt", "all": ROOT / "requirements.lock"}


def main() -> None:
    """Bring .venv up to date."""
    if sys.version_info < (3, 11):  # noqa: UP036 run by whatever Python the machine has
        sys.exit(
            f"Tiefen needs Python 3.11 or newer; this is {sys.version.split()[0]} (make PYTHON=python3.12)"
        )
    wanted = _digest()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        STAMP.touch()
        return
    began = time.monotonic()
    if not _usable():
        _say("making .venv")
        _make()
    _say("installing Python packages …")
    _install()
    STAMP.write_text(wanted)
    _say(f"installed Python packages in {time.monotonic() - began:.0f} s")


def _usable() -> bool:
    if not PYTHON.exists():
        return False
    return (
        subprocess.run(
            [PYTHON, "-m", "pip", "--version"], capture_output=True, check=False
        ).returncode
        == 0
    )


def _make() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    first = _try([sys.executable, "-m", "venv", str(VENV)])
    if first is None:
        return
    if os.geteuid() == 0 and shutil.which(
        "apt-get"
    ):  # Debian keeps ensurepip in a package of its own
        _say("installing Debian's python3-venv")
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        _try(["apt-get", "update", "-q"])
        if _try(["apt-get", "install", "-y", "-q", "--no-install-recommends", package]) is None:
            shutil.rmtree(VENV, ignore_errors=True)
            first = _try([sys.executable, "-m", "venv", str(VENV)])
            if first is None:
                return
    sys.exit(
        f"cannot make a virtual environment (on Debian: apt-get install python3-venv):\n{first}"
    )


def _install() -> None:
    hashed = ["--quiet", "--require-hashes", "-r"]
    pip = [str(PYTHON), "-m", "pip", "install"]
    trouble = _try([*pip, *hashed, str(LOCKS["uv"])])
    if trouble is None:
        uv = [str(VENV / "bin" / "uv"), "pip", "install", "--python", str(PYTHON)]
        trouble = _try([*uv, "--compile-bytecode", *hashed, str(LOCKS["all"])])
    if trouble is not None:
        _say("uv could not; trying plain pip, which is slower")
        _must([*pip, *hashed, str(LOCKS["all"])])
    _link()


def _link() -> None:
    """Let this environment import the checkout, and give it the `tiefen` program."""
    asked = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    (Path(packages) / "tiefen.pth").write_text(f"{ROOT}\n")
    program = VENV / "bin" / "tiefen"
    program.write_text(f"#!{PYTHON}\nfrom tiefen.__main__ import main\n\nmain()\n")
    program.chmod(0o755)


def _try(command: list[str]) -> str | None:
    """Run a step; None when it went well, else what it said."""
    env = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return (
        None
        if done.returncode == 0
        else done.stdout or f"{command[0]} ended with {done.returncode}"
    )


def _must(command: list[str]) -> None:
    trouble = _try(command)
    if trouble is not None:
        sys.exit(f"failed: {' '.join(command)}\n{trouble}")


def _digest() -> str:
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for file in (*LOCKS.values(), ROOT / "pyproject.toml"):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _say(text: str) -> None:
    print(f"[venv] {text}", flush=True)


if __name__ == "__main__":
    main()
