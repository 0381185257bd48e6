"""What the console reads about WeChat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select, tuple_

from tiefen.kernel.db import Tx
from tiefen.kernel.errors import language
from tiefen.wechat import rules, wire
from tiefen.wechat.models import (
    Account,
    InboxItem,
    OutgoingMessage,
    PayAccount,
    PlatformCertificate,
    Template,
)
from tiefen.wechat.values import AccountKind, MessageKind, MessageState, PushMode


@dataclass(frozen=True, slots=True)
class SecretView:
    """Whether a secret is set, and its last four characters when it is long enough to show them."""

    set: bool
    tail: str


@dataclass(frozen=True, slots=True)
class AppView:
    """A 公众号 or 小程序 without its secrets."""

    app_id: str
    name: str
    secret: SecretView
    token: SecretView
    aes_key: SecretView
    previous_aes_key: SecretView
    push_mode: PushMode
    oauth_domain: str
    js_domain: str
    callback_url: str
    last_push_at: datetime | None
    menu_published_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A downloaded platform certificate."""

    serial_no: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PayView:
    """The 微信支付 account without its secrets."""

    mchid: str
    mode: Literal["public_key", "certificate"]
    serial_no: str
    private_key: SecretView
    api_v3_key: SecretView
    public_key_id: str
    public_key_set: bool
    certificates: list[CertificateView]
    notify_url: str
    last_notice_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SettingsView:
    """The merchant's WeChat settings."""

    official: AppView | None
    mini: AppView | None
    pay: PayView | None
    templates: dict[str, str]
    sandbox: bool


@dataclass(frozen=True, slots=True)
class MenuView:
    """The menu as last published from here."""

    button: list[dict[str, Any]]
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class MessageView:
    """One outgoing message, its receiver masked."""

    id: int
    kind: MessageKind
    receiver: str
    state: MessageState
    reason: str
    errcode: int | None
    attempts: int
    receipt: str
    created_at: datetime
    settled_at: datetime | None


_PATHS = {AccountKind.OFFICIAL: "oa", AccountKind.MINI: "mini"}


async def settings(tx: Tx) -> SettingsView:
    """The merchant's WeChat settings without any secret."""
    apps = {row.kind: row for row in await tx.scalars(select(Account))}
    pay = await tx.scalar(select(PayAccount))
    templates = await tx.execute(select(Template.key, Template.template_id).order_by(Template.key))
    official, mini = apps.get(AccountKind.OFFICIAL), apps.get(AccountKind.MINI)
    return SettingsView(
        official=await _app(tx, official) if official else None,
        mini=await _app(tx, mini) if mini else None,
        pay=await _pay(tx, pay) if pay else None,
        templates=dict(templates.all()),
        sandbox=wire.api_base(official.api_base if official else None) != wire.API,
    )


async def menu(tx: Tx) -> MenuView:
    """The menu as last published from here; empty when there was none."""
    row = await tx.scalar(select(Account).where(Account.kind == AccountKind.OFFICIAL))
    saved: dict[str, Any] = (row.menu if row else None) or {}
    return MenuView(
        button=saved.get("button", []),
        published_at=row.menu_published_at if row else None,
    )


async def messages(
    tx: Tx, *, state: MessageState | None, limit: int, after: tuple[datetime, int] | None
) -> Sequence[MessageView]:
    """Up to `limit` + 1 outgoing messages, newest first, after the given position."""
    wanted = select(OutgoingMessage).order_by(
        OutgoingMessage.created_at.desc(), OutgoingMessage.id.desc()
    )
    if state is not None:
        wanted = wanted.where(OutgoingMessage.state == state)
    if after:
        wanted = wanted.where(
            tuple_(OutgoingMessage.created_at, OutgoingMessage.id) < tuple_(*after)
        )
    return [
        MessageView(
            id=row.id,
            kind=row.kind,
            receiver=f"…{row.openid[-4:]}",
            state=row.state,
            reason=_say(*rules.why_not_sent(row.reason)),
            errcode=row.errcode,
            attempts=row.attempts,
            receipt=row.receipt,
            created_at=row.created_at,
            settled_at=row.settled_at,
        )
        for row in await tx.scalars(wanted.limit(limit + 1))
    ]


def _say(zh: str, en: str) -> str:
    """The words in the reader's language."""
    return en if language.get() == "en" else zh


async def last_arrival(tx: Tx, source: str) -> datetime | None:
    """When an app or merchant number last sent us something that we believed."""
    return await tx.scalar(
        select(func.max(InboxItem.received_at)).where(InboxItem.source == source)
    )


def callback_url(kind: AccountKind, app_id: str) -> str:
    """The server address to enter at the platform."""
    return f"{wire.public_base(None)}/wechat/{_PATHS[kind]}/{app_id}"


def notify_url(pay: PayAccount) -> str:
    """Where payment notices go."""
    return f"{wire.public_base(pay.notify_base)}/wechat/pay/{pay.mchid}/notify"


async def _app(tx: Tx, row: Account) -> AppView:
    return AppView(
        app_id=row.app_id,
        name=row.name,
        secret=_state(row.secret),
        token=_state(row.token),
        aes_key=_state(row.aes_key),
        previous_aes_key=_state(row.previous_aes_key),
        push_mode=row.push_mode,
        oauth_domain=row.oauth_domain,
        js_domain=row.js_domain,
        callback_url=callback_url(row.kind, row.app_id),
        last_push_at=await last_arrival(tx, row.app_id),
        menu_published_at=row.menu_published_at,
        updated_at=row.updated_at,
    )


async def _pay(tx: Tx, row: PayAccount) -> PayView:
    certificates = await tx.scalars(
        select(PlatformCertificate)
        .where(PlatformCertificate.mchid == row.mchid)
        .order_by(PlatformCertificate.expires_at.desc())
    )
    return PayView(
        mchid=row.mchid,
        mode="public_key" if row.public_key_id else "certificate",
        serial_no=row.serial_no,
        private_key=SecretView(set=bool(row.private_key), tail=""),
        api_v3_key=_state(row.api_v3_key),
        public_key_id=row.public_key_id,
        public_key_set=bool(row.public_key),
        certificates=[
            CertificateView(serial_no=one.serial_no, expires_at=one.expires_at)
            for one in certificates
        ],
        notify_url=notify_url(row),
        last_notice_at=await last_arrival(tx, row.mchid),
        updated_at=row.updated_at,
    )


def _state(secret: str | None) -> SecretView:
    # Four characters of a short secret would be too much of it.
    return SecretView(set=bool(secret), tail=secret[-4:] if secret and len(secret) >= 16 else "")
