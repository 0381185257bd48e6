"""Writing migrations: what autogenerate writes for our models builds what the models say."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.databases import clone, drop, with_database
from tiefen.commands import schema
from tiefen.kernel import migrate
from tiefen.kernel.migrate import Migrator

VERSION = """
revision = "{new}"
down_revision = "{old}"


def upgrade() -> None:
    {what}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations that a test may write into."""
    copy = tmp_path / "migrations"
    shutil.copytree(migrate.folder(), copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "folder", lambda: copy)
    return copy


@pytest.fixture
def _on_the_test_server(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call gets a database of its own there; `make check` starts a server of its own for it."""

    async def once(act: Callable[[Migrator], Awaitable[list[str]]]) -> list[str]:
        name = await clone(server_url, "template0")
        try:
            return await schema._run(with_database(server_url, name), act)
        finally:
            await drop(server_url, name)

    monkeypatch.setattr(schema, "_on_blank", lambda act: asyncio.run(once(act)))


@pytest.mark.slow
@pytest.mark.usefixtures("_on_the_test_server")
def test_a_history_is_begun_from_nothing_and_a_forgotten_column_is_written(folder: Path) -> None:
    """The planted bug: a migration that takes a column away which the models still have."""
    for scope in schema.SCOPES:
        for file in (folder / scope / "versions").glob("*.py"):
            file.unlink()
    assert len(schema.write("initial")) == 2
    history = folder / "merchant" / "versions"
    assert [path.name for path in history.glob("*.py")] == ["0001_initial.py"]
    assert schema.compare() == []
    forgotten = 'op.drop_column("staff", "totp_secret")'
    text = VERSION.format(new="0002", old="0001", what=forgotten)
    (history / "0002_forget.py").write_text(f"from alembic import op\n{text}")
    assert any("totp_secret" in found for found in schema.compare())
    assert schema.write("remember") == [
        "wrote a migration for merchant; read it before you commit it"
    ]
    written = (history / "0003_remember.py").read_text()
    assert "sa.Column('totp_secret', sa.Text(), nullable=True)" in written
    assert schema.compare() == []
