"""What channels brought: shares of orders, sums by day, sources as reports see them, appeals.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "channel_attribution_rules",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_by", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("version > 0", name=op.f("ck_channel_attribution_rules_version")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_channel_attribution_rules")),
    )
    op.create_table(
        "channel_income",
        sa.Column(
            "model",
            sa.Enum(
                "first",
                "last",
                "linear",
                "rule",
                name="model",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_staff_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("orders_bp", sa.BigInteger(), nullable=False),
        sa.Column("received_bp", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("received_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "model", "day", "code_id", "owner_staff_id", name=op.f("pk_channel_income")
        ),
    )
    op.create_table(
        "channel_reach",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_staff_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scans", sa.BigInteger(), nullable=False),
        sa.Column("follows", sa.BigInteger(), nullable=False),
        sa.Column("fans", sa.BigInteger(), nullable=False),
        sa.Column("ruled", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.BigInteger(), nullable=False),
        sa.Column("visited", sa.BigInteger(), nullable=False),
        sa.Column("ordered", sa.BigInteger(), nullable=False),
        sa.Column("buyers", sa.BigInteger(), nullable=False),
        sa.Column("receivers", sa.BigInteger(), nullable=False),
        sa.Column("keepers", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "code_id", "owner_staff_id", name=op.f("pk_channel_reach")),
    )
    op.create_table(
        "channel_fan_act",
        sa.Column("fan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("visited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_channel_fan_act_fan_id")),
        sa.PrimaryKeyConstraint("fan_id", name=op.f("pk_channel_fan_act")),
    )
    op.create_table(
        "channel_fan_source",
        sa.Column("fan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_staff_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ruled", sa.Boolean(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("visited", sa.Boolean(), nullable=False),
        sa.Column("ordered", sa.Boolean(), nullable=False),
        sa.Column("buyer", sa.Boolean(), nullable=False),
        sa.Column("receiver", sa.Boolean(), nullable=False),
        sa.Column("keeper", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_channel_fan_source_fan_id")),
        sa.PrimaryKeyConstraint("fan_id", name=op.f("pk_channel_fan_source")),
    )
    op.create_index(
        "ix_channel_fan_source_code",
        "channel_fan_source",
        ["code_id", "at", "fan_id"],
        unique=False,
    )
    op.create_index(
        "ix_channel_fan_source_owner",
        "channel_fan_source",
        ["owner_staff_id", "at", "fan_id"],
        unique=False,
    )
    op.create_table(
        "channel_appeal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("stands_code_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "granted",
                "rejected",
                "withdrawn",
                name="appealstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL)", name=op.f("ck_channel_appeal_decided")
        ),
        sa.ForeignKeyConstraint(
            ["code_id"], ["channel_code.id"], name=op.f("fk_channel_appeal_code_id")
        ),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_channel_appeal_fan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_appeal")),
    )
    op.create_index(op.f("ix_channel_appeal_code_id"), "channel_appeal", ["code_id"], unique=False)
    op.create_index("ix_channel_appeal_fan", "channel_appeal", ["fan_id", "id"], unique=False)
    op.create_index("ix_channel_appeal_opener", "channel_appeal", ["opened_by", "id"], unique=False)
    op.create_index("ix_channel_appeal_state", "channel_appeal", ["state", "id"], unique=False)
    op.create_index(
        "uq_channel_appeal_open",
        "channel_appeal",
        ["fan_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "channel_former_owner",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_staff_id", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["code_id"], ["channel_code.id"], name=op.f("fk_channel_former_owner_code_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_staff_id"], ["staff.id"], name=op.f("fk_channel_former_owner_owner_staff_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_former_owner")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_channel_former_owner_code", "channel_former_owner", ["code_id", "until"], unique=False
    )
    op.create_index(
        op.f("ix_channel_former_owner_owner_staff_id"),
        "channel_former_owner",
        ["owner_staff_id"],
        unique=False,
    )
    op.create_table(
        "channel_ruling",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("appeal_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["appeal_id"], ["channel_appeal.id"], name=op.f("fk_channel_ruling_appeal_id")
        ),
        sa.ForeignKeyConstraint(
            ["code_id"], ["channel_code.id"], name=op.f("fk_channel_ruling_code_id")
        ),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_channel_ruling_fan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_ruling")),
        sa.UniqueConstraint("appeal_id", name=op.f("uq_channel_ruling_appeal_id")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_channel_ruling_code_id"), "channel_ruling", ["code_id"], unique=False)
    op.create_index(op.f("ix_channel_ruling_fan_id"), "channel_ruling", ["fan_id"], unique=False)
    op.create_table(
        "channel_share",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "model",
            sa.Enum(
                "first",
                "last",
                "linear",
                "rule",
                name="model",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("code_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_staff_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("weight_bp", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "refunded_fen BETWEEN 0 AND paid_fen", name=op.f("ck_channel_share_refunded")
        ),
        sa.CheckConstraint("weight_bp BETWEEN 0 AND 10000", name=op.f("ck_channel_share_weight")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["channel_credit.order_id"], name=op.f("fk_channel_share_order_id")
        ),
        sa.PrimaryKeyConstraint("order_id", "model", "code_id", name=op.f("pk_channel_share")),
    )
    op.create_index(
        "ix_channel_share_code",
        "channel_share",
        ["model", "code_id", "day", "order_id"],
        unique=False,
    )
    op.create_index(
        "ix_channel_share_owner",
        "channel_share",
        ["model", "owner_staff_id", "day", "order_id"],
        unique=False,
    )
    # What was before is shared and seen by the worker, batch by batch.
    op.execute(
        """
        INSERT INTO platform.job (merchant, lane, name, args, run_at, max_attempts)
        SELECT substr(current_schema(), 3), 'bulk', 'channels.see_past', '{}', now(), 12
        WHERE EXISTS (SELECT 1 FROM channel_touch)
        """
    )
    op.execute(
        """
        INSERT INTO channel_reach
        SELECT (t.at AT TIME ZONE 'Asia/Shanghai')::date, coalesce(t.code_id, 0),
               coalesce(c.owner_staff_id, 0), count(t.code_id), count(*) FILTER (WHERE t.kind <> 'scan'),
               0, 0, 0, 0, 0, 0, 0, 0
        FROM channel_touch AS t LEFT JOIN channel_code AS c ON c.id = t.code_id
        GROUP BY 1, 2, 3
        """
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_channel_share_owner", table_name="channel_share")
    op.drop_index("ix_channel_share_code", table_name="channel_share")
    op.drop_table("channel_share")
    op.drop_index(op.f("ix_channel_ruling_fan_id"), table_name="channel_ruling")
    op.drop_index(op.f("ix_channel_ruling_code_id"), table_name="channel_ruling")
    op.drop_table("channel_ruling")
    op.drop_index(op.f("ix_channel_former_owner_owner_staff_id"), table_name="channel_former_owner")
    op.drop_index("ix_channel_former_owner_code", table_name="channel_former_owner")
    op.drop_table("channel_former_owner")
    op.drop_index(
        "uq_channel_appeal_open",
        table_name="channel_appeal",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index("ix_channel_appeal_state", table_name="channel_appeal")
    op.drop_index("ix_channel_appeal_opener", table_name="channel_appeal")
    op.drop_index("ix_channel_appeal_fan", table_name="channel_appeal")
    op.drop_index(op.f("ix_channel_appeal_code_id"), table_name="channel_appeal")
    op.drop_table("channel_appeal")
    op.drop_index("ix_channel_fan_source_owner", table_name="channel_fan_source")
    op.drop_index("ix_channel_fan_source_code", table_name="channel_fan_source")
    op.drop_table("channel_fan_source")
    op.drop_table("channel_fan_act")
    op.drop_table("channel_reach")
    op.drop_table("channel_income")
    op.drop_table("channel_attribution_rules")
