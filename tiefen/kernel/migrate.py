"""Schema changes: one history for `platform`, one that every merchant's schema follows.

Runs as the owner of the tables, never as the role that serves requests; afterwards it grants that
role what it needs and takes UPDATE and DELETE from what is append-only.
"""

import asyncio
from pathlib import Path
from typing import Any, Literal, TypeAlias

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, TypeDecorator, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from tiefen.kernel.db import APP_ROLE, SLUG, Base, PlatformBase

Scope: TypeAlias = Literal["platform", "merchant"]
_LOCK = 7_461_393
_PATIENCE = 1800.0
"""Seconds: making an index of a large table takes minutes."""
_PACKAGE = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """Where the migrations lie: inside the installed package, or beside it in a checkout."""
    packed = _PACKAGE / "migrations"
    return packed if packed.is_dir() else _PACKAGE.parent / "migrations"


def config(scope: Scope, connection: Connection | None = None) -> Config:
    """Alembic's configuration for one of the two histories."""
    made = Config()
    made.set_main_option("script_location", str(folder()))
    made.set_main_option("path_separator", "os")
    made.set_main_option("version_locations", str(folder() / scope / "versions"))
    made.attributes["scope"] = scope
    made.attributes["connection"] = connection
    return made


def head(scope: Scope) -> str | None:
    """The newest revision of a history."""
    return ScriptDirectory.from_config(config(scope)).get_current_head()


