"""Backup and restore: everything comes back, whole or not at all, and only where it belongs."""

import asyncio
import json
import os
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.conftest import SECRET
from tests.disk import full_disk
from tiefen.commands import backup as backups
from tiefen.commands.backup import BackupError
from tiefen.commands.installation import Installation, database
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.kernel.settings import Settings
from tiefen.kernel.storage import Storage
from tiefen.team import service as team

pytestmark = pytest.mark.slow

PICTURE = bytes(range(256)) * 40


@pytest.fixture
async def source(db: Db, database_url: str, settings: Settings) -> Installation:
    """An installation with two merchants, staff and a stored file."""
    for merchant in ("demo", "other"):
        async with db.merchant(merchant) as tx:
            await team.found_team(tx, account="owner", name=merchant, password="Correct-horse-9")
    await Storage(settings).put("demo", PICTURE, suffix="bin")
    return Installation(settings, database_url, embedded=False)


@pytest.fixture
async def empty(server_url: str, database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation that holds nothing, with the same master key."""
    name = f"empty_{tmp_path.name}_{database_url.rsplit('_', 1)[1].partition('?')[0]}"[:60]
    connection = await asyncpg.connect(server_url.replace("+asyncpg", ""))
    await connection.execute(f'CREATE DATABASE "{name}"')
    settings = Settings(data_dir=tmp_path / "other", secret_key=SecretStr(SECRET))
    settings.data_dir.mkdir()
    yield Installation(settings, backups._on_database(server_url, name), embedded=False)
    await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close()


async def back_up(source: Installation, file: Path, passphrase: str = "") -> backups.Manifest:
    return await asyncio.to_thread(backups.backup, source, file, passphrase=passphrase)


async def bring_back(target: Installation, file: Path, passphrase: str = "") -> backups.Restored:
    return await asyncio.to_thread(backups.restore, target, file, passphrase=passphrase)


async def schemas(installation: Installation) -> list[str]:
    connection = await asyncpg.connect(installation.url.replace("+asyncpg", ""))
    rows = await connection.fetch(
        "SELECT nspname FROM pg_namespace WHERE nspname = 'platform' OR nspname LIKE 'm\\_%'"
    )
    await connection.close()
    return sorted(row[0] for row in rows)


@pytest.mark.parametrize("passphrase", ["", "口令 with words"])
async def test_everything_comes_back(
    source: Installation, empty: Installation, tmp_path: Path, passphrase: str
) -> None:
    file = tmp_path / "all.tiefen"
    made = await back_up(source, file, passphrase)
    assert file.stat().st_mode & 0o777 == 0o600
    assert made.merchants == {"demo": "小林好物", "other": "隔壁老店"}
    assert made.rows["m_demo"]["staff"] == 1

    done = await bring_back(empty, file, passphrase)

    assert done.merchants == ["demo", "other"]
    assert done.files == 1
    assert done.breaches == []
    keys = await Storage(empty.settings).keys("demo")
    assert await Storage(empty.settings).get(keys[0]) == PICTURE
    async with database(empty.url) as db:
        # Through the application's own role: grants, sequences and passwords work as before.
        assert await team.sign_in(
            db, "other", account="owner", password="Correct-horse-9", totp=None, ip="10.0.0.1"
        )
        async with db.merchant("demo") as tx:
            with pytest.raises(Exception, match="permission denied"):
                await tx.execute(text("UPDATE audit_entry SET action = 'x'"))


async def test_the_archive_tells_what_it_holds(source: Installation, tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    await back_up(source, file)
    with tarfile.open(file) as archive:
        names = archive.getnames()
        entry = archive.extractfile("manifest.json")
        assert entry
        manifest = json.load(entry)
    assert names[0] == "manifest.json"
    assert {"schemas/platform.dump", "schemas/m_demo.dump", "schemas/m_other.dump"} <= set(names)
    assert SECRET not in json.dumps(manifest)
    assert manifest["key_fingerprint"] == backups.key_fingerprint(source.settings)


async def test_a_restore_needs_an_empty_installation(source: Installation, tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    await back_up(source, file)
    with pytest.raises(BackupError, match="already has merchants"):
        await bring_back(source, file)
    async with database(source.url) as db:
        assert await db.merchants() == ["demo", "other"]


async def test_another_master_key_is_refused(
    source: Installation, empty: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "a.tar"
    await back_up(source, file)
    other = empty.settings.model_copy(update={"secret_key": SecretStr("another-key-" + "y" * 30)})
    with pytest.raises(BackupError, match="another master key"):
        await bring_back(Installation(other, empty.url, embedded=False), file)
    assert await schemas(empty) == []


async def test_a_sealed_archive_needs_its_passphrase(
    source: Installation, empty: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "a.sealed"
    await back_up(source, file, "right")
    with pytest.raises(BackupError, match="sealed"):
        await bring_back(empty, file)
    with pytest.raises(BackupError, match="wrong passphrase"):
        await bring_back(empty, file, "wrong")
    assert await schemas(empty) == []


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
async def test_a_damaged_archive_leaves_nothing_behind(
    source: Installation, empty: Installation, tmp_path: Path, kept: float
) -> None:
    file = tmp_path / "a.tar"
    await back_up(source, file)
    raw = file.read_bytes()
    file.write_bytes(raw[: int(len(raw) * kept)])
    with pytest.raises(BackupError):
        await bring_back(empty, file)
    assert await schemas(empty) == []
    assert await Storage(empty.settings).keys("demo") == []


async def test_a_full_disk_leaves_no_half_of_a_backup(
    source: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dump(_url: str, archive: tarfile.TarFile, schema: str, _snapshot: str) -> None:
        backups._add(
            archive, f"{schema}.dump", b"rows" * 10_000
        )  # the program's own would die of it

    monkeypatch.setattr(backups, "_dump", dump)
    file = tmp_path / "kept" / "a.tar"
    file.parent.mkdir()
    file.write_bytes(b"the backup of yesterday")
    with full_disk(30_000), pytest.raises(BackupError, match=r"a\.tar.*too large"):
        await back_up(source, file)
    assert {one.name: one.read_bytes() for one in file.parent.iterdir()} == {
        "a.tar": b"the backup of yesterday"
    }


async def test_missing_rows_are_noticed(
    source: Installation, empty: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: a dump that silently lost a row."""
    counts = backups._counts

    async def one_more(connection: object, schema: str) -> dict[str, int]:
        found = await counts(connection, schema)
        return {name: number + (name == "staff") for name, number in found.items()}

    file = tmp_path / "a.tar"
    monkeypatch.setattr(backups, "_counts", one_more)
    await back_up(source, file)
    monkeypatch.setattr(backups, "_counts", counts)
    with pytest.raises(BackupError, match=r"m_demo differ: staff"):
        await bring_back(empty, file)
    assert await schemas(empty) == []


async def test_a_backup_is_of_one_moment(
    source: Installation, db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that appears while the dumps run is in none of them."""
    dump = backups._dump

    def dump_late(*arguments: object) -> None:
        asyncio.run(
            backups._sql(
                source.url,
                "INSERT INTO platform.merchant_host (host, merchant) VALUES"
                " (gen_random_uuid()::text, 'demo')",
            )
        )
        dump(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(backups, "_dump", dump_late)
    file = tmp_path / "a.tar"
    made = await back_up(source, file)
    assert made.rows["platform"]["merchant_host"] == 0
    done = await asyncio.to_thread(backups.drill, source, file)
    assert done.breaches == []


async def test_a_drill_restores_aside_and_leaves_no_trace(
    source: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "a.tar"
    await back_up(source, file)
    done = await asyncio.to_thread(backups.drill, source, file)
    assert (done.merchants, done.files) == (["demo", "other"], 1)
    connection = await asyncpg.connect(source.url.replace("+asyncpg", ""))
    left = await connection.fetchval(
        "SELECT datname FROM pg_database WHERE datname = $1", f"tiefen_drill_{os.getpid()}"
    )
    await connection.close()
    assert left is None


async def test_a_drill_reports_broken_promises(
    source: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_registered", {})
    audit.invariant("T1", "nobody works here", "SELECT id FROM staff")
    file = tmp_path / "a.tar"
    await back_up(source, file)
    done = await asyncio.to_thread(backups.drill, source, file)
    assert [(one.merchant, one.invariant) for one in done.breaches] == [
        ("demo", "T1"),
        ("other", "T1"),
    ]


async def test_nothing_to_back_up_is_said(empty: Installation, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing to back up"):
        await back_up(empty, tmp_path / "a.tar")
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob("*a.tar*")))
