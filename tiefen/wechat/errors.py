"""Refusals of the room, and WeChat's error codes with what to do about each."""

from enum import StrEnum
from typing import ClassVar

from tiefen.kernel.errors import Away, Conflict, Forbidden, Invalid, NotFound, Refusal


class Retry(StrEnum):
    """What a caller may do after an error code."""

    REFRESH = "refresh"
    """the access token is not good: fetch another one and try once more"""
    BUSY = "busy"
    """the platform is busy or we are too fast: the same call later"""
    TOMORROW = "tomorrow"
    """a daily quota is spent: not before the next day"""
    DROP = "drop"
    """the receiver can not be reached any more by this way: record the reason and let it go"""
    FINAL = "final"
    """the call itself is wrong or not allowed: a person must change something"""


class NotConfigured(Conflict):
    """The merchant has not entered the account that this needs."""

    code = "wechat.not_configured"
    zh = "还没有配置{what}，请先到「微信设置」填写"
    en = "{what} is not set up yet; enter it under WeChat settings"


class UnknownApp(NotFound):
    """A callback for an app id or merchant number that no merchant here has."""

    code = "wechat.unknown_app"
    zh = "这里没有这个应用"
    en = "There is no such app here"


class NotFromWeChat(Forbidden):
    """A callback whose signature is absent or wrong. Nothing was read from its body and nothing was changed."""

    code = "wechat.not_from_wechat"
    zh = "签名不正确"
    en = "The signature is not right"


class Unreadable(Invalid):
    """A body that is too large, not XML or JSON, carries a DOCTYPE, or can not be decrypted with our keys."""

    code = "wechat.unreadable"
    zh = "内容无法读取"
    en = "The body can not be read"


class TooLarge(Refusal):
    """A body beyond 64 KB: nothing that WeChat sends."""

    code = "wechat.too_large"
    status = 413
    zh = "内容太大"
    en = "The body is too large"


class BadValue(Invalid):
    """A setting or argument that WeChat would refuse. Raised with `field`, `zh_reason` and `en_reason`."""

    code = "wechat.bad_value"
    zh = "{zh_reason}"
    en = "{en_reason}"


class WeChatAway(Away):
    """No usable answer from WeChat in time. For a call that changes nothing it is safe to try again."""

    code = "wechat.away"
    zh = "微信暂时没有回应，请稍后再试"
    en = "WeChat does not answer just now; try again in a moment"
    reached: bool = True
    """False when the request certainly never left: no connection was made"""


class ApiError(Refusal):
    """WeChat answered with an error code. Raise it through `api_error`, which picks the subclass."""

    code = "wechat.refused"
    status = 409
    zh = "微信拒绝了请求：{errmsg}（{errcode}）"
    en = "WeChat refused: {errmsg} ({errcode})"
    retry: ClassVar[Retry] = Retry.FINAL
    errcode: int
    errmsg: str


class TokenRejected(ApiError):
    """The access token is stale. Handled inside the room: refreshed once, then the call is repeated."""

    code = "wechat.token_rejected"
    retry = Retry.REFRESH


class PlatformBusy(ApiError):
    """Busy, or calls too frequent within a minute."""

    code = "wechat.busy"
    status = 503
    zh = "微信正忙，请稍后再试"
    en = "WeChat is busy; try again in a moment"
    retry = Retry.BUSY


class QuotaSpent(ApiError):
    """The day's (or month's) number of calls is used up."""

    code = "wechat.quota_spent"
    status = 503
    zh = "今天的微信接口调用次数已用完（{errcode}）"
    en = "Today's quota of this WeChat call is used up ({errcode})"
    retry = Retry.TOMORROW


class ReceiverOut(ApiError):
    """The person does not follow, refuses messages, or the reply window or its allowance is over."""

    code = "wechat.receiver_out"
    status = 409
    retry = Retry.DROP


class CodeRefused(ApiError):
    """The sign-in code is unknown, used or too old."""

    code = "wechat.code_refused"
    status = 422
    zh = "登录凭证无效或已过期，请重新进入页面"
    en = "The sign-in code is not valid any more; open the page again"


class CredentialRefused(ApiError):
    """App id or secret are wrong."""

    code = "wechat.credential_refused"
    zh = "AppID 或 AppSecret 不正确（{errcode}）"
    en = "The app id or secret is wrong ({errcode})"


class AddressRefused(ApiError):
    """Our server's address is not on the account's IP white list, or an administrator must confirm it."""

    code = "wechat.address_refused"
    zh = "服务器 IP 不在公众平台的白名单里（{errcode}）"
    en = "This server's address is not on the account's IP white list ({errcode})"


class NotGranted(ApiError):
    """The account may not use this interface (not verified, not opened, or taken away)."""

    code = "wechat.not_granted"
    zh = "公众号没有这个接口的权限（{errcode}）"
    en = "The account may not use this interface ({errcode})"


class PageMissing(ApiError):
    """The page of a mini-program code does not stand in the released version."""

    code = "wechat.page_missing"
    zh = "已发布的小程序里没有这个页面，请先发布再生成小程序码（{errcode}）"
    en = "The released mini program has no such page: release it, then make the code ({errcode})"


_BY_CODE: dict[int, type[ApiError]] = {
    **dict.fromkeys((40001, 40014, 41001, 42001, 42007), TokenRejected),
    **dict.fromkeys((-1, 45011, 45033, 50005001), PlatformBusy),
    **dict.fromkeys((45009, 45028, 48006), QuotaSpent),
    **dict.fromkeys((40003, 43004, 43101, 45015, 45047, 48002, 50002, 50005), ReceiverOut),
    **dict.fromkeys((40029, 40163, 42003, 40226), CodeRefused),
    **dict.fromkeys((40013, 40125, 41002, 41004), CredentialRefused),
    **dict.fromkeys((40164, 61004, 89501, 89503, 89506, 89507), AddressRefused),
    **dict.fromkeys((48001, 48004), NotGranted),
    41030: PageMissing,
}


def api_error(errcode: int, errmsg: str) -> ApiError:
    """The typed error of one code. `errmsg` loses its `rid:` tail, which is for WeChat's support and not for people."""
    text = errmsg.split(" rid:", 1)[0].strip()
    error = _BY_CODE.get(errcode, ApiError)(errcode=errcode, errmsg=text)
    error.errcode, error.errmsg = errcode, text
    return error
