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
from tiefen.promotion.service.guarding import at_risk, save_costs, verdict
from tiefen.promotion.service.offers import product_offers
from tiefen.promotion.service.pricing import (
    freight,
    give_back_limits,
    limit_reached,
    limits_left,
    quote,
    quotes,
    replay,
    save_freight,
    take_limits,
)
from tiefen.promotion.service.trying import draft_body, try_on
from tiefen.promotion.service.uses import give_back_uses, take_uses

__all__ = [
    "at_risk",
    "changes",
    "copy",
    "create",
    "draft_body",
    "draft_rule",
    "end",
    "freight",
    "give_back_limits",
    "give_back_uses",
    "groups",
    "limit_reached",
    "limits_left",
    "opened",
    "product_offers",
    "publish",
    "published",
    "quote",
    "quotes",
    "replay",
    "rule_of",
    "save",
    "save_costs",
    "save_freight",
    "save_groups",
    "sentence",
    "stored",
    "summary",
    "take_limits",
    "take_uses",
    "try_on",
    "verdict",
]
