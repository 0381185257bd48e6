"""Tables of what an order asks besides goods: the merchant's own questions, and invoices."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.crypto import Sealed
from tiefen.kernel.db import Base, Fen, Id, Ref, Utc, text_enum
from tiefen.orders.values import FieldKind, InvoiceState, TitleKind


class FormField(Base):
    """A question the merchant asks at checkout: of every order, or of orders with a product."""

    __tablename__ = "form_field"
    __table_args__ = (
        CheckConstraint("(kind = 'choice') = (cardinality(options) > 0)", "options"),
        Index("ix_form_field_product", "product_id", postgresql_where=text("active")),
    )

    id: Mapped[Id]
    product_id: Mapped[int | None] = mapped_column(BigInteger)
    """None: asked of every order."""
    label: Mapped[str]
    kind: Mapped[FieldKind] = mapped_column(text_enum(FieldKind))
    required: Mapped[bool]
    options: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[Utc]


class OrderAnswer(Base):
    """What a fan answered at checkout; sealed, whatever it is."""

    __tablename__ = "order_answer"

    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"), primary_key=True)
    field_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("form_field.id"), primary_key=True)
    label: Mapped[str]
    """As it was asked then."""
    kind: Mapped[FieldKind] = mapped_column(text_enum(FieldKind))
    value: Mapped[str] = mapped_column(Sealed)


class Invoice(Base):
    """The invoice (发票) a fan wants for an order, and what became of it."""

    __tablename__ = "invoice"
    __table_args__ = (
        CheckConstraint("(state = 'requested') = (issued_at IS NULL)", "issued"),
        CheckConstraint("state = 'requested' OR number <> ''", "number"),
        CheckConstraint("red_fen BETWEEN 0 AND amount_fen", "red"),
        Index("ix_invoice_state", "state", text("id DESC")),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"), unique=True)
    fan_id: Mapped[Ref] = mapped_column(index=True)
    kind: Mapped[TitleKind] = mapped_column(text_enum(TitleKind))
    title: Mapped[str] = mapped_column(Sealed)
    tax_no: Mapped[str] = mapped_column(Sealed)
    email: Mapped[str] = mapped_column(Sealed)
    state: Mapped[InvoiceState] = mapped_column(text_enum(InvoiceState))
    amount_fen: Mapped[Fen] = mapped_column(default=0)
    """What it was issued for: paid, less refunded by then."""
    red_fen: Mapped[Fen] = mapped_column(default=0)
    """Refunded since it was issued: to be taken back by a red-letter invoice."""
    number: Mapped[str] = mapped_column(default="")
    red_number: Mapped[str] = mapped_column(default="")
    file_key: Mapped[str] = mapped_column(default="")
    """The stored file; served to the fan and to staff only."""
    requested_at: Mapped[Utc]
    issued_at: Mapped[Utc | None]
    issued_by: Mapped[int | None] = mapped_column(BigInteger)
    updated_at: Mapped[Utc]
