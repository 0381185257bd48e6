"""What staff do: keyword replies, the welcome, questions that wait for an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select, update

from tiefen.helpdesk import rules
from tiefen.helpdesk.errors import QuestionMissing, ReplyMissing
from tiefen.helpdesk.models import AutoReply, Question
from tiefen.helpdesk.service.answering import bump
from tiefen.helpdesk.values import Match, Part, Trigger
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team.service import record_audit
from tiefen.team.values import Actor


async def add_reply(tx: Tx, actor: StaffActor | Actor, wanted: Mapping[str, Any]) -> int:
    """A keyword reply; in force in every process at once. Raises as `check`."""
    check(wanted)
    row = AutoReply(**_columns(wanted), created_at=tx.now, updated_at=tx.now, hits=0)
    tx.add(row)
    await tx.flush()
    await bump(tx)
    target = f"auto_reply:{row.id}"
    await record_audit(tx, actor, "helpdesk.reply_added", target, after=_told(wanted))
    return row.id


async def edit_reply(tx: Tx, actor: StaffActor, reply_id: int, wanted: Mapping[str, Any]) -> None:
    """Replace a keyword reply. Raises ReplyMissing and as `check`."""
    check(wanted)
    row = await _locked(tx, reply_id)
    before = {"name": row.name, "patterns": row.patterns, "active": row.active}
    for name, value in _columns(wanted).items():
        setattr(row, name, value)
    row.updated_at = tx.now
    await tx.flush()
    await bump(tx)
    target = f"auto_reply:{reply_id}"
    await record_audit(tx, actor, "helpdesk.reply_edited", target, before, _told(wanted))


async def delete_reply(tx: Tx, actor: StaffActor, reply_id: int) -> None:
    """Delete a keyword reply. Raises ReplyMissing."""
    row = await _locked(tx, reply_id)
    await tx.delete(row)
    await tx.flush()
    await bump(tx)
    target = f"auto_reply:{reply_id}"
    before = {"name": row.name, "patterns": row.patterns}
    await record_audit(tx, actor, "helpdesk.reply_deleted", target, before)


async def set_welcome(
    tx: Tx,
    actor: StaffActor | Actor,
    *,
    welcome: Sequence[Part],
    default_reply: Sequence[Part],
) -> None:
    """What new followers hear, and who finds no keyword. Raises AnswerTooLong."""
    rules.check_answer(welcome, Trigger.FOLLOW, field="welcome")
    rules.check_answer(default_reply, Trigger.MESSAGE, field="default_reply")
    setting = await bump(tx)
    before = {"welcome": setting.welcome, "default_reply": setting.default_reply}
    setting.welcome = [asdict(part) for part in welcome]
    setting.default_reply = [asdict(part) for part in default_reply]
    after = {"welcome": setting.welcome, "default_reply": setting.default_reply}
    await record_audit(tx, actor, "helpdesk.welcome_set", "helpdesk:welcome", before, after)


async def resolve_question(tx: Tx, question_id: int) -> None:
    """Take a question off the list; asked again it comes back. Raises QuestionMissing."""
    found = await tx.scalar(
        update(Question)
        .where(Question.id == question_id)
        .values(resolved_at=func.coalesce(Question.resolved_at, tx.now))
        .returning(Question.id)
    )
    if found is None:
        raise QuestionMissing


async def unanswered_count(tx: Tx) -> int:
    """How many different questions wait for an answer."""
    open_ = (Question.resolved_at.is_(None), Question.sample.is_not(None))
    return await tx.scalar(select(func.count()).select_from(Question).where(*open_)) or 0


def check(wanted: Mapping[str, Any]) -> None:
    """Raise PatternRefused, TimeRangeMalformed or AnswerTooLong for a reply that cannot work."""
    rules.check_patterns(wanted["match"], wanted["patterns"])
    rules.check_times(wanted.get("from_minute"), wanted.get("to_minute"))
    rules.check_answer(wanted["answer"], Trigger.MESSAGE)


async def _locked(tx: Tx, reply_id: int) -> AutoReply:
    row = await tx.scalar(select(AutoReply).where(AutoReply.id == reply_id).with_for_update())
    if row is None:
        raise ReplyMissing
    return row


def _columns(wanted: Mapping[str, Any]) -> dict[str, Any]:
    given = {
        "priority": 100,
        "from_minute": None,
        "to_minute": None,
        "valid_from": None,
        "valid_until": None,
        "active": True,
        **wanted,
    }
    return {**given, "answer": [asdict(part) for part in wanted["answer"]]}


def _told(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": wanted["name"],
        "match": Match(wanted["match"]).value,
        "patterns": list(wanted["patterns"]),
        "active": wanted.get("active", True),
    }
