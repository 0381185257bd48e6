"""Promotions in versions, what orders used of them, and the gift as a line of its own.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "loss_order",
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("loss_fen", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("loss_fen > 0", name=op.f("ck_loss_order_loss")),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_loss_order")),
    )
    op.create_index(
        "ix_loss_order_at", "loss_order", [sa.literal_column("at DESC"), "order_no"], unique=False
    )
    op.create_table(
        "promotion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "limited",
                "off",
                "percent",
                "gift",
                "nth",
                "package",
                "add_on",
                "freight",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "published",
                "ended",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("edits", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'draft') = (version = 0)", name=op.f("ck_promotion_draft")),
        sa.CheckConstraint("version >= 0 AND edits >= 1", name=op.f("ck_promotion_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion")),
    )
    op.create_index(
        "ix_promotion_status", "promotion", ["status", sa.literal_column("id DESC")], unique=False
    )
    op.create_table(
        "promotion_book",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("pay_fee_bp", sa.BigInteger(), nullable=False),
        sa.Column("shipping_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "loss_rule",
            sa.Enum(
                "flag",
                "refuse",
                name="lossrule",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_promotion_book_one")),
        sa.CheckConstraint(
            "pay_fee_bp BETWEEN 0 AND 10000 AND shipping_fen >= 0",
            name=op.f("ck_promotion_book_costs"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_book")),
    )
    op.create_table(
        "promotion_grant",
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("promotion_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("discount_fen", sa.BigInteger(), nullable=False),
        sa.Column("gifts", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("first_order", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "discount_fen >= 0 AND gifts >= 0", name=op.f("ck_promotion_grant_signs")
        ),
        sa.PrimaryKeyConstraint("order_no", "promotion_id", name=op.f("pk_promotion_grant")),
    )
    op.create_index(
        "ix_promotion_grant_promotion", "promotion_grant", ["promotion_id", "at"], unique=False
    )
    op.create_table(
        "promotion_use",
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("promotion_id", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_promotion_use_used")),
        sa.PrimaryKeyConstraint("fan_id", "promotion_id", name=op.f("pk_promotion_use")),
    )
    op.create_table(
        "stacking_group",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "target",
            sa.Enum(
                "item", "order", name="target", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column(
            "mode",
            sa.Enum(
                "exclusive",
                "best",
                "sequence",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stacking_group")),
    )
    op.create_table(
        "promotion_version",
        sa.Column("promotion_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.BigInteger(), nullable=False),
        sa.Column("floor_fen", sa.BigInteger(), nullable=True),
        sa.Column("approved_because", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotion.id"], name=op.f("fk_promotion_version_promotion_id")
        ),
        sa.PrimaryKeyConstraint("promotion_id", "version", name=op.f("pk_promotion_version")),
    )
    op.add_column(
        "order_line",
        sa.Column("gift", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.execute(
        "ALTER TABLE order_line ADD CONSTRAINT ck_order_line_gift"
        " CHECK (NOT gift OR (list_fen = 0 AND pay_fen = 0)) NOT VALID"
    )
    # A SKU may now be bought and given in one order. The index is built while writers wait: orders
    # are few enough in every installation of this version, and alembic's transaction is ours.
    op.execute(
        "ALTER TABLE order_line\n-- squawk-ignore ban-drop-constraint\n"
        "DROP CONSTRAINT uq_order_line_order_id_sku_id"
    )
    op.execute(
        "ALTER TABLE order_line\n"
        "-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid\n"
        "ADD CONSTRAINT uq_order_line_order_id_sku_id_gift UNIQUE (order_id, sku_id, gift)"
    )


def downgrade() -> None:
    """Go back."""
    op.execute("ALTER TABLE order_line DROP CONSTRAINT ck_order_line_gift")
    op.drop_constraint(op.f("uq_order_line_order_id_sku_id_gift"), "order_line", type_="unique")
    op.create_unique_constraint(
        op.f("uq_order_line_order_id_sku_id"),
        "order_line",
        ["order_id", "sku_id"],
        postgresql_nulls_not_distinct=False,
    )
    op.drop_column("order_line", "gift")
    op.drop_table("promotion_version")
    op.drop_table("stacking_group")
    op.drop_table("promotion_use")
    op.drop_index("ix_promotion_grant_promotion", table_name="promotion_grant")
    op.drop_table("promotion_grant")
    op.drop_table("promotion_book")
    op.drop_index("ix_promotion_status", table_name="promotion")
    op.drop_table("promotion")
    op.drop_index("ix_loss_order_at", table_name="loss_order")
    op.drop_table("loss_order")
