"""What fans see of the goods."""

from tiefen.catalog.schemas.goods import ProductFact
from tiefen.catalog.schemas.shared import PresaleOut, SpecOut
from tiefen.catalog.schemas.shelves import CategoryOut
from tiefen.catalog.values import ProductKind
from tiefen.kernel.http import Out


class ShopSku(Out):
    """A SKU as a fan sees it."""

    id: int
    values: list[str]
    price_fen: int
    market_fen: int | None
    image_url: str


class ShopProduct(Out):
    """A product page."""

    id: int
    kind: ProductKind
    name: str
    subtitle: str
    points: list[str]
    brand_name: str
    attributes: list[ProductFact]
    category_id: int | None
    image_urls: list[str]
    video_url: str
    detail_html: str
    specs: list[SpecOut]
    skus: list[ShopSku]
    purchase_limit: int | None
    presale: PresaleOut | None
    """While deposits are taken; null: it is sold as usual."""
    delivery: str
    """How a buyer gets it, in a sentence; empty for what comes in a parcel."""
    members_only: bool
    """Not everybody may buy it; the quote says whether this fan may."""
    rating_count: int
    rating_sum: int
    """Stars of all reviews that are shown."""
    price_min_fen: int
    price_max_fen: int


class ShareKitOut(Out):
    """What employees and fans share of a product."""

    product_id: int
    name: str
    subtitle: str
    points: list[str]
    texts: list[str]
    """Each ready to be copied."""
    image_urls: list[str]
    """In their order, nine at most."""
    cover_url: str
    price_min_fen: int
    price_max_fen: int


class ShopProductRow(Out):
    """A product in a list."""

    id: int
    name: str
    subtitle: str
    cover_url: str
    price_min_fen: int
    price_max_fen: int
    market_fen: int | None


class ShopHome(Out):
    """What the shop opens with."""

    categories: list[CategoryOut]
    recommended: list[ShopProductRow]
    newest: list[ShopProductRow]
