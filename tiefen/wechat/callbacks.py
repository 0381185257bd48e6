"""What WeChat sends us: verify, store once, answer.

A push is verified before it is parsed and stored before any work: its inbox row and its event are one commit, and the
answer goes out after that commit. A repeated push finds its row and gets the same answer, with no second effect.
Pushes that arrive together share a transaction: one task per merchant commits what has queued up meanwhile.
"""

import asyncio
import contextvars
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import select, text, update
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tiefen.kernel import clock, log
from tiefen.kernel.crypto import seal
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import publish
from tiefen.wechat import credentials, crypto, events, paywire, rules, wire
from tiefen.wechat.credentials import AppCredentials, PayCredentials
from tiefen.wechat.errors import NotFromWeChat, Unreadable
from tiefen.wechat.models import InboxItem, OutgoingMessage
from tiefen.wechat.values import AccountKind, Article, Inbound, NewsReply, PushMode, Reply

logger = log.get("wechat")

ReplyHook = Callable[[Tx, Inbound], Awaitable[Reply | None]]

REPLY_SECONDS = 2.0
"""What the replies of pushes stored together may take of WeChat's five seconds."""
TOGETHER = 64

_reply_hook: ReplyHook | None = None


def register_reply(hook: ReplyHook | None) -> None:
    """Set, once at composition, what answers a fan at once: from memory, or one indexed read. It may publish."""
    global _reply_hook  # noqa: PLW0603 the process has one composition
    _reply_hook = hook


@dataclass(frozen=True, slots=True)
class Signature:
    """The query of a callback."""

    timestamp: str = ""
    nonce: str = ""
    signature: str = ""
    msg_signature: str = ""
    encrypt_type: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A verified push on its way into the inbox."""

    inbound: Inbound
    fields: Mapping[str, Any]
    vendor_key: str
    account: str
    """ToUserName: the account's original id, the sender of a reply"""
    sealed: bool
    answers: bool
    """whether a passive reply is possible at all"""
    came: datetime | None = field(default_factory=clock.injected)
    """the injected time of the request: the task that stores many of them has none of its own"""


async def verify_address(db: Db, merchant: str, app_id: str, given: Signature, echo: str) -> str:
    """Answer WeChat's check of our server address. Raises UnknownApp, NotFromWeChat."""
    app = await credentials.app_by_id(db, merchant, app_id)
    _check(app, given, None)
    return echo


async def receive_push(db: Db, merchant: str, app_id: str, given: Signature, body: bytes) -> str:
    """Take one push and return the answer's body. Raises UnknownApp, NotFromWeChat, Unreadable."""
    app = await credentials.app_by_id(db, merchant, app_id)
    if len(body) > rules.BODY_CAP:
        raise Unreadable
    sealed = given.encrypt_type == "aes"
    key = ""
    try:
        if sealed:
            message, key = _open(app, given, body)
        else:
            if app.push_mode is PushMode.SAFE:
                raise NotFromWeChat
            _check(app, given, None)
            message = body
        fields = rules.blurred(rules.read_body(message))
        inbound = rules.read_push(app_id, fields)
    except (crypto.CryptoError, rules.UnreadableBody) as error:
        raise Unreadable from error
    arrival = Arrival(
        inbound=inbound,
        fields=fields,
        vendor_key=rules.vendor_key(inbound, fields),
        account=str(fields.get("ToUserName") or ""),
        sealed=sealed,
        answers=app.kind is AccountKind.OFFICIAL and inbound.event != "unsubscribe",
    )
    reply = await _line(db, merchant).store(db, arrival)
    if not reply:
        return "success"
    if not sealed:
        return reply
    return _seal(app, key, given.nonce, reply, as_json=body.lstrip().startswith(b"{"))


