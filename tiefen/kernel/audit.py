"""Invariants: statements that must return no row, ever, registered by the rooms that promise them.

`tiefen audit`, every flow test, every fault test and every restore run all of them.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from tiefen.kernel.db import APP_ROLE, Base, Db


@dataclass(frozen=True, slots=True)
class Invariant:
    """One promise: `sql` runs in a merchant's schema and returns the offending ids."""

    id: str
    promise: str
    sql: str


@dataclass(frozen=True, slots=True)
class Breach:
    """One row that breaks a promise."""

    merchant: str
    invariant: str
    promise: str
    row: dict[str, Any]


_registered: dict[str, Invariant] = {}


def invariant(id: str, promise: str, sql: str) -> None:
    """Register a promise. Call it at module level in the room's `models.py`, beside its guard."""
    if id in _registered and _registered[id].sql != sql:
        raise ValueError(f"invariant {id} is registered twice")
    _registered[id] = Invariant(id, promise, sql)


def registered() -> list[Invariant]:
    """All promises, by id."""
    return sorted([*_registered.values(), _unchangeable()], key=lambda promise: promise.id)


def _unchangeable() -> Invariant:
    """What the rooms declare append-only is so in the database, also after a restore."""
    tables = Base.metadata.tables.values()
    names = sorted(f"'{table.name}'" for table in tables if table.info.get("append_only"))
    return Invariant(
        "M4.grants",
        "the serving role can neither change nor delete what is only ever added to",
        f"""
        SELECT c.relname AS relation FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relname IN ({", ".join(names)})
            AND (has_table_privilege('{APP_ROLE}', c.oid, 'UPDATE')
                OR has_table_privilege('{APP_ROLE}', c.oid, 'DELETE'))
        """,  # noqa: S608 table names of our own models
    )


async def run(db: Db, *, limit: int = 20) -> list[Breach]:
    """Check every promise in every merchant; at most `limit` rows a promise and merchant."""
    breaches = []
    for merchant in await db.merchants():
        async with db.merchant(merchant) as tx:
            for promise in registered():
                rows = await tx.execute(
                    text(f"SELECT * FROM ({promise.sql}) AS breach LIMIT {int(limit)}")  # noqa: S608 the rooms' own text
                )
                breaches += [
                    Breach(merchant, promise.id, promise.promise, dict(row._mapping))
                    for row in rows
                ]
    return breaches
