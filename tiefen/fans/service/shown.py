"""What a person shows of all their records, and what each record said itself.

Records of one person keep what is theirs. The living record shows the person, so where it shows
the word of another record, `fan.own` notes what it had said itself and whose word stands there.
Undoing a join gives back exactly that.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans.models import AttributeValue, Fan
from tiefen.fans.rules import grams
from tiefen.kernel.crypto import blind
from tiefen.kernel.db import Tx

FIELDS = (
    "nickname",
    "avatar_url",
    "remark",
    "phone",
    "real_name",
    "source_code_id",
    "owner_staff_id",
    "follow_up_on",
    "follow_up_note",
    "region_code",
    "no_contact",
)
_ANSWER = ("word", "number_milli", "day", "yes", "words", "sealed", "author", "staff_id", "at")


class _Note(msgspec.Struct):
    """What a record had itself, and whose word it shows instead."""

    was: Any
    said_by: int


class _Notes(msgspec.Struct):
    fields: dict[str, _Note] = {}
    answers: dict[str, _Note] = {}
    """by the question's id; `was` None = had no answer"""
    seen: datetime | None = None
    """when this record itself was last here, of a person of several"""


class _Answer(msgspec.Struct):
    """An answer as it is kept aside."""

    word: str | None
    number_milli: int | None
    day: Any
    yes: bool | None
    words: list[str] | None
    sealed: str | None
    author: str
    staff_id: int | None
    at: datetime


def say(person: Fan, record: Fan, name: str, value: Any) -> None:
    """A record says something about itself; the person shows the newest word."""
    _put(record, name, value)
    notes = _read(person)
    if record is person:
        notes.fields.pop(name, None)
    else:
        kept = notes.fields.get(name)
        was = kept.was if kept else getattr(person, name)
        notes.fields[name] = _Note(was, record.id)
        _put(person, name, value)
    _write(person, notes)


def keep(person: Fan, name: str, value: Any) -> None:
    """The living record learns what is its own, and goes on showing another record's word."""
    notes = _read(person)
    note = notes.fields.get(name)
    if note is not None and not note.was:
        notes.fields[name] = _Note(value, note.said_by)
        _write(person, notes)


def was_seen(person: Fan, record: Fan, at: datetime) -> None:
    """A record was here at a moment, apart from what the timeline says."""
    record.last_seen_at = max(record.last_seen_at, at)
    person.last_seen_at = max(person.last_seen_at, at)
    notes = _read(person)
    if record is person and notes.seen is not None:
        notes.seen = max(notes.seen, at)
        _write(person, notes)


def lend(person: Fan, record: Fan) -> None:
    """The person shows what this record knows and they do not."""
    for name in FIELDS:
        value = getattr(record, name)
        if value and not getattr(person, name):
            say(person, record, name, value)
    notes = _read(person)
    notes.seen = notes.seen or person.last_seen_at
    _write(person, notes)
    person.last_seen_at = max(person.last_seen_at, record.last_seen_at)


def take_back(person: Fan, leaving: Collection[int]) -> None:
    """Show again what the record said itself, in place of what those who leave said."""
    notes = _read(person)
    for name, note in list(notes.fields.items()):
        if note.said_by in leaving:
            _put(person, name, note.was)
            del notes.fields[name]
    _write(person, notes)


def own_seen(person: Fan, *, alone: bool) -> datetime:
    """When the record itself was last here; nothing is noted of who is one record again."""
    notes = _read(person)
    seen = notes.seen or person.last_seen_at
    if alone:
        notes.seen = None
        _write(person, notes)
    return seen


def answered_by_others(person: Fan) -> frozenset[int]:
    """Questions whose shown answer is another record's."""
    return frozenset(int(key) for key in _read(person).answers)


async def lend_answers(tx: Tx, person: Fan, record_id: int) -> None:
    """The person shows this record's answers to questions they had not answered."""
    theirs = {row.attribute_id: row for row in await _answers(tx, record_id)}
    mine = {row.attribute_id for row in await _answers(tx, person.id)}
    for attribute_id in sorted(theirs.keys() - mine):
        await note_answer(tx, person, record_id, attribute_id)
        await _put_answer(tx, attribute_id, person.id, _values(theirs[attribute_id]))


async def note_answer(tx: Tx, person: Fan, record_id: int, attribute_id: int) -> None:
    """An answer of the person's is about to be given by this record: keep what they had said."""
    notes = _read(person)
    key = str(attribute_id)
    if record_id == person.id:
        notes.answers.pop(key, None)
    else:
        kept = notes.answers.get(key)
        was = kept.was if kept else None
        if kept is None:
            row = await tx.get(AttributeValue, (attribute_id, person.id), populate_existing=True)
            was = msgspec.to_builtins(_Answer(**_values(row))) if row is not None else None
        notes.answers[key] = _Note(was, record_id)
    _write(person, notes)


async def take_back_answers(tx: Tx, person: Fan, leaving: Collection[int]) -> None:
    """As `take_back`, for answers."""
    notes = _read(person)
    for key, note in list(notes.answers.items()):
        if note.said_by not in leaving:
            continue
        if note.was is None:
            await tx.execute(
                delete(AttributeValue).where(
                    AttributeValue.attribute_id == int(key), AttributeValue.fan_id == person.id
                )
            )
        else:
            told = msgspec.convert(note.was, _Answer)
            values = {name: getattr(told, name) for name in _ANSWER}
            values["day"] = datetime.fromisoformat(told.day).date() if told.day else None
            await _put_answer(tx, int(key), person.id, values)
        del notes.answers[key]
    _write(person, notes)


async def _answers(tx: Tx, fan_id: int) -> Sequence[AttributeValue]:
    rows = await tx.scalars(select(AttributeValue).where(AttributeValue.fan_id == fan_id))
    return rows.all()


async def _put_answer(tx: Tx, attribute_id: int, fan_id: int, values: Mapping[str, Any]) -> None:
    row = insert(AttributeValue).values(attribute_id=attribute_id, fan_id=fan_id, **values)
    await tx.execute(
        row.on_conflict_do_update(index_elements=["attribute_id", "fan_id"], set_=dict(values))
    )


def _values(row: AttributeValue) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _ANSWER}


def _put(record: Fan, name: str, value: Any) -> None:
    if name == "follow_up_on" and isinstance(value, str):  # as a note keeps it
        value = date.fromisoformat(value)
    setattr(record, name, value)
    if name in ("phone", "real_name"):
        setattr(record, f"{name}_blind", blind(value) if value else None)
    if name in ("nickname", "remark"):
        record.grams = grams(record.nickname, record.remark)


def _read(person: Fan) -> _Notes:
    return msgspec.json.decode(person.own, type=_Notes) if person.own else _Notes()


def _write(person: Fan, notes: _Notes) -> None:
    person.own = None if notes == _Notes() else msgspec.json.encode(notes).decode()
