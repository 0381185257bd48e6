"""Reviews by buyers, and the pools of codes that are sold.

Revision: 0029, after 0028.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "review",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("spec_text", sa.String(), nullable=False),
        sa.Column("stars", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("images", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hide_reason", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("hidden_at IS NULL OR hide_reason <> ''", name=op.f("ck_review_reason")),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_review_stars")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_review_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("order_line_id", name=op.f("uq_review_order_line_id")),
    )
    op.create_index(
        "ix_review_open",
        "review",
        [sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("reply = ''"),
    )
    op.create_index(
        "ix_review_product",
        "review",
        ["product_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("hidden_at IS NULL"),
    )
    op.create_table(
        "card_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("blind", sa.String(), nullable=False),
        sa.Column("order_no", sa.String(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(order_no IS NULL) = (taken_at IS NULL)", name=op.f("ck_card_code_taken")
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_card_code_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_code")),
        sa.UniqueConstraint("sku_id", "blind", name=op.f("uq_card_code_sku_id_blind")),
    )
    op.create_index(
        "ix_card_code_free",
        "card_code",
        ["sku_id", "id"],
        unique=False,
        postgresql_where=sa.text("order_no IS NULL AND voided_at IS NULL"),
    )
    op.create_index(
        "ix_card_code_order",
        "card_code",
        ["order_no"],
        unique=False,
        postgresql_where=sa.text("order_no IS NOT NULL"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index(
        "ix_card_code_order",
        table_name="card_code",
        postgresql_where=sa.text("order_no IS NOT NULL"),
    )
    op.drop_index(
        "ix_card_code_free",
        table_name="card_code",
        postgresql_where=sa.text("order_no IS NULL AND voided_at IS NULL"),
    )
    op.drop_table("card_code")
    op.drop_index(
        "ix_review_product", table_name="review", postgresql_where=sa.text("hidden_at IS NULL")
    )
    op.drop_index("ix_review_open", table_name="review", postgresql_where=sa.text("reply = ''"))
    op.drop_table("review")
