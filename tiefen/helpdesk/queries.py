"""Reads of the helpdesk room."""

from collections.abc import Sequence

from sqlalchemy import select, tuple_

from tiefen.helpdesk.errors import ReplyMissing
from tiefen.helpdesk.models import AutoReply, Message, Question, Setting
from tiefen.kernel.db import Tx


async def replies(tx: Tx, *, after: tuple[int, int] | None, limit: int) -> list[AutoReply]:
    """Keyword replies in the order they are tried, one more than `limit`; one statement."""
    wanted = select(AutoReply)
    if after is not None:
        wanted = wanted.where(tuple_(-AutoReply.priority, AutoReply.id) > tuple_(*after))
    order = (AutoReply.priority.desc(), AutoReply.id)
    return list(await tx.scalars(wanted.order_by(*order).limit(limit + 1)))


async def one_reply(tx: Tx, reply_id: int) -> AutoReply:
    """One keyword reply. Raises ReplyMissing."""
    row = await tx.get(AutoReply, reply_id, populate_existing=True)
    if row is None:
        raise ReplyMissing
    return row


async def setting(tx: Tx) -> Setting | None:
    """The welcome and the default reply; None when nothing was ever set."""
    return await tx.get(Setting, 1, populate_existing=True)


async def questions(tx: Tx, *, after: tuple[int, int] | None, limit: int) -> list[Question]:
    """Open questions, the most asked first, one more than `limit`; one statement."""
    wanted = select(Question).where(Question.resolved_at.is_(None), Question.sample.is_not(None))
    if after is not None:
        wanted = wanted.where(tuple_(Question.count, Question.id) < tuple_(*after))
    order = (Question.count.desc(), Question.id.desc())
    return list(await tx.scalars(wanted.order_by(*order).limit(limit + 1)))


async def messages(
    tx: Tx, fan_ids: Sequence[int], *, before_id: int | None, limit: int
) -> list[Message]:
    """The messages of one person, newest first, one more than `limit`; one statement."""
    wanted = select(Message).where(Message.fan_id.in_(fan_ids))
    if before_id is not None:
        wanted = wanted.where(Message.id < before_id)
    return list(await tx.scalars(wanted.order_by(Message.id.desc()).limit(limit + 1)))
