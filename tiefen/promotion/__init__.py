"""promotion 价格: what a cart costs, and why.

owns: freight_template, purchase_count, promotion, promotion_version, stacking_group,
promotion_book, promotion_use, promotion_grant, loss_order, coupon_template, coupon, coupon_holder,
coupon_code, coupon_gift.
promises: a quote is a pure function of its basis; it explains itself in trace lines; its parts add
up to the fen; it is stored with the order and can be computed again from what was stored; nobody
buys more of a limited product than the limit; no more coupons are issued than there are, and one is
on one order that stands at most.
publishes: nothing.
hears: members.LevelGiftDue.
"""
