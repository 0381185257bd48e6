"""Sheets and posters of channel codes.

Revision: 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "channel_print",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "layout",
            sa.Enum(
                "sheet_12",
                "sheet_24",
                "poster_plain",
                "poster_brand",
                "poster_picture",
                name="printlayout",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "form",
            sa.Enum(
                "pdf", "png", name="printform", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("picture_key", sa.Text(), nullable=False),
        sa.Column("code_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "making",
                "done",
                "failed",
                name="printstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'making') = (ended_at IS NULL)", name=op.f("ck_channel_print_ended")
        ),
        sa.CheckConstraint(
            "cardinality(code_ids) BETWEEN 1 AND 1000", name=op.f("ck_channel_print_codes")
        ),
        sa.CheckConstraint(
            "done BETWEEN 0 AND cardinality(code_ids)", name=op.f("ck_channel_print_done")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_print")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("channel_print")
