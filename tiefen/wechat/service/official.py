"""Calls of the 公众号: sign-in in a page, JS-SDK, QR codes, followers, the menu."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from sqlalchemy import select, text, update

from tiefen.kernel import clock, ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.team.service import record_audit
from tiefen.wechat import credentials, crypto, rules, tokens, wire
from tiefen.wechat.errors import BadValue, NotConfigured, WeChatAway
from tiefen.wechat.models import Account
from tiefen.wechat.values import (
    AccountKind,
    FollowerPage,
    JssdkConfig,
    OAuthIdentity,
    QrTicket,
    UserInfo,
)

_ADDRESS = text(
    f"SELECT app_id, oauth_domain, api_base FROM wechat_account WHERE kind = '{AccountKind.OFFICIAL.value}'"  # noqa: S608 our own text
)
_SCOPES = ("snsapi_base", "snsapi_userinfo")


async def oauth_url(tx: Tx, redirect: str, scope: str = "snsapi_base", *, state: str = "") -> str:
    """Where to send a fan's browser to sign in. Raises NotConfigured, BadValue for a foreign redirect address."""
    row = (await tx.execute(_ADDRESS)).one_or_none()
    if row is None:
        raise NotConfigured(what="公众号")
    if scope not in _SCOPES:
        raise BadValue(field="scope", zh_reason="未知的授权方式", en_reason="unknown scope")
    host = urlsplit(redirect).netloc
    if not host or (row.oauth_domain and row.oauth_domain != host):
        raise BadValue(
            field="redirect",
            zh_reason="回调地址不在网页授权域名下",
            en_reason="the address is not under the account's OAuth domain",
        )
    query = urlencode(
        {
            "appid": row.app_id,
            "redirect_uri": redirect,
            "response_type": "code",
            "scope": scope,
            "state": state,
        },
        quote_via=quote,
    )
    return f"{wire.page_base(row.api_base)}/connect/oauth2/authorize?{query}#wechat_redirect"


async def exchange_code(db: Db, merchant: str, code: str) -> OAuthIdentity:
    """Who came back from the sign-in page. The code works once. Raises CodeRefused, WeChatAway, NotConfigured."""
    app = await credentials.app(db, merchant, AccountKind.OFFICIAL)
    data = await wire.call_api(
        app.base,
        "GET",
        "/sns/oauth2/access_token",
        query={
            "appid": app.app_id,
            "secret": app.secret,
            "code": code,
            "grant_type": "authorization_code",
        },
    )
    return OAuthIdentity(
        app_id=app.app_id,
        openid=_word(data, "openid"),
        unionid=data.get("unionid") or None,
        snapshot=data.get("is_snapshotuser") == 1,
    )


async def jssdk_config(db: Db, merchant: str, url: str) -> JssdkConfig:
    """Sign one page for the JS-SDK. Raises NotConfigured, BadValue when the page is not under the JS domain."""
    app = await credentials.app(db, merchant, AccountKind.OFFICIAL)
    async with db.merchant(merchant) as tx:
        domain = await tx.scalar(select(Account.js_domain).where(Account.app_id == app.app_id))
    if domain and urlsplit(url).netloc != domain:
        raise BadValue(
            field="url",
            zh_reason="页面不在 JS 接口安全域名下",
            en_reason="the page is not under the account's JS domain",
        )
    ticket = await tokens.jsapi_ticket(db, merchant, app)
    nonce, now = ids.token(12), int(clock.utcnow().timestamp())
    return JssdkConfig(app.app_id, now, nonce, crypto.jssdk_signature(ticket, nonce, now, url))


