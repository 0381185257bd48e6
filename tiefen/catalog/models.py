"""Tables of catalog."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.catalog.values import ProductRole, ProductStatus
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


class Product(Base):
    """What is sold (SPU). `specs` is [{"name", "values": […]}]; its SKUs are the grid over them."""

    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint("purchase_limit IS NULL OR purchase_limit BETWEEN 1 AND 9999", "limit"),
        CheckConstraint("price_max_fen >= price_min_fen AND price_min_fen >= 0", "prices"),
        Index("ix_product_grams", "grams", postgresql_using="gin"),
        Index("ix_product_shelf", "status", text("position DESC"), text("id DESC")),
    )

    id: Mapped[Id]
    category_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("category.id"), index=True
    )
    name: Mapped[str]
    subtitle: Mapped[str] = mapped_column(default="")
    """Selling point in one line."""
    role: Mapped[ProductRole] = mapped_column(text_enum(ProductRole), default=ProductRole.REGULAR)
    status: Mapped[ProductStatus] = mapped_column(
        text_enum(ProductStatus), default=ProductStatus.DRAFT
    )
    images: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """File keys, the first is the cover."""
    detail_html: Mapped[str] = mapped_column(default="")
    """Sanitised when written."""
    specs: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    purchase_limit: Mapped[int | None]
    """Pieces one fan may buy in all."""
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
        UniqueConstraint("product_id", "spec_values", name="uq_sku_product_id_spec_values"),
        Index("uq_sku_code", "code", unique=True, postgresql_where=text("code <> ''")),
        CheckConstraint("price_fen BETWEEN 0 AND 10000000000", "price"),
        CheckConstraint("cost_fen IS NULL OR cost_fen BETWEEN 0 AND 10000000000", "cost"),
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
