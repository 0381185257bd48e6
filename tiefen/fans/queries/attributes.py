"""Reads of questions and answers."""

from collections.abc import Sequence

from sqlalchemy import func, select

from tiefen.fans.models import Attribute, AttributeValue
from tiefen.fans.values import Answer, Question
from tiefen.kernel.db import Tx


async def attributes(tx: Tx, *, archived: bool = False) -> list[Attribute]:
    """All questions in their order; archived ones only when asked for."""
    statement = select(Attribute).order_by(Attribute.position, Attribute.id)
    if not archived:
        statement = statement.where(Attribute.archived_at.is_(None))
    return list(await tx.scalars(statement))


async def answered_counts(tx: Tx) -> dict[int, int]:
    """How many fans answered each question."""
    rows = await tx.execute(
        select(AttributeValue.attribute_id, func.count()).group_by(AttributeValue.attribute_id)
    )
    return {row[0]: row[1] for row in rows}


async def answers(tx: Tx, fan_id: int) -> dict[int, AttributeValue]:
    """A fan's answers by question."""
    rows = await tx.scalars(select(AttributeValue).where(AttributeValue.fan_id == fan_id))
    return {row.attribute_id: row for row in rows}


def question(row: Attribute) -> Question:
    """A question as rules look at it."""
    return Question(
        id=row.id,
        key=row.key,
        label=row.label,
        kind=row.kind,
        options=tuple(row.options),
        minimum_milli=row.minimum_milli,
        maximum_milli=row.maximum_milli,
        required=row.required,
        personal=row.personal,
    )


def questions(rows: Sequence[Attribute]) -> list[Question]:
    """As `question`, for many."""
    return [question(row) for row in rows]


def answer(row: AttributeValue) -> Answer:
    """An answer as rules look at it; a sealed one is opened."""
    return Answer(
        word=row.sealed if row.sealed is not None else row.word,
        number_milli=row.number_milli,
        day=row.day,
        yes=row.yes,
        words=tuple(row.words) if row.words is not None else None,
    )
