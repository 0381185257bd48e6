"""Tables of orders."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.crypto import Sealed
from tiefen.kernel.db import Base, Fen, Id, Ref, Utc, text_enum
from tiefen.orders.models.presale import Staged
from tiefen.orders.values import (
    OPEN_AFTER_SALES,
    AfterSaleKind,
    AfterSalePolicy,
    AfterSaleReason,
    AfterSaleStatus,
    LinePieces,
    OrderStatus,
    ParcelStatus,
    Receiver,
    Speaker,
    UploadState,
)


class Order(Staged, Base):
    """What a fan ordered, at the price of its quote, sent to the address as it was then."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("fan_id", "checkout_key"),
        CheckConstraint("total_fen = goods_fen + freight_fen - discount_fen", "parts"),
        CheckConstraint("total_fen >= 0 AND goods_fen >= 0 AND freight_fen >= 0", "signs"),
        CheckConstraint("paid_fen IN (0, deposit_fen, total_fen)", "paid"),
        CheckConstraint("deposit_fen = 0 OR deposit_fen BETWEEN 1 AND total_fen - 1", "deposit"),
        CheckConstraint(
            "refunding_fen >= 0 AND refunded_fen >= 0 AND refunding_fen + refunded_fen <= paid_fen",
            "refunds",
        ),
        CheckConstraint("freight_claimed_fen IN (0, freight_fen)", "freight_claimed"),
        CheckConstraint("reduced_fen BETWEEN 0 AND discount_fen", "reduced"),
        CheckConstraint("quantity > 0", "quantity"),
        Index("ix_orders_fan_placed", "fan_id", "placed_at", "id"),
        Index("ix_orders_status_placed", "status", "placed_at", "id"),
        Index("ix_orders_placed_id", "placed_at", "id"),
        Index("ix_orders_phone", "phone_blind"),
        Index("ix_orders_receiver", "receiver_key", "placed_at", "id"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    id: Mapped[Id]
    order_no: Mapped[str] = mapped_column(unique=True)
    fan_id: Mapped[Ref]
    checkout_key: Mapped[str]
    """The client's key for this checkout: one key, one order."""
    request_hash: Mapped[str]
    """Of the order form: the same key with another form is refused."""
    status: Mapped[OrderStatus] = mapped_column(text_enum(OrderStatus))
    goods_fen: Mapped[Fen]
    freight_fen: Mapped[Fen]
    discount_fen: Mapped[Fen]
    total_fen: Mapped[Fen]
    paid_fen: Mapped[Fen] = mapped_column(default=0)
    refunding_fen: Mapped[Fen] = mapped_column(default=0)
    """Held by after-sales that are not finished."""
    refunded_fen: Mapped[Fen] = mapped_column(default=0)
    freight_claimed_fen: Mapped[Fen] = mapped_column(default=0)
    """Freight that went, or is going, back: all of it or nothing."""
    reduced_fen: Mapped[Fen] = mapped_column(default=0, server_default=text("0"))
    """What the merchant took off the quote before payment; part of the discount."""
    quantity: Mapped[int]
    payment_id: Mapped[int | None] = mapped_column(BigInteger)
    receiver: Mapped[str] = mapped_column(Sealed)
    """Name, phone and street as JSON text."""
    phone_blind: Mapped[str]
    receiver_key: Mapped[int | None] = mapped_column(BigInteger)
    """Keyed hash of the receiver's whole name; null: erased, or not filled in yet."""
    region_code: Mapped[str]
    """Empty: nothing of it travels, and there is no receiver."""
    region: Mapped[str]
    """Province, city and district in words."""
    note: Mapped[str] = mapped_column(default="")
    quote: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The quote with its basis and trace: replayable."""
    grams: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    """Not written any more; goes with the next release."""
    folded: Mapped[str]
    placed_at: Mapped[Utc]
    pay_until: Mapped[Utc]
    paid_at: Mapped[Utc | None]
    shipped_at: Mapped[Utc | None]
    received_at: Mapped[Utc | None]
    closed_at: Mapped[Utc | None]
    close_reason: Mapped[str] = mapped_column(default="")
    urged_at: Mapped[Utc | None]
    """When the fan last asked to have it sent."""
    reminded_at: Mapped[Utc | None]
    extended_at: Mapped[Utc | None]
    """When the fan asked for more time before it is received by itself; once."""

    @property
    def travels(self) -> bool:
        """Whether something of it is sent in a parcel, to a receiver."""
        return bool(self.region_code)

    @property
    def receiver_value(self) -> Receiver:
        """Who gets the goods, in clear; without a name or phone where nothing travels."""
        return Receiver.of(self.receiver)


class OrderLine(Base):
    """One SKU of an order with the price it was bought at."""

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "sku_id", "gift"),
        CheckConstraint("NOT gift OR (list_fen = 0 AND pay_fen = 0)", "gift"),
        CheckConstraint("quantity BETWEEN 1 AND 9999", "quantity"),
        CheckConstraint("pay_fen = list_fen - discount_fen AND pay_fen >= 0", "pay"),
        CheckConstraint("shipped >= 0 AND cancelled >= 0 AND returned >= 0", "signs"),
        CheckConstraint("shipped + cancelled <= quantity", "pieces"),
        CheckConstraint("holding BETWEEN 0 AND cancelled", "holding"),
        CheckConstraint("returned <= shipped", "returned"),
        CheckConstraint(
            "refunding_fen >= 0 AND refunded_fen >= 0 AND refunding_fen + refunded_fen <= pay_fen",
            "refunds",
        ),
        CheckConstraint("limit_held BETWEEN 0 AND quantity", "limit_held"),
        CheckConstraint("kept_fen BETWEEN 0 AND pay_fen", "kept"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"))
    sku_id: Mapped[Ref]
    product_id: Mapped[Ref]
    product_name: Mapped[str]
    spec_text: Mapped[str]
    image_url: Mapped[str]
    unit_price_fen: Mapped[Fen]
    cost_fen: Mapped[int | None] = mapped_column(BigInteger)
    """Never leaves the console."""
    quantity: Mapped[int]
    list_fen: Mapped[Fen]
    discount_fen: Mapped[Fen]
    pay_fen: Mapped[Fen]
    freight_fen: Mapped[Fen]
    """Share of the order's freight, for margins; refunds treat freight as one amount."""
    shipped: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    """Unshipped pieces refunded or held by an open after-sale."""
    holding: Mapped[int] = mapped_column(default=0)
    """Those of `cancelled` whose after-sale is undecided."""
    returned: Mapped[int] = mapped_column(default=0)
    """Shipped pieces refunded or held by an open after-sale."""
    refunding_fen: Mapped[Fen] = mapped_column(default=0)
    refunded_fen: Mapped[Fen] = mapped_column(default=0)
    kept_fen: Mapped[Fen] = mapped_column(default=0, server_default=text("0"))
    """What pieces that were given back did not bring, by agreement."""
    limit_held: Mapped[int] = mapped_column(default=0)
    """Pieces that still count against the product's purchase limit."""
    gift: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Given by a promotion: a line of its own that costs nothing."""

    @property
    def title(self) -> str:
        """What the line is called in a sentence."""
        return f"{self.product_name} {self.spec_text}".strip()

    @property
    def pieces(self) -> LinePieces:
        """What the rules need to know of it."""
        return LinePieces(
            id=self.id,
            sku_id=self.sku_id,
            quantity=self.quantity,
            pay_fen=self.pay_fen,
            shipped=self.shipped,
            cancelled=self.cancelled,
            holding=self.holding,
            returned=self.returned,
            claimed_fen=self.refunding_fen + self.refunded_fen,
            gift=self.gift,
            kept_fen=self.kept_fen,
        )


class OrderTransition(Base):
    """One step of an order, a parcel or an after-sale: who, when, why."""

    __tablename__ = "order_transition"
    __table_args__ = (
        Index("ix_order_transition_order", "order_id", "id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"))
    subject: Mapped[str]
    """`order`, or the parcel's or after-sale's own number."""
    action: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]
    actor: Mapped[str]
    """`fan:1`, `staff:2`, `wechat`, `system`, or `delivery` for what needs no parcel."""
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[Utc]


class Parcel(Base):
    """One parcel on its way."""

    __tablename__ = "parcel"
    __table_args__ = (
        UniqueConstraint("order_id", "tracking_no"),
        Index("ix_parcel_tracking_no", "tracking_no"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"))
    courier: Mapped[str]
    courier_code: Mapped[str] = mapped_column(default="", server_default="")
    """The platforms' code of the courier; empty: one that has none."""
    tracking_no: Mapped[str]
    location_id: Mapped[int | None] = mapped_column(BigInteger)
    """Where it left from; null: from more than one place, or before this was noted."""
    status: Mapped[ParcelStatus] = mapped_column(text_enum(ParcelStatus))
    shipped_at: Mapped[Utc]
    received_at: Mapped[Utc | None]


class ShippingUpload(Base):
    """What 小程序 was told of an order's parcels (发货信息录入); without it the money stays frozen."""

    __tablename__ = "shipping_upload"
    __table_args__ = (Index("ix_shipping_upload_state", "state", "order_id"),)

    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"), primary_key=True)
    state: Mapped[UploadState] = mapped_column(text_enum(UploadState))
    told: Mapped[int] = mapped_column(default=0)
    """The newest parcel it knows of, under the payment of all of it or of the balance."""
    deposit_told: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """The same under the deposit's payment: each payment's money is set free by itself."""
    error: Mapped[str] = mapped_column(default="")
    updated_at: Mapped[Utc]


class ParcelLine(Base):
    """How many pieces of an order line a parcel holds."""

    __tablename__ = "parcel_line"
    __table_args__ = (CheckConstraint("quantity > 0", "quantity"),)

    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcel.id"), primary_key=True)
    order_line_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("order_line.id"), primary_key=True
    )
    quantity: Mapped[int]


