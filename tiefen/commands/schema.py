"""Migrations for developers: compare models with migrations, write the next one.

Works on a database of its own, migrated from nothing, so that nobody's data is in the way.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import get_args

from tiefen.kernel import postgres
from tiefen.kernel.migrate import Migrator, Scope

_SLUG = "blank"
SCOPES: tuple[Scope, ...] = get_args(Scope)


def compare() -> list[str]:
    """What differs between the models and what the migrations make (empty: in step)."""
    return _on_blank(_compare)


def write(message: str) -> list[str]:
    """Write the next migration of each history whose models changed; returns what was written."""
    return _on_blank(lambda migrator: _write(migrator, message))


async def _compare(migrator: Migrator) -> list[str]:
    return [
        f"{scope}: {found}"
        for scope in SCOPES
        for found in await migrator.differences(scope, _schema(scope))
    ]


async def _write(migrator: Migrator, message: str) -> list[str]:
    written = []
    for scope in SCOPES:
        if await migrator.differences(scope, _schema(scope)):
            await migrator.autogenerate(scope, _schema(scope), message)
            written.append(f"wrote a migration for {scope}; read it before you commit it")
    return written or ["nothing to write: models and migrations agree"]


def _schema(scope: Scope) -> str:
    return "platform" if scope == "platform" else f"m_{_SLUG}"


def _on_blank(act: Callable[[Migrator], Awaitable[list[str]]]) -> list[str]:
    folder = Path(tempfile.mkdtemp(prefix="tf-"))
    folder.chmod(0o711)
    server = postgres.ensure(folder, durable=False)
    try:
        return asyncio.run(_run(server.url, act))
    finally:
        postgres.stop(server)
        postgres.erase(folder)
        shutil.rmtree(folder)


async def _run(url: str, act: Callable[[Migrator], Awaitable[list[str]]]) -> list[str]:
    migrator = Migrator(url)
    try:
        await migrator.up()
        await migrator.create_merchant(_SLUG, _SLUG)
        return await act(migrator)
    finally:
        await migrator.close()
