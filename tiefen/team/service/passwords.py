"""Hashing passwords with argon2id, off the event loop and never more than two at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


async def hash_password(password: str) -> str:
    """An argon2id hash with the parameters in force."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def verify(hashed: str | None, password: str) -> bool:
    """Whether `password` made `hashed`. None (no such account) costs the same and is False."""
    return await asyncio.get_running_loop().run_in_executor(
        _threads, _verify, hashed or _nobody(), password, hashed is not None
    )


def outdated(hashed: str) -> bool:
    """Whether the hash was made with weaker parameters than those in force."""
    return _hasher.check_needs_rehash(hashed)


def _verify(hashed: str, password: str, known: bool) -> bool:
    try:
        return _hasher.verify(hashed, password) and known
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """A hash that belongs to nobody, for accounts that do not exist."""
    return _hasher.hash("no account has this password")
