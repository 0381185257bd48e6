"""Calls of the 小程序."""

from tiefen.kernel.db import Db
from tiefen.wechat import credentials, rules, tokens, wire
from tiefen.wechat.errors import BadValue, PlatformBusy, QuotaSpent, WeChatAway
from tiefen.wechat.values import AccountKind, OAuthIdentity


async def mini_login(db: Db, merchant: str, code: str) -> OAuthIdentity:
    """Who sent this `wx.login` code. It works once; its session key is dropped here, because nothing needs it.

    Raises CodeRefused, PlatformBusy, WeChatAway, NotConfigured.
    """
    app = await credentials.app(db, merchant, AccountKind.MINI)
    data = await wire.call_api(
        app.base,
        "GET",
        "/sns/jscode2session",
        query={
            "appid": app.app_id,
            "secret": app.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        },
    )
    openid, unionid = data.get("openid"), data.get("unionid")
    if not isinstance(openid, str) or not openid:
        raise WeChatAway
    return OAuthIdentity(
        app.app_id, openid, unionid if isinstance(unionid, str) and unionid else None
    )


async def create_mini_code(
    db: Db,
    merchant: str,
    scene: str,
    page: str = "",
    *,
    check_path: bool = True,
    env_version: str = "release",
) -> bytes:
    """The picture of a mini-program code with a scene of up to 32 characters, without number or end.

    `page`: without it the first one opens. Raises BadValue, ApiError, WeChatAway, NotConfigured.
    """
    try:
        body = rules.mini_code_request(scene, page, check_path=check_path, env_version=env_version)
    except ValueError as error:
        raise BadValue(
            field="page", zh_reason="小程序码的场景值、页面或版本不对", en_reason=str(error)
        ) from error
    app = await credentials.app(db, merchant, AccountKind.MINI)
    try:
        return await tokens.call_picture(
            db, merchant, app, "POST", "/wxa/getwxacodeunlimit", body=body
        )
    except QuotaSpent as spent:  # of this interface the limit is one of the minute: 5,000
        busy = PlatformBusy(errcode=spent.errcode, errmsg=spent.errmsg)
        busy.errcode, busy.errmsg = spent.errcode, spent.errmsg
        raise busy from spent