async def receive_notice(
    db: Db, merchant: str, mchid: str, headers: Mapping[str, str], body: bytes
) -> None:
    """Take one payment notice. Raises NotFromWeChat or Unreadable, and then nothing has changed."""
    pay = await credentials.pay(db, merchant)
    if pay.mchid != mchid:
        raise NotFromWeChat
    if len(body) > rules.BODY_CAP:
        raise Unreadable
    await _check_notice(db, merchant, pay, headers, body)
    notice, resource = _open_notice(pay, body)
    name, original = (
        str(notice.get("event_type") or ""),
        str(notice["resource"].get("original_type") or ""),
    )
    if resource.get("mchid", mchid) != mchid:
        raise Unreadable
    async with db.merchant(merchant) as tx:
        stored = await tx.scalar(
            _STORE_ONE,
            {
                "vendor_key": f"pay:{mchid}:{notice['id']}",
                "source": mchid,
                "kind": name[:80],
                "openid": _payer(resource),
                "fields": _sealed({"notice": notice["id"], "resource": resource}),
                "now": tx.now,
            },
        )
        kind = rules.notice_kind(name, original)
        if stored and kind:
            said = events.PayNotified(mchid, kind, resource, tx.now)
            publish(
                tx, said, aggregate=f"trade:{resource.get('out_trade_no') or notice['id']}"[:120]
            )


# ── verifying ─────────────────────────────────────────────────────────────────────────────────────────────────


def _check(app: AppCredentials, given: Signature, encrypted: str | None) -> None:
    """Without a token there is nothing to check against, and then nothing is from WeChat."""
    said = given.signature if encrypted is None else given.msg_signature
    if not app.token or not given.timestamp or not given.nonce:
        raise NotFromWeChat
    if not crypto.same(
        crypto.push_signature(app.token, given.timestamp, given.nonce, encrypted), said
    ):
        raise NotFromWeChat


def _open(app: AppCredentials, given: Signature, body: bytes) -> tuple[bytes, str]:
    encrypted = rules.find_encrypted(body)
    if encrypted is None:
        raise rules.UnreadableBody("no ciphertext")
    _check(app, given, encrypted)
    return crypto.open_push(list(app.aes_keys), app.app_id, encrypted)


async def _check_notice(
    db: Db, merchant: str, pay: PayCredentials, headers: Mapping[str, str], body: bytes
) -> None:
    signature, serial = headers.get("Wechatpay-Signature", ""), headers.get("Wechatpay-Serial", "")
    if signature.startswith(crypto.PROBE_PREFIX):
        # WeChat tests whether we verify at all: refuse, and alarm nobody.
        logger.info("signature probe refused", mchid=pay.mchid)
        raise NotFromWeChat
    timestamp = headers.get("Wechatpay-Timestamp", "")
    if not (signature and serial and headers.get("Wechatpay-Nonce")) or not rules.within_skew(
        timestamp, clock.utcnow()
    ):
        logger.warning("notice without a timely signature", mchid=pay.mchid)
        raise NotFromWeChat
    pem = await paywire.key_for(db, merchant, pay, serial)
    if pem is None or not paywire.headers_verify(headers, body, pem):
        logger.warning("notice with a wrong signature", mchid=pay.mchid, known_key=pem is not None)
        raise NotFromWeChat


