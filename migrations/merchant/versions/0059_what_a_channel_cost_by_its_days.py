"""What a channel cost, by its days: until now a code had one sum without any.

Revision: 0059, after 0058.
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "channel_cost",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("booked_by", sa.BigInteger(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_channel_cost_amount")),
        sa.CheckConstraint("last >= first", name=op.f("ck_channel_cost_days")),
        sa.ForeignKeyConstraint(
            ["code_id"], ["channel_code.id"], name=op.f("fk_channel_cost_code_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_cost")),
    )
    op.create_index("ix_channel_cost_code", "channel_cost", ["code_id", "id"], unique=False)
    op.create_index("ix_channel_cost_day", "channel_cost", ["last", "first"], unique=False)
    # What was one sum counts on the day the code began, as its payback has always been told.
    op.execute(
        "INSERT INTO channel_cost (code_id, first, last, amount_fen, note, booked_by, booked_at)"
        " SELECT id, began, began, cost_fen, '', 0, created_at FROM (SELECT id, cost_fen, created_at,"
        " (coalesce(starts_at, created_at) AT TIME ZONE 'Asia/Shanghai')::date AS began"
        " FROM channel_code WHERE cost_fen > 0) AS code"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_channel_cost_day", table_name="channel_cost")
    op.drop_index("ix_channel_cost_code", table_name="channel_cost")
    op.drop_table("channel_cost")
