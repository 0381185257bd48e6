"""Message and event pushes of 公众号 and 小程序 to the merchant's server, and the passive replies that come back."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from . import msgcrypt, replies, xml
from .box import Box
from .faults import PUSH_FORGERIES, SENDING, Rule
from .models import App, Message, Relation
from .sender import Sent, send
from .world import shown

TRIES = 3
KINDS = SENDING | {"forge"}


@dataclass
class Push:
    """One thing to tell the server, the same over all its tries."""

    app: App
    relation: Relation
    fields: dict[str, xml.Value]
    repliable: bool = True
    attempts: list[dict[str, Any]] = field(default_factory=list)
    replies: list[Message] = field(default_factory=list)
    outcome: str = "unset"

    @property
    def event(self) -> str:
        return str(self.fields.get("Event") or self.fields["MsgType"])

    def shown(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "attempts": self.attempts,
            "replies": [shown(m) for m in self.replies],
        }


def compose(box: Box, app: App, relation: Relation, kind: str, **fields: xml.Value) -> Push:
    """A push with the common fields; messages get a MsgId, events have none."""
    whole: dict[str, xml.Value] = {
        "ToUserName": app.original_id,
        "FromUserName": relation.openid,
        "CreateTime": int(box.clock.time()),
        "MsgType": kind,
        **fields,
    }
    if kind != "event":
        whole["MsgId"] = 23_000_000_000_000_000 + box.chance.below(10**15)
    return Push(app, relation, whole, repliable=fields.get("Event") != "unsubscribe")


async def deliver(box: Box, push: Push) -> Push:
    """Send it as the armed faults will have it, else at once, with up to three tries."""
    app = push.app
    if not app.callback_url:
        return push
    facts = {"account": app.app_id, "event": push.event, "openid": push.relation.openid}
    rules = box.faults.take("push", facts, KINDS)
    for rule in rules:
        if rule.kind == "forge" and rule.how in PUSH_FORGERIES:
            await _attempt(box, push, forged=rule)
    by_kind = {rule.kind: rule for rule in rules}
    if "drop" in by_kind or any(r.only for r in rules if r.kind == "forge"):
        push.outcome = "dropped"
    elif "delay" in by_kind:
        push.outcome = "held"
        seconds = by_kind["delay"].seconds or 60.0
        box.agenda.add(
            box.clock.time() + seconds, lambda: _resume(box, push), f"delayed push {push.event}"
        )
    elif "reorder" in by_kind:
        push.outcome = "held"
        box.held.setdefault(app.app_id, []).append(lambda: _resume(box, push))
    else:
        await _send_copies(box, push, by_kind.get("duplicate"))
        for release in box.held.pop(app.app_id, []):
            await release()
    return push


async def _resume(box: Box, push: Push) -> None:
    await _tries(box, push)


async def _send_copies(box: Box, push: Push, duplicate: Rule | None) -> None:
    copies = duplicate.copies if duplicate else 1
    if duplicate and duplicate.concurrent:
        await asyncio.gather(*(_tries(box, push) for _ in range(copies)))
    else:
        for _ in range(copies):
            await _tries(box, push)


async def _tries(box: Box, push: Push) -> None:
    for _ in range(TRIES):
        sent = await _attempt(box, push)
        if sent.status == 200:
            _take_reply(box, push, sent)
            return
    push.outcome = "failed"
    if push.repliable:
        push.replies.append(replies.unavailable(box, push.relation, "no answer after three tries"))


def plain_body(app: App, push: Push) -> bytes:
    if app.kind == "mini" and app.data_format == "json":
        return json.dumps(push.fields, ensure_ascii=False, separators=(",", ":")).encode()
    return xml.dump(push.fields).encode()


def _encrypted(box: Box, app: App, plain: bytes, *, tail: str) -> str:
    return msgcrypt.encrypt(app.aes_key, plain, tail, box.chance.bytes(16))


def _body(app: App, push: Push, plain: bytes, encrypted: str) -> bytes:
    """The body in the app's push mode."""
    if app.push_mode == "plain":
        return plain
    extra: dict[str, xml.Value] = {"ToUserName": app.original_id, "Encrypt": encrypted}
    fields = (push.fields | extra) if app.push_mode == "compat" else extra
    if app.kind == "mini" and app.data_format == "json":
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    return xml.dump(fields).encode()