class Migrator:
    """Brings an installation's schemas up to date. `url` must be the owner's."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(
            url, poolclass=NullPool, connect_args={"server_settings": {"lock_timeout": "5000"}}
        )

    async def close(self) -> None:
        """Leave the server."""
        await self._engine.dispose()

    async def up(self) -> list[str]:
        """Migrate the platform, then each merchant; returns what was changed. Safe to run at once."""
        changed = []
        async with self._engine.connect() as connection:
            await _alone(connection)
            await connection.execute(text("CREATE SCHEMA IF NOT EXISTS platform"))
            await self._ensure_role(connection)
            await connection.commit()
            if await self._upgrade(connection, "platform", "platform"):
                changed.append("platform")
            slugs = list(
                await connection.scalars(text("SELECT slug FROM platform.merchant ORDER BY slug"))
            )
            for slug in slugs:
                if await self._upgrade(connection, "merchant", f"m_{slug}"):
                    changed.append(slug)
            await connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
            await connection.commit()
        return changed

    async def create_merchant(self, slug: str, name: str) -> bool:
        """A merchant with its own schema; False when it was there. Raises ValueError for a bad slug."""
        if not SLUG.match(slug):
            raise ValueError("a slug has 1 to 31 of a-z, 0-9 and _, and begins with a letter")
        async with self._engine.connect() as connection:
            await _alone(connection)
            await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "m_{slug}"'))
            await connection.commit()
            await self._upgrade(connection, "merchant", f"m_{slug}")
            created = await connection.scalar(
                text(
                    "INSERT INTO platform.merchant (slug, name, active) VALUES (:slug, :name, true)"
                    " ON CONFLICT DO NOTHING RETURNING slug"
                ),
                {"slug": slug, "name": name},
            )
            await connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
            await connection.commit()
        return created is not None

    async def differences(self, scope: Scope, schema: str) -> list[str]:
        """What a schema lacks or has too much, compared with the models (empty = in step)."""
        async with self._engine.connect() as connection:
            await connection.execute(text(f'SET search_path TO "{schema}"'))
            return await connection.run_sync(_differences, scope)

    async def autogenerate(self, scope: Scope, schema: str, message: str) -> None:
        """Write the next migration of a history from the models."""
        async with self._engine.connect() as connection:
            await connection.execute(text(f'SET search_path TO "{schema}"'))
            await connection.run_sync(
                lambda sync: command.revision(
                    config(scope, sync),
                    message,
                    autogenerate=True,
                    rev_id=_next_id(scope),
                    version_path=str(folder() / scope / "versions"),
                )
            )

    async def _ensure_role(self, connection: AsyncConnection) -> None:
        exists = await connection.scalar(
            text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APP_ROLE}
        )
        if not exists:
            await connection.execute(text(f"CREATE ROLE {APP_ROLE} NOLOGIN"))
            await connection.execute(text(f"GRANT {APP_ROLE} TO CURRENT_USER"))

    async def _upgrade(self, connection: AsyncConnection, scope: Scope, schema: str) -> bool:
        await connection.execute(text(f'SET search_path TO "{schema}"'))
        at = None
        if await connection.scalar(text("SELECT to_regclass('alembic_version')")):
            at = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        await connection.commit()
        newest = head(scope)
        if at != newest:
            await connection.run_sync(lambda sync: command.upgrade(config(scope, sync), "head"))
            await _grant(connection, scope, schema)
        await connection.execute(text("RESET search_path"))
        await connection.commit()
        return at != newest


async def _alone(connection: AsyncConnection) -> None:
    """Wait until no other migrator runs, without a statement that waits.

    An index that is made concurrently waits for every older statement: it would wait for one that
    waits for its own migrator. Raises TimeoutError.
    """
    async with asyncio.timeout(_PATIENCE):
        while not await connection.scalar(text(f"SELECT pg_try_advisory_lock({_LOCK})")):
            await connection.commit()
            await asyncio.sleep(0.1)


def metadata_of(scope: Scope) -> MetaData:
    """The tables a history is about."""
    return PlatformBase.metadata if scope == "platform" else Base.metadata


def compare_options(connection: Connection, scope: Scope) -> dict[str, Any]:
    """How Alembic compares one scope: the schema of the search_path, nothing of its neighbours."""
    if scope == "merchant":  # reflect the merchant's schema where Alembic would read `public`
        connection.dialect.default_schema_name = connection.scalar(text("SELECT current_schema()"))
    only = "platform" if scope == "platform" else None
    return {
        "compare_type": True,
        "include_schemas": scope == "platform",
        "include_name": lambda name, kind, _: kind != "schema" or name == only,
        "include_object": lambda obj, name, kind, *_: name != "alembic_version",
    }


def plain_type(column_type: object, imports: set[str]) -> str | Literal[False]:
    """How a migration writes a type of ours: as what the database keeps, for code may move.

    What it needs for that is added to `imports`.
    """
    if isinstance(column_type, TypeDecorator):
        kept = type(column_type.impl_instance)
        if "postgresql" not in kept.__module__:
            return f"sa.{kept.__name__}()"
        imports.add("from sqlalchemy.dialects import postgresql")
        return f"postgresql.{kept.__name__}()"
    return False


async def _grant(connection: AsyncConnection, scope: Scope, schema: str) -> None:
    statements = [
        f'GRANT USAGE ON SCHEMA "{schema}" TO {APP_ROLE}',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO {APP_ROLE}',
        f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{schema}" TO {APP_ROLE}',
        f'REVOKE INSERT, UPDATE, DELETE ON "{schema}".alembic_version FROM {APP_ROLE}',
    ]
    there = await connection.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = :schema"), {"schema": schema}
    )
    known = set(there)  # a table that no migration makes yet is in the models alone
    for table in metadata_of(scope).tables.values():
        if table.info.get("append_only") and table.name in known:
            statements.append(f'REVOKE UPDATE, DELETE ON "{schema}"."{table.name}" FROM {APP_ROLE}')
    for statement in statements:
        await connection.execute(text(statement))


def _differences(connection: Connection, scope: Scope) -> list[str]:
    context = MigrationContext.configure(connection, opts=compare_options(connection, scope))
    return [str(found) for found in compare_metadata(context, metadata_of(scope))]


def _next_id(scope: Scope) -> str:
    return f"{int(head(scope) or 0) + 1:04d}"
