"""The doors of promotion: prices for carts, promotions, and the counters behind limits."""

from tiefen.promotion.rules import changes, rule_of, sentence, stored, summary
from tiefen.promotion.service.activities import (
    copy,
    create,
    draft_rule,
    end,
    publish,
    save,
    save_groups,
)
from tiefen.promotion.service.book import groups, opened, published
from tiefen.promotion.service.choosing import Chosen, choose
from tiefen.promotion.service.coupons import (
    check_template,
    copy_template,
    create_template,
    end_template,
    guard_template,
    make_codes,
    open_template,
    save_template,
)
from tiefen.promotion.service.freight import (
    create_freight,
    delete_freight,
    save_freight,
    save_freight_mix,
)
from tiefen.promotion.service.giving import GIVE, give_batch, start_gift, stop_gift
from tiefen.promotion.service.guarding import at_risk, check_member_prices, save_costs, verdict
from tiefen.promotion.service.held import coupon_words, held_coupons
from tiefen.promotion.service.issuing import (
    claim_coupon,
    coupon_labels,
    coupon_names,
    coupons_by_key,
    expire_coupons,
    give_coupon,
    held_count,
    redeem_code,
    take_back_by_staff,
    take_back_coupon,
)
from tiefen.promotion.service.members import shut_out
from tiefen.promotion.service.offers import product_offers
from tiefen.promotion.service.pricing import (
    give_back_limits,
    limit_reached,
    limits_left,
    quote,
    quotes,
    replay,
    take_limits,
)
from tiefen.promotion.service.trying import draft_body, try_on
from tiefen.promotion.service.uses import give_back_uses, take_uses, uses_held

__all__ = [
    "GIVE",
    "Chosen",
    "at_risk",
    "changes",
    "check_member_prices",
    "check_template",
    "choose",
    "claim_coupon",
    "copy",
    "copy_template",
    "coupon_labels",
    "coupon_names",
    "coupon_words",
    "coupons_by_key",
    "create",
    "create_freight",
    "create_template",
    "delete_freight",
    "draft_body",
    "draft_rule",
    "end",
    "end_template",
    "expire_coupons",
    "give_back_limits",
    "give_back_uses",
    "give_batch",
    "give_coupon",
    "groups",
    "guard_template",
    "held_count",
    "held_coupons",
    "limit_reached",
    "limits_left",
    "make_codes",
    "open_template",
    "opened",
    "product_offers",
    "publish",
    "published",
    "quote",
    "quotes",
    "redeem_code",
    "replay",
    "rule_of",
    "save",
    "save_costs",
    "save_freight",
    "save_freight_mix",
    "save_groups",
    "save_template",
    "sentence",
    "shut_out",
    "start_gift",
    "stop_gift",
    "stored",
    "summary",
    "take_back_by_staff",
    "take_back_coupon",
    "take_limits",
    "take_uses",
    "try_on",
    "uses_held",
    "verdict",
]
