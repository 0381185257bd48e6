"""Migrations for developers: compare models with migrations, write the next one.

Works on a database of its own, migrated from nothing, so that nobody's data is in the way.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import get_args

import asyncpg

from tiefen.kernel import postgres
from tiefen.kernel.migrate import Migrator, Scope, head

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
        if all(head(scope) for scope in SCOPES):
            await migrator.up()
            await migrator.create_merchant(_SLUG, _SLUG)
        else:  # a history that has not begun: its first migration is written against nothing
            await _bare_schemas(url)
        return await act(migrator)
    finally:
        await migrator.close()


async def _bare_schemas(url: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    for scope in SCOPES:
        await connection.execute(f'CREATE SCHEMA "{_schema(scope)}"')
    await connection.close()
