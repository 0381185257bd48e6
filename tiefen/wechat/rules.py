"""Pure rules: reading a push safely, naming it, writing a reply, and the limits WeChat sets on what we send."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from tiefen.wechat.values import (
    ImageReply,
    Inbound,
    NewsReply,
    Reply,
    TextReply,
    TransferReply,
    UserInfo,
)

BODY_CAP = 64 * 1024
"""No push or notice is larger; what is larger is refused before a byte of it is looked at."""

SKEW_SECONDS = 300
"""A payment notice or answer this much older or newer than our clock is refused."""

QR_LONGEST_SECONDS = 2_592_000
SCENE_CAP = 64
TEXT_CAP_BYTES = 2048
DESCRIPTION_CAP = 127

_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCRYPTED_XML = re.compile(
    rb"<Encrypt>\s*(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)(?:\]\]>)?\s*</Encrypt>"
)
_ENCRYPTED_JSON = re.compile(rb'"Encrypt"\s*:\s*"((?:[A-Za-z0-9+/=]|\\/)+)"')
_DEPTH_CAP = 8
_NODE_CAP = 600
_DEGREES = {"Location_X": 90, "Latitude": 90, "Location_Y": 180, "Longitude": 180}
"""Fields that say where somebody is, and how far their degrees go."""
_DECIMAL = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,30})?")
_OUT_TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_NOTICE_KINDS = {"transaction": "transaction", "refund": "refund"}

Fields = Mapping[str, Any]


class UnreadableBody(ValueError):
    """The body is not something WeChat sends."""


def read_body(body: bytes) -> Fields:
    """Read a push body, XML or JSON, into a flat-keyed mapping (nested elements become mappings or lists).

    A DOCTYPE or entity declaration is refused by a byte search before any parser sees the text, and the parser itself
    allows neither: a bomb needs both guards to fail.
    """
    if len(body) > BODY_CAP:
        raise UnreadableBody("too large")
    text = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"{"):
        return read_json(text)
    if not text.startswith(b"<"):
        raise UnreadableBody("neither XML nor JSON")
    if _DOCTYPE.search(text) or b"\x00" in text:
        raise UnreadableBody("declarations are not allowed")
    try:
        text.decode("utf-8")
        root = fromstring(text, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise UnreadableBody("not well-formed") from error
    if root.tag != "xml":
        raise UnreadableBody("the root element is not xml")
    budget = [_NODE_CAP]
    value = _read_element(root, 0, budget)
    return value if isinstance(value, dict) else {}


def read_json(text: bytes) -> dict[str, Any]:
    """A JSON object whose every text can be stored: no NUL, no lone surrogates, no numbers beyond 64 bits."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableBody("not JSON") from error
    if not isinstance(value, dict):
        raise UnreadableBody("not an object")
    return {_clean(name): _storable(inner, 1) for name, inner in value.items()}


def find_encrypted(body: bytes) -> str | None:
    """The ciphertext of a push, found by pattern: nothing is parsed before its signature has been checked."""
    found = _ENCRYPTED_XML.search(body) or _ENCRYPTED_JSON.search(body)
    return found.group(1).decode("ascii").replace("\\/", "/") if found else None


def read_push(app_id: str, fields: Fields) -> Inbound:
    """The push's fields as a value. Raises UnreadableBody when sender, time or type are missing."""
    openid, kind = _need(fields, "FromUserName"), _need(fields, "MsgType")
    if len(openid) > 64 or len(kind) > 60:
        raise UnreadableBody("a field is too long")
    name = _word(fields, "Event").lower() if kind == "event" else ""
    key = _word(fields, "EventKey")
    if name == "subscribe":
        key = key.removeprefix("qrscene_")
    return Inbound(
        app_id=app_id,
        openid=openid,
        kind=kind,
        event=name,
        content=_content(kind, fields),
        key=key,
        msg_id=_whole(fields, "MsgId"),
        at=_moment(fields),
    )


def blurred(fields: Fields) -> Fields:
    """The same with every coordinate to three decimals, about a hundred metres.

    Nobody needs more, so nothing more exact is ever stored.
    """
    told = dict(fields)
    for name, value in fields.items():
        if name in _DEGREES:
            milli = _milli(value, _DEGREES[name])
            told[name] = "" if milli is None else f"{milli / 1000:.3f}"
        elif name == "SendLocationInfo" and isinstance(value, Mapping):
            told[name] = blurred(value)
    return told


def place(inbound: Inbound, fields: Fields) -> str | None:
    """Where a push says the phone is, as "latitude,longitude" in thousandths of a degree.

    None: it says nothing of it, or nothing that is on earth. 0,0 is what phones send who do not know.
    """
    match inbound.kind, inbound.event:
        case "location", _:
            names = "Location_X", "Location_Y"
        case "event", "location":
            names = "Latitude", "Longitude"
        case _:
            return None
    latitude, longitude = (_milli(fields.get(name), _DEGREES[name]) for name in names)
    if latitude is None or longitude is None or latitude == longitude == 0:
        return None
    return f"{latitude},{longitude}"