_OPEN = ", ".join(f"'{one}'" for one in OPEN_AFTER_SALES)
IN_AFTER_SALE = f"status IN ({_OPEN})"
"""Those that are open, word for word as their index has it: with parameters it would not be used."""


class AfterSale(Base):
    """What is asked for some pieces of an order, or money of it."""

    __tablename__ = "after_sale"
    __table_args__ = (
        CheckConstraint("amount_fen = goods_fen + freight_fen AND amount_fen >= 0", "amount"),
        CheckConstraint("attempt >= 0", "attempt"),
        Index("ix_after_sale_order", "order_id", "id"),
        Index("ix_after_sale_fan", "fan_id", text("id DESC")),
        Index("ix_after_sale_status", "status", text("id DESC")),
        Index("ix_after_sale_open", text("order_id DESC"), postgresql_where=text(IN_AFTER_SALE)),
        Index(
            "ix_after_sale_back",
            "back_tracking_no",
            postgresql_where=text("back_tracking_no <> ''"),
        ),
        Index("ix_after_sale_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    id: Mapped[Id]
    after_sale_no: Mapped[str] = mapped_column(unique=True)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"))
    fan_id: Mapped[Ref]
    kind: Mapped[AfterSaleKind] = mapped_column(
        text_enum(AfterSaleKind), server_default=text("'refund'")
    )
    status: Mapped[AfterSaleStatus] = mapped_column(text_enum(AfterSaleStatus))
    reason: Mapped[AfterSaleReason] = mapped_column(text_enum(AfterSaleReason))
    note: Mapped[str] = mapped_column(default="")
    goods_fen: Mapped[Fen]
    freight_fen: Mapped[Fen]
    amount_fen: Mapped[Fen]
    """Held of the order while it is open; an exchange or resend frees it at its end."""
    quantity: Mapped[int]
    restock: Mapped[bool | None]
    """Whether any sent piece went back on sale; None until they were looked at."""
    refund_id: Mapped[int | None] = mapped_column(BigInteger)
    attempt: Mapped[int] = mapped_column(default=0)
    """How many times the refund was asked for; part of its reference."""
    requested_at: Mapped[Utc]
    decided_at: Mapped[Utc | None]
    decided_by: Mapped[str] = mapped_column(default="")
    answer: Mapped[str] = mapped_column(default="")
    """What the merchant wrote to the fan when deciding."""
    settled_at: Mapped[Utc | None]
    due_at: Mapped[Utc | None]
    """When it goes on by itself, unless whose turn it is acts before."""
    requested_by: Mapped[str] = mapped_column(default="", server_default=text("''"))
    """`staff:2` for compensation; empty: the fan."""
    back_courier: Mapped[str] = mapped_column(default="", server_default=text("''"))
    back_tracking_no: Mapped[str] = mapped_column(default="", server_default=text("''"))
    sent_back_at: Mapped[Utc | None]
    inspected_at: Mapped[Utc | None]
    resent_courier: Mapped[str] = mapped_column(default="", server_default=text("''"))
    resent_tracking_no: Mapped[str] = mapped_column(default="", server_default=text("''"))
    resent_at: Mapped[Utc | None]

    @property
    def refund_fen(self) -> int:
        """What goes back to the fan: nothing where goods are sent instead."""
        sends = (AfterSaleKind.EXCHANGE, AfterSaleKind.RESEND)
        return 0 if self.kind in sends else self.amount_fen


class AfterSaleLine(Base):
    """Pieces of one order line in an after-sale, and their money."""

    __tablename__ = "after_sale_line"
    __table_args__ = (
        CheckConstraint("unshipped >= 0 AND shipped >= 0", "pieces"),
        CheckConstraint("amount_fen >= 0 AND kept_fen >= 0", "amount"),
        CheckConstraint("unshipped + shipped > 0 OR amount_fen > 0", "something"),
        CheckConstraint(
            "sellable >= 0 AND damaged >= 0 AND lost >= 0 AND sellable + damaged + lost <= shipped",
            "inspected",
        ),
    )

    after_sale_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("after_sale.id"), primary_key=True
    )
    order_line_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("order_line.id"), primary_key=True, index=True
    )
    unshipped: Mapped[int]
    shipped: Mapped[int]
    amount_fen: Mapped[Fen]
    kept_fen: Mapped[Fen] = mapped_column(default=0, server_default=text("0"))
    """What the pieces would have brought besides."""
    sellable: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """Pieces that came back fit for sale; with those that were damaged and those that were missing,
    what was found when they were looked at."""
    damaged: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    lost: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    replacement_id: Mapped[int | None] = mapped_column(BigInteger)
    """The SKU to send instead; None: the same again."""


