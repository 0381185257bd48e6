"""The answer that must come at once: from memory, with one read for the version and, for a code,
one for its greeting. It writes nothing itself; what was answered is noted as an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from tiefen.channels import service as channels
from tiefen.channels.values import SCENE_PREFIX
from tiefen.helpdesk import rules
from tiefen.helpdesk.events import Answered
from tiefen.helpdesk.models import AutoReply, Setting
from tiefen.helpdesk.values import AnswerSource, Match, Part, PartKind, ReplyRule, Trigger
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.wechat.values import Article, Inbound, NewsReply, Reply, TextReply


@dataclass(frozen=True, slots=True)
class Book:
    """Everything a merchant answers with, compiled, as of one version."""

    version: int
    welcome: tuple[Part, ...]
    default_reply: tuple[Part, ...]
    matcher: rules.Matcher


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say, and where it came from."""

    source: AnswerSource
    rule_id: int | None
    parts: tuple[Part, ...]


_VERSION = text("SELECT version FROM helpdesk_setting WHERE id = 1")
NOTHING = Answer(AnswerSource.NONE, None, ())
_books: WeakKeyDictionary[Any, dict[str, Book]] = WeakKeyDictionary()
"""Database → merchant → compiled book; a book of another version is thrown away."""
_TRIGGERS = {"subscribe": Trigger.FOLLOW, "scan": Trigger.SCAN, "click": Trigger.MENU}


async def reply(tx: Tx, said: Inbound) -> Reply | None:
    """The passive reply to a push, if any: wechat's hook, called where the push is stored."""
    trigger = _TRIGGERS.get(said.event) if said.kind == "event" else Trigger.MESSAGE
    if trigger is None:
        return None
    question = said.content if said.kind == "text" else said.key
    at = said.at or tx.now
    answer = await find_answer(
        tx,
        trigger,
        question,
        in_words=said.kind in ("text", "event"),
        who=(said.app_id, said.openid, at),
    )
    parts = rules.spread(answer.parts)
    happened = Answered(
        app_id=said.app_id,
        openid=said.openid,
        trigger=trigger.value,
        ref=reference(said.app_id, said.openid, trigger, said.msg_id, at, said.key),
        question=question if said.kind == "text" else "",
        source=answer.source.value,
        rule_id=answer.rule_id,
        parts=parts,
        at=at,
        answered_at=max(tx.now, at + timedelta(milliseconds=1)),
    )
    if parts or said.kind == "text":
        publish(tx, happened, aggregate=f"openid:{said.openid}")
    return _passive(parts[0]) if parts else None


async def find_answer(
    tx: Tx,
    trigger: Trigger,
    question: str,
    *,
    in_words: bool = True,
    who: tuple[str, str, datetime] | None = None,
) -> Answer:
    """What we say to `question` (a message, a menu key, or a scene).

    `who` comes (app id, openid, when): a live code gives them to an employee whom it names.
    """
    book = await current_book(tx)
    if trigger in (Trigger.FOLLOW, Trigger.SCAN):
        if question.startswith(SCENE_PREFIX):
            greeting = await channels.greeting(tx, question, who)
            if greeting and greeting.welcome:
                return Answer(AnswerSource.CODE, None, (Part(PartKind.TEXT, greeting.welcome),))
        if trigger is Trigger.SCAN or not book.welcome:
            return NOTHING
        return Answer(AnswerSource.WELCOME, None, book.welcome)
    if not in_words:
        return NOTHING
    rule = book.matcher.find(question, tx.now)
    if rule:
        return Answer(AnswerSource.KEYWORD, rule.id, rule.answer)
    if trigger is Trigger.MESSAGE and book.default_reply:
        return Answer(AnswerSource.DEFAULT, None, book.default_reply)
    return NOTHING


async def current_book(tx: Tx) -> Book:
    """The compiled book of the merchant in scope; compiled anew when the version moved on."""
    version = tx.info.get("helpdesk.version")
    if version is None:
        version = await tx.scalar(_VERSION) or 0
        tx.info["helpdesk.version"] = version
    kept = _books.setdefault(tx.get_bind(), {})
    book = kept.get(tx.merchant)
    if book is None or book.version != version:
        book = kept[tx.merchant] = await _load(tx, version)
    return book


async def bump(tx: Tx) -> Setting:
    """Move the version on, so that every process compiles anew; returns the locked row."""
    row = insert(Setting).values(id=1, version=1, welcome=[], default_reply=[])
    await tx.execute(
        row.on_conflict_do_update(index_elements=["id"], set_={"version": Setting.version + 1})
    )
    tx.info.pop("helpdesk.version", None)
    setting = await tx.get(Setting, 1, populate_existing=True)
    assert setting is not None
    return setting


def reference(
    app_id: str, openid: str, trigger: Trigger, msg_id: int | None, at: Any, key: str
) -> str:
    """The platform's identity of what a fan did."""
    if trigger is Trigger.MESSAGE and msg_id:
        return f"msg:{app_id}:{msg_id}"
    return f"{trigger.value}:{app_id}:{openid}:{int(at.timestamp())}:{key[:64]}"


def parts_of(stored: Sequence[Any]) -> tuple[Part, ...]:
    """Parts as they lie in a JSON column."""
    return tuple(Part(**{**part, "kind": PartKind(part["kind"])}) for part in stored)


async def _load(tx: Tx, version: int) -> Book:
    setting = await tx.get(Setting, 1)
    stored = await tx.scalars(select(AutoReply).where(AutoReply.active).order_by(AutoReply.id))
    return Book(
        version=version,
        welcome=parts_of(setting.welcome) if setting else (),
        default_reply=parts_of(setting.default_reply) if setting else (),
        matcher=rules.Matcher(_rule(row) for row in stored),
    )


def _rule(row: AutoReply) -> ReplyRule:
    return ReplyRule(
        id=row.id,
        match=Match(row.match),
        patterns=tuple(row.patterns),
        priority=row.priority,
        from_minute=row.from_minute,
        to_minute=row.to_minute,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        answer=parts_of(row.answer),
    )


def _passive(part: Part) -> Reply:
    if part.kind is PartKind.TEXT:
        return TextReply(part.text)
    return NewsReply(Article(part.title, part.text, part.picture_url, part.url))
