"""Member levels: growth, standings, moves, gifts; the level on the fan record.

Revision: 0065, after 0064.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "member_level",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("threshold_fen", sa.BigInteger(), nullable=False),
        sa.Column("off_bp", sa.BigInteger(), nullable=False),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.Column("gift_template_id", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "id <> 0 OR (threshold_fen = 0 AND archived_at IS NULL)",
            name=op.f("ck_member_level_base_stays"),
        ),
        sa.CheckConstraint("off_bp BETWEEN 0 AND 9999", name=op.f("ck_member_level_off")),
        sa.CheckConstraint("threshold_fen >= 0", name=op.f("ck_member_level_threshold")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_level")),
    )
    op.create_table(
        "member_rules",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("edits", sa.BigInteger(), nullable=False),
        sa.Column(
            "counts",
            sa.Enum(
                "paid",
                "received",
                name="counts",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("window_days", sa.BigInteger(), nullable=False),
        sa.Column("keep_days", sa.BigInteger(), nullable=False),
        sa.Column(
            "downgrade",
            sa.Enum(
                "step",
                "balance",
                name="downgrade",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("grace_days", sa.BigInteger(), nullable=False),
        sa.Column("refund_lowers", sa.Boolean(), nullable=False),
        sa.Column("without_product_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("without_category_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.CheckConstraint("grace_days BETWEEN 0 AND 365", name=op.f("ck_member_rules_grace")),
        sa.CheckConstraint("id = 1", name=op.f("ck_member_rules_one")),
        sa.CheckConstraint("keep_days BETWEEN 1 AND 3650", name=op.f("ck_member_rules_keep")),
        sa.CheckConstraint("window_days BETWEEN 1 AND 3650", name=op.f("ck_member_rules_window")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_rules")),
    )
    op.create_table(
        "member_growth",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "paid",
                "received",
                "refunded",
                name="growthkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_member_growth_amount")),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_member_growth_fan_id")),
        sa.PrimaryKeyConstraint("order_no", "kind", "at", name=op.f("pk_member_growth")),
        info={"append_only": True},
    )
    op.create_index("ix_member_growth_fan_id", "member_growth", ["fan_id", "day"], unique=False)
    op.create_table(
        "member_level_gift",
        sa.Column("fan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("level_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("template_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_member_level_gift_fan_id")),
        sa.ForeignKeyConstraint(
            ["level_id"], ["member_level.id"], name=op.f("fk_member_level_gift_level_id")
        ),
        sa.PrimaryKeyConstraint("fan_id", "level_id", name=op.f("pk_member_level_gift")),
        info={"append_only": True},
    )
    op.create_table(
        "member_level_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("before_id", sa.BigInteger(), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "earned",
                "review",
                "refund",
                "locked",
                "unlocked",
                "rules",
                "merged",
                name="levelcause",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("growth_fen", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["after_id"], ["member_level.id"], name=op.f("fk_member_level_move_after_id")
        ),
        sa.ForeignKeyConstraint(
            ["before_id"], ["member_level.id"], name=op.f("fk_member_level_move_before_id")
        ),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_member_level_move_fan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_level_move")),
        info={"append_only": True},
    )
    op.create_index("ix_member_level_move_fan", "member_level_move", ["fan_id", "id"], unique=False)
    op.create_table(
        "member_standing",
        sa.Column("fan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("level_id", sa.BigInteger(), nullable=False),
        sa.Column("growth_fen", sa.BigInteger(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("check_on", sa.Date(), nullable=True),
        sa.Column("locked_until", sa.Date(), nullable=True),
        sa.Column("lock_reason", sa.Text(), nullable=False),
        sa.Column("locked_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("growth_fen >= 0", name=op.f("ck_member_standing_growth")),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_member_standing_fan_id")),
        sa.ForeignKeyConstraint(
            ["level_id"], ["member_level.id"], name=op.f("fk_member_standing_level_id")
        ),
        sa.PrimaryKeyConstraint("fan_id", name=op.f("pk_member_standing")),
    )
    op.create_index(
        "ix_member_standing_check",
        "member_standing",
        ["check_on"],
        unique=False,
        postgresql_where=sa.text("check_on IS NOT NULL"),
    )
    op.create_index(
        "ix_member_standing_level", "member_standing", ["level_id", "growth_fen"], unique=False
    )
    op.add_column("fan", sa.Column("level_id", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("promotion_book", sa.Column("level_group_id", sa.BigInteger(), nullable=True))
    op.execute(
        "INSERT INTO member_level (id, name, threshold_fen, off_bp, rights, colour)"
        " VALUES (0, '普通会员', 0, 0, '', '#8a8f98')"
    )
    op.execute(
        "INSERT INTO member_rules (id, edits, counts, window_days, keep_days, downgrade,"
        " grace_days, refund_lowers, without_product_ids, without_category_ids)"
        " VALUES (1, 0, 'received', 365, 365, 'step', 30, true, '{}', '{}')"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_column("promotion_book", "level_group_id")
    op.drop_column("fan", "level_id")
    op.drop_index("ix_member_standing_level", table_name="member_standing")
    op.drop_index(
        "ix_member_standing_check",
        table_name="member_standing",
        postgresql_where=sa.text("check_on IS NOT NULL"),
    )
    op.drop_table("member_standing")
    op.drop_index("ix_member_level_move_fan", table_name="member_level_move")
    op.drop_table("member_level_move")
    op.drop_table("member_level_gift")
    op.drop_index("ix_member_growth_fan_id", table_name="member_growth")
    op.drop_table("member_growth")
    op.drop_table("member_rules")
    op.drop_table("member_level")
