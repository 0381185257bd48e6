"""A merchant is a schema: scope, clock, roles, commit rules."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.databases import raw_url
from tiefen.kernel import db as database
from tiefen.kernel import http
from tiefen.kernel.auth import open_session
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.http import OpenTransaction


async def test_each_transaction_sees_its_merchant_alone(db: Db) -> None:
    async with db.merchant("demo") as tx:
        await tx.execute(text("CREATE TEMP TABLE probe (x int)"))
        path = await tx.scalar(text("SELECT current_setting('search_path')"))
    assert path == '"m_demo"'
    async with db.merchant("other") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM session")) == 0


async def test_without_a_merchant_no_table_is_visible(db: Db) -> None:
    with pytest.raises(ProgrammingError, match="does not exist"):
        async with db.platform() as tx:
            await tx.execute(text("SELECT * FROM session"))


async def test_scope_does_not_leak_to_the_next_user_of_a_connection(db: Db) -> None:
    for _ in range(3):
        async with db.merchant("demo") as tx:
            await tx.execute(text("SELECT 1"))
        async with db.engine.connect() as connection:
            path = await connection.scalar(text("SHOW search_path"))
            assert path == "tiefen_no_merchant"


async def test_the_serving_role_cannot_alter_tables(db: Db) -> None:
    with pytest.raises(ProgrammingError, match="must be owner"):
        async with db.merchant("demo") as tx:
            await tx.execute(text("ALTER TABLE session ADD COLUMN backdoor int"))


async def test_a_strange_slug_is_refused(db: Db) -> None:
    with pytest.raises(ValueError, match="slug"):
        async with db.merchant('demo"; DROP SCHEMA m_other; --'):
            pass


async def test_an_error_rolls_everything_back(db: Db) -> None:
    with pytest.raises(RuntimeError):
        async with db.merchant("demo") as tx:
            await tx.execute(
                text(
                    "INSERT INTO session (token_hash, kind, subject_id, created_at, expires_at)"
                    " VALUES ('x', 'fan', 1, :now, :now)"
                ),
                {"now": tx.now},
            )
            raise RuntimeError
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM session")) == 0


async def test_calling_outward_inside_a_transaction_is_refused(tx: Tx) -> None:
    async with http.outward("http://127.0.0.1:9") as client:
        with pytest.raises(OpenTransaction):
            await client.get("/")


async def test_built_in_types_are_asked_for_once_in_the_life_of_the_process(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[int]] = []
    real = asyncpg.Connection._introspect_types

    async def noting(self: asyncpg.Connection, oids: Any, *how: Any) -> Any:
        asked.append(set(oids))
        return await real(self, oids, *how)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", noting)
    monkeypatch.setattr(database, "_BUILT_IN", {})
    for _ in range(3):
        handle = Db(db.url, pool_size=0)
        for _ in range(2):
            async with handle.merchant("demo") as tx:
                (row,) = await tx.rows("SELECT $1::bigint[] AS a, $2::text[] AS b", [7, 8], ["x"])
                assert (row["a"], row["b"]) == ([7, 8], ["x"])
                assert (await tx.rows("SELECT $1::text[] AS b", ["y"]))[0]["b"] == ["y"]
        await handle.close()
    assert len(asked) == len(set(map(frozenset, asked)))
    assert asked


async def test_types_of_a_database_are_asked_for_on_each_connection(db: Db) -> None:
    """Another database, or the same one migrated, may have another type of that number."""
    made = "CREATE TYPE pg_temp.size AS (wide int)"
    known = len(database._BUILT_IN)
    for wide in (1, 2):
        async with db.merchant("demo") as tx:
            await tx.execute(text("SET LOCAL ROLE NONE"))
            await tx.execute(text(made))
            (row,) = await tx.rows(f"SELECT ROW({wide})::pg_temp.size AS s")
            assert row["s"]["wide"] == wide
            await tx.execute(text("DROP TYPE pg_temp.size"))
    assert len(database._BUILT_IN) == known


async def _kill_all(db: Db, count: int) -> None:
    """Fill the pool with `count` connections and end them all behind its back."""
    opened = [await db.engine.connect() for _ in range(count)]
    pids = [await one.scalar(text("SELECT pg_backend_pid()")) for one in opened]
    for one in opened:
        await one.close()
    killer = await asyncpg.connect(raw_url(db.url))
    for pid in pids:
        await killer.execute("SELECT pg_terminate_backend($1)", pid)
    await killer.close()


async def _say_goodbye(db: Db, count: int) -> None:
    """Fill the pool with `count` connections whose server has said that it goes, and is still there."""
    why = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
    opened = [await db.engine.connect() for _ in range(count)]
    for one in opened:
        driver: Any = (await one.get_raw_connection()).driver_connection
        await one.close()
        driver._protocol.data_received(b"E" + (len(why) + 4).to_bytes(4, "big") + why)


@pytest.mark.parametrize("gone", [_kill_all, _say_goodbye])
@pytest.mark.parametrize("how", ["transaction", "glance"])
async def test_a_server_that_came_back_is_used_at_once(
    db: Db, how: str, gone: Callable[[Db, int], Awaitable[None]]
) -> None:
    """All pooled connections are dead; nobody who comes afterwards sees an error."""
    await gone(db, 5)
    for _ in range(7):
        if how == "transaction":
            async with db.merchant("demo") as tx:
                assert await tx.scalar(text("SELECT count(*) FROM session")) == 0
        else:
            async with db.glance("demo") as look:
                assert (await look.rows("SELECT count(*) FROM {m}.session"))[0][0] == 0


async def test_a_glance_sees_one_merchant_and_leaves_no_transaction(db: Db) -> None:
    async with db.merchant("other") as tx:
        await open_session(tx, "fan", 1, timedelta(hours=1))
    async with db.glance("other") as look:
        assert (await look.rows("SELECT count(*) FROM {m}.session"))[0][0] == 1
        with pytest.raises(ProgrammingError, match="does not exist"):
            await look.rows("SELECT * FROM session")
    async with db.glance("demo") as look:
        assert (await look.rows("SELECT count(*) FROM {m}.session"))[0][0] == 0
        (state,) = await look.rows(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
        )
    assert state[0] == 0
    with pytest.raises(ValueError, match="slug"):
        async with db.glance('demo"; DROP SCHEMA m_other; --'):
            pass
