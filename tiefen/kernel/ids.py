"""Public numbers and tokens: unguessable, typo-proof where people read them, seedable for replays."""

import hashlib
import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from tiefen.kernel.days import CHINA

_seeded: random.Random | None = None
_CHECK = "0123456789"


def randomness() -> random.Random:
    """The process's source of chance: the system's, unless a seed is in use."""
    return _seeded or secrets.SystemRandom()


@contextmanager
def seeded(seed: int) -> Iterator[random.Random]:
    """Draw all chance from `seed` for the length of the block (demo worlds and tests only)."""
    global _seeded
    before, _seeded = _seeded, random.Random(seed)  # noqa: S311 a replay, never a guard
    try:
        yield _seeded
    finally:
        _seeded = before


def number(prefix: str, at: datetime) -> str:
    """A public number such as an order's: prefix, day, 10 random digits, one check digit.

    20 characters for a one-letter prefix; fits WeChat's out_trade_no (6 to 32 of [0-9A-Za-z_-|*]).
    """
    body = f"{at.astimezone(CHINA):%Y%m%d}{randomness().randrange(10**10):010d}"
    return f"{prefix}{body}{_luhn(body)}"


def is_number(text: str) -> bool:
    """Whether `text` is a well-formed public number (letters, then digits that check out)."""
    digits = text.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return (
        len(digits) == 19
        and digits.isascii()
        and digits.isdigit()
        and _luhn(digits[:-1]) == digits[-1]
    )


def token(nbytes: int = 32) -> str:
    """An unguessable URL-safe text. Never seeded: a token guards something."""
    return secrets.token_urlsafe(nbytes)


def digits(count: int) -> str:
    """Unguessable digits, for what people read out. Never seeded: they guard something."""
    return f"{secrets.randbelow(10**count):0{count}d}"


def digest(text: str) -> bytes:
    """What is stored of a token: its SHA-256."""
    return hashlib.sha256(text.encode()).digest()


def _luhn(digits: str) -> str:
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return _CHECK[-total % 10]
