"""What catalog sends and takes over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StrictBool, StringConstraints

from tiefen.catalog.values import ProductRole, ProductStatus
from tiefen.kernel.http import IdIn, In, Out
from tiefen.kernel.text import OneLine, Prose

MAX_PRICE_FEN = 10_000_000_000
PriceFen = Annotated[int, Field(strict=True, ge=0, le=MAX_PRICE_FEN)]
PositionIn = Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)]
FileKey = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}/[A-Za-z0-9_-]{8,64}\.webp$")
]


class SpecInput(In):
    """One dimension of the grid."""

    name: Annotated[OneLine, Field(min_length=1, max_length=20)]
    values: Annotated[
        list[Annotated[OneLine, Field(min_length=1, max_length=40)]],
        Field(min_length=1, max_length=200),
    ]


class SkuInput(In):
    """One cell of the grid. With `id` an existing SKU is changed, without it one is added."""

    id: IdIn | None = None
    values: Annotated[
        list[Annotated[OneLine, Field(max_length=40)]],
        Field(max_length=3, default_factory=list),
    ]
    code: Annotated[OneLine, Field(max_length=60)] = ""
    price_fen: PriceFen
    market_fen: PriceFen | None = None
    cost_fen: PriceFen | None = None
    image_key: FileKey | None = None


class ProductInput(In):
    """A whole product as the editor saves it; SKUs left out go off the grid."""

    name: Annotated[OneLine, Field(min_length=1, max_length=120)]
    subtitle: Annotated[OneLine, Field(max_length=200)] = ""
    category_id: IdIn | None = None
    role: ProductRole = ProductRole.REGULAR
    images: Annotated[list[FileKey], Field(max_length=15, default_factory=list)]
    detail_html: Annotated[Prose, Field(max_length=200_000)] = ""
    specs: Annotated[list[SpecInput], Field(max_length=3, default_factory=list)]
    skus: Annotated[list[SkuInput], Field(min_length=1, max_length=600)]
    purchase_limit: Annotated[int, Field(strict=True, ge=1, le=9999)] | None = None
    position: PositionIn = 0
    version: Annotated[int, Field(strict=True, ge=1, le=2_000_000_000)] | None = None
    """The version that was opened; needed when changing a product."""


class ShelfInput(In):
    """On or off the shelf."""

    on: StrictBool


class CategoryInput(In):
    """A category as the console saves it."""

    name: Annotated[OneLine, Field(min_length=1, max_length=40)]
    parent_id: IdIn | None = None
    image_key: FileKey | None = None
    position: PositionIn = 0
    shown: StrictBool = True


class SpecOut(Out):
    """One dimension of the grid."""

    name: str
    values: list[str]


class CategoryOut(Out):
    """A category; the reader builds the tree by `parent_id`."""

    id: int
    parent_id: int | None
    name: str
    image_url: str
    position: int
    shown: bool


class ConsoleSku(Out):
    """A SKU with everything the merchant knows."""

    id: int
    values: list[str]
    code: str
    price_fen: int
    market_fen: int | None
    cost_fen: int | None
    image_key: str
    image_url: str
    on_grid: bool


class ConsoleProduct(Out):
    """A product as the editor opens it."""

    id: int
    name: str
    subtitle: str
    category_id: int | None
    role: ProductRole
    status: ProductStatus
    images: list[str]
    image_urls: list[str]
    detail_html: str
    specs: list[SpecOut]
    skus: list[ConsoleSku]
    purchase_limit: int | None
    position: int
    price_min_fen: int
    price_max_fen: int
    version: int
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None


class ConsoleProductRow(Out):
    """A product in the console's list."""

    id: int
    name: str
    subtitle: str
    category_id: int | None
    role: ProductRole
    status: ProductStatus
    cover_url: str
    price_min_fen: int
    price_max_fen: int
    sku_count: int
    purchase_limit: int | None
    position: int
    updated_at: datetime


class FileOut(Out):
    """An uploaded picture: `key` to save, `url` to show."""

    key: str
    url: str


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
    name: str
    subtitle: str
    category_id: int | None
    image_urls: list[str]
    detail_html: str
    specs: list[SpecOut]
    skus: list[ShopSku]
    purchase_limit: int | None
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


def specs_of(raw: list[dict[str, Any]]) -> list[SpecOut]:
    """The stored specs as schema."""
    return [SpecOut(name=spec["name"], values=spec["values"]) for spec in raw]
