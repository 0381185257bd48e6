"""The account's shared tokens: one row for all processes, refreshed by whoever holds the row's lease.

The network call happens between two short transactions, never inside one. Meanwhile the others go on with the token
that is still good, or wait for the new one. `stable_token` hands out the same token until it nears its end, so that even
a lease lost in mid-call does no harm.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import select, text, update

from tiefen.kernel import ids
from tiefen.kernel.db import Db, Tx
from tiefen.wechat import wire
from tiefen.wechat.credentials import AppCredentials
from tiefen.wechat.errors import CredentialRefused, TokenRejected, WeChatAway
from tiefen.wechat.models import Token
from tiefen.wechat.values import TokenKind

EARLY = timedelta(seconds=120)
"""Refreshed this long before the end; inside the five minutes in which the platform accepts the old and the new one."""
LEASE = timedelta(seconds=20)
PATIENCE_SECONDS = 8.0
POLL_SECONDS = 0.05

_Answer = TypeVar("_Answer")

_TAKE_LEASE = text(
    """
    INSERT INTO wechat_token (app_id, kind, lease_owner, lease_until)
    VALUES (:app_id, :kind, :owner, :until)
    ON CONFLICT (app_id, kind) DO UPDATE SET lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
    WHERE (wechat_token.lease_until IS NULL OR wechat_token.lease_until <= :now) AND wechat_token.version = :seen
    RETURNING app_id
    """
)


async def call(
    db: Db,
    merchant: str,
    app: AppCredentials,
    method: str,
    path: str,
    *,
    query: dict[str, str] | None = None,
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One call in the account's name; a rejected token is refreshed once and the call repeated. Raises ApiError."""
    return await _call(db, merchant, app, wire.call_api, method, path, query, body)


async def call_picture(
    db: Db,
    merchant: str,
    app: AppCredentials,
    method: str,
    path: str,
    *,
    body: dict[str, Any] | None = None,
) -> bytes:
    """As `call`, for what answers a picture."""
    return await _call(db, merchant, app, wire.call_picture, method, path, None, body)


async def _call(
    db: Db,
    merchant: str,
    app: AppCredentials,
    ask: Callable[..., Awaitable[_Answer]],
    method: str,
    path: str,
    query: dict[str, str] | None,
    body: dict[str, Any] | None,
) -> _Answer:
    token = await access_token(db, merchant, app)
    for last in (False, True):
        try:
            return await ask(
                app.base, method, path, query={**(query or {}), "access_token": token}, body=body
            )
        except TokenRejected:
            if last:
                raise
            token = await access_token(db, merchant, app, bad=token)
    raise AssertionError("unreachable")


async def access_token(
    db: Db, merchant: str, app: AppCredentials, *, bad: str | None = None
) -> str:
    """A good access token; `bad` is one that WeChat has just rejected. Raises ApiError, WeChatAway."""
    return await _shared(db, merchant, app, TokenKind.ACCESS, bad)


async def jsapi_ticket(db: Db, merchant: str, app: AppCredentials) -> str:
    """The ticket that signs pages for the JS-SDK. Raises ApiError, WeChatAway."""
    return await _shared(db, merchant, app, TokenKind.JSAPI, None)


async def probe(app: AppCredentials) -> None:
    """Ask for the token without using what is kept: proves that the secret works today. Raises ApiError, WeChatAway."""
    await _stable_token(app, force=False)


async def forget(tx: Tx, app_id: str) -> None:
    """Drop an account's tokens: its secret has changed."""
    await tx.execute(
        update(Token).where(Token.app_id == app_id).values(value=None, expires_at=None)
    )


async def _shared(
    db: Db, merchant: str, app: AppCredentials, kind: TokenKind, bad: str | None
) -> str:
    owner, give_up = ids.token(12), time.monotonic() + PATIENCE_SECONDS
    while True:
        async with db.merchant(merchant) as tx:
            row = await tx.scalar(
                select(Token).where(Token.app_id == app.app_id, Token.kind == kind)
            )
            good = None
            if (
                row
                and row.value
                and row.value != bad
                and row.expires_at
                and row.expires_at > tx.now
            ):
                good = row.value
                if row.expires_at - tx.now > EARLY:
                    return good
            mine = await tx.scalar(
                _TAKE_LEASE,
                {
                    "app_id": app.app_id,
                    "kind": kind.value,
                    "owner": owner,
                    "until": tx.now + LEASE,
                    "now": tx.now,
                    "seen": row.version if row else 0,
                },
            )
        if mine:
            return await _refresh(db, merchant, app, kind, owner, bad)
        if good:
            return good
        if time.monotonic() > give_up:
            raise WeChatAway
        await asyncio.sleep(POLL_SECONDS)


async def _refresh(
    db: Db, merchant: str, app: AppCredentials, kind: TokenKind, owner: str, bad: str | None
) -> str:
    try:
        value, seconds = await (
            _fetch_access(app, bad)
            if kind is TokenKind.ACCESS
            else _fetch_ticket(db, merchant, app)
        )
    except BaseException:
        async with db.merchant(merchant) as tx:
            await tx.execute(
                update(Token)
                .where(Token.app_id == app.app_id, Token.kind == kind, Token.lease_owner == owner)
                .values(lease_until=None)
            )
        raise
    async with db.merchant(merchant) as tx:
        await tx.execute(
            update(Token)
            .where(Token.app_id == app.app_id, Token.kind == kind, Token.lease_owner == owner)
            .values(
                value=value,
                expires_at=tx.now + timedelta(seconds=seconds),
                version=Token.version + 1,
                lease_until=None,
            )
        )
    return value


async def _fetch_access(app: AppCredentials, bad: str | None) -> tuple[str, int]:
    value, seconds = await _stable_token(app, force=False)
    if value == bad:
        # The platform still hands out what it has just rejected; forcing is limited to 20 a day, hence only now.
        value, seconds = await _stable_token(app, force=True)
    return value, seconds


async def _stable_token(app: AppCredentials, *, force: bool) -> tuple[str, int]:
    try:
        data = await wire.call_api(
            app.base,
            "POST",
            "/cgi-bin/stable_token",
            body={
                "grant_type": "client_credential",
                "appid": app.app_id,
                "secret": app.secret,
                "force_refresh": force,
            },
        )
    except TokenRejected as error:  # on this one call 40001 speaks of the secret
        refused = CredentialRefused(errcode=error.errcode, errmsg=error.errmsg)
        refused.errcode, refused.errmsg = error.errcode, error.errmsg
        raise refused from error
    return _value(data, "access_token")


async def _fetch_ticket(db: Db, merchant: str, app: AppCredentials) -> tuple[str, int]:
    data = await call(
        db, merchant, app, "GET", "/cgi-bin/ticket/getticket", query={"type": "jsapi"}
    )
    return _value(data, "ticket")


def _value(data: dict[str, Any], name: str) -> tuple[str, int]:
    value, seconds = data.get(name), data.get("expires_in")
    if not isinstance(value, str) or not value or not isinstance(seconds, int) or seconds <= 0:
        raise WeChatAway
    return value, seconds