class AfterSaleEffect(Base):
    """One thing an after-sale changed, each once: what its preview had said."""

    __tablename__ = "after_sale_effect"
    __table_args__ = ({"info": {"append_only": True}},)

    after_sale_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("after_sale.id"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """A SKU, a line, a promotion; 0: the fan or the order."""
    before: Mapped[int] = mapped_column(BigInteger)
    after: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[Utc]


class AfterSaleMessage(Base):
    """What one side told the other about an after-sale, with pictures."""

    __tablename__ = "after_sale_message"
    __table_args__ = (
        Index("ix_after_sale_message_after_sale", "after_sale_id", "id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[Id]
    after_sale_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("after_sale.id"))
    side: Mapped[Speaker] = mapped_column(text_enum(Speaker))
    actor: Mapped[str]
    words: Mapped[str] = mapped_column(Sealed)
    pictures: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Keys of stored files."""
    at: Mapped[Utc]


class AfterSaleRules(Base):
    """How the merchant handles after-sales: one row."""

    __tablename__ = "after_sale_policy"
    __table_args__ = (
        CheckConstraint("id = 1", "one"),
        CheckConstraint("answer_hours BETWEEN 1 AND 720", "answer"),
        CheckConstraint("return_days BETWEEN 1 AND 60", "return"),
        CheckConstraint("inspect_days BETWEEN 1 AND 60", "inspect"),
        CheckConstraint("auto_below_fen >= 0 AND auto_most >= 0", "auto"),
        CheckConstraint("second_above_fen >= 0", "second"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    answer_hours: Mapped[int | None]
    return_days: Mapped[int]
    inspect_days: Mapped[int | None]
    auto_below_fen: Mapped[Fen]
    auto_most: Mapped[int]
    second_above_fen: Mapped[int | None] = mapped_column(BigInteger)
    return_to: Mapped[str] = mapped_column(Sealed)
    updated_at: Mapped[Utc]

    @property
    def value(self) -> AfterSalePolicy:
        """The policy as rules read it."""
        return AfterSalePolicy(
            self.answer_hours,
            self.return_days,
            self.inspect_days,
            self.auto_below_fen,
            self.auto_most,
            self.second_above_fen,
            self.return_to,
        )


class PriceChange(Base):
    """The merchant changed what an unpaid order costs: from what, to what, who, why."""

    __tablename__ = "order_price_change"
    __table_args__ = (
        Index("ix_order_price_change_order", "order_id", "id"),
        CheckConstraint("before_fen <> after_fen AND after_fen >= 0", "change"),
        {"info": {"append_only": True}},
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"))
    before_fen: Mapped[Fen]
    after_fen: Mapped[Fen]
    actor: Mapped[str]
    reason: Mapped[str]
    at: Mapped[Utc]


class Replay(Base):
    """A draft promotion tried on the orders of the past; worked off in batches."""

    __tablename__ = "order_replay"
    __table_args__ = (Index("ix_order_replay_promotion", "promotion_id", text("id DESC")),)

    id: Mapped[Id]
    promotion_id: Mapped[Ref]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The draft's text as it was when the replay began."""
    since: Mapped[Utc]
    after_id: Mapped[Ref] = mapped_column(default=0)
    """The last order that was tried."""
    orders: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unknown: Mapped[int] = mapped_column(default=0)
    """Orders whose margin nobody knows: a cost is missing."""
    before_fen: Mapped[Fen] = mapped_column(default=0)
    after_fen: Mapped[Fen] = mapped_column(default=0)
    margin_before_fen: Mapped[Fen] = mapped_column(default=0)
    margin_after_fen: Mapped[Fen] = mapped_column(default=0)
    winners: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    """The orders that would pay so much less, the most first: [number, before, after]."""
    losers: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    started_at: Mapped[Utc]
    started_by: Mapped[Ref]
    finished_at: Mapped[Utc | None]
