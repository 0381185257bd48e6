"""What is sold: categories, brands, products and their SKUs."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.catalog.values import ProductKind, ProductRole, ProductStatus
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Fen, Id, Utc, text_enum


class Category(Base):
    """A shelf in the shop; at most three levels deep."""

    __tablename__ = "category"

    id: Mapped[Id]
    parent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("category.id"), index=True)
    name: Mapped[str]
    image_key: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    shown: Mapped[bool] = mapped_column(default=True)


class Brand(Base):
    """Whose name stands on the goods."""

    __tablename__ = "brand"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[Id]
    name: Mapped[str]
    logo_key: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)


class Product(Base):
    """What is sold (SPU). `specs` is [{"name", "values": […], "images": […]}]; its SKUs are the grid."""

    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint("purchase_limit IS NULL OR purchase_limit BETWEEN 1 AND 9999", "limit"),
        CheckConstraint("service_uses BETWEEN 1 AND 999", "service_uses"),
        CheckConstraint("service_days IS NULL OR service_days BETWEEN 1 AND 3650", "service_days"),
        CheckConstraint("price_max_fen >= price_min_fen AND price_min_fen >= 0", "prices"),
        Index("ix_product_grams", "grams", postgresql_using="gin"),
        CheckConstraint("consume_days IS NULL OR consume_days BETWEEN 1 AND 3650", "consume_days"),
        CheckConstraint(
            "shelf_on_at IS NULL OR shelf_off_at IS NULL OR shelf_on_at < shelf_off_at",
            "shelf_times",
        ),
        CheckConstraint(
            "rating_count >= 0 AND rating_sum BETWEEN rating_count AND rating_count * 5", "rating"
        ),
        Index("ix_product_shelf", "status", text("position DESC"), text("id DESC")),
        Index("ix_product_position", "position", "id"),
        Index("ix_product_price", "price_min_fen", "id"),
        Index("uq_product_code", "code", unique=True, postgresql_where=text("code <> ''")),
        Index(
            "ix_product_shelf_on", "shelf_on_at", postgresql_where=text("shelf_on_at IS NOT NULL")
        ),
        Index(
            "ix_product_shelf_off",
            "shelf_off_at",
            postgresql_where=text("shelf_off_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    category_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("category.id"), index=True
    )
    brand_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("brand.id"), index=True)
    kind: Mapped[ProductKind] = mapped_column(
        text_enum(ProductKind), default=ProductKind.GOODS, server_default="goods"
    )
    code: Mapped[str] = mapped_column(default="", server_default="")
    """The merchant's own number for it; imports find it again by this."""
    name: Mapped[str]
    subtitle: Mapped[str] = mapped_column(default="")
    """Selling point in one line."""
    points: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    """Selling points in a few words each."""
    attributes: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    """Facts such as 产地 and 保质期: [{"name", "value"}]."""
    role: Mapped[ProductRole] = mapped_column(text_enum(ProductRole), default=ProductRole.REGULAR)
    status: Mapped[ProductStatus] = mapped_column(
        text_enum(ProductStatus), default=ProductStatus.DRAFT
    )
    consume_days: Mapped[int | None]
    """How long one lasts (消耗周期): when to remind of buying again."""
    freight_template_id: Mapped[int | None] = mapped_column(BigInteger)
    """What sending it costs; null, or one that has gone: the shop's default."""
    images: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """File keys, the first is the cover."""
    video_key: Mapped[str] = mapped_column(default="", server_default="")
    detail_html: Mapped[str] = mapped_column(default="")
    """Sanitised when written."""
    given_html: Mapped[str] = mapped_column(default="", server_default="")
    """What buyers read after paying: the course, the link, how to use it. Sanitised when written."""
    specs: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    purchase_limit: Mapped[int | None]
    """Pieces one fan may buy in all."""
    only_stages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    only_segments: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), default=list, server_default="{}"
    )
    """Only fans of one of these stages or segments may buy it; both empty = everybody."""
    shelf_on_at: Mapped[Utc | None]
    shelf_off_at: Mapped[Utc | None]
    """When it goes on or off the shelf by itself; empty once done."""
    share_texts: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    """What employees and fans may write when they share it, each ready to be copied."""
    share_images: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    """Up to nine pictures for a post among friends."""
    service_uses: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    """A service: how often one piece may be used (次卡)."""
    service_days: Mapped[int | None]
    """A service: so many days after payment it can be used; empty = for ever."""
    presale: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """A `Presale`, written by catalog alone."""
    rating_count: Mapped[int] = mapped_column(default=0, server_default="0")
    rating_sum: Mapped[int] = mapped_column(default=0, server_default="0")
    """Stars of the reviews that are shown; moved in the reviews' own commits."""
    price_min_fen: Mapped[Fen] = mapped_column(default=0)
    price_max_fen: Mapped[Fen] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(default=0)
    """Higher stands earlier."""
    grams: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """Search keys of name, subtitle and SKU codes."""
    folded: Mapped[str] = mapped_column(default="")
    """The same texts as search sees them; drops what holds the keys but not the word."""
    version: Mapped[int] = mapped_column(default=1)
    """Goes up by one with every save; an editor sends back the one it opened."""
    created_at: Mapped[Utc]
    updated_at: Mapped[Utc]
    published_at: Mapped[Utc | None]


class Sku(Base):
    """One cell of a product's grid: what stands in a cart. Never deleted, only taken off the grid."""

    __tablename__ = "sku"
    __table_args__ = (
        Index(
            "uq_sku_grid",
            "product_id",
            "spec_values",
            unique=True,
            postgresql_where=text("on_grid"),
        ),
        Index("ix_sku_product_id", "product_id"),
        Index("uq_sku_code", "code", unique=True, postgresql_where=text("code <> ''")),
        CheckConstraint("price_fen BETWEEN 0 AND 10000000000", "price"),
        CheckConstraint("cost_fen IS NULL OR cost_fen BETWEEN 0 AND 10000000000", "cost"),
        CheckConstraint("weight_g IS NULL OR weight_g BETWEEN 0 AND 10000000", "weight"),
        CheckConstraint("volume_cm3 IS NULL OR volume_cm3 BETWEEN 0 AND 100000000", "volume"),
    )

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    spec_values: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    code: Mapped[str] = mapped_column(default="")
    """The merchant's own number for it."""
    price_fen: Mapped[Fen]
    market_fen: Mapped[int | None] = mapped_column(BigInteger)
    """Struck-through price; only shown."""
    cost_fen: Mapped[int | None] = mapped_column(BigInteger)
    """Never leaves the console."""
    image_key: Mapped[str] = mapped_column(default="")
    """Its own picture, or that of its spec value."""
    weight_g: Mapped[int | None]
    volume_cm3: Mapped[int | None]
    on_grid: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)


invariant(
    "B1-shelf",
    "a product on the shelf has a picture and a SKU on its grid",
    """
    SELECT p.id FROM product p
    WHERE p.status = 'on_shelf' AND (cardinality(p.images) = 0 OR NOT EXISTS (
        SELECT 1 FROM sku s WHERE s.product_id = p.id AND s.on_grid))
    """,
)
invariant(
    "B1-prices",
    "a product's price range is that of its SKUs on the grid",
    """
    SELECT p.id FROM product p JOIN sku s ON s.product_id = p.id AND s.on_grid
    GROUP BY p.id, p.price_min_fen, p.price_max_fen
    HAVING p.price_min_fen <> min(s.price_fen) OR p.price_max_fen <> max(s.price_fen)
    """,
)
