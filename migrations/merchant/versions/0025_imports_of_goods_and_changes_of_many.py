"""Imports of goods with their lines, and changes of many products with what undoes them.

Revision: 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "goods_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "price_set",
                "price_add",
                "price_percent",
                "category",
                "brand",
                "limit",
                "role",
                "shelf",
                name="changekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_name", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goods_change")),
    )
    op.create_table(
        "goods_import",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "checked",
                "running",
                "stopped",
                "done",
                name="importstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("heading", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("products", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.Column("with_cost", sa.Boolean(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_name", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("done BETWEEN 0 AND products", name=op.f("ck_goods_import_done")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goods_import")),
    )
    op.create_table(
        "goods_import_line",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("cells", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "fate",
            sa.Enum(
                "create",
                "update",
                "same",
                "wrong",
                name="linefate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("faults", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("worked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["goods_import.id"], name=op.f("fk_goods_import_line_import_id")
        ),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_goods_import_line")),
    )
    op.create_index(
        "ix_goods_import_line_code", "goods_import_line", ["import_id", "code"], unique=False
    )
    op.create_index(
        "ix_goods_import_line_todo",
        "goods_import_line",
        ["import_id", "line"],
        unique=False,
        postgresql_where=sa.text("NOT worked"),
    )
    op.create_index(
        "ix_goods_import_line_wrong",
        "goods_import_line",
        ["import_id", "line"],
        unique=False,
        postgresql_where=sa.text("fate = 'wrong'"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index(
        "ix_goods_import_line_wrong",
        table_name="goods_import_line",
        postgresql_where=sa.text("fate = 'wrong'"),
    )
    op.drop_index(
        "ix_goods_import_line_todo",
        table_name="goods_import_line",
        postgresql_where=sa.text("NOT worked"),
    )
    op.drop_index("ix_goods_import_line_code", table_name="goods_import_line")
    op.drop_table("goods_import_line")
    op.drop_table("goods_import")
    op.drop_table("goods_change")
