"""Short links and their visits, mini-program codes, live codes that rotate staff.

Revision: 0039, after 0038.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "channel_link",
        sa.Column("code_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column(
            "platform",
            sa.Enum(
                "weibo",
                "taobao",
                "baidu",
                "qq",
                "toutiao",
                "xiaohongshu",
                "douyin",
                "sms",
                "own",
                name="linkplatform",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "target",
            sa.Enum(
                "shop",
                "product",
                "follow",
                name="linktarget",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("utm_source", sa.Text(), nullable=False),
        sa.Column("utm_medium", sa.Text(), nullable=False),
        sa.Column("utm_campaign", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("follow_url", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(target = 'product') = (product_id IS NOT NULL)", name=op.f("ck_channel_link_product")
        ),
        sa.ForeignKeyConstraint(
            ["code_id"], ["channel_code.id"], name=op.f("fk_channel_link_code_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_channel_link_product_id")
        ),
        sa.PrimaryKeyConstraint("code_id", name=op.f("pk_channel_link")),
        sa.UniqueConstraint("slug", name=op.f("uq_channel_link_slug")),
    )
    op.create_index(
        "ix_channel_link_platform", "channel_link", ["platform", "code_id"], unique=False
    )
    op.create_index(
        op.f("ix_channel_link_product_id"), "channel_link", ["product_id"], unique=False
    )
    op.create_table(
        "channel_live",
        sa.Column("code_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "rotation",
            sa.Enum(
                "equal",
                "weight",
                "duty",
                name="rotation",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("turns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["code_id"], ["channel_code.id"], name=op.f("fk_channel_live_code_id")
        ),
        sa.PrimaryKeyConstraint("code_id", name=op.f("pk_channel_live")),
    )
    op.create_table(
        "channel_link_day",
        sa.Column("code_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("entered", sa.BigInteger(), nullable=False),
        sa.Column("bots", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["code_id"], ["channel_link.code_id"], name=op.f("fk_channel_link_day_code_id")
        ),
        sa.PrimaryKeyConstraint("code_id", "day", "shard", name=op.f("pk_channel_link_day")),
    )
    op.create_table(
        "channel_live_member",
        sa.Column("code_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("most_a_day", sa.BigInteger(), nullable=True),
        sa.Column("shifts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("resting", sa.Boolean(), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("most_a_day > 0", name=op.f("ck_channel_live_member_most")),
        sa.CheckConstraint("weight BETWEEN 1 AND 100", name=op.f("ck_channel_live_member_weight")),
        sa.ForeignKeyConstraint(
            ["code_id"], ["channel_live.code_id"], name=op.f("fk_channel_live_member_code_id")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_channel_live_member_staff_id")
        ),
        sa.PrimaryKeyConstraint("code_id", "staff_id", name=op.f("pk_channel_live_member")),
    )
    op.create_index(
        op.f("ix_channel_live_member_staff_id"), "channel_live_member", ["staff_id"], unique=False
    )
    op.create_table(
        "channel_live_pick",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["code_id"], ["channel_live.code_id"], name=op.f("fk_channel_live_pick_code_id")
        ),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_channel_live_pick_fan_id")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_channel_live_pick_staff_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_live_pick")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_channel_live_pick_day",
        "channel_live_pick",
        ["staff_id", "code_id", "day"],
        unique=False,
    )
    op.create_index(
        op.f("ix_channel_live_pick_fan_id"), "channel_live_pick", ["fan_id"], unique=False
    )
    op.create_index(
        "uq_channel_live_pick_fan", "channel_live_pick", ["code_id", "fan_id"], unique=True
    )
    op.create_table(
        "channel_visit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("visitor", sa.Text(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(fan_id IS NULL) = (joined_at IS NULL)", name=op.f("ck_channel_visit_joined")
        ),
        sa.ForeignKeyConstraint(
            ["code_id"], ["channel_link.code_id"], name=op.f("fk_channel_visit_code_id")
        ),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_channel_visit_fan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_visit")),
    )
    op.create_index(op.f("ix_channel_visit_code_id"), "channel_visit", ["code_id"], unique=False)
    op.create_index(
        "ix_channel_visit_fan",
        "channel_visit",
        ["fan_id"],
        unique=False,
        postgresql_where=sa.text("fan_id IS NOT NULL"),
    )
    op.create_index(
        "ix_channel_visit_waiting",
        "channel_visit",
        ["at"],
        unique=False,
        postgresql_where=sa.text("fan_id IS NULL"),
    )
    op.create_index(
        "uq_channel_visit_visitor", "channel_visit", ["visitor", "code_id", "day"], unique=True
    )
    op.add_column("bottle_batch", sa.Column("scene", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "channel_code",
        sa.Column(
            "form",
            sa.Enum(
                "qr",
                "mini",
                "link",
                "bottle",
                name="codeform",
                native_enum=False,
                length=40,
            ),
            server_default="qr",
            nullable=False,
        ),
    )
    op.add_column("channel_code", sa.Column("page", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "channel_code", sa.Column("image_key", sa.Text(), server_default="", nullable=False)
    )
    op.execute(
        "ALTER TABLE channel_code ADD CONSTRAINT ck_channel_code_codeform"
        " CHECK (form IN ('qr', 'mini', 'link', 'bottle')) NOT VALID"
    )
    # Some ten thousand rows at most.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE INDEX ix_channel_code_form ON channel_code (form, id)"
    )
    _kinds_of_touches("follow", "scan", "visit", "organic")


def downgrade() -> None:
    """Go back."""
    _kinds_of_touches("follow", "scan", "organic")
    op.drop_index("ix_channel_code_form", table_name="channel_code")
    op.drop_column("channel_code", "image_key")
    op.drop_column("channel_code", "page")
    op.drop_column("channel_code", "form")
    op.drop_column("bottle_batch", "scene")
    op.drop_index("uq_channel_visit_visitor", table_name="channel_visit")
    op.drop_index(
        "ix_channel_visit_waiting",
        table_name="channel_visit",
        postgresql_where=sa.text("fan_id IS NULL"),
    )
    op.drop_index(
        "ix_channel_visit_fan",
        table_name="channel_visit",
        postgresql_where=sa.text("fan_id IS NOT NULL"),
    )
    op.drop_index(op.f("ix_channel_visit_code_id"), table_name="channel_visit")
    op.drop_table("channel_visit")
    op.drop_index("uq_channel_live_pick_fan", table_name="channel_live_pick")
    op.drop_index(op.f("ix_channel_live_pick_fan_id"), table_name="channel_live_pick")
    op.drop_index("ix_channel_live_pick_day", table_name="channel_live_pick")
    op.drop_table("channel_live_pick")
    op.drop_index(op.f("ix_channel_live_member_staff_id"), table_name="channel_live_member")
    op.drop_table("channel_live_member")
    op.drop_table("channel_link_day")
    op.drop_table("channel_live")
    op.drop_index(op.f("ix_channel_link_product_id"), table_name="channel_link")
    op.drop_index("ix_channel_link_platform", table_name="channel_link")
    op.drop_table("channel_link")


def _kinds_of_touches(*kinds: str) -> None:
    """Swap the check for another. Old rows passed the narrower: they need no reading again."""
    known = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "ALTER TABLE channel_touch DROP CONSTRAINT ck_channel_touch_touchkind"
    )
    op.execute(
        "ALTER TABLE channel_touch ADD CONSTRAINT ck_channel_touch_touchkind"
        f" CHECK (kind IN ({known})) NOT VALID"
    )
