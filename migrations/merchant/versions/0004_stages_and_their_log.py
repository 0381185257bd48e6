"""Stages by the merchant's rules: what fans did by day, the rules, every move.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


OLD = [
    "joined",
    "followed",
    "unfollowed",
    "scanned",
    "sourced",
    "message_in",
    "message_out",
    "menu",
    "order_placed",
    "order_paid",
    "order_shipped",
    "order_received",
    "order_closed",
    "order_refunded",
    "after_sale",
    "stage",
    "profile",
    "merged",
    "visited",
    "attribute",
    "tagged",
    "untagged",
]


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "fan_day",
        sa.Column("fan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("interactions", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("friends", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fan_id"], ["fan.id"], name=op.f("fk_fan_day_fan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("fan_id", "day", name=op.f("pk_fan_day")),
    )
    op.create_index("ix_fan_day_day", "fan_day", ["day", "fan_id"], unique=False)
    op.create_table(
        "fan_stage_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "before",
            sa.Enum(
                "visitor",
                "follower",
                "customer",
                "user",
                "fan",
                "core",
                "lost",
                name="stage_before",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "after",
            sa.Enum(
                "visitor",
                "follower",
                "customer",
                "user",
                "fan",
                "core",
                "lost",
                name="stage_after",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("because", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "event",
                "time",
                "rules",
                "recount",
                name="movecause",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.CheckConstraint("before <> after", name=op.f("ck_fan_stage_move_moves")),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_fan_stage_move_fan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fan_stage_move")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_fan_stage_move_day", "fan_stage_move", ["day", "before", "after"], unique=False
    )
    op.create_index("ix_fan_stage_move_fan", "fan_stage_move", ["fan_id", "id"], unique=False)
    op.create_table(
        "fan_stage_rules",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_by", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fans", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("version > 0", name=op.f("ck_fan_stage_rules_version")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_fan_stage_rules")),
    )
    op.add_column(
        "fan", sa.Column("returned_orders", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("fan", sa.Column("friends", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column(
        "fan",
        sa.Column(
            "next_check_on", sa.Date(), server_default=sa.text("'2000-01-01'::date"), nullable=True
        ),
    )
    # Every fan is due once after this, so the index holds them all; it is made in about a second.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE INDEX ix_fan_next_check ON fan (next_check_on, id)"
        " WHERE next_check_on IS NOT NULL AND merged_into IS NULL"
    )
    _kinds_of_lines(*OLD, "friend")


def downgrade() -> None:
    """Go back."""
    _kinds_of_lines(*OLD)
    op.drop_index(
        "ix_fan_next_check",
        table_name="fan",
        postgresql_where=sa.text("next_check_on IS NOT NULL AND merged_into IS NULL"),
    )
    op.drop_column("fan", "next_check_on")
    op.drop_column("fan", "friends")
    op.drop_column("fan", "returned_orders")
    op.drop_table("fan_stage_rules")
    op.drop_index("ix_fan_stage_move_fan", table_name="fan_stage_move")
    op.drop_index("ix_fan_stage_move_day", table_name="fan_stage_move")
    op.drop_table("fan_stage_move")
    op.drop_index("ix_fan_day_day", table_name="fan_day")
    op.drop_table("fan_day")


def _kinds_of_lines(*kinds: str) -> None:
    """Swap the check for a wider one. Old rows passed the narrower: they need no reading again."""
    known = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "ALTER TABLE fan_line DROP CONSTRAINT ck_fan_line_happening"
    )
    op.execute(
        "ALTER TABLE fan_line ADD CONSTRAINT ck_fan_line_happening"
        f" CHECK (kind IN ({known})) NOT VALID"
    )
