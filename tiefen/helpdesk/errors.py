"""Refusals of the helpdesk room."""

from tiefen.kernel.errors import Forbidden, Invalid, NotFound


class ReplyMissing(NotFound):
    """No such keyword reply."""

    code = "helpdesk.reply_missing"
    zh = "没有找到这条自动回复"
    en = "No such keyword reply"


class QuestionMissing(NotFound):
    """No such question."""

    code = "helpdesk.question_missing"
    zh = "没有找到这个问题"
    en = "No such question"


class PatternRefused(Invalid):
    """The pattern cannot be used, and why."""

    code = "helpdesk.pattern_refused"
    zh = "正则无法使用：{reason}。不支持环视和反向引用，最长 {limit} 个字符"
    en = "The pattern cannot be used: {reason}. No look-around, no back-references, {limit} chars"


class AnswerTooLong(Invalid):
    """More messages than the platform lets us send for one question."""

    code = "helpdesk.answer_too_long"
    zh = "内容过长：会拆成 {messages} 条消息，微信最多允许 {limit} 条"
    en = "Too long: it would take {messages} messages, and WeChat allows {limit}"


class PartEmpty(Invalid):
    """A text without words, or a card without title or link."""

    code = "helpdesk.part_empty"
    zh = "文字不能为空；图文要有标题和链接"
    en = "A text needs words; a card needs a title and a link"


class TimeRangeMalformed(Invalid):
    """Only one end of a time range was given, or both are the same."""

    code = "helpdesk.time_range_malformed"
    zh = "时间段要同时填写开始和结束，且不能相同"
    en = "A time range needs both a start and an end, and they must differ"


class SnapshotStaff(Forbidden):
    """WeChat showed a throw-away visitor: nobody may be bound to that."""

    code = "helpdesk.snapshot_staff"
    zh = "请点右下角“使用完整服务”后再试"
    en = "Tap “use full service” at the bottom right, then try again"
