"""What the console reads about WeChat."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, tuple_

from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, decode_cursor, page
from tiefen.wechat import wire
from tiefen.wechat.models import (
    Account,
    InboxItem,
    OutgoingMessage,
    PayAccount,
    PlatformCertificate,
    Template,
)
from tiefen.wechat.schemas import (
    AppOut,
    CertificateOut,
    MenuOut,
    MessageOut,
    PayOut,
    SecretState,
    TopButtonOut,
    WechatOut,
)
from tiefen.wechat.values import AccountKind, MessageState

_PATHS = {AccountKind.OFFICIAL: "oa", AccountKind.MINI: "mini"}


async def settings(tx: Tx) -> WechatOut:
    """The merchant's WeChat settings without any secret."""
    apps = {row.kind: row for row in await tx.scalars(select(Account))}
    pay = await tx.scalar(select(PayAccount))
    templates = await tx.execute(select(Template.key, Template.template_id).order_by(Template.key))
    official, mini = apps.get(AccountKind.OFFICIAL), apps.get(AccountKind.MINI)
    return WechatOut(
        official=await _app(tx, official) if official else None,
        mini=await _app(tx, mini) if mini else None,
        pay=await _pay(tx, pay) if pay else None,
        templates=dict(templates.all()),
        sandbox=wire.api_base(official.api_base if official else None) != wire.API,
    )


async def menu(tx: Tx) -> MenuOut:
    """The menu as last published from here; empty when there was none."""
    row = await tx.scalar(select(Account).where(Account.kind == AccountKind.OFFICIAL))
    saved: dict[str, Any] = (row.menu if row else None) or {}
    return MenuOut(
        button=[TopButtonOut.model_validate(button) for button in saved.get("button", [])],
        published_at=row.menu_published_at if row else None,
    )


async def messages(
    tx: Tx, *, state: MessageState | None, limit: int, cursor: str | None
) -> Page[MessageOut]:
    """Outgoing messages, newest first."""
    wanted = select(OutgoingMessage).order_by(
        OutgoingMessage.created_at.desc(), OutgoingMessage.id.desc()
    )
    if state is not None:
        wanted = wanted.where(OutgoingMessage.state == state)
    if cursor:
        at, last = decode_cursor(cursor, tuple[datetime, int])
        wanted = wanted.where(
            tuple_(OutgoingMessage.created_at, OutgoingMessage.id) < tuple_(at, last)
        )
    rows = list(await tx.scalars(wanted.limit(limit + 1)))
    items = [
        MessageOut(
            id=row.id,
            kind=row.kind,
            receiver=f"…{row.openid[-4:]}",
            state=row.state,
            reason=row.reason,
            errcode=row.errcode,
            attempts=row.attempts,
            receipt=row.receipt,
            created_at=row.created_at,
            settled_at=row.settled_at,
        )
        for row in rows
    ]
    last_row = rows[min(limit, len(rows)) - 1] if rows else None
    return page(items, limit, *((last_row.created_at, last_row.id) if last_row else ()))


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


async def _app(tx: Tx, row: Account) -> AppOut:
    return AppOut(
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


async def _pay(tx: Tx, row: PayAccount) -> PayOut:
    certificates = await tx.scalars(
        select(PlatformCertificate)
        .where(PlatformCertificate.mchid == row.mchid)
        .order_by(PlatformCertificate.expires_at.desc())
    )
    return PayOut(
        mchid=row.mchid,
        mode="public_key" if row.public_key_id else "certificate",
        serial_no=row.serial_no,
        private_key=SecretState(set=bool(row.private_key), tail=""),
        api_v3_key=_state(row.api_v3_key),
        public_key_id=row.public_key_id,
        public_key_set=bool(row.public_key),
        certificates=[
            CertificateOut(serial_no=one.serial_no, expires_at=one.expires_at)
            for one in certificates
        ],
        notify_url=notify_url(row),
        last_notice_at=await last_arrival(tx, row.mchid),
        updated_at=row.updated_at,
    )


def _state(secret: str | None) -> SecretState:
    # Four characters of a short secret would be too much of it.
    return SecretState(set=bool(secret), tail=secret[-4:] if secret and len(secret) >= 16 else "")
