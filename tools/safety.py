"""Read the SQL of every migration and refuse what would hold up a busy table.

Each history is run on an empty database; its statements are taken down and given to squawk. The first
migration of a history makes new tables nobody uses yet, so only what comes after it is judged.
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import create_async_engine

from tiefen.kernel import postgres
from tiefen.kernel.migrate import Scope, config

# Statements run in transactions of their own under a lock_timeout; names may be of any length; a
# number the law keeps small (a score of 1 to 5) is stored small.
EXCUSED = (
    "prefer-robust-stmts,require-timeout-settings,prefer-bigint-over-int,prefer-text-field"
    ",prefer-bigint-over-smallint"
)


def main() -> None:
    """End with 1 and squawk's words when a migration is unsafe."""
    with tempfile.TemporaryDirectory(prefix="tf-") as folder:
        Path(folder).chmod(0o711)
        server = postgres.ensure(Path(folder), durable=False)
        try:
            files = asyncio.run(_take_down(server.url, Path(folder)))
        finally:
            postgres.stop(server)
            postgres.erase(Path(folder))
        if files:
            squawk = str(Path(sys.executable).with_name("squawk"))
            how = ["--pg-version", "15.0", f"--exclude={EXCUSED}", "--assume-in-transaction"]
            sys.exit(subprocess.call([squawk, *how, *map(str, files)]))


async def _take_down(url: str, folder: Path) -> list[Path]:
    engine = create_async_engine(url)
    written: list[Path] = []
    async with engine.connect() as connection:
        scopes: tuple[tuple[Scope, str], ...] = (("platform", "platform"), ("merchant", "m_blank"))
        for scope, schema in scopes:
            await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
            await connection.execute(text(f'SET search_path TO "{schema}"'))
            await connection.commit()
            written += await connection.run_sync(_run_each, scope, folder)
    await engine.dispose()
    return written


def _run_each(connection: Connection, scope: Scope, folder: Path) -> list[Path]:
    script = ScriptDirectory.from_config(config(scope))
    taken: list[str] = []
    event.listen(
        connection,
        "before_cursor_execute",
        lambda _c, _cursor, statement, _p, _ctx, _m: taken.append(statement),
    )
    written = []
    for number, revision in enumerate(reversed(list(script.walk_revisions()))):
        taken.clear()
        command.upgrade(config(scope, connection), revision.revision)
        changes = [
            one.strip() for one in taken if one.lstrip().startswith(("ALTER", "CREATE", "DROP"))
        ]
        if number and changes:
            file = folder / f"{scope}_{revision.revision}.sql"
            file.write_text(";\n".join(changes) + ";\n")
            written.append(file)
    return written


if __name__ == "__main__":
    main()
