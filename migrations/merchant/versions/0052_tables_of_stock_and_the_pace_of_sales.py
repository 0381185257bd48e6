"""Tables of stock that are imported, line by line, and the pace goods sell at.

Nothing ever wrote to `stock_import` as it was: it is made anew.

Revision: 0052, after 0051.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_MODES = ("set", "add")
_STATES = ("reading", "checking", "checked", "running", "stopped", "done", "undoing", "undone")
_FATES = ("unread", "change", "same", "wrong", "changed", "undone", "stuck")
_COUNTS = (
    "last_line", "lines", "looked_at", "same", "wrong", "changed", "pieces_in", "pieces_out",
    "undone", "stuck",
)  # fmt: skip


def upgrade() -> None:
    """Go forward."""
    op.execute("-- squawk-ignore ban-drop-table\nDROP TABLE stock_import")
    op.create_table(
        "stock_import",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("import_no", sa.String(), nullable=False),
        sa.Column("mode", _enum("importmode", _MODES), nullable=False),
        sa.Column("state", _enum("stockimportstate", _STATES), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("heading", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_name", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(digest IS NULL) = (state = 'reading')",
            name=op.f("ck_stock_import_digest"),
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_stock_import_location_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_import")),
        sa.UniqueConstraint("import_no", name=op.f("uq_stock_import_import_no")),
    )
    op.create_index(
        "ix_stock_import_digest",
        "stock_import",
        ["digest"],
        postgresql_where=sa.text("state IN ('running', 'stopped', 'done')"),
    )
    op.create_table(
        "stock_import_line",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("cells", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fate", _enum("stocklinefate", _FATES), nullable=False),
        sa.Column("faults", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=True)
            for name in ("sku_id", "location_id", "number", "was", "safety", "warn_at")
        ),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["stock_import.id"],
            name=op.f("fk_stock_import_line_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_stock_import_line")),
    )
    op.create_index(
        "ix_stock_import_line_sku", "stock_import_line", ["import_id", "sku_id", "location_id"]
    )
    op.create_index(
        "ix_stock_import_line_wrong",
        "stock_import_line",
        ["import_id", "line"],
        postgresql_where=sa.text("fate IN ('wrong', 'stuck')"),
    )
    op.create_table(
        "stock_pace",
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("sold", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.Column("days_left", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sold > 0 AND days BETWEEN 1 AND 30", name=op.f("ck_stock_pace_pace")),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_stock_pace_sku_id")),
        sa.PrimaryKeyConstraint("sku_id", name=op.f("pk_stock_pace")),
    )
    op.create_index("ix_stock_pace_days_left", "stock_pace", ["days_left", "sku_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("stock_pace")
    op.drop_table("stock_import_line")
    op.drop_table("stock_import")
    op.create_table(
        "stock_import",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_key", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_import")),
        sa.UniqueConstraint("batch_key", name=op.f("uq_stock_import_batch_key")),
        info={"append_only": True},
    )


def _enum(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)
