"""Names that orders are found by, and how far those from before have got them.

Revision: 0057, after 0056.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. Orders that are there wait to be filled in by a job, the newest first."""
    op.create_table(
        "sold_name",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("grams", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sold_name")),
    )
    op.create_index("ix_sold_name_grams", "sold_name", ["grams"], postgresql_using="gin")
    op.create_table(
        "order_name",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "placed_at", "order_id", name=op.f("pk_order_name")),
    )
    op.create_table(
        "order_search_fill",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("below_id", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_order_search_fill_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_search_fill")),
    )
    op.add_column("orders", sa.Column("receiver_key", sa.BigInteger(), nullable=True))
    op.execute("ALTER TABLE orders ALTER COLUMN grams SET DEFAULT '{}'")
    op.execute("INSERT INTO order_search_fill (id) SELECT 1 WHERE EXISTS (SELECT FROM orders)")


def downgrade() -> None:
    """Go back."""
    op.execute("ALTER TABLE orders ALTER COLUMN grams DROP DEFAULT")
    op.drop_column("orders", "receiver_key")
    op.drop_table("order_search_fill")
    op.drop_table("order_name")
    op.drop_table("sold_name")
