"""Databases for tests: a migrated template, clones of it, and a clone that is swept and used again.

A clone costs tens of milliseconds, and every connection to it starts cold. A swept one costs a few:
what a test wrote is found, emptied and set back to what the template holds. Whatever cannot be set
back for certain (another schema, a transaction still open) is dropped and cloned anew.
"""

import asyncio
import os
import secrets
from collections.abc import Awaitable
from typing import Any, TypeVar

import asyncpg
from sqlalchemy.engine import make_url

from tiefen.kernel.migrate import Migrator

MERCHANTS = {"demo": "小林好物", "other": "隔壁老店"}
T = TypeVar("T")

_TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname) AS name, n.nspname AS schema, c.relname AS relation,
           array(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)' ORDER BY 1
"""
_REFERENCES = """
    SELECT format('%I.%I', n.nspname, c.relname) AS child,
           format('%I.%I', m.nspname, p.relname) AS parent
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace m ON m.oid = p.relnamespace
    WHERE k.contype = 'f'
"""
_SEQUENCES = """
    SELECT format('%I.%I', n.nspname, c.relname) AS name, pg_sequence_last_value(c.oid) AS last
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' ORDER BY 1
"""
_SHAPE = """
    SELECT ARRAY[(SELECT count(*) FROM pg_namespace), (SELECT count(*) FROM pg_class),
        (SELECT max(oid::bigint) FROM pg_class), (SELECT count(*) FROM pg_attribute),
        (SELECT max(oid::bigint) FROM pg_constraint), (SELECT count(*) FROM pg_constraint),
        (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_proc),
        (SELECT sum(hashtext(coalesce(relacl::text, ''))::bigint) FROM pg_class)]
"""
_GROWN = """
    SELECT name FROM unnest($1::text[]) AS name WHERE pg_relation_size(name::regclass) > $2
"""
GROWN_BYTES = 128 * 1024
"""A table that holds so much of what was deleted is vacuumed, for every look at it reads that."""
_OTHERS = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' AND state <> 'idle'
"""


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def raw_url(url: str) -> str:
    """The address as asyncpg takes it."""
    return url.replace("postgresql+asyncpg://", "postgresql://")


async def build_template(url: str, name: str) -> None:
    """Make the template if it is not there; templates of older models are dropped."""
    admin = await asyncpg.connect(raw_url(url))
    try:
        for row in await admin.fetch(
            "SELECT datname FROM pg_database WHERE datname LIKE 'template_tiefen_%'"
        ):
            if row["datname"] == name:
                return
            await admin.execute(f'DROP DATABASE IF EXISTS "{row["datname"]}" WITH (FORCE)')
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}_new" WITH (FORCE)')
        await admin.execute(f'CREATE DATABASE "{name}_new"')
        migrator = Migrator(with_database(url, f"{name}_new"))
        await migrator.up()
        for slug, title in MERCHANTS.items():
            await migrator.create_merchant(slug, title)
        await migrator.close()
        await admin.execute(f'ALTER DATABASE "{name}_new" RENAME TO "{name}"')
    finally:
        await admin.close()


async def clone(url: str, template: str) -> str:
    """A fresh clone; its name."""
    name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(raw_url(url))
    try:
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    finally:
        await admin.close()
    return name


async def drop(url: str, name: str) -> None:
    """Drop a clone; autovacuum, which only a superuser may end, is given a moment to leave."""
    admin = await asyncpg.connect(raw_url(url))
    try:
        for _ in range(100):
            try:
                await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            except asyncpg.InsufficientPrivilegeError:
                await asyncio.sleep(0.1)
            else:
                return
        raise RuntimeError(f"{name} cannot be dropped")
    finally:
        await admin.close()


