"""What catalog gives to other rooms."""

from dataclasses import dataclass
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


class ProductStatus(StrEnum):
    """Where a product stands between the desk and the shelf."""

    DRAFT = "draft"
    """Never published; nobody outside the console sees it."""
    ON_SHELF = "on_shelf"
    """For sale."""
    OFF_SHELF = "off_shelf"
    """Was for sale; kept for its orders and for coming back."""


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
    category_ids: tuple[int, ...] = ()
    """Its category and those above it, the nearest first."""
