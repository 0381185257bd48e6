"""Refusals of promotion."""

from tiefen.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class QuoteTooLarge(Invalid):
    """The amount is beyond what one payment can carry."""

    code = "promotion.too_large"
    zh = "金额太大，请分开下单"
    en = "The amount is too large; please split the order"


class LimitReached(Conflict):
    """More of a product than one fan may buy. Details: product_id, limit, left."""

    code = "promotion.limit_reached"
    zh = "“{name}”每人限购 {limit} 件，您还可以买 {left} 件"
    en = "{name}: at most {limit} per person; you may still buy {left}"


class BadPromotion(Invalid):
    """A promotion that makes no sense yet; the field says where."""

    code = "promotion.bad"
    zh = "{why_zh}"
    en = "{why_en}"


class BadFreight(Invalid):
    """A freight template that makes no sense; the field says where."""

    code = "promotion.bad_freight"
    zh = "{why_zh}"
    en = "{why_en}"


class FreightMissing(NotFound):
    """No such freight template."""

    code = "promotion.freight_missing"
    zh = "没有这个运费模板"
    en = "No such freight template"


class FreightInUse(Conflict):
    """The default template, or one that goods still have, cannot go."""

    code = "promotion.freight_in_use"
    zh = "还有 {count} 个商品使用这个运费模板，请先给它们换一个"
    en = "{count} product(s) still use this freight template; give them another one first"


class TooManyFreights(Conflict):
    """More freight templates than the memory of prices should hold."""

    code = "promotion.too_many_freights"
    zh = "最多 {most} 个运费模板"
    en = "At most {most} freight templates"


class PromotionMissing(NotFound):
    """No such promotion."""

    code = "promotion.missing"
    zh = "没有这个活动"
    en = "No such promotion"


class PromotionEdited(Conflict):
    """Somebody else saved it in the meantime."""

    code = "promotion.edited_elsewhere"
    zh = "别人刚刚改过这个活动，请刷新后再改"
    en = "Somebody else has just changed this promotion; reload and try again"


class PromotionOver(Conflict):
    """It has ended: it can be copied, not changed."""

    code = "promotion.over"
    zh = "活动已结束，不能再改；可以复制一份"
    en = "The promotion has ended; copy it to run it again"


class NothingToPublish(Conflict):
    """The version in force is the same."""

    code = "promotion.nothing_to_publish"
    zh = "没有需要发布的修改"
    en = "There is nothing new to publish"


class GroupInUse(Conflict):
    """A stacking group that promotions stand in cannot go or change its target."""

    code = "promotion.group_in_use"
    zh = "叠加组“{name}”里还有未结束的活动“{promotion}”"
    en = "The stacking group {name} still holds the promotion {promotion}"


class UsedUp(Conflict):
    """A fan's uses of a promotion were taken by another order a moment ago."""

    code = "promotion.used_up"
    zh = "“{name}”的次数刚刚用完，请重新确认价格"
    en = "You have just used up {name}; please look at the price again"


class LosesMoney(Conflict):
    """The worst stack with this promotion is below cost. Details: skus (at most 20), count."""

    code = "promotion.loses_money"
    zh = "叠加后最多每件亏 {worst}（{count} 个 SKU 低于成本），需要有审批权限的人写明理由后发布"
    en = (
        "At worst a piece loses {worst} ({count} SKUs below cost); somebody with the right to"
        " approve must give a reason"
    )


class ApprovalForbidden(Forbidden):
    """Publishing at a loss needs the right promotions.approve."""

    code = "promotion.approval_forbidden"
    zh = "您没有批准亏本活动的权限"
    en = "You may not approve a promotion that loses money"


class TemplateMissing(NotFound):
    """No such kind of coupon."""

    code = "promotion.coupon_missing"
    zh = "没有这种优惠券"
    en = "No such coupon"


class TemplateEdited(Conflict):
    """Somebody else saved it in the meantime."""

    code = "promotion.coupon_edited_elsewhere"
    zh = "别人刚刚改过这张券，请刷新后再改"
    en = "Somebody else has just changed this coupon; reload and try again"


class TermsFixed(Conflict):
    """The terms of an open kind stay as they are: fans hold coupons of it."""

    code = "promotion.coupon_terms_fixed"
    zh = "券已发放，优惠内容不能再改；可以结束后复制一份"
    en = "Fans hold this coupon already; its terms stay. End it and copy it instead"


class CouponEnded(Conflict):
    """It is a draft, or has ended, or cannot be taken at this time."""

    code = "promotion.coupon_ended"
    zh = "“{name}”现在不能领取"
    en = "{name} cannot be taken now"


class CouponGone(Conflict):
    """All are issued, or the budget is spent."""

    code = "promotion.coupon_gone"
    zh = "“{name}”已领完"
    en = "{name}: all gone"


class CouponLimit(Conflict):
    """The fan has taken as many as one may. Details: limit."""

    code = "promotion.coupon_limit"
    zh = "“{name}”每人限领 {limit} 张"
    en = "{name}: at most {limit} per person"


class CodeWrong(NotFound):
    """No such code, or it has been redeemed."""

    code = "promotion.code_wrong"
    zh = "兑换码不对，或已被用过"
    en = "This code is wrong or has been used"


class CouponTaken(Conflict):
    """Another order took the coupon, or its time has just run out."""

    code = "promotion.coupon_taken"
    zh = "优惠券“{name}”刚刚被用掉或已过期，请重新确认价格"
    en = "The coupon {name} has just been used or has expired; please look at the price again"


class GiftMissing(NotFound):
    """No such gift."""

    code = "promotion.gift_missing"
    zh = "没有这次发券"
    en = "No such gift of coupons"


class NobodyThere(Invalid):
    """A gift for nobody."""

    code = "promotion.nobody"
    zh = "没有选中任何粉丝"
    en = "No fan is chosen"
