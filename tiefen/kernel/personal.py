"""The registry of personal data: every table that knows a person says so, and what becomes of it.

A room declares its tables in `models.py`, beside them. Joining two records, undoing it, exporting
and erasing a person walk this registry; nobody keeps a list of tables elsewhere. A test walks all
tables and fails on one that holds a fan's id, an openid or sealed text and is not declared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, select, text, update

from tiefen.kernel.db import Base, Tx

KEPT_BY_LAW = timedelta(days=3 * 365 + 1)
"""How long the records of a trade are kept (电子商务法 第三十一条: three years)."""


class Joined(StrEnum):
    """Whose the rows are when two records are one person."""

    RECORD = "record"
    """the record's whose deed they are, for ever; readers ask for all records of a person"""
    PERSON = "person"
    """the living record's; made anew from rows of the other kind when who is who changes"""


class Erased(StrEnum):
    """What becomes of the rows when the person is erased."""

    KEPT = "kept"
    """they stay, under a record without a name: a pseudonym"""
    GONE = "gone"
    """they are deleted"""


@dataclass(frozen=True, slots=True)
class Person:
    """Whose rows are meant: all records of one person, and their ids on platforms."""

    records: tuple[int, ...]
    openids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """One table with rows about people."""

    table: str
    zh: str
    en: str
    by: str
    """the column that names the record, or the openid"""
    joined: Joined
    erased: Erased
    clear: Mapping[str, Any] = field(default_factory=dict)
    """columns of kept rows, and what they hold after; a str that begins with = is SQL"""
    late: Mapping[str, Any] = field(default_factory=dict)
    """as `clear`, once the law no longer asks to keep them: so long after `late_from`"""
    late_from: str = ""
    via: str = ""
    """the table whose `id` the column `by` names and whose `fan_id` names the record"""
    through: str = ""
    """a function of the database that clears what the serving role may not change"""
    exported: bool = True
    hidden: frozenset[str] = frozenset()
    """columns that an export leaves out: keys of ours, digests, search keys"""

    @property
    def of_openid(self) -> bool:
        """Whether rows are found by the id on the platform."""
        return self.by.endswith("openid")


_holdings: dict[str, Holding] = {}
_others: dict[str, str] = {}


def person_rows(
    table: str,
    zh: str,
    en: str,
    *,
    by: str = "fan_id",
    joined: Joined = Joined.RECORD,
    erased: Erased = Erased.KEPT,
    clear: Mapping[str, Any] | None = None,
    late: Mapping[str, Any] | None = None,
    late_from: str = "",
    via: str = "",
    through: str = "",
    exported: bool = True,
    hidden: Iterable[str] = (),
) -> None:
    """Declare a table with rows about people. Call it at module level, below the table."""
    made = Holding(
        table,
        zh,
        en,
        by,
        joined,
        erased,
        dict(clear or {}),
        dict(late or {}),
        late_from,
        via,
        through,
        exported,
        frozenset(hidden),
    )
    if _holdings.get(table, made) != made:
        raise ValueError(f"{table} is declared twice")
    _holdings[table] = made


def no_person(table: str, why: str) -> None:
    """Declare that a table with sealed text or openids is not about fans, and why."""
    _others[table] = why


def holdings() -> list[Holding]:
    """All tables with rows about people, by name."""
    return [_holdings[name] for name in sorted(_holdings)]


def explained() -> Mapping[str, str]:
    """Tables that are not about fans although they look it, with why."""
    return _others


async def count(tx: Tx, records: Sequence[int]) -> dict[str, dict[int, int]]:
    """Rows by table and record, of tables whose rows stay with their record."""
    counted: dict[str, dict[int, int]] = {}
    for one in holdings():
        if one.of_openid or one.via or one.joined is not Joined.RECORD or not one.exported:
            continue
        column = _table(one).c[one.by]
        rows = await tx.execute(
            select(column, func.count()).where(column.in_(records)).group_by(column)
        )
        counted[one.table] = {row[0]: row[1] for row in rows}
    return counted


async def amount(tx: Tx, one: Holding, person: Person) -> int:
    """How many rows a table has about a person."""
    counted = select(func.count()).select_from(_table(one)).where(_mine(one, person))
    return int(await tx.scalar(counted) or 0)


