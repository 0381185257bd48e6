"""One installation as a command sees it: settings with their key, and a database that runs."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from sqlalchemy.engine import make_url

from tiefen.kernel import migrate, postgres
from tiefen.kernel.db import Db
from tiefen.kernel.settings import Settings
from tiefen.main import compose


class InstallationError(RuntimeError):
    """The settings do not make an installation; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings with a master key, and the owner's database address for SQLAlchemy."""

    settings: Settings
    url: str
    embedded: bool


@contextmanager
def opened(settings: Settings) -> Iterator[Installation]:
    """The installation with its database running; an embedded one is given back at the end.

    Raises PostgresError or InstallationError with a sentence for the operator.
    """
    try:
        settings = settings.with_secret()
    except ValueError as error:
        raise InstallationError(str(error)) from error
    compose(settings)
    if settings.database_url:
        yield Installation(settings, async_url(settings.database_url), embedded=False)
        return
    server = postgres.ensure(settings.data_dir)
    try:
        yield Installation(settings, server.url, embedded=True)
    finally:
        postgres.stop(server)


async def need_merchant(db: Db, merchant: str) -> None:
    """Raises InstallationError for a merchant that is not here."""
    if merchant not in await db.merchants():
        raise InstallationError(f"no merchant {merchant}")


@asynccontextmanager
async def database(url: str, *, pool_size: int = 5) -> AsyncIterator[Db]:
    """A handle on the database, closed at the end."""
    db = Db(url, pool_size=pool_size)
    try:
        yield db
    finally:
        await db.close()


async def migrate_up(url: str) -> list[str]:
    """Bring all schemas up to date; returns what was changed."""
    migrator = migrate.Migrator(url)
    try:
        return await migrator.up()
    finally:
        await migrator.close()


async def create_merchant(url: str, slug: str, name: str) -> bool:
    """Make a merchant; False when it was there. Raises InstallationError for a bad slug."""
    migrator = migrate.Migrator(url)
    try:
        return await migrator.create_merchant(slug, name)
    except ValueError as error:
        raise InstallationError(str(error)) from error
    finally:
        await migrator.close()


def async_url(given: str) -> str:
    """The address in the form SQLAlchemy and asyncpg want: `postgres://…?sslmode=x` works too.

    Raises InstallationError for another kind of database.
    """
    url = make_url(given.replace("postgres://", "postgresql://", 1))
    if url.get_backend_name() != "postgresql":
        raise InstallationError(f"{url.drivername}:// is not PostgreSQL: see TIEFEN_DATABASE_URL")
    url = url.set(drivername="postgresql+asyncpg")
    if "sslmode" in url.query:
        url = url.difference_update_query(["sslmode"]).update_query_dict(
            {"ssl": str(url.query["sslmode"])}
        )
    return url.render_as_string(hide_password=False)


def libpq_environment(url: str) -> dict[str, str]:
    """The same address as environment variables for pg_dump and pg_restore; nothing on argv."""
    parts = make_url(url)

    def asked(name: str) -> str | None:
        value = parts.query.get(name)
        return value if isinstance(value, str) else None

    wanted = {
        "PGHOST": asked("host") or parts.host,
        "PGPORT": asked("port") or (str(parts.port) if parts.port else None),
        "PGUSER": parts.username,
        "PGPASSWORD": str(parts.password) if parts.password is not None else None,
        "PGDATABASE": parts.database,
        "PGSSLMODE": asked("ssl"),
    }
    return {name: value for name, value in wanted.items() if value}


def environment(installation: Installation) -> dict[str, str]:
    """What a process of the same demo is started with."""
    settings = installation.settings
    return os.environ | {
        "TIEFEN_DATABASE_URL": installation.url,
        "TIEFEN_DATA_DIR": str(settings.data_dir),
        "TIEFEN_PUBLIC_URL": settings.public_url,
        "TIEFEN_SANDBOX_URL": settings.sandbox_url,
        "TIEFEN_STORAGE_URL": "",
        "TIEFEN_DEMO": "true",
        "PYTHONUNBUFFERED": "1",
    }
