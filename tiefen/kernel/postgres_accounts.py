"""The account PostgreSQL runs as, and where it can go: PostgreSQL refuses to run as root."""

import pwd
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tiefen.kernel.postgres_programs import PostgresError


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server; `switch` is false when that is ourselves."""

    uid: int
    gid: int
    switch: bool


def lesser_account() -> Account:
    """An account that is there on every system and owns little. Raises PostgresError."""
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(found.pw_uid, found.pw_gid, switch=True)
    raise PostgresError(
        "PostgreSQL refuses to run as root and this machine has neither an account 'postgres' nor 'nobody': "
        "start Tiefen as an ordinary user, or set TIEFEN_DATABASE_URL"
    )


def can_enter(folder: Path, account: Account) -> bool:
    """Whether the account may go through a folder and all above it, by their modes."""
    for part in [folder, *folder.parents]:
        about = part.stat()
        if about.st_uid == account.uid:
            needed = stat.S_IXUSR
        elif about.st_gid == account.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not about.st_mode & needed:
            return False
    return True
