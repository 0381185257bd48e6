"""Backup and restore of a whole installation in one archive.

The archive is a tar of `manifest.json`, one PostgreSQL dump of the platform's schema, one a merchant
(all of the same moment), and every stored file. With a passphrase the tar is sealed (see `sealing`).
The master key is not in it: sealed fields open again only with the key the manifest's fingerprint names.
"""

import asyncio
import errno
import hashlib
import io
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import asyncpg
from sqlalchemy.engine import make_url

import tiefen
from tiefen.commands import sealing
from tiefen.commands.installation import Installation, database, libpq_environment, migrate_up
from tiefen.kernel import audit, migrate
from tiefen.kernel.db import APP_ROLE
from tiefen.kernel.postgres_programs import tool
from tiefen.kernel.settings import Settings
from tiefen.kernel.storage import Storage

FORMAT = 1


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a disk says that takes no more."""


class BackupError(RuntimeError):
    """A backup or restore that cannot be done; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds, and what it needs to be read."""

    format: int
    version: str
    made_at: str
    postgres: int
    key_fingerprint: str
    public_url: str
    revisions: dict[str, str]
    merchants: dict[str, str]
    rows: dict[str, dict[str, int]]
    files: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore brought back, and whether every promise holds in it."""

    merchants: list[str]
    rows: int
    files: int
    breaches: list[audit.Breach]


def key_fingerprint(settings: Settings) -> str:
    """Tells two master keys apart without giving either away."""
    key = settings.secret_key.get_secret_value().encode()
    return hashlib.scrypt(key, salt=b"tiefen backup", n=2**14, r=8, p=1, dklen=12).hex()


def backup(installation: Installation, target: Path, *, passphrase: str = "") -> Manifest:
    """Write the archive, whole or not at all. Raises BackupError."""
    half = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with _private(half) as raw:
            out = sealing.Writer(raw, passphrase) if passphrase else raw
            with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive:
                manifest = asyncio.run(_write(installation, archive))
            if isinstance(out, sealing.Writer):
                out.close()
            raw.flush()
            os.fsync(raw.fileno())
        half.rename(target)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise BackupError(f"cannot write {target}: {(error.strerror or '').lower()}") from error
    finally:
        half.unlink(missing_ok=True)
    return manifest


async def _write(installation: Installation, archive: tarfile.TarFile) -> Manifest:
    connection = await asyncpg.connect(_plain(installation.url))
    try:
        # One snapshot for every dump, so that all merchants and the platform are of the same moment.
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if not await connection.fetchval("SELECT to_regclass('platform.merchant')"):
                raise BackupError(
                    "there is nothing to back up: this installation has no schemas yet"
                )
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            merchants = dict(
                await connection.fetch("SELECT slug, name FROM platform.merchant ORDER BY slug")
            )
            schemas = ["platform", *(f"m_{slug}" for slug in merchants)]
            rows = {schema: await _counts(connection, schema) for schema in schemas}
            storage = Storage(installation.settings)
            files = {slug: await storage.keys(slug) for slug in merchants}
            manifest = Manifest(
                format=FORMAT,
                version=tiefen.__version__,
                made_at=datetime.now(UTC).isoformat(timespec="seconds"),
                postgres=connection.get_server_version().major,
                key_fingerprint=key_fingerprint(installation.settings),
                public_url=installation.settings.public_url,
                revisions={
                    "platform": migrate.head("platform") or "",
                    "merchant": migrate.head("merchant") or "",
                },
                merchants=merchants,
                rows=rows,
                files=sum(map(len, files.values())),
            )
            _add(
                archive,
                "manifest.json",
                json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode(),
            )
            for schema in schemas:
                await asyncio.to_thread(_dump, installation.url, archive, schema, snapshot)
    finally:
        await connection.close()
    for keys in files.values():
        for key in keys:
            _add(archive, f"files/{key}", await storage.get(key))
    return manifest


def _dump(url: str, archive: tarfile.TarFile, schema: str, snapshot: str) -> None:
    with tempfile.NamedTemporaryFile(prefix="tiefen-dump-") as file:
        _client(
            "pg_dump", url, "--format=custom", "--compress=6", "--no-owner", "--quote-all-identifiers",
            f"--schema={schema}", f"--snapshot={snapshot}", f"--file={file.name}",
        )  # fmt: skip
        archive.add(file.name, f"schemas/{schema}.dump", filter=_anonymous)


def restore(installation: Installation, source: Path, *, passphrase: str = "") -> Restored:
    """Bring an archive back into an empty installation, migrate it, and check every promise.

    Raises BackupError when the installation is not empty, the archive is damaged or sealed otherwise,
    or the master key is another; nothing is left behind then.
    """
    with tempfile.TemporaryDirectory(prefix="tiefen-restore-") as folder:
        manifest = _unpack(source, Path(folder), passphrase)
        _check(manifest, installation.settings)
        return asyncio.run(_bring_back(installation, Path(folder), manifest))


