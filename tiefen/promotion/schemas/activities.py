"""Promotions and the margin guard over HTTP."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import AwareDatetime, Field, StrictBool

from tiefen.kernel.errors import language
from tiefen.kernel.http import FenIn, IdIn, In, Out, QuantityIn
from tiefen.kernel.text import OneLine, Prose
from tiefen.promotion.values import LossRule, Mode, PromotionKind, Rule, Status, Target

FeeIn = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]
BpIn = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Ids = Annotated[list[IdIn], Field(max_length=2_000, default_factory=list)]


class ScopeIO(In):
    """The goods it is for: all, or those named; never those excluded."""

    all: StrictBool = False
    category_ids: Ids
    product_ids: Ids
    sku_ids: Ids
    without_category_ids: Ids
    without_product_ids: Ids
    without_sku_ids: Ids


class PiecesIO(In):
    """So many pieces of a SKU."""

    sku_id: IdIn
    quantity: QuantityIn


class SkuPriceIO(In):
    """A SKU at a price; `most` pieces in one order, 0 = no limit."""

    sku_id: IdIn
    price_fen: FenIn
    most: Annotated[int, Field(strict=True, ge=0, le=9_999)] = 0


class TierIO(In):
    """From an amount or a number of pieces, this is given."""

    from_fen: FenIn = 0
    from_pieces: Annotated[int, Field(strict=True, ge=0, le=9_999)] = 0
    off_fen: FenIn = 0
    off_bp: BpIn = 0
    gifts: Annotated[list[PiecesIO], Field(max_length=5, default_factory=list)]


class TermsIO(In):
    """What it gives. Each kind reads its own fields."""

    off_bp: BpIn = 0
    prices: Annotated[list[SkuPriceIO], Field(max_length=500, default_factory=list)]
    tiers: Annotated[list[TierIO], Field(max_length=10, default_factory=list)]
    repeat: StrictBool = False
    cap_fen: FenIn = 0
    nth: Annotated[int, Field(strict=True, ge=0, le=20)] = 0
    across: StrictBool = False
    pieces: Annotated[int, Field(strict=True, ge=0, le=99)] = 0
    items: Annotated[list[PiecesIO], Field(max_length=20, default_factory=list)]
    price_fen: FenIn = 0


class HoursIO(In):
    """Days of the week (1 Monday) and minutes of the day in China."""

    days: Annotated[list[Annotated[int, Field(strict=True, ge=1, le=7)]], Field(max_length=7)]
    from_minute: Annotated[int, Field(strict=True, ge=0, le=1_440)] = 0
    until_minute: Annotated[int, Field(strict=True, ge=0, le=1_440)] = 1_440


class ConditionsIO(In):
    """When and for whom it holds; 0 = no limit."""

    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    hours: Annotated[list[HoursIO], Field(max_length=14, default_factory=list)]
    per_fan: Annotated[int, Field(strict=True, ge=0, le=9_999)] = 0
    new_fan_days: Annotated[int, Field(strict=True, ge=0, le=3_650)] = 0
    first_order: StrictBool = False


class PromotionIn(In):
    """A promotion as the editor sends it."""

    kind: PromotionKind
    name: Annotated[OneLine, Field(min_length=1, max_length=40)]
    group_id: Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)]
    priority: Annotated[int, Field(strict=True, ge=0, le=1_000)] = 0
    scope: ScopeIO
    terms: TermsIO
    conditions: ConditionsIO

    def rule(self, promotion_id: int = 0) -> Rule:
        """As the calculation takes it."""
        body = self.model_dump(mode="json")
        return msgspec.convert({**body, "id": promotion_id, "version": 0}, Rule)


class PromotionSave(PromotionIn):
    """A change to the draft that was opened at `edits`."""

    edits: Annotated[int, Field(strict=True, ge=1)]


class PublishIn(In):
    """`because` is needed, with the right to, when it may lose money."""

    because: Annotated[Prose, Field(max_length=200)] = ""


class NamedSku(Out):
    """A SKU a promotion names."""

    sku_id: int
    product_id: int
    name: str
    image_url: str
    price_fen: int
    cost_fen: int | None


class NamedProduct(Out):
    """A product a promotion names."""

    product_id: int
    name: str


class VersionOut(Out):
    """One published version."""

    version: int
    sentence: str
    published_at: datetime
    published_by: str
    floor_fen: int | None
    approved_because: str


class PromotionRow(Out):
    """A promotion in the list."""

    id: int
    kind: PromotionKind
    status: Status
    running: bool
    """Published, and now is in its window and hours."""
    name: str
    sentence: str
    version: int
    changed: bool
    starts_at: datetime | None
    ends_at: datetime | None
    orders: int
    discount_fen: int
    updated_at: datetime


class PromotionOut(PromotionRow):
    """A promotion in full: the draft's text, what it names, and its versions."""

    edits: int
    group_id: int
    priority: int
    scope: ScopeIO
    terms: TermsIO
    conditions: ConditionsIO
    skus: list[NamedSku]
    products: list[NamedProduct]
    versions: list[VersionOut]


