"""Promotions, the basis of a quote, and the quote. All amounts in fen."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tiefen.catalog.values import Presale
from tiefen.members.values import PointsOffer
from tiefen.promotion.values.freight import Freight, FreightMix, Tariff
from tiefen.promotion.values.steps import Step


class PromotionKind(StrEnum):
    """What a promotion does to a price."""

    LIMITED = "limited"
    """限时折扣: a percent off, or a fixed price per SKU."""
    OFF = "off"
    """满减: an amount off from a threshold."""
    PERCENT = "percent"
    """满折: a percent off from a threshold."""
    GIFT = "gift"
    """满赠: a gift from a threshold."""
    NTH = "nth"
    """第二件半价: every n-th piece a percent off."""
    PACKAGE = "package"
    """打包一口价: any N pieces, or a fixed set, at one price."""
    ADD_ON = "add_on"
    """加价购: certain SKUs cheaper when enough else is bought."""
    FREIGHT = "freight"
    """包邮: no freight from an amount."""


ON_ONE_LINE = frozenset({PromotionKind.LIMITED, PromotionKind.NTH})
"""Kinds that can be decided for one line alone."""


LEVEL_RULE = 0
"""The number of the level price among promotions (above) and coupons (below)."""
POINTS_RULE = -(2**62)
"""The number of what points pay: below every coupon's."""


class Target(StrEnum):
    """Where a stacking group decides."""

    ITEM = "item"
    """For each line on its own."""
    ORDER = "order"
    """Once for the whole order."""


class Mode(StrEnum):
    """How the promotions of a stacking group go together."""

    EXCLUSIVE = "exclusive"
    """The best one; the goods it touched take part in nothing after it."""
    BEST = "best"
    """The best one; later groups go on from its price."""
    SEQUENCE = "sequence"
    """All of them, one after the other, each on the price the last one left."""


class Status(StrEnum):
    """Where a promotion stands. What was published does not change; a change is a new version."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ENDED = "ended"


class LossRule(StrEnum):
    """What happens to an order that would lose money."""

    FLAG = "flag"
    """It is placed, and listed for the merchant."""
    REFUSE = "refuse"
    """It cannot be placed."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What the margin guard counts besides the goods."""

    pay_fee_bp: int = 60  # of what is paid: 60 = 0.6 %
    shipping_fen: int = 0
    """What sending one order costs the merchant."""
    loss_rule: LossRule = LossRule.FLAG
    commission_bp: int = 0  # of what is paid for goods: promised to all who sell, together


@dataclass(frozen=True, slots=True)
class Group:
    """A stacking group. Groups act in their order."""

    id: int
    name: str
    target: Target
    mode: Mode


@dataclass(frozen=True, slots=True)
class Scope:
    """The goods a promotion is for: everything, or what is named; never what is excluded."""

    all: bool = False
    category_ids: tuple[int, ...] = ()
    """With everything below them."""
    product_ids: tuple[int, ...] = ()
    sku_ids: tuple[int, ...] = ()
    without_category_ids: tuple[int, ...] = ()
    without_product_ids: tuple[int, ...] = ()
    without_sku_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Pieces:
    """So many pieces of a SKU."""

    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class SkuPrice:
    """A SKU at a price; `most` pieces in one order (0: no limit)."""

    sku_id: int
    price_fen: int
    most: int = 0