async def create_qrcode(
    db: Db, merchant: str, scene: str, expires_in: int | None = None
) -> QrTicket:
    """A QR code with a scene of up to 64 characters: for `expires_in` seconds (at most 30 days), or for ever.

    An account has 100,000 codes for ever. Raises BadValue, ApiError, WeChatAway, NotConfigured.
    """
    try:
        body = rules.qr_request(scene, expires_in)
    except ValueError as error:
        raise BadValue(
            field="scene", zh_reason="场景值或有效期不对", en_reason=str(error)
        ) from error
    app = await credentials.app(db, merchant, AccountKind.OFFICIAL)
    data = await tokens.call(db, merchant, app, "POST", "/cgi-bin/qrcode/create", body=body)
    ticket = _word(data, "ticket")
    image = f"{wire.image_base(None if app.base == wire.API else app.base)}/cgi-bin/showqrcode?{urlencode({'ticket': ticket})}"
    return QrTicket(ticket, _word(data, "url"), image)


async def user_info(db: Db, merchant: str, openid: str) -> UserInfo:
    """What the platform tells about a follower. Raises ReceiverOut for an openid that is not ours, ApiError, WeChatAway."""
    app = await credentials.app(db, merchant, AccountKind.OFFICIAL)
    query = {"openid": openid, "lang": "zh_CN"}
    data = await tokens.call(db, merchant, app, "GET", "/cgi-bin/user/info", query=query)
    _word(data, "openid")
    return rules.user_info(data)


async def follower_page(db: Db, merchant: str, after: str) -> FollowerPage:
    """Up to 10,000 openids of followers behind one of them ("" = from the first).

    Raises ReceiverOut when `after` follows no more, ApiError, WeChatAway, NotConfigured.
    """
    app = await credentials.app(db, merchant, AccountKind.OFFICIAL)
    query = {"next_openid": after} if after else {}
    data = await tokens.call(db, merchant, app, "GET", "/cgi-bin/user/get", query=query)
    total, listed = data.get("total"), data.get("data") or {}
    found = listed.get("openid") if isinstance(listed, dict) else None
    openids = tuple(one for one in found or () if isinstance(one, str) and one)
    if not isinstance(total, int):
        raise WeChatAway
    return FollowerPage(total, openids, str(data.get("next_openid") or "") if openids else "")


async def followers_info(db: Db, merchant: str, openids: Sequence[str]) -> list[UserInfo]:
    """What the platform tells about up to 100 followers. One openid that is not ours refuses them all.

    Raises ReceiverOut, ApiError, WeChatAway, NotConfigured.
    """
    app = await credentials.app(db, merchant, AccountKind.OFFICIAL)
    body = {"user_list": [{"openid": one, "lang": "zh_CN"} for one in openids]}
    data = await tokens.call(db, merchant, app, "POST", "/cgi-bin/user/info/batchget", body=body)
    found = data.get("user_info_list")
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and isinstance(one.get("openid"), str) for one in found
    ):
        raise WeChatAway
    return [rules.user_info(one) for one in found]


async def publish_menu(
    db: Db, merchant: str, buttons: list[dict[str, Any]], *, by: StaffActor | None = None
) -> None:
    """Put a menu on the account (an empty one takes it off), and remember it. Raises ApiError, WeChatAway, NotConfigured."""
    app = await credentials.app(db, merchant, AccountKind.OFFICIAL)
    if buttons:
        await tokens.call(
            db, merchant, app, "POST", "/cgi-bin/menu/create", body={"button": _outward(buttons)}
        )
    else:
        await tokens.call(db, merchant, app, "GET", "/cgi-bin/menu/delete")
    async with db.merchant(merchant) as tx:
        await tx.execute(
            update(Account)
            .where(Account.app_id == app.app_id)
            .values(menu={"button": buttons}, menu_published_at=tx.now)
        )
        if by is not None:
            await record_audit(
                tx, by, "wechat.menu_published", "wechat:menu", after={"button": buttons}
            )


def _outward(buttons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Buttons as the platform gets them: links with our address, also in what opens below."""
    return [
        button
        | ({"url": wire.absolute(button["url"])} if "url" in button else {})
        | ({"sub_button": _outward(button["sub_button"])} if "sub_button" in button else {})
        for button in buttons
    ]


def _word(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise WeChatAway
    return value
