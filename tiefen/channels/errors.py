"""Refusals of the channels room."""

from tiefen.kernel.errors import Conflict, Invalid, NotFound


class CodeMissing(NotFound):
    """No such channel code."""

    code = "channels.code_missing"
    zh = "没有找到这个渠道码"
    en = "No such channel code"


class CodeNotReady(Conflict):
    """The platform has not made the QR code yet."""

    code = "channels.code_not_ready"
    zh = "二维码正在生成，请稍候再试"
    en = "The QR code is still being made; try again shortly"


class NameTaken(Conflict):
    """Another living code has the name."""

    code = "channels.name_taken"
    zh = "已有名为“{name}”的渠道码"
    en = "There is a channel code “{name}” already"


class OwnerMissing(Invalid):
    """The owner is not a member of staff."""

    code = "channels.owner_missing"
    zh = "负责人不是在职员工"
    en = "The owner is not an active member of staff"


class ValidityMalformed(Invalid):
    """The end of the validity lies before its start."""

    code = "channels.validity_malformed"
    zh = "失效时间必须晚于生效时间"
    en = "The end of the validity must lie after its start"


class WelcomeTooLong(Invalid):
    """More text than one follow allows us to send."""

    code = "channels.welcome_too_long"
    zh = "欢迎语过长：最多 {limit} 字节（约 {characters} 个汉字）"
    en = "The welcome is too long: at most {limit} bytes"
