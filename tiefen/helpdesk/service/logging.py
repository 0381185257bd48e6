"""The message log, hit counts, and questions that found no keyword."""

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import service as fans
from tiefen.fans.values import Happening
from tiefen.helpdesk import rules
from tiefen.helpdesk.events import Answered
from tiefen.helpdesk.models import AutoReply, Question
from tiefen.helpdesk.values import AnswerSource, Direction, Part, PartKind, Trigger
from tiefen.kernel.crypto import blind, seal
from tiefen.kernel.db import Tx
from tiefen.wechat import service as wechat
from tiefen.wechat.events import MessageReceived
from tiefen.wechat.values import Article

SAMPLE_CHARACTERS = 200
_LOG = text(
    """
    INSERT INTO helpdesk_message
        (fan_id, app_id, direction, kind, content, source, rule_id, ref, place, at)
    VALUES (:fan_id, :app_id, :direction, :kind, :content, :source, :rule_id, :ref, :place, :at)
    ON CONFLICT DO NOTHING
    """
)


async def note_answer(tx: Tx, event: Answered) -> None:
    """Log a question with its answer, count the hit, and send what did not fit the reply."""
    fan_id = await fans.resolve(tx, event.app_id, event.openid, at=event.at)
    trigger, source = Trigger(event.trigger), AnswerSource(event.source)
    if trigger is Trigger.MESSAGE and event.question:
        await _log_in(tx, fan_id, event.app_id, "text", event.question, event.ref, event)
    for place, part in enumerate(event.parts):
        await _log_out(tx, fan_id, event, source, place, part)
        if place:
            await _send(tx, event.app_id, event.openid, part)
    if event.parts:
        data = {"text": rules.preview(event.parts), "source": source.value}
        await fans.record(
            tx, fan_id, Happening.MESSAGE_OUT, event.ref, at=event.answered_at, data=data
        )
    if event.rule_id is not None:
        await tx.execute(
            update(AutoReply)
            .where(AutoReply.id == event.rule_id)
            .values(hits=AutoReply.hits + 1, last_hit_at=event.at)
        )
    elif trigger is Trigger.MESSAGE and rules.normal(event.question):
        await _count_question(tx, fan_id, event)


async def note_message(tx: Tx, event: MessageReceived) -> None:
    """Log what a fan wrote, unless the answer to it was logged already."""
    fan_id = await fans.resolve(tx, event.app_id, event.openid, at=event.at)
    ref = f"msg:{event.app_id}:{event.msg_id}"
    if not event.msg_id:
        ref = f"message:{event.app_id}:{event.openid}:{int(event.at.timestamp())}"
    await _log_in(tx, fan_id, event.app_id, event.kind, event.content, ref, event)


async def _log_in(
    tx: Tx,
    fan_id: int,
    app_id: str,
    kind: str,
    content: str,
    ref: str,
    event: Answered | MessageReceived,
) -> None:
    row = {
        "fan_id": fan_id,
        "app_id": app_id,
        "direction": Direction.IN.value,
        "kind": kind,
        "content": seal(content),
        "source": None,
        "rule_id": None,
        "ref": ref,
        "place": 0,
        "at": event.at,
    }
    await tx.execute(_LOG, row)


async def _log_out(
    tx: Tx, fan_id: int, event: Answered, source: AnswerSource, place: int, part: Part
) -> None:
    row = {
        "fan_id": fan_id,
        "app_id": event.app_id,
        "direction": Direction.OUT.value,
        "kind": part.kind.value,
        "content": seal(part.text if part.kind is PartKind.TEXT else f"{part.title}\n{part.url}"),
        "source": source.value,
        "rule_id": event.rule_id,
        "ref": event.ref,
        "place": place,
        "at": event.answered_at,
    }
    await tx.execute(_LOG, row)


async def _send(tx: Tx, app_id: str, openid: str, part: Part) -> None:
    if part.kind is PartKind.TEXT:
        await wechat.send_text(tx, app_id, openid, part.text)
    else:
        article = Article(part.title, part.text, part.picture_url, part.url)
        await wechat.send_news(tx, app_id, openid, article)


async def _count_question(tx: Tx, fan_id: int, event: Answered) -> None:
    row = insert(Question).values(
        question=blind(rules.normal(event.question)[:SAMPLE_CHARACTERS]),
        fan_id=fan_id,
        sample=event.question[:SAMPLE_CHARACTERS],
        count=1,
        first_at=event.at,
        last_at=event.at,
    )
    await tx.execute(
        row.on_conflict_do_update(
            index_elements=["question"],
            set_={
                "count": Question.count + 1,
                "sample": row.excluded.sample,
                "fan_id": row.excluded.fan_id,
                "last_at": row.excluded.last_at,
                "resolved_at": None,
            },
        )
    )
