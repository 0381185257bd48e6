"""One code per bottle: batches, ranges, scans, rewards, alarms; who may make them.

Revision: 0027, after 0026.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "bottle_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bottle_key")),
    )
    op.create_table(
        "bottle_limits",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("window_hours", sa.BigInteger(), nullable=False),
        sa.Column("scans", sa.BigInteger(), nullable=False),
        sa.Column("fans", sa.BigInteger(), nullable=False),
        sa.Column("far_km", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_bottle_limits_one")),
        sa.CheckConstraint(
            "window_hours BETWEEN 1 AND 720 AND scans > 0 AND fans > 0 AND far_km > 0",
            name=op.f("ck_bottle_limits_sane"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bottle_limits")),
    )
    op.create_table(
        "bottle_reward",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "none",
                "coupon",
                name="rewardkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "given",
                "owed",
                name="rewardstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("coupon_template_id", sa.BigInteger(), nullable=True),
        sa.Column("coupon_id", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 'given') = (coupon_id IS NOT NULL)", name=op.f("ck_bottle_reward_given")
        ),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_bottle_reward_fan_id")),
        sa.PrimaryKeyConstraint("batch_id", "serial", name=op.f("pk_bottle_reward")),
    )
    op.create_index(op.f("ix_bottle_reward_fan_id"), "bottle_reward", ["fan_id"], unique=False)
    op.create_index(
        "ix_bottle_reward_owed",
        "bottle_reward",
        ["at"],
        unique=False,
        postgresql_where=sa.text("state = 'owed'"),
    )
    op.create_table(
        "bottle_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("per_roll", sa.BigInteger(), nullable=False),
        sa.Column(
            "reward",
            sa.Enum(
                "none",
                "coupon",
                name="rewardkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("coupon_template_id", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("cycle_days", sa.BigInteger(), nullable=True),
        sa.Column("remind_words", sa.Text(), nullable=False),
        sa.Column("staff_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("scans", sa.BigInteger(), nullable=False),
        sa.Column("rewarded", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(reward = 'coupon') = (coupon_template_id IS NOT NULL)",
            name=op.f("ck_bottle_batch_coupon"),
        ),
        sa.CheckConstraint("cycle_days BETWEEN 1 AND 1000", name=op.f("ck_bottle_batch_cycle")),
        sa.CheckConstraint("per_roll BETWEEN 0 AND size", name=op.f("ck_bottle_batch_per_roll")),
        sa.CheckConstraint("size BETWEEN 1 AND 1000000", name=op.f("ck_bottle_batch_size")),
        sa.ForeignKeyConstraint(["key_id"], ["bottle_key.id"], name=op.f("fk_bottle_batch_key_id")),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_bottle_batch_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bottle_batch")),
    )
    op.create_index(op.f("ix_bottle_batch_sku_id"), "bottle_batch", ["sku_id"], unique=False)
    op.create_table(
        "bottle",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("first_fan_id", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scans", sa.BigInteger(), nullable=False),
        sa.Column("rewarded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scans > 0", name=op.f("ck_bottle_scans")),
        sa.ForeignKeyConstraint(["batch_id"], ["bottle_batch.id"], name=op.f("fk_bottle_batch_id")),
        sa.ForeignKeyConstraint(["first_fan_id"], ["fan.id"], name=op.f("fk_bottle_first_fan_id")),
        sa.PrimaryKeyConstraint("batch_id", "serial", name=op.f("pk_bottle")),
    )
    op.create_index("ix_bottle_fan", "bottle", ["first_fan_id"], unique=False)
    op.create_index(
        "ix_bottle_remind",
        "bottle",
        ["remind_at"],
        unique=False,
        postgresql_where=sa.text("remind_at IS NOT NULL AND reminded_at IS NULL"),
    )
    op.create_table(
        "bottle_alarm",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "many_scans",
                "many_fans",
                "far_regions",
                "outside",
                "inactive",
                name="alarmkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["bottle_batch.id"], name=op.f("fk_bottle_alarm_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bottle_alarm")),
    )
    op.create_index("ix_bottle_alarm_batch", "bottle_alarm", ["batch_id", "id"], unique=False)
    op.create_index(
        "uq_bottle_alarm_open",
        "bottle_alarm",
        ["batch_id", "serial", "kind"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "bottle_range",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("dealer", sa.Text(), nullable=False),
        sa.Column("territory", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("staff_name", sa.Text(), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("first BETWEEN 1 AND last", name=op.f("ck_bottle_range_order")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["bottle_batch.id"], name=op.f("fk_bottle_range_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bottle_range")),
    )
    op.create_index("ix_bottle_range_batch", "bottle_range", ["batch_id", "first"], unique=False)
    op.create_table(
        "bottle_scan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("lat_hundredths", sa.BigInteger(), nullable=True),
        sa.Column("lng_hundredths", sa.BigInteger(), nullable=True),
        sa.Column("range_id", sa.BigInteger(), nullable=True),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("outside", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(lat_hundredths IS NULL) = (lng_hundredths IS NULL)", name=op.f("ck_bottle_scan_place")
        ),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_bottle_scan_fan_id")),
        sa.ForeignKeyConstraint(
            ["range_id"], ["bottle_range.id"], name=op.f("fk_bottle_scan_range_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bottle_scan")),
    )
    op.create_index(
        "ix_bottle_scan_bottle", "bottle_scan", ["batch_id", "serial", "at"], unique=False
    )
    op.create_index("ix_bottle_scan_fan", "bottle_scan", ["fan_id"], unique=False)
    op.create_index("ix_bottle_scan_region", "bottle_scan", ["batch_id", "region"], unique=False)
    # Who works with channel codes works with bottle codes.
    op.execute(
        "UPDATE role SET permissions = array_append(permissions, 'bottles.read')"
        " WHERE 'channels.read' = ANY (permissions) AND NOT 'bottles.read' = ANY (permissions)"
    )
    op.execute(
        "UPDATE role SET permissions = array_append(permissions, 'bottles.write')"
        " WHERE 'channels.write' = ANY (permissions) AND NOT 'bottles.write' = ANY (permissions)"
    )


def downgrade() -> None:
    """Go back."""
    op.execute("UPDATE role SET permissions = array_remove(permissions, 'bottles.read')")
    op.execute("UPDATE role SET permissions = array_remove(permissions, 'bottles.write')")
    op.drop_index("ix_bottle_scan_region", table_name="bottle_scan")
    op.drop_index("ix_bottle_scan_fan", table_name="bottle_scan")
    op.drop_index("ix_bottle_scan_bottle", table_name="bottle_scan")
    op.drop_table("bottle_scan")
    op.drop_index("ix_bottle_range_batch", table_name="bottle_range")
    op.drop_table("bottle_range")
    op.drop_index(
        "uq_bottle_alarm_open",
        table_name="bottle_alarm",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_index("ix_bottle_alarm_batch", table_name="bottle_alarm")
    op.drop_table("bottle_alarm")
    op.drop_index(
        "ix_bottle_remind",
        table_name="bottle",
        postgresql_where=sa.text("remind_at IS NOT NULL AND reminded_at IS NULL"),
    )
    op.drop_index("ix_bottle_fan", table_name="bottle")
    op.drop_table("bottle")
    op.drop_index(op.f("ix_bottle_batch_sku_id"), table_name="bottle_batch")
    op.drop_table("bottle_batch")
    op.drop_index(
        "ix_bottle_reward_owed",
        table_name="bottle_reward",
        postgresql_where=sa.text("state = 'owed'"),
    )
    op.drop_index(op.f("ix_bottle_reward_fan_id"), table_name="bottle_reward")
    op.drop_table("bottle_reward")
    op.drop_table("bottle_limits")
    op.drop_table("bottle_key")
