"""Refusals of the bottles room."""

from tiefen.kernel.errors import Conflict, Invalid, NotFound


class BottleUnknown(NotFound):
    """A code we never made, or one that was typed wrong."""

    code = "bottles.unknown"
    zh = "查不到这个码：它不是我们印制的，请谨防假冒，也请核对是否输入有误"
    en = "We never made this code: beware of a fake, or check that it was typed correctly"


class SkuMissing(Invalid):
    """No such SKU."""

    code = "bottles.sku_missing"
    zh = "没有找到这个规格的商品"
    en = "No such SKU"


class BatchMissing(NotFound):
    """No such batch of bottles."""

    code = "bottles.batch_missing"
    zh = "没有找到这批瓶身码"
    en = "No such batch of bottle codes"


class RangeMissing(NotFound):
    """No such range of a batch."""

    code = "bottles.range_missing"
    zh = "没有找到这段号码"
    en = "No such range of codes"


class RangeWrong(Invalid):
    """The range lies outside of the batch."""

    code = "bottles.range_wrong"
    zh = "号码段应在 1 到 {size} 之间，且起始不大于结束"
    en = "A range lies within 1 and {size}, its first number not behind its last"


class RangeTaken(Conflict):
    """Some of these bottles are in use already."""

    code = "bottles.range_taken"
    zh = "其中一部分号码已启用：{first}–{last}（{dealer}）"
    en = "Some of these codes are in use already: {first}–{last} ({dealer})"


class RewardWrong(Invalid):
    """A reward that lacks what it gives."""

    code = "bottles.reward_wrong"
    zh = "请选择要送的优惠券"
    en = "Choose the coupon to give"


class AlarmMissing(NotFound):
    """No such alarm."""

    code = "bottles.alarm_missing"
    zh = "没有找到这条预警"
    en = "No such alarm"


class FollowCodeMissing(NotFound):
    """The batch has no QR code to follow by, or not yet."""

    code = "bottles.follow_code_missing"
    zh = "还没有可以关注的二维码"
    en = "There is no QR code to follow by yet"