def vendor_key(inbound: Inbound, fields: Fields) -> str:
    """The name under which a push is stored once: MsgId for messages, sender + time + event (+ key) for events.

    The event's own key belongs to the name, because two taps on different menu entries can share one second.
    """
    if inbound.kind != "event" and inbound.msg_id is not None:
        return f"push:{inbound.app_id}:msg:{inbound.msg_id}"
    seconds = int(inbound.at.timestamp()) if inbound.at else 0
    own = _word(fields, "EventKey") or _word(fields, "MsgID") or _word(fields, "trace_id")
    if len(own) > 64:
        own = hashlib.sha256(own.encode()).hexdigest()
    return f"push:{inbound.app_id}:{inbound.openid}:{seconds}:{(inbound.event or inbound.kind)[:80]}:{own}"


def notice_kind(event_type: str, original_type: str) -> str | None:
    """ "transaction" or "refund" for the notices the product acts on; None for others, which are only stored."""
    if event_type.startswith("TRANSACTION.") and original_type == "transaction":
        return "transaction"
    if event_type.startswith("REFUND."):
        return _NOTICE_KINDS.get(original_type)
    return None


def render_reply(reply: Reply, to: str, sender: str, at: datetime) -> str:
    """The passive reply as XML; every text goes through CDATA with its end mark split, so that no reply can break out."""
    head = (
        f"<ToUserName>{_cdata(to)}</ToUserName><FromUserName>{_cdata(sender)}</FromUserName>"
        f"<CreateTime>{int(at.timestamp())}</CreateTime>"
    )
    match reply:
        case TextReply(content):
            kind, body = "text", f"<Content>{_cdata(clip_bytes(content, TEXT_CAP_BYTES))}</Content>"
        case ImageReply(media_id):
            kind, body = "image", f"<Image><MediaId>{_cdata(media_id)}</MediaId></Image>"
        case NewsReply(article):
            kind = "news"
            body = (
                "<ArticleCount>1</ArticleCount><Articles><item>"
                f"<Title>{_cdata(article.title)}</Title><Description>{_cdata(article.description)}</Description>"
                f"<PicUrl>{_cdata(article.picture_url)}</PicUrl><Url>{_cdata(article.url)}</Url></item></Articles>"
            )
        case TransferReply():
            kind, body = "transfer_customer_service", ""
    return f"<xml>{head}<MsgType>{_cdata(kind)}</MsgType>{body}</xml>"


def render_envelope(
    encrypted: str, signature: str, timestamp: str, nonce: str, as_json: bool
) -> str:
    """An encrypted reply around its ciphertext, in the format the push came in."""
    if as_json:
        body = {
            "Encrypt": encrypted,
            "MsgSignature": signature,
            "TimeStamp": int(timestamp),
            "Nonce": nonce,
        }
        return json.dumps(body, ensure_ascii=False)
    return (
        f"<xml><Encrypt>{_cdata(encrypted)}</Encrypt><MsgSignature>{_cdata(signature)}</MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{_cdata(nonce)}</Nonce></xml>"
    )


_MINI_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
_MINI_PAGE = re.compile(r"[0-9A-Za-z_\-/]{0,128}")
MINI_VERSIONS = frozenset({"release", "trial", "develop"})


def clip_bytes(text: str, cap: int) -> str:
    """Cut text to at most `cap` bytes of UTF-8 without splitting a character."""
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= cap else raw[:cap].decode("utf-8", "ignore")


def qr_request(scene: str, expires_in: int | None) -> dict[str, Any]:
    """The body of qrcode/create. Raises ValueError for a scene or a lifetime that WeChat does not allow."""
    if not 1 <= len(scene) <= SCENE_CAP:
        raise ValueError("a scene has 1 to 64 characters")
    info = {"scene": {"scene_str": scene}}
    if expires_in is None:
        return {"action_name": "QR_LIMIT_STR_SCENE", "action_info": info}
    if not 1 <= expires_in <= QR_LONGEST_SECONDS:
        raise ValueError("a temporary code lives 1 second to 30 days")
    return {"expire_seconds": expires_in, "action_name": "QR_STR_SCENE", "action_info": info}


def mini_code_request(
    scene: str, page: str, *, check_path: bool = True, env_version: str = "release"
) -> dict[str, Any]:
    """The body of getwxacodeunlimit. Raises ValueError for a scene, page or version that WeChat refuses.

    `check_path`: the page must stand in the released version; without it a code may be printed first.
    """
    if not _MINI_SCENE.fullmatch(scene):
        raise ValueError("a scene has 1 to 32 digits, letters and !#$&'()*+,/:;=?@-._~")
    if page.startswith("/") or not _MINI_PAGE.fullmatch(page):
        raise ValueError("a page has no slash before it and no query behind it")
    if env_version not in MINI_VERSIONS:
        raise ValueError("a version is release, trial or develop")
    wanted = {"scene": scene, "check_path": check_path, "env_version": env_version, "width": 1280}
    return wanted | ({"page": page} if page else {})


