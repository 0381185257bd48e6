"""Faults: the shop under test."""

import itertools
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI

from tests.faults.rig import Shop, open_shop
from tiefen.kernel.db import Db
from tiefen.sandbox import keys


@pytest.fixture(scope="session")
def pool() -> list[rsa.RSAPrivateKey]:
    """Making a key takes a tenth of a second; no test needs more different ones than this."""
    return [keys.new_private_key() for _ in range(5)]


@pytest.fixture
async def shop(
    app: FastAPI, db: Db, monkeypatch: pytest.MonkeyPatch, pool: list[rsa.RSAPrivateKey]
) -> AsyncIterator[Shop]:
    """A merchant whose WeChat is a sandbox in this process."""
    turn = itertools.cycle(pool)
    monkeypatch.setattr(keys, "new_private_key", lambda: next(turn))
    async with open_shop(app, db) as made:
        yield made
