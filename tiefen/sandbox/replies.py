"""Passive replies: read as WeChat reads them, refused as WeChat refuses them, shown in the fan's thread."""

import json
from typing import Any

from . import msgcrypt, xml
from .box import Box
from .models import App, Message, Relation

TEXT_BYTES = 2048


class BadReply(Exception):
    """The answer is neither empty, nor success, nor a reply this platform would take."""


def parse(app: App, body: bytes) -> dict[str, Any]:
    """The reply's fields, decrypted where it was encrypted. Raises BadReply."""
    fields = _fields(body)
    if "Encrypt" not in fields:
        if app.push_mode == "safe":
            raise BadReply("in safe mode a reply must be encrypted")
        return fields
    missing = [
        name for name in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce") if not fields.get(name)
    ]
    if missing:
        raise BadReply(f"encrypted reply without {', '.join(missing)}")
    encrypted = str(fields["Encrypt"])
    wanted = msgcrypt.signature(
        app.token, str(fields["TimeStamp"]), str(fields["Nonce"]), encrypted
    )
    if wanted != fields["MsgSignature"]:
        raise BadReply("MsgSignature does not match")
    try:
        return _fields(_decrypt(app, encrypted))
    except msgcrypt.BadMessage as error:
        raise BadReply(f"cannot decrypt: {error}") from error


def _decrypt(app: App, encrypted: str) -> bytes:
    """With today's key, else with the one before it."""
    try:
        return msgcrypt.decrypt(app.aes_key, encrypted, app.app_id)
    except msgcrypt.BadMessage:
        if not app.old_aes_key:
            raise
        return msgcrypt.decrypt(app.old_aes_key, encrypted, app.app_id)


def _fields(body: bytes) -> dict[str, Any]:
    text = body.strip()
    if text[:1] == b"{":
        try:
            loaded = json.loads(text)
        except ValueError as error:
            raise BadReply(f"not JSON: {error}") from error
        return dict(loaded)
    try:
        return dict(xml.load(text))
    except xml.BadXml as error:
        raise BadReply(f"not XML: {error}") from error


def accept(box: Box, app: App, relation: Relation, fields: dict[str, Any]) -> Message | None:
    """Put the reply into the thread. Returns None for a hand-over to customer service. Raises BadReply."""
    if fields.get("ToUserName") != relation.openid or fields.get("FromUserName") != app.original_id:
        raise BadReply("ToUserName and FromUserName are not swapped")
    kind = str(fields.get("MsgType", ""))
    if not str(fields.get("CreateTime", "")).isdecimal():
        raise BadReply("CreateTime is not a number")
    if kind == "transfer_customer_service":
        box.say(relation, "note", "system", "event", text="已转接人工客服")
        return None
    if kind == "text":
        return _text(box, relation, fields)
    if kind == "news":
        return _news(box, relation, fields)
    if kind in {"image", "voice", "video"}:
        inner = fields.get(kind.capitalize())
        media_id = inner.get("MediaId") if isinstance(inner, dict) else None
        media = box.media.get(str(media_id))
        if media is None:
            raise BadReply(f"{kind}: no media {media_id!r}")
        url = f"/sandbox/media/{media.media_id}"
        return box.say(relation, "out", "passive", kind, media_url=url, media_id=media.media_id)
    if kind == "music":
        inner = fields.get("Music")
        music = inner if isinstance(inner, dict) else {}
        card = {k: str(music.get(k, "")) for k in ("Title", "Description", "MusicUrl")}
        return box.say(relation, "out", "passive", "music", card=card)
    raise BadReply(f"MsgType {kind!r} is not a reply")


def _text(box: Box, relation: Relation, fields: dict[str, Any]) -> Message:
    content = str(fields.get("Content") or "")
    if not content:
        raise BadReply("empty Content")
    if len(content.encode()) > TEXT_BYTES:
        raise BadReply(f"Content has {len(content.encode())} bytes, at most {TEXT_BYTES}")
    return box.say(relation, "out", "passive", "text", text=content)


def _news(box: Box, relation: Relation, fields: dict[str, Any]) -> Message:
    articles = fields.get("Articles")
    items = articles if isinstance(articles, list) else []
    if not items or str(fields.get("ArticleCount")) != str(len(items)):
        raise BadReply("ArticleCount does not match Articles")
    if len(items) > 1:
        raise BadReply("ArticleCount must be 1")
    shown = [
        {
            "title": str(item.get("Title", "")),
            "description": str(item.get("Description", "")),
            "url": str(item.get("Url", "")),
            "picurl": str(item.get("PicUrl", "")),
        }
        for item in items
        if isinstance(item, dict)
    ]
    return box.say(relation, "out", "passive", "news", articles=shown)


def unavailable(box: Box, relation: Relation, reason: str) -> Message:
    """What the user sees when the server fails; the reason is the sandbox's own kindness."""
    return box.say(
        relation,
        "note",
        "system",
        "unavailable",
        text="该公众号提供的服务出现故障，请稍后再试",
        card={"reason": reason},
    )