class PromotionDayOut(Out):
    """What a promotion gave on one day."""

    day: str
    orders: int
    discount_fen: int


class PerformanceOut(Out):
    """What a promotion gave so far. Orders that were closed or wholly refunded are apart."""

    orders: int
    fans: int
    discount_fen: int
    gifts: int
    given_back: int
    days: list[PromotionDayOut]


class GroupIO(In):
    """A stacking group; id 0 is a new one."""

    id: Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)]
    name: Annotated[OneLine, Field(min_length=1, max_length=20)]
    target: Target
    mode: Mode


class GroupsIO(In):
    """All stacking groups in their order."""

    groups: Annotated[list[GroupIO], Field(min_length=1, max_length=12)]
    level_group_id: Annotated[int, Field(strict=True, ge=1, le=2**63 - 1)] | None = None
    """where level prices stand; null: the first group that looks at items"""


class RiskOut(Out):
    """A SKU that can be sold at a loss, with the worst that can happen to one piece."""

    sku_id: int
    product_id: int
    name: str
    image_url: str
    price_fen: int
    cost_fen: int
    pay_fen: int
    extra_fen: int
    margin_fen: int
    by: list[str]


class VerdictOut(Out):
    """What the margin guard says."""

    floor_fen: int | None
    below: int
    unknown: int
    checked: int
    worst: list[RiskOut]


class CheckOut(Out):
    """A draft in one sentence, and what the guard says of it."""

    sentence: str
    verdict: VerdictOut


class CostsIO(In):
    """What the guard counts besides goods, and what happens to an order at a loss."""

    pay_fee_bp: BpIn
    shipping_fen: FeeIn
    loss_rule: LossRule
    commission_bp: BpIn = 0
    """Of what is paid for goods: commission and shares of all who sell, together."""


class LossOut(Out):
    """An order that was placed at a loss."""

    order_no: str
    loss_fen: int
    at: datetime


class OfferTag(Out):
    """An offer on a product page."""

    promotion_id: int
    kind: PromotionKind
    label: str
    sentence: str
    ends_at: datetime | None


class SkuOffer(Out):
    """What one piece costs with the offers every fan gets."""

    sku_id: int
    price_fen: int


class ProductOffers(Out):
    """The offers that look at a product now."""

    tags: list[OfferTag]
    prices: list[SkuOffer]
    level_name: str
    """of the fan's member level, when it makes anything here cheaper"""
    level_prices: list[SkuOffer]
    """what one piece costs this fan, where that is less"""


def say(pair: tuple[str, str]) -> str:
    """The sentence in the reader's language."""
    return pair[1] if language.get() == "en" else pair[0]


def body_parts(body: dict[str, Any]) -> dict[str, Any]:
    """Scope, terms and conditions of a stored body, as schemas."""
    return {
        "scope": ScopeIO.model_validate(body["scope"]),
        "terms": TermsIO.model_validate(body["terms"]),
        "conditions": ConditionsIO.model_validate(body["conditions"]),
    }
