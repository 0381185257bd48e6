"""The merchant's questions about fans, and their answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import queries, rules
from tiefen.fans.errors import (
    AttributeKeyTaken,
    AttributeMissing,
    NothingToReveal,
    QuestionWrong,
    TooManyAttributes,
)
from tiefen.fans.models import Attribute, AttributeValue
from tiefen.fans.service import shown
from tiefen.fans.service.facts import note_change
from tiefen.fans.service.timeline import add_line, lock_person
from tiefen.fans.values import Answer, Author, Happening, Question
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team.service import record_audit


async def define_attribute(
    tx: Tx, actor: StaffActor, asked: Question, *, hint: str, in_form: bool
) -> Attribute:
    """Ask something new about fans, last in order. An empty key is made up.

    Raises QuestionWrong, AttributeKeyTaken, TooManyAttributes.
    """
    rules.check_question(asked)
    there, last = (
        await tx.execute(
            select(func.count(), func.coalesce(func.max(Attribute.position), 0)).where(
                Attribute.archived_at.is_(None)
            )
        )
    ).one()
    if there >= rules.MAX_QUESTIONS:
        raise TooManyAttributes(limit=rules.MAX_QUESTIONS)
    made: Attribute | None = await tx.scalar(
        insert(Attribute)
        .values(
            key=asked.key,
            label=asked.label,
            hint=hint,
            kind=asked.kind,
            options=list(asked.options),
            minimum_milli=asked.minimum_milli,
            maximum_milli=asked.maximum_milli,
            required=asked.required,
            in_form=in_form,
            personal=asked.personal,
            position=last + 1,
            created_at=tx.now,
        )
        .on_conflict_do_nothing()
        .returning(Attribute)
    )
    if made is None:
        raise AttributeKeyTaken(field="key", key=asked.key)
    await record_audit(
        tx, actor, "fans.attribute_defined", f"attribute:{made.id}", after=_told(made)
    )
    return made


async def edit_attribute(
    tx: Tx, actor: StaffActor, attribute_id: int, changes: Mapping[str, Any]
) -> Attribute:
    """Change the words, options, range or place of a question; its key, kind and secrecy stay.

    An option that somebody chose cannot go. Raises AttributeMissing, QuestionWrong.
    """
    row = await _attribute(tx, attribute_id)
    before = _told(row)
    gone = set(row.options) - set(changes.get("options", row.options))
    for name in ("label", "hint", "required", "in_form", "minimum_milli", "maximum_milli"):
        if name in changes:
            setattr(row, name, changes[name])
    if "options" in changes:
        row.options = list(changes["options"])
    if "archived" in changes:
        row.archived_at = (row.archived_at or tx.now) if changes["archived"] else None
    rules.check_question(queries.question(row))
    if gone and await _chosen(tx, row.id, gone):
        raise QuestionWrong(
            field="options",
            zh_reason="有粉丝选了被删掉的选项，不能删除",
            en_reason="somebody chose an option that would go",
        )
    await record_audit(
        tx, actor, "fans.attribute_edited", f"attribute:{row.id}", before, _told(row)
    )
    return row


async def order_attributes(tx: Tx, actor: StaffActor, wanted: Sequence[int]) -> None:
    """Put the questions in this order; those not named come after, as they were."""
    rows = await queries.attributes(tx)
    rank = {attribute_id: place for place, attribute_id in enumerate(wanted)}
    rows.sort(key=lambda row: rank.get(row.id, len(rank)))
    for place, row in enumerate(rows):
        row.position = place
    await record_audit(
        tx, actor, "fans.attributes_ordered", "attributes", after={"ids": [row.id for row in rows]}
    )


async def set_answers(
    tx: Tx, fan_id: int, given: Mapping[str, Any], *, by: StaffActor | None = None
) -> None:
    """Answer for a fan: by the fan in their form (`by` None), or by staff.

    What is absent stays, empty takes away. A line in the timeline says what changed, without
    personal data. Raises FanMissing, AnswerWrong, AnswerMissing.
    """
    person = await lock_person(tx, fan_id)
    record_id = fan_id if by is None else person.id
    rows = [row for row in await queries.attributes(tx) if by is not None or row.in_form]
    kept = await queries.answers(tx, person.id)
    merged = dict(given)
    if by is None:
        merged = _answered_before(rows, kept) | merged
    clean = rules.read_answers(queries.questions(rows), merged, whole=by is None)
    own, lent = kept, shown.answered_by_others(person)
    if record_id != person.id:  # a record joined to the person answers for itself as well
        own, lent = await queries.answers(tx, record_id), frozenset()
    changes: list[dict[str, Any]] = []
    for row in rows:
        if row.id not in clean:
            continue
        before = queries.answer(kept[row.id]) if row.id in kept else None
        itself = queries.answer(own[row.id]) if row.id in own else None
        if before == itself == clean[row.id] and row.id not in lent:
            continue
        await shown.note_answer(tx, person, record_id, row.id)
        for one in {person.id, record_id}:
            await _keep(tx, row, one, clean[row.id], by)
        if before != clean[row.id]:
            changes.append(_change(row, before, clean[row.id]))
    if changes:
        data = {"changes": changes, "by": "staff" if by else "fan", "staff": by.name if by else ""}
        kind = Happening.ATTRIBUTE
        await add_line(tx, person, kind, ids.token(9), by=record_id, at=tx.now, data=data)
        await note_change(tx, person.id, [f"attribute:{one}" for one in clean])


def _answered_before(
    rows: Sequence[Attribute], kept: Mapping[int, AttributeValue]
) -> dict[str, Any]:
    """Required questions that were answered before need no second answer."""
    return {
        row.key: rules.plain(row.kind, queries.answer(kept[row.id]))
        for row in rows
        if row.id in kept
    }


async def reveal_answer(
    tx: Tx, actor: StaffActor, fan_id: int, attribute_id: int, reason: str
) -> str:
    """One sealed answer in clear, audited. Raises FanMissing, NothingToReveal."""
    person = await lock_person(tx, fan_id)
    row = await tx.get(AttributeValue, (attribute_id, person.id))
    if row is None or row.sealed is None:
        raise NothingToReveal
    await record_audit(
        tx,
        actor,
        "fans.revealed",
        f"fan:{person.id}",
        after={"attribute": attribute_id},
        reason=reason,
    )
    return row.sealed


async def _attribute(tx: Tx, attribute_id: int) -> Attribute:
    row = await tx.scalar(select(Attribute).where(Attribute.id == attribute_id).with_for_update())
    if row is None:
        raise AttributeMissing
    return row


async def _chosen(tx: Tx, attribute_id: int, options: set[str]) -> bool:
    found = await tx.scalar(
        select(AttributeValue.fan_id)
        .where(
            AttributeValue.attribute_id == attribute_id,
            AttributeValue.word.in_(options) | AttributeValue.words.overlap(list(options)),
        )
        .limit(1)
    )
    return found is not None


async def _keep(
    tx: Tx, row: Attribute, fan_id: int, answer: Answer | None, by: StaffActor | None
) -> None:
    if answer is None:
        await tx.execute(
            delete(AttributeValue).where(
                AttributeValue.attribute_id == row.id, AttributeValue.fan_id == fan_id
            )
        )
        return
    columns = {
        "word": None if row.personal else answer.word,
        "sealed": answer.word if row.personal else None,
        "number_milli": answer.number_milli,
        "day": answer.day,
        "yes": answer.yes,
        "words": list(answer.words) if answer.words is not None else None,
        "author": Author.STAFF if by else Author.FAN,
        "staff_id": by.id if by else None,
        "at": tx.now,
    }
    statement = insert(AttributeValue).values(attribute_id=row.id, fan_id=fan_id, **columns)
    await tx.execute(
        statement.on_conflict_do_update(index_elements=["attribute_id", "fan_id"], set_=columns)
    )


def _change(row: Attribute, before: Answer | None, after: Answer | None) -> dict[str, Any]:
    if row.personal:
        return {"label": row.label, "before": None, "after": None}
    return {
        "label": row.label,
        "before": rules.plain(row.kind, before) if before else None,
        "after": rules.plain(row.kind, after) if after else None,
    }


def _told(row: Attribute) -> dict[str, Any]:
    return {
        "key": row.key,
        "label": row.label,
        "kind": row.kind.value,
        "options": list(row.options),
        "required": row.required,
        "in_form": row.in_form,
        "archived": row.archived_at is not None,
    }