class Swept:
    """One clone for many tests, one after another: `begin` gives it clean, `end` sweeps it.

    It has a loop and a connection of its own, because each test has a loop of its own.
    """

    def __init__(self, url: str, template: str) -> None:
        self._url, self._template = url, template
        self._loop = asyncio.new_event_loop()
        self._name = ""
        self._connection: asyncpg.Connection | None = None

    def begin(self) -> str:
        """The address of a clean database."""
        if not self._name:
            self._do(self._open())
        return with_database(self._url, self._name)

    def end(self) -> None:
        """Set the database back to what the template holds, or give it up."""
        try:
            clean = self._do(self._sweep())
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            clean = False
        if not clean:
            self._do(self._give_up())

    def close(self) -> None:
        """Drop the database."""
        if self._name:
            self._do(self._give_up())
        self._loop.close()

    def _do(self, work: Awaitable[T]) -> T:
        return self._loop.run_until_complete(work)

    async def _open(self) -> None:
        self._name = await clone(self._url, self._template)
        self._connection = await asyncpg.connect(
            raw_url(with_database(self._url, self._name)), command_timeout=20
        )
        ask = self._connection
        self._tables = {row["name"]: row for row in await ask.fetch(_TABLES)}
        self._children: dict[str, set[str]] = {}
        for row in await ask.fetch(_REFERENCES):
            self._children.setdefault(row["parent"], set()).add(row["child"])
        filled = [
            name
            for name in self._tables
            if await ask.fetchval(f"SELECT EXISTS (SELECT FROM {name})")
        ]
        self._filled = self._parents_first(filled)
        self._children_first = self._parents_first(list(self._tables))[::-1]
        self._rows = {name: await self._read(name) for name in self._filled}
        empty = [f"EXISTS (SELECT FROM {name})" for name in self._tables if name not in self._rows]
        same = [
            f"(SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t)"
            for name in self._filled
        ]
        self._order = [*(n for n in self._tables if n not in self._rows), *self._filled]
        self._look = await ask.prepare(f"SELECT {', '.join([*empty, *same])}")
        self._clean = tuple(await self._look.fetchrow() or ())
        self._sequences = {row["name"]: row["last"] for row in await ask.fetch(_SEQUENCES)}
        self._shape = await ask.fetchval(_SHAPE)

    async def _sweep(self) -> bool:
        ask = self._connection
        assert ask is not None
        if await ask.fetch(_OTHERS):
            return False
        if await ask.fetchval(_SHAPE) != self._shape:
            return False
        found = tuple(await self._look.fetchrow() or ())
        dirty = {
            name
            for name, now, before in zip(self._order, found, self._clean, strict=True)
            if now != before
        }
        async with ask.transaction():
            if dirty:
                emptied = await self._empty(dirty)
                for name in self._filled:
                    if name in emptied:
                        await self._write(name)
            for row in await ask.fetch(_SEQUENCES):
                before = self._sequences[row["name"]]
                if row["last"] != before:
                    await ask.execute(
                        "SELECT setval($1::text::regclass, $2, $3)",
                        row["name"],
                        before or 1,
                        before is not None,
                    )
        if dirty:
            for row in await ask.fetch(_GROWN, list(dirty), GROWN_BYTES):
                await ask.execute(f"VACUUM {row['name']}")
        return True

    async def _empty(self, dirty: set[str]) -> set[str]:
        """Take all rows out of these tables; says of which all are out now.

        Deleting costs what the test wrote. Truncating a table makes new files for it, its indexes and
        all that refers to it: tens of milliseconds, kept for rows that refer to each other in a ring.
        """
        ask = self._connection
        assert ask is not None
        reached = self._reached(dirty)
        emptied = dirty | reached.intersection(self._filled)  # what they refer to goes
        children_first = [name for name in self._children_first if name in emptied]
        try:
            async with ask.transaction():
                await ask.execute("; ".join(f"DELETE FROM {name}" for name in children_first))
        except asyncpg.ForeignKeyViolationError:
            await ask.execute(f"TRUNCATE {', '.join(sorted(reached))}")
            return reached
        return emptied

    def _reached(self, names: set[str]) -> set[str]:
        """These tables and all that refer to them, near or far."""
        reached, waiting = set(names), list(names)
        while waiting:
            more = self._children.get(waiting.pop(), set()) - reached
            reached |= more
            waiting += more
        return reached

    async def _read(self, name: str) -> list[Any]:
        columns = ", ".join(f'"{column}"' for column in self._tables[name]["columns"])
        assert self._connection is not None
        return list(await self._connection.fetch(f"SELECT {columns} FROM {name}"))

    async def _write(self, name: str) -> None:
        table = self._tables[name]
        assert self._connection is not None
        await self._connection.copy_records_to_table(
            table["relation"],
            schema_name=table["schema"],
            columns=table["columns"],
            records=self._rows[name],
        )

    def _parents_first(self, names: list[str]) -> list[str]:
        """Those that others refer to come first, as far as there is such an order."""
        parents: dict[str, set[str]] = {name: set() for name in names}
        for parent, children in self._children.items():
            for child in children & parents.keys():
                parents[child].add(parent)
        ordered: list[str] = []
        seen: set[str] = set()

        def visit(name: str) -> None:
            if name in seen:
                return
            seen.add(name)
            for parent in sorted(parents[name] & parents.keys()):
                visit(parent)
            ordered.append(name)

        for name in names:
            visit(name)
        return ordered

    async def _give_up(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        await drop(self._url, self._name)
        self._name, self._connection = "", None
