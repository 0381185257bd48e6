"""Writing migrations: what autogenerate writes for our models builds what the models say."""

import shutil
from pathlib import Path

import pytest

from tiefen.commands import schema
from tiefen.kernel import migrate

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


@pytest.mark.slow
def test_a_history_begun_from_nothing_builds_every_table(folder: Path) -> None:
    for scope in schema.SCOPES:
        for file in (folder / scope / "versions").glob("*.py"):
            file.unlink()
    assert len(schema.write("initial")) == 2
    assert [path.name for path in (folder / "merchant" / "versions").glob("*.py")] == [
        "0001_initial.py"
    ]
    assert schema.compare() == []


@pytest.mark.slow
def test_a_forgotten_column_is_found_and_written(folder: Path) -> None:
    """The planted bug: a migration that takes a column away which the models still have."""
    newest = migrate.head("merchant") or ""
    text = VERSION.format(new="9998", old=newest, what='op.drop_column("staff", "totp_secret")')
    file = folder / "merchant" / "versions" / "9998_forget.py"
    file.write_text(f"from alembic import op\n{text}")
    assert any("totp_secret" in found for found in schema.compare())
    assert schema.write("remember") == [
        "wrote a migration for merchant; read it before you commit it"
    ]
    written = (folder / "merchant" / "versions" / "9999_remember.py").read_text()
    assert "sa.Column('totp_secret', sa.Text(), nullable=True)" in written
    assert schema.compare() == []
