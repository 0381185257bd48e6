"""Every table that knows a person is in the registry of personal data, and what it says is true."""

import pytest

import tiefen.main  # noqa: F401 every room's tables
from tiefen.kernel import personal
from tiefen.kernel.crypto import Sealed
from tiefen.kernel.db import Base

TABLES = Base.metadata.tables
BY_ROW = {"fan", "fan_merge", "fan_request"}
"""The records themselves: the room of fans handles them by hand, and tests of it say how."""


def _looks_personal(name: str) -> bool:
    return any(
        column.name == "fan_id"
        or column.name.endswith("_fan_id")
        or column.name in ("openid", "unionid")
        or isinstance(column.type, Sealed)
        for column in TABLES[name].c
    )


def test_every_table_that_knows_a_person_is_declared() -> None:
    declared = {one.table for one in personal.holdings()} | set(personal.explained()) | BY_ROW
    missing = sorted(name for name in TABLES if _looks_personal(name) and name not in declared)
    assert missing == [], (
        f"{missing}: declare each with kernel.personal.person_rows(...) below its model, saying whose"
        " its rows are when records are joined and what becomes of them when a person is erased;"
        " or with no_person(...), saying why it is not about fans"
    )


@pytest.mark.parametrize("one", personal.holdings(), ids=lambda one: one.table)
def test_what_is_declared_is_there(one: personal.Holding) -> None:
    table = TABLES[one.table]
    assert one.by in table.c
    assert one.zh
    assert one.en
    for name in (*one.clear, *one.late, *one.hidden, *filter(None, [one.late_from])):
        assert name in table.c, name
    if table.info.get("append_only"):
        assert not one.clear, "the serving role cannot change it: name a function with `through`"
        assert one.erased is personal.Erased.KEPT
    if one.erased is personal.Erased.KEPT and not one.through:
        sealed = {column.name for column in table.c if isinstance(column.type, Sealed)}
        assert sealed <= {*one.clear, *one.late}, "sealed text of an erased person must be cleared"


def test_no_table_is_explained_that_is_not_there() -> None:
    assert set(personal.explained()) <= set(TABLES)