async def rows_of(tx: Tx, one: Holding, person: Person) -> list[dict[str, Any]]:
    """All rows a table has about a person, sealed text in clear."""
    table = _table(one)
    shown = [column for column in table.c if column.name not in one.hidden]
    found = await tx.execute(
        select(*shown).where(_mine(one, person)).order_by(*table.primary_key.columns)
    )
    return [dict(row._mapping) for row in found]


async def erase_late(tx: Tx, one: Holding, person: Person) -> int:
    """Remove what had to be kept for a time, of rows whose time is over; how many rows."""
    if not one.late:
        return 0
    table = _table(one)
    old = table.c[one.late_from] < tx.now - KEPT_BY_LAW
    statement = update(table).where(_mine(one, person), old).values(dict(one.late))
    return int(getattr(await tx.execute(statement), "rowcount", 0))


async def erase(tx: Tx, one: Holding, person: Person) -> int:
    """Remove what a table knows of a person; how many rows it was. Safe to run again."""
    table, mine = _table(one), _mine(one, person)
    if one.through:
        statement = text(f"SELECT {one.through}(:records)")
        return int(await tx.scalar(statement, {"records": list(person.records)}) or 0)
    if one.erased is Erased.GONE:
        done = await tx.execute(delete(table).where(mine))
    elif one.clear:
        values = {
            name: text(value[1:]) if isinstance(value, str) and value.startswith("=") else value
            for name, value in one.clear.items()
        }
        done = await tx.execute(update(table).where(mine).values(values))
    else:
        return 0
    return int(getattr(done, "rowcount", 0))


def _table(one: Holding) -> Table:
    return Base.metadata.tables[one.table]


def _mine(one: Holding, person: Person) -> Any:
    column = _table(one).c[one.by]
    if one.via:
        known = Base.metadata.tables[one.via]
        return column.in_(select(known.c.id).where(known.c.fan_id.in_(person.records)))
    wanted: Sequence[Any] = person.openids if one.of_openid else person.records
    return column.in_(bindparam("mine", list(wanted), expanding=True))


@dataclass(frozen=True, slots=True)
class Waits:
    """Something open that an erasure waits for: `sql` finds its names by `:records`."""

    zh: str
    en: str
    sql: str


_waits: list[Waits] = []


def erasure_waits(zh: str, en: str, sql: str) -> None:
    """Declare what must be finished before a person can be erased. Call it in `models.py`."""
    made = Waits(zh, en, sql)
    if made not in _waits:
        _waits.append(made)


async def open_things(tx: Tx, records: Sequence[int]) -> list[tuple[Waits, str]]:
    """What an erasure of these records waits for now; at most ten of a kind."""
    found = []
    for one in _waits:
        rows = await tx.scalars(text(f"{one.sql} LIMIT 10"), {"records": list(records)})
        found += [(one, str(name)) for name in rows]
    return found


_FORGET_EVENTS = text(
    """
    UPDATE platform.event SET payload = payload
        || CASE WHEN payload ? 'openid' THEN '{"openid": ""}'::jsonb ELSE '{}' END
        || CASE WHEN payload ? 'content' THEN '{"content": ""}'::jsonb ELSE '{}' END
        || CASE WHEN payload ? 'place' THEN '{"place": ""}'::jsonb ELSE '{}' END
        || CASE WHEN payload ? 'question' THEN '{"question": ""}'::jsonb ELSE '{}' END
        || CASE WHEN payload #> '{resource,payer}' IS NULL THEN '{}'
                ELSE jsonb_build_object('resource', (payload -> 'resource') - 'payer') END
    WHERE merchant = substr(current_schema(), 3)
      AND (payload ->> 'openid' = ANY(:openids)
           OR payload #>> '{resource,payer,openid}' = ANY(:openids))
    """
)
_FORGET_JOBS = text(
    """
    DELETE FROM platform.job WHERE merchant = substr(current_schema(), 3)
      AND (args ->> 'openid' = ANY(:openids) OR args #>> '{event,openid}' = ANY(:openids)
           OR args #>> '{event,resource,payer,openid}' = ANY(:openids))
    """
)


async def forget_events(tx: Tx, person: Person) -> None:
    """Take a person's ids and words out of the log of events.

    What still waits of theirs goes: done without the id it would be about nobody.
    """
    openids = {"openids": list(person.openids)}
    await tx.execute(_FORGET_EVENTS, openids)
    await tx.execute(_FORGET_JOBS, openids)