def _open_notice(pay: PayCredentials, body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        notice = rules.read_json(body)
        sealed = notice["resource"]
        if sealed.get("algorithm") != "AEAD_AES_256_GCM" or not isinstance(notice["id"], str):
            raise Unreadable
        plain = crypto.open_resource(
            pay.api_v3_key,
            sealed["nonce"],
            sealed.get("associated_data") or "",
            sealed["ciphertext"],
        )
        return notice, rules.read_json(plain)
    except (KeyError, TypeError, AttributeError, crypto.CryptoError, rules.UnreadableBody) as error:
        raise Unreadable from error


def _seal(app: AppCredentials, key: str, nonce: str, reply: str, *, as_json: bool) -> str:
    timestamp = str(int(clock.utcnow().timestamp()))
    encrypted = crypto.encrypt_push(key, app.app_id, reply.encode(), os.urandom(16))
    signature = crypto.push_signature(app.token, timestamp, nonce, encrypted)
    return rules.render_envelope(encrypted, signature, timestamp, nonce, as_json=as_json)


# ── storing ───────────────────────────────────────────────────────────────────────────────────────────────────

_STORE_ONE = text(
    """
    INSERT INTO wechat_inbox (vendor_key, source, kind, mode, openid, fields, received_at)
    VALUES (:vendor_key, :source, :kind, '', :openid, to_jsonb(CAST(:fields AS text)), :now)
    ON CONFLICT (vendor_key) DO NOTHING RETURNING id
    """
)
_STORE = text(
    """
    INSERT INTO wechat_inbox (vendor_key, source, kind, mode, openid, fields, received_at)
    SELECT i.vendor_key, i.source, i.kind, i.mode, i.openid, i.fields, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS i(vendor_key text, source text, kind text, mode text, openid text, fields jsonb)
    ORDER BY i.vendor_key
    ON CONFLICT (vendor_key) DO NOTHING
    RETURNING vendor_key
    """
)
_STORE_REPLIES = text(
    """
    UPDATE wechat_inbox AS w SET reply = r.reply
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(vendor_key text, reply text)
    WHERE w.vendor_key = r.vendor_key
    """
)


_Waiting = tuple[Arrival, "asyncio.Future[str | None]"]


class _Line:
    """The pushes of one merchant that wait for a commit, and the one task that commits them."""

    def __init__(self, merchant: str) -> None:
        self._merchant = merchant
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def store(self, db: Db, arrival: Arrival) -> str | None:
        """Store one push; returns its passive reply in plain XML, or None. Raises what the database raised."""
        future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, future))
        if self._task is None or self._task.done():
            # A context of its own: the task serves many requests and must not carry the first one's.
            self._task = asyncio.create_task(self._work(db), context=contextvars.Context())
        return await future

    async def _work(self, db: Db) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            try:
                await self._commit(db, batch, _reply_hook)
            except TimeoutError:
                # The hook is slow today. Nobody waits for it twice: WeChat's five seconds are running.
                logger.warning("passive replies took too long", pushes=len(batch))
                await self._commit_or_tell(db, batch, None)
            except (OSError, PoolTimeout) as error:  # the database is away, for everyone alike
                _tell(batch, error)
            except Exception as error:  # noqa: BLE001 one of them broke it: each gets its own try
                logger.warning("pushes are stored one by one", kind=type(error).__name__)
                for one in batch:
                    await self._alone(db, one)

    async def _alone(self, db: Db, one: _Waiting) -> None:
        """By itself, and at last without asking the hook, so that nothing is lost for want of a reply."""
        try:
            await self._commit(db, [one], _reply_hook)
        except Exception as error:  # noqa: BLE001 the push matters more than its reply
            logger.warning("push without a reply", kind=type(error).__name__)
            await self._commit_or_tell(db, [one], None)

    async def _commit_or_tell(self, db: Db, batch: list[_Waiting], hook: ReplyHook | None) -> None:
        try:
            await self._commit(db, batch, hook)
        except Exception as error:  # noqa: BLE001 handed to the requests that wait for it
            _tell(batch, error)

    async def _commit(self, db: Db, batch: list[_Waiting], hook: ReplyHook | None) -> None:
        async with db.merchant(self._merchant) as tx:
            tx.now = max((one.came for one, _ in batch if one.came), default=tx.now)
            replies = await _store(tx, [arrival for arrival, _ in batch], hook)
        for (_, future), reply in zip(batch, replies, strict=True):
            if not future.done():
                future.set_result(reply)


def _tell(batch: list[_Waiting], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)


_lines: WeakKeyDictionary[Db, dict[tuple[str, int], _Line]] = WeakKeyDictionary()


def _line(db: Db, merchant: str) -> _Line:
    kept = _lines.setdefault(db, {})
    key = (merchant, id(asyncio.get_running_loop()))
    if key not in kept:
        kept[key] = _Line(merchant)
    return kept[key]


