"""Codes made many at once, and what an expired one says.

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "channel_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "employee",
                "dealer",
                "package",
                "exhibition",
                "ad",
                "platform",
                "content",
                "referral",
                "poster",
                name="codekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "lifetime",
            sa.Enum(
                "permanent",
                "temporary",
                name="lifetime",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "making",
                "done",
                "stopped",
                name="batchstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("resumes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'making') = (ended_at IS NULL)", name=op.f("ck_channel_batch_ended")
        ),
        sa.CheckConstraint("total BETWEEN 1 AND 1000", name=op.f("ck_channel_batch_total")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_batch")),
    )
    op.add_column(
        "channel_code", sa.Column("late_words", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("channel_code", sa.Column("batch_id", sa.BigInteger(), nullable=True))
    # Codes are made by hand, at most 100,000 of them; none has a batch yet, so this index is empty.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE INDEX ix_channel_code_batch ON channel_code (batch_id, id)"
        " WHERE batch_id IS NOT NULL"
    )
    # Looked at by the next migration, in a transaction of its own.
    op.execute(
        "ALTER TABLE channel_code ADD CONSTRAINT fk_channel_code_batch_id"
        " FOREIGN KEY (batch_id) REFERENCES channel_batch (id) NOT VALID"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_constraint(op.f("fk_channel_code_batch_id"), "channel_code", type_="foreignkey")
    op.drop_index("ix_channel_code_batch", table_name="channel_code")
    op.drop_column("channel_code", "batch_id")
    op.drop_column("channel_code", "late_words")
    op.drop_table("channel_batch")
