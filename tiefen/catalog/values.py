"""What catalog gives to other rooms."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class ProductRole(StrEnum):
    """What a product is for in the merchant's plan (产品角色)."""

    REGULAR = "regular"
    """常规品: no special part."""
    TRAFFIC = "traffic"
    """引流品: brings people in, may earn nothing."""
    PROFIT = "profit"
    """利润品: earns the margin."""
    REPEAT = "repeat"
    """复购品: is used up and bought again."""


class ProductKind(StrEnum):
    """What a buyer gets, and so how it is delivered."""

    GOODS = "goods"
    """实物: sent in a parcel."""
    VIRTUAL = "virtual"
    """虚拟商品: a text or link that every buyer reads after paying."""
    CODES = "codes"
    """卡密: each piece is a code of its own out of a pool."""
    SERVICE = "service"
    """服务: given in person, and ticked off by staff."""
    COURSE = "course"
    """课程: pages that open after paying."""


SENT = frozenset({ProductKind.GOODS})
"""Kinds that travel in a parcel."""


class ProductStatus(StrEnum):
    """Where a product stands between the desk and the shelf."""

    DRAFT = "draft"
    """Never published; nobody outside the console sees it."""
    ON_SHELF = "on_shelf"
    """For sale."""
    OFF_SHELF = "off_shelf"
    """Was for sale; kept for its orders and for coming back."""


class ImportState(StrEnum):
    """Where an import of goods stands."""

    CHECKED = "checked"
    """Read and tried out; nothing was changed."""
    RUNNING = "running"
    STOPPED = "stopped"
    """Somebody stopped it; what was done is done."""
    DONE = "done"


class LineFate(StrEnum):
    """What an import makes, or made, of a line."""

    CREATE = "create"
    UPDATE = "update"
    SAME = "same"
    """The shop says this already."""
    WRONG = "wrong"


class ChangeKind(StrEnum):
    """What is changed on many products at once."""

    PRICE_SET = "price_set"
    PRICE_ADD = "price_add"
    PRICE_PERCENT = "price_percent"
    CATEGORY = "category"
    BRAND = "brand"
    LIMIT = "limit"
    ROLE = "role"
    SHELF = "shelf"


@dataclass(frozen=True, slots=True)
class Presale:
    """How a product is sold before it can be sent (预售): a deposit now, the balance in a window.

    Amounts in fen a piece. One of `deposit_fen` and `deposit_bp` is 0.
    """

    deposit_fen: int
    deposit_bp: int
    """A part of the list price."""
    worth_fen: int
    """What the deposit counts for at the balance (定金膨胀); 0 = for itself."""
    balance_from: datetime
    """From here on the balance can be paid, and nobody pays a deposit any more."""
    balance_until: datetime
    ships_by: date
    """The day by which the merchant promises to send it."""
    forfeits: bool
    """A balance that is not paid in time costs the deposit; else the deposit goes back."""


@dataclass(frozen=True, slots=True)
class SkuBrief:
    """A SKU as other rooms need it. Prices in fen; `cost_fen` must not reach a fan."""

    id: int
    product_id: int
    product_name: str
    spec_text: str
    price_fen: int
    cost_fen: int | None
    image_url: str
    on_shelf: bool
    """Product on the shelf and this SKU on its grid: it may be bought."""
    purchase_limit: int | None
    """Pieces of the *product* one fan may buy in all; None = no limit."""
    code: str = ""
    kind: ProductKind = ProductKind.GOODS
    weight_g: int | None = None
    only_stages: tuple[str, ...] = ()
    only_segments: tuple[int, ...] = ()
    """Only fans of one of these stages or segments may buy it; both empty = everybody."""
    category_ids: tuple[int, ...] = ()
    """Its category and those above it, the nearest first."""
    volume_cm3: int | None = None
    freight_template_id: int | None = None
    """What sending it costs; None: the shop's default."""
    presale: Presale | None = None
    """Whatever the hour: who sells looks at its times."""


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """How a service is used: so often a piece, until so many days after payment."""

    uses: int
    days: int | None


@dataclass(frozen=True, slots=True)
class ShareKit:
    """What employees and fans share of a product on the shelf (分享素材). Prices in fen."""

    product_id: int
    name: str
    subtitle: str
    points: tuple[str, ...]
    texts: tuple[str, ...]
    images: tuple[str, ...]
    """File keys in their order, nine at most; the product's own when none were chosen."""
    cover: str
    """File key of the picture on a poster."""
    price_min_fen: int
    price_max_fen: int


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a buyer says of an order line, as the room that knows orders vouches for it."""

    order_line_id: int
    order_no: str
    product_id: int
    sku_id: int
    spec_text: str
    fan_id: int
    fan_name: str
    """In clear; it is masked before it is kept."""
    stars: int
    words: str
    images: tuple[str, ...]