async def _attempt(box: Box, push: Push, forged: Rule | None = None) -> Sent:
    """One HTTP request, rightly signed or forged on request."""
    app, how = push.app, forged.how if forged else ""
    skew = (forged.seconds or 360.0) if forged and how == "skew" else 0.0
    timestamp, nonce = str(int(box.clock.wire() - skew)), box.chance.digits(10)
    token = box.chance.text(16) if how == "other_key" else app.token
    plain = plain_body(app, push)
    query = {
        "signature": msgcrypt.signature(token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
    }
    query["openid"] = push.relation.openid
    encrypted = ""
    if app.push_mode != "plain":
        tail = "wx" + box.chance.hex(16) if how == "other_app_id" else app.app_id
        encrypted = _encrypted(box, app, plain, tail=tail)
        query["encrypt_type"] = "aes"
        query["msg_signature"] = msgcrypt.signature(token, timestamp, nonce, encrypted)
    if how == "altered_body":
        # Signed first, altered after: only a receiver that checks the message signature notices.
        encrypted = _encrypted(
            box, app, plain.replace(push.event.encode(), b"forged"), tail=app.app_id
        )
    if how == "headers_missing":
        query = {}
    if how == "empty_signature":
        query = {k: "" if "signature" in k else v for k, v in query.items()}
    sent = await send(
        box,
        platform=app.kind,
        account=app.app_id,
        method="POST",
        url=with_query(app.callback_url, query),
        headers=[
            ("Content-Type", "application/json" if plain[:1] == b"{" else "text/xml"),
            ("User-Agent", "Mozilla/4.0"),
        ],
        body=_body(app, push, plain, encrypted),
        decoded=plain.decode(),
        signature=f"forged: {how}" if how else "signed",
        fault=f"forge {how}" if how else "",
    )
    push.attempts.append(
        {"status": sent.status, "ms": round(sent.ms, 1), "error": sent.error}
        | ({"fault": how} if how else {})
    )
    return sent


def with_query(url: str, query: dict[str, str]) -> str:
    """The callback URL with WeChat's parameters added to its own."""
    parts = urlsplit(url)
    joined = "&".join(filter(None, [parts.query, urlencode(query)]))
    return urlunsplit(parts._replace(query=joined))


def _take_reply(box: Box, push: Push, sent: Sent) -> None:
    """Show the passive reply in the fan's thread, or the platform's grey line when it makes no sense."""
    push.outcome = "accepted"
    if not push.repliable or sent.body.strip() in {b"", b"success"}:
        return
    try:
        fields = replies.parse(push.app, sent.body)
        sent.entry.response_decoded = json.dumps(fields, ensure_ascii=False)
        message = replies.accept(box, push.app, push.relation, fields)
    except replies.BadReply as error:
        push.outcome = "failed"
        sent.entry.error = f"reply refused: {error}"
        push.replies.append(replies.unavailable(box, push.relation, str(error)))
        return
    push.outcome = "replied"
    if message is not None:
        push.replies.append(message)


async def verify_url(box: Box, app: App) -> dict[str, Any]:
    """WeChat's check when the URL is saved: a GET whose echostr must come back as it is."""
    if not app.callback_url:
        return {"ok": False, "status": 0, "detail": "callback_url is not set"}
    timestamp, nonce, echo = (
        str(int(box.clock.wire())),
        box.chance.digits(10),
        box.chance.digits(19),
    )
    query = {"signature": msgcrypt.signature(app.token, timestamp, nonce), "echostr": echo}
    query |= {"timestamp": timestamp, "nonce": nonce}
    sent = await send(
        box,
        platform=app.kind,
        account=app.app_id,
        method="GET",
        url=with_query(app.callback_url, query),
        headers=[("User-Agent", "Mozilla/4.0")],
        body=b"",
        decoded=None,
        signature="signed",
    )
    ok = sent.status == 200 and sent.body.decode(errors="replace") == echo
    detail = "" if ok else sent.error or f"the answer is not the echostr: {sent.body[:80]!r}"
    return {"ok": ok, "status": sent.status, "detail": detail}
