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


class NamesTaken(Conflict):
    """Some of many names are taken, or stand twice in the list."""

    code = "channels.names_taken"
    zh = "有 {count} 个名称已被使用或重复：{names}"
    en = "{count} names are taken or stand twice: {names}"


class PermanentSpent(Conflict):
    """The platform's allowance of codes for print would be exceeded."""

    code = "channels.permanent_spent"
    zh = "永久二维码每个公众号最多 {limit} 个，还能再建 {left} 个；可以改用临时码或小程序码"
    en = "An account has {limit} permanent codes, {left} are left; use temporary or mini-program codes"


class BatchMissing(NotFound):
    """No such batch of codes."""

    code = "channels.batch_missing"
    zh = "没有找到这批渠道码"
    en = "No such batch of channel codes"


class PrintMissing(NotFound):
    """No such print, or it has been cleared away."""

    code = "channels.print_missing"
    zh = "没有找到这份印刷文件，可能已过保存期"
    en = "No such print; it may have been cleared away"


class CodesNotReady(Conflict):
    """Some codes to print are not drawn yet."""

    code = "channels.codes_not_ready"
    zh = "有 {count} 个渠道码的二维码还没生成，请稍候再印"
    en = "{count} of the codes are still being made; print them shortly"


class PictureNeeded(Invalid):
    """The layout shows a picture and none is given."""

    code = "channels.picture_needed"
    zh = "这个版式需要一张店铺图片"
    en = "This layout needs a picture of the shop"


class WeightsMalformed(Invalid):
    """Weights of the merchant's own model that make no sense; `field` says which."""

    code = "channels.weights_malformed"
    zh = "权重有误：应为 0 到 {most} 的整数，首次和末次不能都为 0"
    en = "The weight must be 0 to {most}, and first and last cannot both be 0"


class WeightsMoved(Conflict):
    """Somebody else published other weights meanwhile."""

    code = "channels.weights_moved"
    zh = "有人刚发布了第 {version} 版归因规则，请刷新后再改"
    en = "Version {version} of the model was published meanwhile; look again before changing it"


class AppealMissing(NotFound):
    """No such appeal."""

    code = "channels.appeal_missing"
    zh = "没有找到这份申诉"
    en = "No such appeal"


class AppealRefused(Invalid):
    """An appeal that cannot be made; the words say why."""

    code = "channels.appeal_refused"
    zh = "{zh_reason}"
    en = "{en_reason}"


class AppealOpen(Conflict):
    """The fan's source is disputed already."""

    code = "channels.appeal_open"
    zh = "这位粉丝已有一份申诉在处理中"
    en = "An appeal on this fan is being decided already"


class AppealDecided(Conflict):
    """It was decided or withdrawn before."""

    code = "channels.appeal_decided"
    zh = "这份申诉已经处理过了"
    en = "This appeal has been decided already"


class OwnAppeal(Conflict):
    """Nobody decides their own appeal."""

    code = "channels.own_appeal"
    zh = "不能裁定自己提交的申诉，请由其他有权限的人处理"
    en = "Nobody decides their own appeal; let somebody else with the right do it"


class PeriodMalformed(Invalid):
    """The last day lies before the first, or too far from it."""

    code = "channels.period_malformed"
    zh = "结束日期不能早于开始日期，最长 {most} 天"
    en = "The last day must not lie before the first; at most {most} days"


class LinkMissing(NotFound):
    """No such link."""

    code = "channels.link_missing"
    zh = "没有找到这个链接"
    en = "No such link"


class SlugTaken(Conflict):
    """Another link has the address."""

    code = "channels.slug_taken"
    zh = "短地址“{slug}”已被使用"
    en = "The short address “{slug}” is taken"


class TargetMissing(Invalid):
    """The product a link should lead to does not exist."""

    code = "channels.target_missing"
    zh = "请选择链接要打开的商品"
    en = "Choose the product that the link opens"


class LiveMalformed(Invalid):
    """A rotation that makes no sense; the words say why."""

    code = "channels.live_malformed"
    zh = "{zh_reason}"
    en = "{en_reason}"


class LiveMissing(NotFound):
    """The code rotates nobody, or not this employee."""

    code = "channels.live_missing"
    zh = "没有找到这个活码"
    en = "No such live code"


class CostMissing(NotFound):
    """The code has no such cost, or not any more."""

    code = "channels.cost_missing"
    zh = "没有找到这笔成本，可能已被删除"
    en = "No such cost; somebody may have taken it away"
