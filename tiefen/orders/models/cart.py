"""What a fan has put in the cart, and where it shall go."""

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.crypto import Sealed
from tiefen.kernel.db import Base, Fen, Id, Ref, Utc


class CartItem(Base):
    """What a fan put in the cart, with the price seen then."""

    __tablename__ = "cart_item"
    __table_args__ = (CheckConstraint("quantity BETWEEN 1 AND 9999", "quantity"),)

    fan_id: Mapped[Ref] = mapped_column(primary_key=True)
    sku_id: Mapped[Ref] = mapped_column(primary_key=True)
    quantity: Mapped[int]
    price_seen_fen: Mapped[Fen]
    added_at: Mapped[Utc]


class Address(Base):
    """A fan's address; who and where exactly is sealed."""

    __tablename__ = "address"
    __table_args__ = (
        Index("ix_address_fan", "fan_id", text("id DESC")),
        Index(
            "uq_address_default",
            "fan_id",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )

    id: Mapped[Id]
    fan_id: Mapped[Ref]
    name: Mapped[str] = mapped_column(Sealed)
    phone: Mapped[str] = mapped_column(Sealed)
    region_code: Mapped[str]
    province: Mapped[str]
    city: Mapped[str]
    district: Mapped[str]
    detail: Mapped[str] = mapped_column(Sealed)
    is_default: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[Utc]
