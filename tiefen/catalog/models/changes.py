"""Imports of goods and changes of many products: what was asked, and what came of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.catalog.values import ChangeKind, ImportState, LineFate
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Id, Utc, text_enum


class GoodsImport(Base):
    """One table of goods: first tried out, then worked off product by product."""

    __tablename__ = "goods_import"
    __table_args__ = (CheckConstraint("done BETWEEN 0 AND products", "done"),)

    id: Mapped[Id]
    file_name: Mapped[str]
    state: Mapped[ImportState] = mapped_column(text_enum(ImportState))
    heading: Mapped[list[Any]]
    """The file's own headings, for the file of faults."""
    lines: Mapped[int]
    products: Mapped[int]
    """Products without a fault: those that will be worked off."""
    done: Mapped[int] = mapped_column(default=0)
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    with_cost: Mapped[bool]
    """Whether who started it may change costs."""
    staff_id: Mapped[int]
    staff_name: Mapped[str]
    started_at: Mapped[Utc]
    ended_at: Mapped[datetime | None]


class GoodsImportLine(Base):
    """One line of such a table."""

    __tablename__ = "goods_import_line"
    __table_args__ = (
        Index("ix_goods_import_line_code", "import_id", "code"),
        Index(
            "ix_goods_import_line_wrong",
            "import_id",
            "line",
            postgresql_where=text("fate = 'wrong'"),
        ),
        Index(
            "ix_goods_import_line_todo", "import_id", "line", postgresql_where=text("NOT worked")
        ),
    )

    import_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("goods_import.id"), primary_key=True
    )
    line: Mapped[int] = mapped_column(primary_key=True)
    """As the spreadsheet counts them: the heading is line 1."""
    code: Mapped[str]
    cells: Mapped[list[Any]]
    fate: Mapped[LineFate] = mapped_column(text_enum(LineFate))
    faults: Mapped[list[Any]] = mapped_column(default=list)
    worked: Mapped[bool] = mapped_column(default=False)
    """Nothing is left to do about it."""


class GoodsChange(Base):
    """A change of many products, with what it takes to undo it."""

    __tablename__ = "goods_change"

    id: Mapped[Id]
    kind: Mapped[ChangeKind] = mapped_column(text_enum(ChangeKind))
    number: Mapped[int | None]
    items: Mapped[list[Any]]
    """[{"id", "version", "before": {…}}]: the version each product had after the change."""
    staff_id: Mapped[int]
    staff_name: Mapped[str]
    made_at: Mapped[Utc]
    undone_at: Mapped[datetime | None]


invariant(
    "B1-import",
    "what an import worked off was created, updated or unchanged, or its lines say what was wrong",
    """
    SELECT id FROM goods_import WHERE created + updated + unchanged > done
    """,
)
