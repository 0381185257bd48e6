"""Tables of inventory."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.inventory.values import (
    ImportMode,
    LocationKind,
    MovementReason,
    ReservationState,
    SheetState,
    StockImportState,
    StockLineFate,
    TransferState,
)
from tiefen.kernel.db import Base, Id, Ref, Utc, text_enum

MAIN_LOCATION = 1


class Location(Base):
    """A place where goods lie: a warehouse or a store. Number 1 is there from the start."""

    __tablename__ = "location"
    __table_args__ = (UniqueConstraint("name"), CheckConstraint("rank BETWEEN 0 AND 999", "rank"))

    id: Mapped[Id]
    name: Mapped[str]
    kind: Mapped[LocationKind] = mapped_column(
        text_enum(LocationKind),
        default=LocationKind.WAREHOUSE,
        server_default=LocationKind.WAREHOUSE.value,
    )
    region_code: Mapped[str] = mapped_column(default="", server_default="")
    """District (GB/T 2260), for what is near; empty: not said."""
    address: Mapped[str] = mapped_column(default="", server_default="")
    contact: Mapped[str] = mapped_column(default="", server_default="")
    """Who to ask for, and the shop's own telephone."""
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    sells: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    """Orders from the shop may take its pieces."""
    near_first: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Comes before others for buyers of its own district, city, province."""
    rank: Mapped[int] = mapped_column(default=100, server_default="100")
    """Lower is asked first."""


class Stock(Base):
    """Pieces of one SKU at one location. Free: on_hand - reserved; online also less `safety`."""

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("reserved >= 0", "reserved"),
        CheckConstraint("on_hand >= reserved", "on_hand"),
        CheckConstraint("safety >= 0", "safety"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    sku_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sku.id"), primary_key=True)
    location_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("location.id"), primary_key=True
    )
    on_hand: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)
    safety: Mapped[int] = mapped_column(default=0, server_default="0")
    """Kept back for the counter: the shop never sells these."""


class Reservation(Base):
    """Pieces held for one reference (an order number) until they are sold or given back.

    When sold it goes on to say where the pieces lie until they are sent or taken back.
    """

    __tablename__ = "reservation"
    __table_args__ = (
        Index(
            "uq_reservation_live",
            "reference",
            "sku_id",
            "location_id",
            "bundle_id",
            unique=True,
            postgresql_where=text("state <> 'released'"),
        ),
        CheckConstraint("quantity > 0", "quantity"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", "ended"),
        CheckConstraint("each > 0", "each"),
        CheckConstraint("sent >= 0 AND back >= 0 AND sent + back <= quantity", "sent"),
        CheckConstraint("state = 'converted' OR sent + back = 0", "sold"),
        Index(
            "ix_reservation_open_until",
            "expires_at",
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_reservation_open_sku", "sku_id", postgresql_where=text("state = 'open'")),
        Index(
            "ix_reservation_unsent",
            "sku_id",
            "location_id",
            postgresql_where=text("state = 'converted' AND sent + back < quantity"),
        ),
    )

    id: Mapped[Id]
    reference: Mapped[str]
    sku_id: Mapped[Ref]
    location_id: Mapped[Ref]
    quantity: Mapped[int]
    bundle_id: Mapped[Ref] = mapped_column(default=0, server_default="0")
    """The bundle these pieces are parts of; 0: they are sold by themselves."""
    each: Mapped[int] = mapped_column(default=1, server_default="1")
    """Pieces of it in one bundle, when it was ordered."""
    sent: Mapped[int] = mapped_column(default=0, server_default="0")
    back: Mapped[int] = mapped_column(default=0, server_default="0")
    """Sold, refunded before they were sent, and put back."""
    state: Mapped[ReservationState] = mapped_column(
        text_enum(ReservationState), default=ReservationState.OPEN
    )
    created_at: Mapped[Utc]
    expires_at: Mapped[Utc]
    ended_at: Mapped[Utc | None]


class Movement(Base):
    """One change of on_hand, signed. Never changed, never deleted."""

    __tablename__ = "movement"
    __table_args__ = (
        CheckConstraint("quantity <> 0", "quantity"),
        Index("ix_movement_sku", "sku_id", text("id DESC")),
        Index("ix_movement_at", "at", postgresql_using="brin"),
        {"info": {"append_only": True}},
    )

    id: Mapped[Id]
    sku_id: Mapped[Ref]
    location_id: Mapped[Ref]
    quantity: Mapped[int]
    on_hand_after: Mapped[int]
    reason: Mapped[MovementReason] = mapped_column(text_enum(MovementReason))
    reference: Mapped[str] = mapped_column(default="")
    """Order or after-sale number, transfer, count sheet, delivery note …"""
    actor: Mapped[str] = mapped_column(default="system")
    note: Mapped[str] = mapped_column(default="")
    at: Mapped[Utc]


class LowStock(Base):
    """The line of a SKU at a location under which somebody is told, and since when it is under it."""

    __tablename__ = "low_stock"
    __table_args__ = (
        CheckConstraint("warn_at >= 0", "warn_at"),
        Index("ix_low_stock_since", "low_since", postgresql_where=text("low_since IS NOT NULL")),
    )

    sku_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sku.id"), primary_key=True)
    location_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("location.id"), primary_key=True
    )
    warn_at: Mapped[int]
    low_since: Mapped[Utc | None]


class BundlePart(Base):
    """So many pieces of a SKU are in one piece of a bundle. A bundle has no pieces of its own."""

    __tablename__ = "bundle_part"
    __table_args__ = (
        CheckConstraint("quantity BETWEEN 1 AND 999", "quantity"),
        CheckConstraint("bundle_id <> part_id", "itself"),
        Index("ix_bundle_part_part", "part_id"),
    )

    bundle_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sku.id"), primary_key=True)
    part_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sku.id"), primary_key=True)
    quantity: Mapped[int]


class StockTransfer(Base):
    """Goods on their way from one location to another."""

    __tablename__ = "stock_transfer"
    __table_args__ = (
        CheckConstraint("from_id <> to_id", "places"),
        CheckConstraint("(state = 'in_transit') = (ended_at IS NULL)", "ended"),
        Index("ix_stock_transfer_state", "state", text("id DESC")),
    )

    id: Mapped[Id]
    transfer_no: Mapped[str] = mapped_column(unique=True)
    from_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("location.id"))
    to_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("location.id"))
    state: Mapped[TransferState] = mapped_column(text_enum(TransferState))
    note: Mapped[str] = mapped_column(default="")
    made_by: Mapped[str]
    made_at: Mapped[Utc]
    ended_by: Mapped[str] = mapped_column(default="")
    ended_at: Mapped[Utc | None]


class StockTransferLine(Base):
    """Pieces of one SKU in a transfer: sent, arrived, and what became of the rest."""

    __tablename__ = "stock_transfer_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", "quantity"),
        CheckConstraint("arrived >= 0 AND back >= 0 AND arrived + back <= quantity", "pieces"),
    )

    transfer_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("stock_transfer.id"), primary_key=True
    )
    sku_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sku.id"), primary_key=True)
    quantity: Mapped[int]
    arrived: Mapped[int] = mapped_column(default=0)
    back: Mapped[int] = mapped_column(default=0)
    """Called back to where they came from."""


class CountSheet(Base):
    """盘点单: what should lie at a location, and what somebody counted."""

    __tablename__ = "count_sheet"
    __table_args__ = (
        Index(
            "uq_count_sheet_open",
            "location_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", "ended"),
    )

    id: Mapped[Id]
    sheet_no: Mapped[str] = mapped_column(unique=True)
    location_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("location.id"))
    state: Mapped[SheetState] = mapped_column(text_enum(SheetState))
    note: Mapped[str] = mapped_column(default="")
    started_by: Mapped[str]
    started_at: Mapped[Utc]
    ended_by: Mapped[str] = mapped_column(default="")
    ended_at: Mapped[Utc | None]


class CountLine(Base):
    """One SKU of a count sheet. `book` is what should lie there when it was counted."""

    __tablename__ = "count_line"
    __table_args__ = (
        CheckConstraint("counted >= 0", "counted"),
        CheckConstraint("(counted IS NULL) = (counted_at IS NULL)", "counted_at"),
    )

    sheet_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("count_sheet.id"), primary_key=True
    )
    sku_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sku.id"), primary_key=True)
    book: Mapped[int]
    """On hand and sold but unsent: at the start, then anew at the moment of counting."""
    counted: Mapped[int | None] = mapped_column(BigInteger)
    counted_by: Mapped[str] = mapped_column(default="")
    counted_at: Mapped[Utc | None]


class StockImport(Base):
    """One table of stock: how it is read, how far it is, what came of it."""

    __tablename__ = "stock_import"
    __table_args__ = (
        CheckConstraint("(digest IS NULL) = (state = 'reading')", "digest"),
        Index(
            "ix_stock_import_digest",
            "digest",
            postgresql_where=text("state IN ('running', 'stopped', 'done')"),
        ),
    )

    id: Mapped[Id]
    import_no: Mapped[str] = mapped_column(unique=True)
    """The reference of its movements."""
    mode: Mapped[ImportMode] = mapped_column(text_enum(ImportMode))
    state: Mapped[StockImportState] = mapped_column(text_enum(StockImportState))
    file_name: Mapped[str]
    heading: Mapped[list[Any]]
    location_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("location.id"))
    """Of lines that name none."""
    reference: Mapped[str]
    """The merchant's own: a delivery note, why. The same table counts once under it."""
    digest: Mapped[str | None]
    """Of the table as it came, with mode, location and reference."""
    last_line: Mapped[int] = mapped_column(default=0)
    """Where the step that is under way is; moves in the commit that did the lines before."""
    lines: Mapped[int] = mapped_column(default=0)
    looked_at: Mapped[int] = mapped_column(default=0)
    same: Mapped[int] = mapped_column(default=0)
    wrong: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    """Lines that changed something; while it is tried out: that would."""
    pieces_in: Mapped[int] = mapped_column(BigInteger, default=0)
    pieces_out: Mapped[int] = mapped_column(BigInteger, default=0)
    undone: Mapped[int] = mapped_column(default=0)
    stuck: Mapped[int] = mapped_column(default=0)
    staff_id: Mapped[int]
    staff_name: Mapped[str]
    started_at: Mapped[Utc]
    moved_at: Mapped[Utc]
    ended_at: Mapped[Utc | None]