def drill(installation: Installation, source: Path, *, passphrase: str = "") -> Restored:
    """Rehearse a restore: into a database of its own on the same server, dropped afterwards."""
    name = f"tiefen_drill_{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="tiefen-drill-") as folder:
        settings = installation.settings.model_copy(
            update={"data_dir": Path(folder), "storage_url": ""}
        )
        asyncio.run(_sql(installation.url, f'CREATE DATABASE "{name}"'))
        try:
            url = _on_database(installation.url, name)
            return restore(
                Installation(settings, url, embedded=False), source, passphrase=passphrase
            )
        finally:
            asyncio.run(_sql(installation.url, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _bring_back(installation: Installation, folder: Path, manifest: Manifest) -> Restored:
    url = installation.url
    await _make_room(url)
    schemas = ["platform", *(f"m_{slug}" for slug in manifest.merchants)]
    try:
        for schema in schemas:
            await asyncio.to_thread(
                _client, "pg_restore", url, "--no-owner", "--single-transaction", "--exit-on-error",
                f"--dbname={libpq_environment(url)['PGDATABASE']}", str(folder / "schemas" / f"{schema}.dump"),
            )  # fmt: skip
        await _compare(url, manifest)
        await migrate_up(url)
        storage = Storage(installation.settings)
        kept = [path for path in (folder / "files").rglob("*") if path.is_file()]
        for path in kept:
            await storage.restore(str(path.relative_to(folder / "files")), path.read_bytes())
    except BaseException:
        await _sql(url, *(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE' for schema in schemas))
        raise
    async with database(url) as db:
        breaches = await audit.run(db)
    rows = sum(sum(tables.values()) for tables in manifest.rows.values())
    return Restored(list(manifest.merchants), rows, len(kept), breaches)


async def _make_room(url: str) -> None:
    """Make sure nothing is lost: an installation without merchants is the only one written to."""
    connection = await asyncpg.connect(_plain(url))
    try:
        if await connection.fetchval("SELECT to_regclass('platform.merchant')"):
            if await connection.fetchval("SELECT count(*) FROM platform.merchant"):
                raise BackupError(
                    "this installation already has merchants; restore into an empty one "
                    "(another TIEFEN_DATA_DIR or TIEFEN_DATABASE_URL)"
                )
            await connection.execute("DROP SCHEMA platform CASCADE")
        left = await connection.fetchval(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'm\\_%' LIMIT 1"
        )
        if left:
            raise BackupError(f"the schema {left} is in the way; restore into an empty database")
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", APP_ROLE):
            await connection.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
            await connection.execute(f"GRANT {APP_ROLE} TO CURRENT_USER")
    finally:
        await connection.close()


async def _compare(url: str, manifest: Manifest) -> None:
    """Every table must hold as many rows as when the archive was made."""
    connection = await asyncpg.connect(_plain(url))
    try:
        for schema, expected in manifest.rows.items():
            found = await _counts(connection, schema)
            if found != expected:
                wrong = sorted(
                    name for name in expected | found if found.get(name) != expected.get(name)
                )
                raise BackupError(
                    f"after the restore these tables of {schema} differ: {', '.join(wrong)}"
                )
    finally:
        await connection.close()


async def _counts(connection: Any, schema: str) -> dict[str, int]:
    names = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1", schema
    )
    return {
        name: await connection.fetchval(f'SELECT count(*) FROM "{schema}"."{name}"')  # noqa: S608 the catalog's own names
        for (name,) in names
    }


def _check(manifest: Manifest, settings: Settings) -> None:
    if manifest.format > FORMAT:
        raise BackupError(
            f"the archive was made by Tiefen {manifest.version}; upgrade Tiefen first"
        )
    if manifest.key_fingerprint != key_fingerprint(settings):
        raise BackupError(
            "the archive was made with another master key, without which its secrets and personal data stay shut: "
            "set TIEFEN_SECRET_KEY, or put the old secret_key file into TIEFEN_DATA_DIR"
        )


def _unpack(source: Path, folder: Path, passphrase: str) -> Manifest:
    try:
        with source.open("rb") as raw:
            sealed = sealing.is_sealed(raw)
            if sealed and not passphrase:
                raise BackupError(
                    "the archive is sealed: give its passphrase in TIEFEN_BACKUP_PASSPHRASE"
                )
            stream = sealing.Reader(raw, passphrase) if sealed else raw
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                archive.extractall(folder, filter="data")
            if isinstance(stream, sealing.Reader):
                stream.finish()
        return Manifest(**json.loads((folder / "manifest.json").read_text()))
    except (tarfile.TarError, sealing.SealError, OSError, EOFError, ValueError, TypeError) as error:
        raise BackupError(f"{source} cannot be read: {error}") from error


def _client(name: str, url: str, *arguments: str) -> None:
    environment = {"PATH": os.environ.get("PATH", ""), "PGAPPNAME": "tiefen backup"}
    done = subprocess.run(  # noqa: S603 PostgreSQL's own client, found by us
        [tool(name), *arguments],
        env=environment | libpq_environment(url),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{name} failed: {done.stderr.strip()}")


async def _sql(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(_plain(url))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), 0o600, int(datetime.now(UTC).timestamp())
    archive.addfile(entry, io.BytesIO(content))


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o600
    return entry


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


def _on_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)
