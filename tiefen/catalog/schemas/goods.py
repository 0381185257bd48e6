"""What the console sends and takes of products."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StrictBool

from tiefen.catalog.schemas.shared import (
    FileKey,
    PositionIn,
    PresaleOut,
    PriceFen,
    SpecOut,
    VideoKey,
)
from tiefen.catalog.values import Presale, ProductKind, ProductRole, ProductStatus
from tiefen.kernel.http import IdIn, In, Out
from tiefen.kernel.text import OneLine, Prose


class SpecInput(In):
    """One dimension of the grid."""

    name: Annotated[OneLine, Field(min_length=1, max_length=20)]
    values: Annotated[
        list[Annotated[OneLine, Field(min_length=1, max_length=40)]],
        Field(min_length=1, max_length=200),
    ]
    images: Annotated[list[FileKey | Literal[""]], Field(max_length=200, default_factory=list)]
    """A picture for each value, empty for none."""


class ProductFactInput(In):
    """A fact about the product, such as 产地: 福建."""

    name: Annotated[OneLine, Field(min_length=1, max_length=20)]
    value: Annotated[OneLine, Field(min_length=1, max_length=200)]


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
    weight_g: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] | None = None
    volume_cm3: Annotated[int, Field(strict=True, ge=0, le=100_000_000)] | None = None
    image_key: FileKey | None = None
    """Its own picture; without one, that of its spec value."""


class PresaleInput(In):
    """Terms of a presale; amounts a piece, one of the two deposits is 0."""

    deposit_fen: Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)] = 0
    deposit_bp: Annotated[int, Field(strict=True, ge=0, le=9_000)] = 0
    worth_fen: Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)] = 0
    balance_from: AwareDatetime
    balance_until: AwareDatetime
    ships_by: date
    forfeits: StrictBool = False

    def value(self) -> Presale:
        """As the rules know it."""
        return Presale(**self.model_dump())


class ProductInput(In):
    """A whole product as the editor saves it; SKUs left out go off the grid."""

    kind: ProductKind = ProductKind.GOODS
    code: Annotated[OneLine, Field(max_length=60)] = ""
    name: Annotated[OneLine, Field(min_length=1, max_length=120)]
    subtitle: Annotated[OneLine, Field(max_length=200)] = ""
    points: Annotated[
        list[Annotated[OneLine, Field(min_length=1, max_length=40)]],
        Field(max_length=6, default_factory=list),
    ]
    attributes: Annotated[list[ProductFactInput], Field(max_length=30, default_factory=list)]
    category_id: IdIn | None = None
    brand_id: IdIn | None = None
    role: ProductRole = ProductRole.REGULAR
    consume_days: Annotated[int, Field(strict=True, ge=1, le=3650)] | None = None
    freight_template_id: IdIn | None = None
    """What sending it costs; null: the shop's default."""
    """How long one lasts, in days."""
    video_key: VideoKey | None = None
    images: Annotated[list[FileKey], Field(max_length=15, default_factory=list)]
    detail_html: Annotated[Prose, Field(max_length=200_000)] = ""
    given_html: Annotated[Prose, Field(max_length=200_000)] = ""
    """What buyers read after paying."""
    specs: Annotated[list[SpecInput], Field(max_length=3, default_factory=list)]
    skus: Annotated[list[SkuInput], Field(min_length=1, max_length=600)]
    purchase_limit: Annotated[int, Field(strict=True, ge=1, le=9999)] | None = None
    only_stages: Annotated[
        list[Annotated[OneLine, Field(min_length=1, max_length=40)]],
        Field(max_length=10, default_factory=list),
    ]
    only_segments: Annotated[list[IdIn], Field(max_length=20, default_factory=list)]
    shelf_on_at: AwareDatetime | None = None
    shelf_off_at: AwareDatetime | None = None
    share_texts: Annotated[
        list[Annotated[Prose, Field(min_length=1, max_length=1_000)]],
        Field(max_length=10, default_factory=list),
    ]
    share_images: Annotated[list[FileKey], Field(max_length=9, default_factory=list)]
    presale: PresaleInput | None = None
    service_uses: Annotated[int, Field(strict=True, ge=1, le=999)] = 1
    """A service: how often one piece may be used."""
    service_days: Annotated[int, Field(strict=True, ge=1, le=3650)] | None = None
    """A service: so many days after payment it can be used."""
    position: PositionIn = 0
    version: Annotated[int, Field(strict=True, ge=1, le=2_000_000_000)] | None = None
    """The version that was opened; needed when changing a product."""


class ShelfInput(In):
    """On or off the shelf."""

    on: StrictBool


class ProductFact(Out):
    """A fact about the product."""

    name: str
    value: str


class ConsoleSku(Out):
    """A SKU with everything the merchant knows; `cost_fen` only for those who may see it."""

    id: int
    values: list[str]
    code: str
    price_fen: int
    market_fen: int | None
    cost_fen: int | None
    weight_g: int | None
    volume_cm3: int | None
    image_key: str
    """Its own picture; empty when it shows that of its spec value."""
    image_url: str
    on_grid: bool


class ConsoleProduct(Out):
    """A product as the editor opens it."""

    id: int
    kind: ProductKind
    code: str
    name: str
    subtitle: str
    points: list[str]
    attributes: list[ProductFact]
    category_id: int | None
    brand_id: int | None
    role: ProductRole
    consume_days: int | None
    freight_template_id: int | None
    status: ProductStatus
    video_key: str
    video_url: str
    images: list[str]
    image_urls: list[str]
    detail_html: str
    given_html: str
    specs: list[SpecOut]
    skus: list[ConsoleSku]
    purchase_limit: int | None
    only_stages: list[str]
    only_segments: list[int]
    shelf_on_at: datetime | None
    shelf_off_at: datetime | None
    share_texts: list[str]
    share_images: list[str]
    share_image_urls: list[str]
    presale: PresaleOut | None
    service_uses: int
    service_days: int | None
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
    kind: ProductKind
    code: str
    name: str
    subtitle: str
    category_id: int | None
    brand_id: int | None
    consume_days: int | None
    shelf_on_at: datetime | None
    shelf_off_at: datetime | None
    role: ProductRole
    status: ProductStatus
    cover_url: str
    price_min_fen: int
    price_max_fen: int
    sku_count: int
    purchase_limit: int | None
    position: int
    updated_at: datetime