def check_out_trade_no(number: str) -> str:
    """WeChat's alphabet and length for an order number. Raises ValueError."""
    if not _OUT_TRADE_NO.fullmatch(number):
        raise ValueError("an out_trade_no has 6 to 32 characters of 0-9 A-Z a-z _ - | *")
    return number


def within_skew(timestamp: str, now: datetime) -> bool:
    """Whether a header's unix time is within five minutes of our clock. Anything but plain digits is not."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    return abs(now.timestamp() - int(timestamp)) <= SKEW_SECONDS


def user_info(data: Fields) -> UserInfo:
    """What the platform tells about one follower; who does not follow has an openid alone."""
    seconds = data.get("subscribe_time")
    return UserInfo(
        openid=str(data["openid"]),
        subscribed=data.get("subscribe") == 1,
        unionid=str(data.get("unionid") or "") or None,
        subscribed_at=datetime.fromtimestamp(seconds, UTC)
        if isinstance(seconds, int) and 0 < seconds < 2**33
        else None,
        subscribe_scene=str(data.get("subscribe_scene") or "") or None,
        qr_scene=str(data.get("qr_scene_str") or data.get("qr_scene") or "") or None,
        remark=str(data.get("remark") or ""),
        language=str(data.get("language") or ""),
    )


def _storable(value: Any, depth: int) -> Any:
    if depth > _DEPTH_CAP:
        raise UnreadableBody("too deep")
    match value:
        case str():
            return _clean(value)
        case dict():
            return {_clean(name): _storable(inner, depth + 1) for name, inner in value.items()}
        case list():
            return [_storable(inner, depth + 1) for inner in value]
        case int() if abs(value) >= 2**63:
            return str(value)
        case _:
            return value


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _read_element(element: Element, depth: int, budget: list[int]) -> Any:
    budget[0] -= 1
    if depth > _DEPTH_CAP or budget[0] < 0:
        raise UnreadableBody("too deep or too many elements")
    if not len(element):
        return (element.text or "").strip()
    fields: dict[str, Any] = {}
    for child in element:
        value = _read_element(child, depth + 1, budget)
        if child.tag in fields:
            known = fields[child.tag]
            fields[child.tag] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            fields[child.tag] = value
    return fields


def _content(kind: str, fields: Fields) -> str:
    match kind:
        case "text":
            return _word(fields, "Content")
        case "image":
            return _word(fields, "PicUrl") or _word(fields, "MediaId")
        case "voice":
            return _word(fields, "Recognition") or _word(fields, "MediaId")
        case "video" | "shortvideo":
            return _word(fields, "MediaId")
        case "location":
            return _word(fields, "Label")
        case "link":
            return _word(fields, "Url")
        case "file":
            return _word(fields, "Title")
        case _:
            return ""


def _need(fields: Fields, name: str) -> str:
    value = _word(fields, name)
    if not value:
        raise UnreadableBody(f"{name} is missing")
    return value


def _word(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) else ""


def _whole(fields: Fields, name: str) -> int | None:
    value = _word(fields, name)
    if not value or not value.isascii() or not value.isdigit() or len(value) > 19:
        return None
    number = int(value)
    return number if number < 2**63 else None


def _milli(value: Any, most: int) -> int | None:
    """Degrees as thousandths; None for what is no number or not on earth."""
    if isinstance(value, float):  # a push in JSON
        value = f"{value:.6f}"
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        return None
    degrees = Decimal(value)
    return round(degrees * 1000) if abs(degrees) <= most else None


def _moment(fields: Fields) -> datetime:
    seconds = _whole(fields, "CreateTime")
    if seconds is None or seconds > 253_402_300_799:
        raise UnreadableBody("CreateTime is not a unix time")
    return datetime.fromtimestamp(seconds, UTC)


def _cdata(text: str) -> str:
    clean = "".join(
        c
        for c in text
        if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )
    return "<![CDATA[" + clean.replace("]]>", "]]]]><![CDATA[>") + "]]>"


_NOT_SENT = {
    "no account": ("还没有接入公众号", "no 公众号 is connected"),
    "no answer came": ("微信没有应答", "WeChat did not answer"),
    "the worker died while sending": (
        "发送时程序中断，可能已经发出",
        "the program stopped while sending; it may have gone out",
    ),
}
NO_TEMPLATE = "no template for "


def why_not_sent(noted: str) -> tuple[str, str]:
    """Why a message did not go out, in 中文 and English; WeChat's own words stay as they are."""
    if noted.startswith(NO_TEMPLATE):
        key = noted.removeprefix(NO_TEMPLATE)
        return f"没有配置模板（{key}）", f"no template is set for {key}"
    return _NOT_SENT.get(noted, (noted, noted))
