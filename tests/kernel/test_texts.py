"""Statements written as text take the short way to the driver and mean what they always meant."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, NoResultFound
from sqlalchemy.ext.asyncio import AsyncSession

from tests.counting import statements
from tiefen.kernel.db import Db, Tx

PAIRS = text("SELECT n AS number, n * :by AS more FROM generate_series(1, :last) AS n ORDER BY 1")


async def test_a_text_answers_as_it_does_the_long_way(tx: Tx) -> None:
    given = {"by": 10, "last": 3}
    short = await tx.execute(PAIRS, given)
    long = await AsyncSession.execute(tx, PAIRS, given)
    assert [(row.number, row.more) for row in short] == long.all()
    assert list(await tx.scalars(PAIRS, given)) == [1, 2, 3]
    assert await tx.scalar(PAIRS, given) == 1
    assert (await tx.execute(PAIRS, given)).first() == (1, 10)


async def test_nothing_found_is_nothing_however_one_asks(tx: Tx) -> None:
    given = {"by": 10, "last": 0}
    assert await tx.scalar(PAIRS, given) is None
    assert list(await tx.scalars(PAIRS, given)) == []
    assert (await tx.execute(PAIRS, given)).one_or_none() is None
    with pytest.raises(NoResultFound):
        (await tx.execute(PAIRS, given)).one()


async def test_one_name_may_stand_twice_and_a_colon_may_be_meant(tx: Tx) -> None:
    found = await tx.scalar(
        text(r"SELECT CAST(:word AS text) || '\:' || CAST(:word AS text)"), {"word": "a"}
    )
    assert found == "a:a"


async def test_a_list_of_parameters_runs_once_for_each(tx: Tx) -> None:
    await tx.execute(text("CREATE TEMPORARY TABLE pile (n int)"))
    await tx.execute(text("INSERT INTO pile VALUES (:n)"), [{"n": 1}, {"n": 2}])
    assert await tx.scalar(text("SELECT sum(n) FROM pile")) == 3


async def test_what_the_database_refuses_is_told_as_ever(db: Db) -> None:
    twice = text("INSERT INTO session VALUES ('\\x01', 'fan', 1, now(), now())")
    with pytest.raises(IntegrityError) as refused:
        async with db.merchant("demo") as tx:
            await tx.execute(twice)
            await tx.execute(twice)
    assert refused.value.orig is not None
    with pytest.raises(DBAPIError, match="division by zero"):
        async with db.merchant("demo") as tx:
            await tx.rows("SELECT $1::int / 0", 1)


async def test_every_way_is_counted(db: Db) -> None:
    with statements(db) as seen:
        async with db.merchant("demo") as tx:
            await tx.scalar(text("SELECT 1"))
            await tx.rows("SELECT 2")
            await tx.execute(text("SELECT :n"), [{"n": "3"}, {"n": "4"}])
    assert seen[1:] == ["SELECT 1", "SELECT 2", "SELECT $1"]