@dataclass(frozen=True, slots=True)
class Tier:
    """From an amount or from a number of pieces (the other is 0), this is given."""

    from_fen: int = 0
    from_pieces: int = 0
    off_fen: int = 0
    off_bp: int = 0
    gifts: tuple[Pieces, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a promotion gives. Each kind reads its own fields."""

    off_bp: int = 0
    """limited, nth: 2,000 = 20 % off."""
    prices: tuple[SkuPrice, ...] = ()
    """limited: fixed prices; add_on: what may be added."""
    tiers: tuple[Tier, ...] = ()
    """off, percent, gift, add_on, freight: rising thresholds; the highest reached counts."""
    repeat: bool = False
    """off: the first tier counts as often as it is reached."""
    cap_fen: int = 0
    """off (repeated), percent: at most this much in one order; 0 = no cap."""
    nth: int = 0
    """nth: every so many pieces one is cheaper."""
    across: bool = False
    """nth: count over all goods in scope (the cheaper pieces are the cheap ones)."""
    pieces: int = 0
    """package: any so many pieces; 0 = the set in `items`."""
    items: tuple[Pieces, ...] = ()
    price_fen: int = 0
    """package: what one package costs."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Days of the week (1 Monday … 7 Sunday) and minutes of the day, in the merchant's zone."""

    days: tuple[int, ...]
    from_minute: int = 0
    until_minute: int = 1440


@dataclass(frozen=True, slots=True)
class Conditions:
    """When and for whom a promotion holds."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    hours: tuple[Hours, ...] = ()
    """Only then; none named: always."""
    per_fan: int = 0
    """Orders of one fan that may use it; 0 = no limit."""
    new_fan_days: int = 0
    """Only fans who joined at most so many days ago; 0 = everybody."""
    first_order: bool = False
    """Only fans who have not paid an order yet."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a promotion: all the calculation needs of it."""

    id: int
    version: int
    kind: PromotionKind
    name: str
    group_id: int
    priority: int
    """Lower comes first, and wins a tie."""
    scope: Scope
    terms: Terms
    conditions: Conditions = Conditions()


@dataclass(frozen=True, slots=True)
class FanFacts:
    """What conditions ask of a fan. `used`: promotion → orders that used it."""

    joined_at: datetime | None = None
    orders: int = 0
    """Paid and not wholly given back."""
    used: tuple[tuple[int, int], ...] = ()


class ProblemKind(StrEnum):
    """Why a line cannot be ordered as it stands."""

    GONE = "gone"
    """Off the shelf, off the grid or unknown."""
    MEMBERS = "members"
    """Only for fans of other stages or segments."""
    LIMIT = "limit"
    """More than one fan may buy."""
    PRESALE = "presale"
    """It is in presale and must be ordered alone."""
    LOSS = "loss"
    """The merchant lets no order be placed that loses money, and this one would."""
    NO_DELIVERY = "no_delivery"
    """Nothing of it is sent to where the order goes."""


@dataclass(frozen=True, slots=True)
class BasisLine:
    """One wanted SKU with what the catalog says of it."""

    sku_id: int
    product_id: int
    product_name: str
    spec_text: str
    image_url: str
    quantity: int
    price_fen: int
    cost_fen: int | None
    """For the merchant's margin; must not reach a fan."""
    purchase_limit: int | None
    category_ids: tuple[int, ...] = ()
    """Its category and those above it."""
    template_id: int = 1
    """Its freight template; 0: nothing is sent."""
    weight_g: int = 0
    volume_cm3: int = 0
    presale: Presale | None = None


@dataclass(frozen=True, slots=True)
class GiftStock:
    """A SKU that may be given, and how many pieces are free."""

    line: BasisLine
    available: int


@dataclass(frozen=True, slots=True)
class Basis:
    """All a quote depends on: store it, and the quote can be computed again years later."""

    rules: int
    """Version of the calculation."""
    lines: tuple[BasisLine, ...]
    freight: Freight
    """Of calculations before version 4, which knew no templates."""
    at: datetime | None = None
    fan: FanFacts = FanFacts()
    groups: tuple[Group, ...] = ()
    versions: tuple[tuple[int, int], ...] = ()
    """(promotion, version) of every rule that looked at the cart."""
    gifts: tuple[GiftStock, ...] = ()
    coupon: Rule | None = None
    """The one coupon that was tried, as a rule whose number is minus that of its kind."""
    coupon_id: int = 0
    tariffs: tuple[Tariff, ...] = ()
    """What the freight templates of the lines come to for the place the order goes to."""
    freight_mix: FreightMix = FreightMix.SUM
    level: Rule | None = None
    """What the fan's member level takes off, as a rule whose number is `LEVEL_RULE`."""
    points: PointsOffer | None = None
    with_points: bool = False
    """The fan wants to pay with them."""


@dataclass(frozen=True, slots=True)
class LineOffer:
    """What one promotion took off one line; a coupon's number is negative."""

    promotion_id: int
    name: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """What one line costs. pay = list - discount; `freight_fen` is its share of the freight.

    A gift is a line of its own at a unit price of 0.
    """

    sku_id: int
    product_id: int
    product_name: str
    spec_text: str
    image_url: str
    quantity: int
    unit_price_fen: int
    list_fen: int
    discount_fen: int
    pay_fen: int
    freight_fen: int
    gift: bool = False
    offers: tuple[LineOffer, ...] = ()


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One step: what it did, to which SKU (None: the whole order), by how much."""

    step: Step
    sku_id: int | None
    amount_fen: int
    numbers: dict[str, int]
    """What the explaining sentence names: unit_fen, quantity, free_from_fen …"""
    promotion_id: int = 0
    name: str = ""
    """The promotion's."""


@dataclass(frozen=True, slots=True)
class Use:
    """A promotion an order made use of."""

    promotion_id: int
    version: int
    per_fan: int
    first_order: bool
    discount_fen: int
    gifts: int


@dataclass(frozen=True, slots=True)
class CouponUse:
    """The coupon a quote makes use of, and what it saves the fan (freight included)."""

    coupon_id: int
    template_id: int
    name: str
    saved_fen: int


@dataclass(frozen=True, slots=True)
class PointsUse:
    """The points that pay a part of an order, or may."""

    points: int
    off_fen: int
    used: bool
    lines: tuple[tuple[int, int], ...] = ()
    """(SKU, points of these), when used."""


@dataclass(frozen=True, slots=True)
class UseHeld:
    """A counted use that an order holds: of a promotion, or its coupon."""

    id: int
    name: str
    coupon: bool
    live: bool
    """It may be used again once it is given back; a coupon may have run out or been revoked."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one wanted line cannot be ordered."""

    kind: ProblemKind
    sku_id: int
    product_id: int
    product_name: str
    limit: int
    left: int
    """Pieces this fan may still buy."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A price with its reasons. total = goods + freight - discount ≥ 0."""

    lines: tuple[QuoteLine, ...]
    goods_fen: int
    freight_fen: int
    discount_fen: int
    total_fen: int
    trace: tuple[TraceLine, ...]
    digest: str
    """Sent back with the order: another digest means another price."""
    basis: Basis
    problems: tuple[Problem, ...] = ()
    uses: tuple[Use, ...] = ()
    margin_fen: int | None = None
    """What the order would bring; None where a cost is not known. Must not reach a fan."""
    coupon: CouponUse | None = None
    deposit_fen: int = 0
    """What is paid first of an order in presale; 0 = it is paid at once."""
    points: PointsUse | None = None
    """What points pay or could pay of it; part of the discount when used."""

    @property
    def presale(self) -> Presale | None:
        """The terms of the presale this is the price of."""
        return self.basis.lines[0].presale if self.deposit_fen else None

    @property
    def needs_parcel(self) -> bool:
        """Whether something of it travels, gifts included: then it needs an address."""
        known = {gift.line.sku_id: gift.line for gift in self.basis.gifts}
        known.update({line.sku_id: line for line in self.basis.lines})
        return any(known[line.sku_id].template_id for line in self.lines)

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """(SKU, pieces) to be sent, gifts included, by SKU."""
        wanted: dict[int, int] = {}
        for line in self.lines:
            wanted[line.sku_id] = wanted.get(line.sku_id, 0) + line.quantity
        return sorted(wanted.items())


@dataclass(frozen=True, slots=True)
class Change:
    """What became different between the quote a buyer saw and the one that holds now."""

    what: str
    """`price`, `quantity`, `added`, `removed`, `gift` (of a SKU), `freight`, `discount`, `total`."""
    sku_id: int | None
    before: int
    after: int
