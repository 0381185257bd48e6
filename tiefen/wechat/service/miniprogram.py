"""Calls of the 小程序."""

from tiefen.kernel.db import Db
from tiefen.wechat import credentials, wire
from tiefen.wechat.errors import WeChatAway
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
