"""Money moved by hand by two people, and notes on differences

Revision: 0041, after 0040.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "payment_break_note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("break_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "take",
                "assign",
                "note",
                "close",
                name="breakdecision",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_name", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["break_id"], ["payment_break.id"], name=op.f("fk_payment_break_note_break_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_break_note")),
        info={"append_only": True},
    )
    op.create_index(
        op.f("ix_payment_break_note_break_id_id"),
        "payment_break_note",
        ["break_id", "id"],
        unique=False,
    )
    op.create_table(
        "payment_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "suspense_refund",
                "suspense_keep",
                "write_off",
                "adjustment",
                name="movekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "approved",
                "refused",
                "withdrawn",
                name="movestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("suspense_id", sa.BigInteger(), nullable=True),
        sa.Column("break_id", sa.BigInteger(), nullable=True),
        sa.Column("debit", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('suspense_refund', 'suspense_keep')) = (suspense_id IS NOT NULL)",
            name=op.f("ck_payment_move_suspense"),
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_payment_move_decided")
        ),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'refused') OR (decided_by_id IS NOT NULL AND decided_by_id <> asked_by_id)",
            name=op.f("ck_payment_move_second_person"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payment_move_amount")),
        sa.ForeignKeyConstraint(
            ["break_id"], ["payment_break.id"], name=op.f("fk_payment_move_break_id")
        ),
        sa.ForeignKeyConstraint(
            ["suspense_id"], ["payment_suspense.id"], name=op.f("fk_payment_move_suspense_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_move")),
    )
    op.create_index(op.f("ix_payment_move_state_id"), "payment_move", ["state", "id"], unique=False)
    op.create_index(
        "uq_payment_move_waiting",
        "payment_move",
        ["suspense_id"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index(
        "uq_payment_move_waiting",
        table_name="payment_move",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index(op.f("ix_payment_move_state_id"), table_name="payment_move")
    op.drop_table("payment_move")
    op.drop_index(op.f("ix_payment_break_note_break_id_id"), table_name="payment_break_note")
    op.drop_table("payment_break_note")
