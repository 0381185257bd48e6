"""Write the API's description and the typed client the faces share; or, with --check, compare.

Usage: python -m tools.client [--check]
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tiefen.main import openapi
from tools.node import ROOT, environment
from tools.web import install

CLIENT = ROOT / "web" / "packages" / "client"
DESCRIPTION = CLIENT / "openapi.json"
TYPES = CLIENT / "src" / "schema.d.ts"


def main(arguments: list[str]) -> None:
    """Write both files, or end with a sentence when one is behind."""
    description = openapi()
    if "--check" not in arguments:
        DESCRIPTION.write_text(description)
        _generate(DESCRIPTION, TYPES)
        return
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "openapi.json"
        fresh.write_text(description)
        _generate(fresh, Path(folder) / "schema.d.ts")
        types = (Path(folder) / "schema.d.ts").read_text()
    if DESCRIPTION.read_text() != description or TYPES.read_text() != types:
        sys.exit("the typed client is behind the API: run make client")


def _generate(source: Path, target: Path) -> None:
    env = environment()
    install(env)
    command = ["pnpm", "exec", "openapi-typescript", str(source), "--output", str(target)]
    subprocess.run(command, cwd=CLIENT, env=env, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(sys.argv[1:])
