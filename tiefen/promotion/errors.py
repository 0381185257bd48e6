"""Refusals of promotion."""

from tiefen.kernel.errors import Conflict, Invalid


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