class StockImportLine(Base):
    """One line of such a table, and what it changed."""

    __tablename__ = "stock_import_line"
    __table_args__ = (
        Index("ix_stock_import_line_sku", "import_id", "sku_id", "location_id"),
        Index(
            "ix_stock_import_line_wrong",
            "import_id",
            "line",
            postgresql_where=text("fate IN ('wrong', 'stuck')"),
        ),
    )

    import_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("stock_import.id", ondelete="CASCADE"), primary_key=True
    )
    line: Mapped[int] = mapped_column(primary_key=True)
    """As the spreadsheet counts them: the heading is line 1."""
    cells: Mapped[list[Any]]
    fate: Mapped[StockLineFate] = mapped_column(text_enum(StockLineFate))
    faults: Mapped[list[Any]] = mapped_column(default=list)
    """[[fault, number or null], …]"""
    sku_id: Mapped[int | None] = mapped_column(BigInteger)
    location_id: Mapped[int | None] = mapped_column(BigInteger)
    number: Mapped[int | None]
    was: Mapped[int | None]
    safety: Mapped[int | None]
    warn_at: Mapped[int | None]
    """-1: nobody is told any more."""
    change: Mapped[int] = mapped_column(default=0)
    """Pieces that came (or went) by it; while it is tried out: that would."""
    before: Mapped[list[Any] | None]
    """[on hand, safety, warning line] as they were; -1: no line."""


class StockPace(Base):
    """How fast a SKU sold in the last 30 days, and how long what is free lasts at that."""

    __tablename__ = "stock_pace"
    __table_args__ = (
        CheckConstraint("sold > 0 AND days BETWEEN 1 AND 30", "pace"),
        Index("ix_stock_pace_days_left", "days_left", "sku_id"),
    )

    sku_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sku.id"), primary_key=True)
    sold: Mapped[int] = mapped_column(BigInteger)
    """Pieces sold less pieces that came back."""
    days: Mapped[int]
    """The days they were sold in: fewer than 30 of what is new."""
    days_left: Mapped[int]
    """When it was counted."""
    counted_at: Mapped[Utc]
