"""The migrations build what the models say, in one line of history each."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from tiefen.kernel.migrate import Migrator, Scope, config

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("scope", "schema"), [("platform", "platform"), ("merchant", "m_demo")])
async def test_models_and_migrations_agree(database_url: str, scope: Scope, schema: str) -> None:
    migrator = Migrator(database_url)
    assert await migrator.differences(scope, schema) == []
    await migrator.close()


@pytest.mark.parametrize("scope", ["platform", "merchant"])
def test_history_has_one_head(scope: Scope) -> None:
    assert len(ScriptDirectory.from_config(config(scope)).get_heads()) == 1


async def test_migrating_twice_changes_nothing(database_url: str) -> None:
    migrator = Migrator(database_url)
    assert await migrator.up() == []
    await migrator.close()
