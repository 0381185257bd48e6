"""Answers for tests of the helpdesk."""

from datetime import datetime
from typing import Any

from tests.fans.factories import APP, AT
from tiefen.helpdesk import service
from tiefen.helpdesk.values import Match, Part, PartKind
from tiefen.kernel.db import Db
from tiefen.team.values import Actor
from tiefen.wechat.values import Inbound, Reply

TESTER = Actor.system("test")


def text(words: str) -> Part:
    """A part that is a text."""
    return Part(PartKind.TEXT, words)


async def add(
    db: Db, *patterns: str, match: Match = Match.EXACT, merchant: str = "demo", **more: Any
) -> int:
    """A keyword reply."""
    wanted = {
        "name": patterns[0][:40],
        "match": match,
        "patterns": list(patterns),
        "answer": [text(f"答{patterns[0]}")],
        **more,
    }
    async with db.merchant(merchant) as tx:
        return await service.add_reply(tx, TESTER, wanted)


async def welcome(db: Db, *parts: Part, default: tuple[Part, ...] = ()) -> None:
    """What new followers and the unmatched hear."""
    async with db.merchant("demo") as tx:
        await service.set_welcome(tx, TESTER, welcome=parts, default_reply=default)


def said(words: str, *, msg_id: int = 1, openid: str = "o1", at: datetime = AT) -> Inbound:
    """A text message as wechat reads it."""
    return Inbound(APP, openid, "text", content=words, msg_id=msg_id, at=at)


def event(name: str, key: str = "", *, openid: str = "o1", at: datetime = AT) -> Inbound:
    """An event as wechat reads it."""
    return Inbound(APP, openid, "event", event=name, key=key, at=at)


async def push(db: Db, inbound: Inbound, merchant: str = "demo") -> Reply | None:
    """Ask the hook, in a transaction that commits."""
    async with db.merchant(merchant) as tx:
        return await service.reply(tx, inbound)
