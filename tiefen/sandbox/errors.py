"""Refusals of the three interfaces: the app platform's errcode, the pay platform's code, the control API's."""

ERRMSG: dict[int, str] = {
    -1: "system error",
    10060001: "pay order not exist",
    10060002: "pay order already shipped",
    10060003: "pay order has used its only re-ship",
    10060004: "pay order can not be shipped",
    10060006: "only express may be split",
    10060007: "is_all_delivered is required",
    10060008: "item_desc is empty",
    10060009: "item_desc is too long",
    10060014: "invalid parameter",
    10060031: "openid does not match the payer",
    268485216: "upload_time is invalid or older than the last",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40007: "invalid media_id",
    40009: "invalid image size",
    40013: "invalid appid",
    40014: "invalid access_token",
    40015: "invalid menu type",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40023: "invalid sub button size",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40035: "invalid parameter",
    40037: "invalid template_id",
    40053: "invalid action info, please check document",
    40054: "invalid sub button url domain",
    40055: "invalid button url domain",
    40066: "invalid url",
    40097: "invalid args",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip {ip}, not in whitelist",
    40169: "invalid scene",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41005: "media data missing",
    41008: "missing code",
    41009: "missing openid",
    41030: "invalid page",
    42001: "access_token expired",
    42002: "refresh_token expired",
    42003: "code expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    44002: "empty post data",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45026: "template count exceeds limit",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45056: "the limit of tags is reached",
    45058: "can't modify sys tag",
    45059: "this user has too many tags",
    45157: "invalid tag name, duplicated",
    45158: "invalid tag name, too long",
    45159: "invalid tag id",
    46003: "menu no exist",
    47001: "data format error",
    47003: "argument invalid! {detail}",
    48001: "api unauthorized",
    48006: "forbid to clear quota because of reaching the limit",
    49003: "not match openid with appid",
    76003: "rid not found",
    76004: "rid expired",
}


class WxError(Exception):
    """A business error of api.weixin.qq.com: HTTP 200 with an errcode."""

    def __init__(self, errcode: int, **values: object) -> None:
        self.errcode = errcode
        self.errmsg = (
            ERRMSG.get(errcode, "error").format(**values)
            if values
            else ERRMSG.get(errcode, "error")
        )
        super().__init__(f"{errcode} {self.errmsg}")


class PayError(Exception):
    """A refusal of the pay platform: an HTTP status, a code, a message and the numeric tail of Request-ID."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        number: int = 268435461,
        detail: dict[str, object] | None = None,
    ) -> None:
        self.status, self.code, self.message, self.number, self.detail = (
            status,
            code,
            message,
            number,
            detail,
        )
        super().__init__(f"{status} {code} {message}")


def param_error(
    field: str, issue: str, *, number: int = 268435461, value: object = None
) -> PayError:
    """PARAM_ERROR naming the field, as the pay platform words it."""
    detail: dict[str, object] = {"location": "body", "field": f"/{field}", "issue": issue}
    if value is not None:
        detail["value"] = value
    return PayError(
        400,
        "PARAM_ERROR",
        f"参数错误: 输入源“/body/{field}”映射到字段“{field}”{issue}",
        number,
        detail,
    )


class ControlError(Exception):
    """A refusal of the control API."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(f"{status} {code} {message}")


def missing(what: str, key: object) -> ControlError:
    return ControlError(404, f"sandbox.{what}_missing", f"no {what} {key!s}")