async def _store(tx: Tx, arrivals: list[Arrival], hook: ReplyHook | None) -> list[str | None]:
    rows = [
        {
            "vendor_key": one.vendor_key,
            "source": one.inbound.app_id,
            "kind": f"event.{one.inbound.event}"[:80] if one.inbound.event else one.inbound.kind,
            "mode": "sealed" if one.sealed else "plain",
            "openid": one.inbound.openid[:128] or None,
            "fields": _sealed(one.fields),
        }
        for one in arrivals
    ]
    new = set(await tx.scalars(_STORE, {"rows": msgspec.json.encode(rows).decode(), "now": tx.now}))
    replies: dict[str, str | None] = {}
    seconds = clock.allowance(REPLY_SECONDS)
    deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds
    for one in arrivals:
        if one.vendor_key in new and one.vendor_key not in replies:
            replies[one.vendor_key] = await _reply(tx, one, hook, deadline)
            await _apply(tx, one)
    made = [{"vendor_key": key, "reply": reply} for key, reply in replies.items() if reply]
    if made:
        await tx.execute(_STORE_REPLIES, {"rows": msgspec.json.encode(made).decode()})
    known = [one.vendor_key for one in arrivals if one.vendor_key not in replies]
    if known:
        found = await tx.execute(
            select(InboxItem.vendor_key, InboxItem.reply).where(InboxItem.vendor_key.in_(known))
        )
        replies.update(found.all())
    return [replies.get(one.vendor_key) for one in arrivals]


def _sealed(fields: Mapping[str, Any]) -> str:
    """As the inbox keeps it: people write phone numbers and addresses."""
    return seal(msgspec.json.encode(fields).decode())


def _payer(resource: Mapping[str, Any]) -> str | None:
    payer = resource.get("payer")
    openid = payer.get("openid") if isinstance(payer, dict) else None
    return openid[:128] if isinstance(openid, str) and openid else None


async def _reply(
    tx: Tx, one: Arrival, hook: ReplyHook | None, deadline: float | None
) -> str | None:
    if hook is None or not one.answers:
        return None
    async with asyncio.timeout_at(deadline):
        reply = await hook(tx, one.inbound)
    if reply is None:
        return None
    return rules.render_reply(_outward(reply), one.inbound.openid, one.account, tx.now)


def _outward(reply: Reply) -> Reply:
    """A card's picture and link with our address: WeChat fetches them, and the phone opens them."""
    if not isinstance(reply, NewsReply):
        return reply
    card = reply.article
    return NewsReply(
        Article(
            card.title, card.description, wire.absolute(card.picture_url), wire.absolute(card.url)
        )
    )


async def _apply(tx: Tx, one: Arrival) -> None:
    said = one.inbound
    for happened in _events(said, one.fields):
        publish(tx, happened, aggregate=f"openid:{said.openid}")
    if said.event == "templatesendjobfinish":
        await tx.execute(
            update(OutgoingMessage)
            .where(
                OutgoingMessage.app_id == said.app_id,
                OutgoingMessage.vendor_id == str(one.fields.get("MsgID") or ""),
            )
            .values(receipt=str(one.fields.get("Status") or "")[:80])
        )


def _events(said: Inbound, fields: Mapping[str, Any]) -> list[object]:
    at: datetime = said.at or clock.utcnow()
    place = rules.place(said, fields)
    located = [events.Located(said.app_id, said.openid, place, at)] if place else []
    match said.kind, said.event:
        case "event", "subscribe":
            ticket = str(fields.get("Ticket") or "") or None
            return [events.Followed(said.app_id, said.openid, said.key or None, ticket, at)]
        case "event", "unsubscribe":
            return [events.Unfollowed(said.app_id, said.openid, at)]
        case "event", "scan":
            return [events.Scanned(said.app_id, said.openid, said.key, at)]
        case "event", "click":
            return [events.MenuClicked(said.app_id, said.openid, said.key, at)]
        case "event", _:
            return [*located]
        case _:
            wrote = events.MessageReceived(
                said.app_id, said.openid, said.msg_id or 0, said.kind, said.content, at
            )
            return [wrote, *located]


def problem(message: str) -> bytes:
    """The body of a refused notice."""
    return json.dumps({"code": "FAIL", "message": message}, ensure_ascii=False).encode()
