"""All tables of the first version.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "address",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("province", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
    )
    op.create_index(
        "ix_address_fan", "address", ["fan_id", sa.literal_column("id DESC")], unique=False
    )
    op.create_index(
        "uq_address_default",
        "address",
        ["fan_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "analytics_daily",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "metric", "shard", name=op.f("pk_analytics_daily")),
    )
    op.create_table(
        "analytics_fact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "new_fan",
                "follow",
                "scan",
                "unfollow",
                "contact",
                "placed",
                "paid",
                "received",
                "refund",
                name="factkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_fact")),
        sa.UniqueConstraint("kind", "ref", name="uq_analytics_fact_ref"),
        info={"append_only": True},
    )
    op.create_index("ix_analytics_fact_day", "analytics_fact", ["day", "kind"], unique=False)
    op.create_table(
        "analytics_fan_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "fan_id", name=op.f("pk_analytics_fan_day")),
    )
    op.create_index(
        "ix_analytics_fan_day_fan", "analytics_fan_day", ["fan_id", "day"], unique=False
    )
    op.create_table(
        "analytics_hit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "view",
                "click",
                "share",
                name="hitkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("visitor", sa.Text(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_hit")),
    )
    op.create_index("ix_analytics_hit_day", "analytics_hit", ["day"], unique=False)
    op.create_table(
        "analytics_visitor_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("visitor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", "visitor", name=op.f("pk_analytics_visitor_day")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "actor_kind",
            sa.Enum(
                "staff",
                "api_key",
                "fan",
                "system",
                name="actorkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entry")),
        info={"append_only": True},
    )
    op.create_index("ix_audit_entry_action", "audit_entry", ["action", "seq"], unique=False)
    op.create_index(
        "ix_audit_entry_actor", "audit_entry", ["actor_kind", "actor_id", "seq"], unique=False
    )
    op.create_index("ix_audit_entry_target", "audit_entry", ["target", "seq"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "auto_reply",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "match",
            sa.Enum(
                "exact",
                "contains",
                "regex",
                name="match",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("patterns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("from_minute", sa.BigInteger(), nullable=True),
        sa.Column("to_minute", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("last_hit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(from_minute IS NULL) = (to_minute IS NULL)", name=op.f("ck_auto_reply_range")
        ),
        sa.CheckConstraint(
            "from_minute BETWEEN 0 AND 1439 AND to_minute BETWEEN 0 AND 1439",
            name=op.f("ck_auto_reply_minutes"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_reply")),
    )
    op.create_table(
        "cart_item",
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("price_seen_fen", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity BETWEEN 1 AND 9999", name=op.f("ck_cart_item_quantity")),
        sa.PrimaryKeyConstraint("fan_id", "sku_id", name=op.f("pk_cart_item")),
    )
    op.create_table(
        "category",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("image_key", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["category.id"], name=op.f("fk_category_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category")),
    )
    op.create_index(op.f("ix_category_parent_id"), "category", ["parent_id"], unique=False)
    op.create_table(
        "fan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.Column("nickname", sa.Text(), nullable=False),
        sa.Column("grams", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("avatar_url", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("phone_blind", sa.Text(), nullable=True),
        sa.Column("real_name", sa.Text(), nullable=True),
        sa.Column("real_name_blind", sa.Text(), nullable=True),
        sa.Column(
            "stage",
            sa.Enum(
                "visitor",
                "follower",
                "customer",
                "user",
                "fan",
                "core",
                "lost",
                name="stage",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("stage_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("following", sa.Boolean(), nullable=False),
        sa.Column("ever_followed", sa.Boolean(), nullable=False),
        sa.Column("source_code_id", sa.BigInteger(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("received_orders", sa.BigInteger(), nullable=False),
        sa.Column("whole_refunds", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("interactions", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["merged_into"], ["fan.id"], name=op.f("fk_fan_merged_into")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fan")),
    )
    op.create_index("ix_fan_grams", "fan", ["grams"], unique=False, postgresql_using="gin")
    op.create_index("ix_fan_last_seen", "fan", ["last_seen_at", "id"], unique=False)
    op.create_index(op.f("ix_fan_merged_into"), "fan", ["merged_into"], unique=False)
    op.create_index("ix_fan_orders", "fan", ["orders", "id"], unique=False)
    op.create_index("ix_fan_paid", "fan", ["paid_fen", "id"], unique=False)
    op.create_index(op.f("ix_fan_phone_blind"), "fan", ["phone_blind"], unique=False)
    op.create_index(op.f("ix_fan_real_name_blind"), "fan", ["real_name_blind"], unique=False)
    op.create_index("ix_fan_source", "fan", ["source_code_id", "id"], unique=False)
    op.create_index("ix_fan_stage", "fan", ["stage", "id"], unique=False)
    op.create_table(
        "fan_source",
        sa.Column("code_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner_staff_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("code_id", name=op.f("pk_fan_source")),
    )
    op.create_table(
        "freight_template",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("free_from_fen", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("fee_fen >= 0", name=op.f("ck_freight_template_fee")),
        sa.CheckConstraint(
            "free_from_fen IS NULL OR free_from_fen >= 0",
            name=op.f("ck_freight_template_free_from"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freight_template")),
    )
    op.create_table(
        "helpdesk_setting",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("welcome", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("default_reply", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_helpdesk_setting_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helpdesk_setting")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(
        op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False
    )
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "asset",
            sa.Enum(
                "CNY", "POINTS", name="asset", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column(
            "side",
            sa.Enum(
                "debit", "credit", name="side", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "asset",
                "liability",
                "income",
                "expense",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("guarded", sa.Boolean(), nullable=False),
        sa.Column("debited_fen", sa.BigInteger(), nullable=False),
        sa.Column("credited_fen", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "NOT guarded OR CASE side WHEN 'debit' THEN debited_fen - credited_fen ELSE credited_fen - debited_fen END >= 0",
            name=op.f("ck_ledger_account_floor"),
        ),
        sa.CheckConstraint(
            "debited_fen >= 0 AND credited_fen >= 0", name=op.f("ck_ledger_account_totals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("id", "asset", name=op.f("uq_ledger_account_id_asset")),
        sa.UniqueConstraint("name", name=op.f("uq_ledger_account_name")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "location",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
    )
    op.create_table(
        "movement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("on_hand_after", sa.BigInteger(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "received",
                "sold",
                "returned",
                "lost",
                "counted",
                name="movementreason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_movement_quantity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_movement_sku", "movement", ["sku_id", sa.literal_column("id DESC")], unique=False
    )
    op.create_table(
        "oauth_used_state",
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_oauth_used_state")),
    )
    op.create_index(
        op.f("ix_oauth_used_state_used_at"), "oauth_used_state", ["used_at"], unique=False
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("checkout_key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "unpaid",
                "paid",
                "partly_shipped",
                "shipped",
                "received",
                "closed",
                "refunded",
                name="orderstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("goods_fen", sa.BigInteger(), nullable=False),
        sa.Column("freight_fen", sa.BigInteger(), nullable=False),
        sa.Column("discount_fen", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunding_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("freight_claimed_fen", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("phone_blind", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("quote", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("grams", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pay_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.String(), nullable=False),
        sa.CheckConstraint(
            "freight_claimed_fen IN (0, freight_fen)", name=op.f("ck_orders_freight_claimed")
        ),
        sa.CheckConstraint("paid_fen IN (0, total_fen)", name=op.f("ck_orders_paid")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_orders_quantity")),
        sa.CheckConstraint(
            "refunding_fen >= 0 AND refunded_fen >= 0 AND refunding_fen + refunded_fen <= paid_fen",
            name=op.f("ck_orders_refunds"),
        ),
        sa.CheckConstraint(
            "total_fen = goods_fen + freight_fen - discount_fen", name=op.f("ck_orders_parts")
        ),
        sa.CheckConstraint(
            "total_fen >= 0 AND goods_fen >= 0 AND freight_fen >= 0", name=op.f("ck_orders_signs")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("fan_id", "checkout_key", name=op.f("uq_orders_fan_id_checkout_key")),
        sa.UniqueConstraint("order_no", name=op.f("uq_orders_order_no")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "ix_orders_fan", "orders", ["fan_id", sa.literal_column("id DESC")], unique=False
    )
    op.create_index("ix_orders_grams", "orders", ["grams"], unique=False, postgresql_using="gin")
    op.create_index("ix_orders_phone", "orders", ["phone_blind"], unique=False)
    op.create_index("ix_orders_placed", "orders", ["placed_at"], unique=False)
    op.create_index(
        "ix_orders_status", "orders", ["status", sa.literal_column("id DESC")], unique=False
    )
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "closing",
                "paid",
                "closed",
                name="paymentstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'paid') = (transaction_id IS NOT NULL)", name=op.f("ck_payment_paid")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payment_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("order_no", name=op.f("uq_payment_order_no")),
    )
    op.create_index(op.f("ix_payment_state_id"), "payment", ["state", "id"], unique=False)
    op.create_table(
        "payment_bill",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mchid", sa.Text(), nullable=False),
        sa.Column("bill_date", sa.Date(), nullable=False),
        sa.Column("sha1", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_bill")),
        sa.UniqueConstraint("mchid", "bill_date", name=op.f("uq_payment_bill_mchid_bill_date")),
    )
    op.create_table(
        "purchase_count",
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_purchase_count_quantity")),
        sa.PrimaryKeyConstraint("fan_id", "product_id", name=op.f("pk_purchase_count")),
    )
    op.create_table(
        "reservation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "converted",
                "released",
                name="reservationstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'open') = (ended_at IS NULL)", name=op.f("ck_reservation_ended")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservation_quantity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
    )
    op.create_index(
        "ix_reservation_open_sku",
        "reservation",
        ["sku_id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "ix_reservation_open_until",
        "reservation",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "uq_reservation_live",
        "reservation",
        ["reference", "sku_id", "location_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'released'"),
    )
    op.create_table(
        "role",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("permissions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
        sa.UniqueConstraint("name", name=op.f("uq_role_name")),
    )
    op.create_index(
        "uq_role_key", "role", ["key"], unique=True, postgresql_where=sa.text("key <> ''")
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_expires_at"), "session", ["expires_at"], unique=False)
    op.create_index(
        op.f("ix_session_kind_subject_id"), "session", ["kind", "subject_id"], unique=False
    )
    op.create_table(
        "sign_in_try",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_try")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_waiting", sa.Text(), nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=False),
        sa.Column("order_push", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("account", name=op.f("uq_staff_account")),
    )
    op.create_table(
        "unanswered_question",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unanswered_question")),
        sa.UniqueConstraint("question", name=op.f("uq_unanswered_question_question")),
    )
    op.create_index(
        "ix_unanswered_question_open",
        "unanswered_question",
        ["count", "id"],
        unique=False,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "wechat_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "official",
                "mini",
                name="accountkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("app_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("aes_key", sa.Text(), nullable=True),
        sa.Column("previous_aes_key", sa.Text(), nullable=True),
        sa.Column(
            "push_mode",
            sa.Enum(
                "plain",
                "compat",
                "safe",
                name="pushmode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("oauth_domain", sa.String(length=255), server_default="", nullable=False),
        sa.Column("js_domain", sa.String(length=255), server_default="", nullable=False),
        sa.Column("api_base", sa.String(length=255), nullable=True),
        sa.Column("menu", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("menu_published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_account")),
        sa.UniqueConstraint("app_id", name=op.f("uq_wechat_account_app_id")),
        sa.UniqueConstraint("kind", name=op.f("uq_wechat_account_kind")),
    )
    op.create_table(
        "wechat_inbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("vendor_key", sa.String(length=400), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("mode", sa.String(length=8), server_default="", nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_inbox")),
        sa.UniqueConstraint("vendor_key", name=op.f("uq_wechat_inbox_vendor_key")),
    )
    op.create_index(
        op.f("ix_wechat_inbox_received_at"), "wechat_inbox", ["received_at"], unique=False
    )
    op.create_index(
        op.f("ix_wechat_inbox_source_received_at"),
        "wechat_inbox",
        ["source", "received_at"],
        unique=False,
    )
    op.create_table(
        "wechat_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "template",
                "customer",
                name="messagekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("app_id", sa.String(length=64), nullable=False),
        sa.Column("openid", sa.String(length=128), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sent",
                "dropped",
                "failed",
                "uncertain",
                name="messagestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=200), server_default="", nullable=False),
        sa.Column("errcode", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("client_msg_id", sa.String(length=64), nullable=False),
        sa.Column("vendor_id", sa.String(length=64), nullable=True),
        sa.Column("receipt", sa.String(length=80), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'queued') = (settled_at IS NULL)", name=op.f("ck_wechat_message_settled")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_message")),
        sa.UniqueConstraint("client_msg_id", name=op.f("uq_wechat_message_client_msg_id")),
    )
    op.create_index(
        op.f("ix_wechat_message_created_at_id"),
        "wechat_message",
        ["created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_wechat_message_openid_created_at"),
        "wechat_message",
        ["openid", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_wechat_message_vendor",
        "wechat_message",
        ["app_id", "vendor_id"],
        unique=False,
        postgresql_where=sa.text("vendor_id IS NOT NULL"),
    )
    op.create_table(
        "wechat_pay_account",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mchid", sa.String(length=32), nullable=False),
        sa.Column("serial_no", sa.String(length=64), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=True),
        sa.Column("api_v3_key", sa.Text(), nullable=True),
        sa.Column("public_key_id", sa.String(length=80), server_default="", nullable=False),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("notify_base", sa.String(length=255), nullable=True),
        sa.Column("api_base", sa.String(length=255), nullable=True),
        sa.Column("certificates_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_wechat_pay_account_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_pay_account")),
        sa.UniqueConstraint("mchid", name=op.f("uq_wechat_pay_account_mchid")),
    )
    op.create_table(
        "wechat_platform_certificate",
        sa.Column("serial_no", sa.String(length=64), nullable=False),
        sa.Column("mchid", sa.String(length=32), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("serial_no", name=op.f("pk_wechat_platform_certificate")),
    )
    op.create_table(
        "wechat_template",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_wechat_template")),
    )
    op.create_table(
        "wechat_token",
        sa.Column("app_id", sa.String(length=64), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "access",
                "jsapi",
                name="tokenkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("app_id", "kind", name=op.f("pk_wechat_token")),
    )
    op.create_table(
        "after_sale",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("after_sale_no", sa.String(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "requested",
                "withdrawn",
                "rejected",
                "refunding",
                "abnormal",
                "refunded",
                name="aftersalestatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "changed_mind",
                "not_received",
                "damaged",
                "wrong_goods",
                "not_as_described",
                "other",
                name="aftersalereason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("goods_fen", sa.BigInteger(), nullable=False),
        sa.Column("freight_fen", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("restock", sa.Boolean(), nullable=True),
        sa.Column("refund_id", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "amount_fen = goods_fen + freight_fen AND amount_fen >= 0",
            name=op.f("ck_after_sale_amount"),
        ),
        sa.CheckConstraint("attempt >= 0", name=op.f("ck_after_sale_attempt")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_after_sale_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_after_sale")),
        sa.UniqueConstraint("after_sale_no", name=op.f("uq_after_sale_after_sale_no")),
    )
    op.create_index(
        "ix_after_sale_fan", "after_sale", ["fan_id", sa.literal_column("id DESC")], unique=False
    )
    op.create_index("ix_after_sale_order", "after_sale", ["order_id", "id"], unique=False)
    op.create_index(
        "ix_after_sale_status", "after_sale", ["status", sa.literal_column("id DESC")], unique=False
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("permissions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["staff.id"], name=op.f("fk_api_key_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_key_key_hash")),
    )
    op.create_index(op.f("ix_api_key_created_by"), "api_key", ["created_by"], unique=False)
    op.create_table(
        "channel_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
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
        sa.Column("owner_staff_id", sa.BigInteger(), nullable=True),
        sa.Column("scene", sa.Text(), nullable=False),
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
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "ready",
                name="codestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("runs_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("welcome", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("cost_fen", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scans", sa.BigInteger(), nullable=False),
        sa.Column("follows", sa.BigInteger(), nullable=False),
        sa.Column("fans", sa.BigInteger(), nullable=False),
        sa.Column("unfollows", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("received_orders", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cost_fen >= 0", name=op.f("ck_channel_code_cost")),
        sa.ForeignKeyConstraint(
            ["owner_staff_id"], ["staff.id"], name=op.f("fk_channel_code_owner_staff_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_code")),
        sa.UniqueConstraint("scene", name=op.f("uq_channel_code_scene")),
    )
    op.create_index("ix_channel_code_kind", "channel_code", ["kind", "id"], unique=False)
    op.create_index(
        op.f("ix_channel_code_owner_staff_id"), "channel_code", ["owner_staff_id"], unique=False
    )
    op.create_index(
        "uq_channel_code_name",
        "channel_code",
        ["name"],
        unique=True,
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.create_table(
        "fan_identity",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("unionid", sa.Text(), nullable=True),
        sa.Column("following", sa.Boolean(), nullable=False),
        sa.Column("followed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unfollowed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_fan_identity_fan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fan_identity")),
        sa.UniqueConstraint("app_id", "openid", name="uq_fan_identity_app_openid"),
    )
    op.create_index(op.f("ix_fan_identity_fan_id"), "fan_identity", ["fan_id"], unique=False)
    op.create_index(
        "ix_fan_identity_unasked",
        "fan_identity",
        ["id"],
        unique=False,
        postgresql_where=sa.text("asked_at IS NULL AND unionid IS NULL"),
    )
    op.create_table(
        "fan_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
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
                name="happening",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_fan_line_fan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fan_line")),
        sa.UniqueConstraint("fan_id", "kind", "ref", name="uq_fan_line_fact"),
        info={"append_only": True},
    )
    op.create_index("ix_fan_line_fan_at", "fan_line", ["fan_id", "at", "id"], unique=False)
    op.create_table(
        "fan_merge",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("winner_id", sa.BigInteger(), nullable=False),
        sa.Column("loser_id", sa.BigInteger(), nullable=False),
        sa.Column("moved", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["loser_id"], ["fan.id"], name=op.f("fk_fan_merge_loser_id")),
        sa.ForeignKeyConstraint(["winner_id"], ["fan.id"], name=op.f("fk_fan_merge_winner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fan_merge")),
    )
    op.create_index(op.f("ix_fan_merge_loser_id"), "fan_merge", ["loser_id"], unique=False)
    op.create_index(op.f("ix_fan_merge_winner_id"), "fan_merge", ["winner_id"], unique=False)
    op.create_table(
        "fan_union",
        sa.Column("unionid", sa.Text(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_fan_union_fan_id")),
        sa.PrimaryKeyConstraint("unionid", name=op.f("pk_fan_union")),
    )
    op.create_index(op.f("ix_fan_union_fan_id"), "fan_union", ["fan_id"], unique=False)
    op.create_table(
        "helpdesk_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column(
            "direction",
            sa.Enum(
                "in", "out", name="direction", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "code",
                "welcome",
                "keyword",
                "default",
                "none",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("rule_id", sa.BigInteger(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_helpdesk_message_fan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helpdesk_message")),
        sa.UniqueConstraint("ref", "direction", "place", name="uq_helpdesk_message_ref"),
    )
    op.create_index("ix_helpdesk_message_fan", "helpdesk_message", ["fan_id", "id"], unique=False)
    op.create_table(
        "ledger_transfer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "asset",
            sa.Enum(
                "CNY", "POINTS", name="asset", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("debit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("credit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("debit_version", sa.BigInteger(), nullable=False),
        sa.Column("credit_version", sa.BigInteger(), nullable=False),
        sa.Column("debit_balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("credit_balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_ledger_transfer_amount")),
        sa.CheckConstraint(
            "debit_account_id <> credit_account_id", name=op.f("ck_ledger_transfer_two_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["credit_account_id", "asset"],
            ["ledger_account.id", "ledger_account.asset"],
            name=op.f("fk_ledger_transfer_credit_account_id_asset"),
        ),
        sa.ForeignKeyConstraint(
            ["debit_account_id", "asset"],
            ["ledger_account.id", "ledger_account.asset"],
            name=op.f("fk_ledger_transfer_debit_account_id_asset"),
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["ledger_transfer.id"], name=op.f("fk_ledger_transfer_reverses_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transfer")),
        sa.UniqueConstraint(
            "credit_account_id",
            "credit_version",
            name=op.f("uq_ledger_transfer_credit_account_id_credit_version"),
        ),
        sa.UniqueConstraint(
            "debit_account_id",
            "debit_version",
            name=op.f("uq_ledger_transfer_debit_account_id_debit_version"),
        ),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_transfer_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_transfer_reverses_id")),
        info={"append_only": True},
    )
    op.create_index(
        op.f("ix_ledger_transfer_posted_at"),
        "ledger_transfer",
        ["posted_at"],
        unique=False,
        postgresql_using="brin",
    )
    op.create_index(
        op.f("ix_ledger_transfer_reference"), "ledger_transfer", ["reference"], unique=False
    )
    op.create_table(
        "order_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("product_name", sa.String(), nullable=False),
        sa.Column("spec_text", sa.String(), nullable=False),
        sa.Column("image_url", sa.String(), nullable=False),
        sa.Column("unit_price_fen", sa.BigInteger(), nullable=False),
        sa.Column("cost_fen", sa.BigInteger(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("list_fen", sa.BigInteger(), nullable=False),
        sa.Column("discount_fen", sa.BigInteger(), nullable=False),
        sa.Column("pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("freight_fen", sa.BigInteger(), nullable=False),
        sa.Column("shipped", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), nullable=False),
        sa.Column("holding", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("refunding_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("limit_held", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("holding BETWEEN 0 AND cancelled", name=op.f("ck_order_line_holding")),
        sa.CheckConstraint(
            "limit_held BETWEEN 0 AND quantity", name=op.f("ck_order_line_limit_held")
        ),
        sa.CheckConstraint(
            "pay_fen = list_fen - discount_fen AND pay_fen >= 0", name=op.f("ck_order_line_pay")
        ),
        sa.CheckConstraint("quantity BETWEEN 1 AND 9999", name=op.f("ck_order_line_quantity")),
        sa.CheckConstraint(
            "refunding_fen >= 0 AND refunded_fen >= 0 AND refunding_fen + refunded_fen <= pay_fen",
            name=op.f("ck_order_line_refunds"),
        ),
        sa.CheckConstraint("returned <= shipped", name=op.f("ck_order_line_returned")),
        sa.CheckConstraint("shipped + cancelled <= quantity", name=op.f("ck_order_line_pieces")),
        sa.CheckConstraint(
            "shipped >= 0 AND cancelled >= 0 AND returned >= 0", name=op.f("ck_order_line_signs")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_line_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line")),
        sa.UniqueConstraint("order_id", "sku_id", name=op.f("uq_order_line_order_id_sku_id")),
    )
    op.create_table(
        "order_transition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_transition_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_transition")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_order_transition_order", "order_transition", ["order_id", "id"], unique=False
    )
    op.create_table(
        "parcel",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("courier", sa.String(), nullable=False),
        sa.Column("tracking_no", sa.String(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "shipped",
                "received",
                name="parcelstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_parcel_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel")),
        sa.UniqueConstraint("order_id", "tracking_no", name=op.f("uq_parcel_order_id_tracking_no")),
    )
    op.create_table(
        "payment_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("out_trade_no", sa.Text(), nullable=False),
        sa.Column(
            "client",
            sa.Enum(
                "jsapi",
                "mini",
                "native",
                name="payclientkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("mchid", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("openid", sa.Text(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "intent",
                "unknown",
                "prepaid",
                "paid",
                "closed",
                "refused",
                name="attemptstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("prepay_id", sa.Text(), nullable=True),
        sa.Column("code_url", sa.Text(), nullable=True),
        sa.Column("prepaid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("spent", sa.Boolean(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_payment_attempt_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_attempt")),
        sa.UniqueConstraint("out_trade_no", name=op.f("uq_payment_attempt_out_trade_no")),
    )
    op.create_index(
        "ix_payment_attempt_check",
        "payment_attempt",
        ["check_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('intent', 'unknown', 'prepaid')"),
    )
    op.create_index(
        op.f("ix_payment_attempt_payment_id_id"),
        "payment_attempt",
        ["payment_id", "id"],
        unique=False,
    )
    op.create_table(
        "payment_bill_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("bill_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "pay",
                "refund",
                name="linekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("out_trade_no", sa.Text(), nullable=False),
        sa.Column("out_refund_no", sa.Text(), nullable=True),
        sa.Column("refund_id", sa.Text(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bill_id"], ["payment_bill.id"], name=op.f("fk_payment_bill_line_bill_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_bill_line")),
        sa.UniqueConstraint("bill_id", "line", name=op.f("uq_payment_bill_line_bill_id_line")),
        info={"append_only": True},
    )
    op.create_index(
        op.f("ix_payment_bill_line_transaction_id"),
        "payment_bill_line",
        ["transaction_id"],
        unique=False,
    )
    op.create_table(
        "payment_break",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("bill_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ours_only",
                "theirs_only",
                "amount",
                "state",
                "fee",
                name="breakkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("ours_fen", sa.BigInteger(), nullable=True),
        sa.Column("theirs_fen", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["bill_id"], ["payment_bill.id"], name=op.f("fk_payment_break_bill_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_break")),
        sa.UniqueConstraint(
            "bill_id", "kind", "subject", name=op.f("uq_payment_break_bill_id_kind_subject")
        ),
    )
    op.create_index(
        op.f("ix_payment_break_closed_at_id"), "payment_break", ["closed_at", "id"], unique=False
    )
    op.create_table(
        "product",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("subtitle", sa.String(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "regular",
                "traffic",
                "profit",
                "repeat",
                name="productrole",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "on_shelf",
                "off_shelf",
                name="productstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("images", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("detail_html", sa.String(), nullable=False),
        sa.Column("specs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("purchase_limit", sa.BigInteger(), nullable=True),
        sa.Column("price_min_fen", sa.BigInteger(), nullable=False),
        sa.Column("price_max_fen", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("grams", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "price_max_fen >= price_min_fen AND price_min_fen >= 0", name=op.f("ck_product_prices")
        ),
        sa.CheckConstraint(
            "purchase_limit IS NULL OR purchase_limit BETWEEN 1 AND 9999",
            name=op.f("ck_product_limit"),
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_product_category_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
    )
    op.create_index(op.f("ix_product_category_id"), "product", ["category_id"], unique=False)
    op.create_index("ix_product_grams", "product", ["grams"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_product_shelf",
        "product",
        ["status", sa.literal_column("position DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "staff_bind_code",
        sa.Column("scene", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_bind_code_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("scene", name=op.f("pk_staff_bind_code")),
    )
    op.create_index(
        op.f("ix_staff_bind_code_staff_id"), "staff_bind_code", ["staff_id"], unique=False
    )
    op.create_table(
        "staff_recovery_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
            name=op.f("fk_staff_recovery_code_staff_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_recovery_code")),
    )
    op.create_index(
        op.f("ix_staff_recovery_code_staff_id"), "staff_recovery_code", ["staff_id"], unique=False
    )
    op.create_table(
        "staff_role",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_staff_role_role_id")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_role_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", "role_id", name=op.f("pk_staff_role")),
    )
    op.create_index(op.f("ix_staff_role_role_id"), "staff_role", ["role_id"], unique=False)
    op.create_table(
        "staff_wechat",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_wechat_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", "app_id", name=op.f("pk_staff_wechat")),
        sa.UniqueConstraint("app_id", "openid", name="uq_staff_wechat_identity"),
    )
    op.create_table(
        "after_sale_line",
        sa.Column("after_sale_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("unshipped", sa.BigInteger(), nullable=False),
        sa.Column("shipped", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_after_sale_line_amount")),
        sa.CheckConstraint(
            "unshipped >= 0 AND shipped >= 0 AND unshipped + shipped > 0",
            name=op.f("ck_after_sale_line_pieces"),
        ),
        sa.ForeignKeyConstraint(
            ["after_sale_id"], ["after_sale.id"], name=op.f("fk_after_sale_line_after_sale_id")
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_line.id"], name=op.f("fk_after_sale_line_order_line_id")
        ),
        sa.PrimaryKeyConstraint("after_sale_id", "order_line_id", name=op.f("pk_after_sale_line")),
    )
    op.create_index(
        op.f("ix_after_sale_line_order_line_id"), "after_sale_line", ["order_line_id"], unique=False
    )
    op.create_table(
        "channel_credit",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_staff_id", sa.BigInteger(), nullable=True),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "refunded_fen BETWEEN 0 AND paid_fen", name=op.f("ck_channel_credit_refunded")
        ),
        sa.ForeignKeyConstraint(
            ["code_id"], ["channel_code.id"], name=op.f("fk_channel_credit_code_id")
        ),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_channel_credit_fan_id")),
        sa.ForeignKeyConstraint(
            ["owner_staff_id"], ["staff.id"], name=op.f("fk_channel_credit_owner_staff_id")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_channel_credit")),
    )
    op.create_index(
        "ix_channel_credit_code", "channel_credit", ["code_id", "paid_at"], unique=False
    )
    op.create_index(op.f("ix_channel_credit_fan_id"), "channel_credit", ["fan_id"], unique=False)
    op.create_index(
        "ix_channel_credit_owner", "channel_credit", ["owner_staff_id", "paid_at"], unique=False
    )
    op.create_table(
        "channel_touch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "follow",
                "scan",
                "organic",
                name="touchkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(code_id IS NULL) = (kind = 'organic')", name=op.f("ck_channel_touch_organic")
        ),
        sa.ForeignKeyConstraint(
            ["code_id"], ["channel_code.id"], name=op.f("fk_channel_touch_code_id")
        ),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_channel_touch_fan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_touch")),
        sa.UniqueConstraint("ref", name=op.f("uq_channel_touch_ref")),
        info={"append_only": True},
    )
    op.create_index("ix_channel_touch_code", "channel_touch", ["code_id", "at", "id"], unique=False)
    op.create_index("ix_channel_touch_fan", "channel_touch", ["fan_id", "at", "id"], unique=False)
    op.create_table(
        "parcel_line",
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_parcel_line_quantity")),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_line.id"], name=op.f("fk_parcel_line_order_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcel.id"], name=op.f("fk_parcel_line_parcel_id")
        ),
        sa.PrimaryKeyConstraint("parcel_id", "order_line_id", name=op.f("pk_parcel_line")),
    )
    op.create_table(
        "payment_charge",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mchid", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("out_trade_no", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("attempt_id", sa.BigInteger(), nullable=True),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("openid", sa.Text(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("refunding_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "notice",
                "query",
                "answer",
                "bill",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "NOT applied OR payment_id IS NOT NULL", name=op.f("ck_payment_charge_applied")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payment_charge_amount")),
        sa.CheckConstraint(
            "refunding_fen + refunded_fen <= amount_fen", name=op.f("ck_payment_charge_refund_cap")
        ),
        sa.CheckConstraint(
            "refunding_fen >= 0 AND refunded_fen >= 0", name=op.f("ck_payment_charge_parts")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["payment_attempt.id"], name=op.f("fk_payment_charge_attempt_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_payment_charge_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_charge")),
        sa.UniqueConstraint(
            "mchid", "transaction_id", name=op.f("uq_payment_charge_mchid_transaction_id")
        ),
    )
    op.create_index(
        op.f("ix_payment_charge_out_trade_no"), "payment_charge", ["out_trade_no"], unique=False
    )
    op.create_index(op.f("ix_payment_charge_paid_at"), "payment_charge", ["paid_at"], unique=False)
    op.create_index(
        "uq_payment_charge_applied",
        "payment_charge",
        ["payment_id"],
        unique=True,
        postgresql_where=sa.text("applied"),
    )
    op.create_table(
        "sku",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("spec_values", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("market_fen", sa.BigInteger(), nullable=True),
        sa.Column("cost_fen", sa.BigInteger(), nullable=True),
        sa.Column("image_key", sa.String(), nullable=False),
        sa.Column("on_grid", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "cost_fen IS NULL OR cost_fen BETWEEN 0 AND 10000000000", name=op.f("ck_sku_cost")
        ),
        sa.CheckConstraint("price_fen BETWEEN 0 AND 10000000000", name=op.f("ck_sku_price")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_sku_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sku")),
        sa.UniqueConstraint("product_id", "spec_values", name="uq_sku_product_id_spec_values"),
    )
    op.create_index(
        "uq_sku_code", "sku", ["code"], unique=True, postgresql_where=sa.text("code <> ''")
    )
    op.create_table(
        "channel_attribution",
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("first_touch_id", sa.BigInteger(), nullable=False),
        sa.Column("first_code_id", sa.BigInteger(), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_code_id", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("following", sa.Boolean(), nullable=False),
        sa.Column("unfollows", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_channel_attribution_fan_id")),
        sa.ForeignKeyConstraint(
            ["first_code_id"],
            ["channel_code.id"],
            name=op.f("fk_channel_attribution_first_code_id"),
        ),
        sa.ForeignKeyConstraint(
            ["first_touch_id"],
            ["channel_touch.id"],
            name=op.f("fk_channel_attribution_first_touch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["last_code_id"], ["channel_code.id"], name=op.f("fk_channel_attribution_last_code_id")
        ),
        sa.PrimaryKeyConstraint("fan_id", name=op.f("pk_channel_attribution")),
        sa.UniqueConstraint("first_touch_id", name=op.f("uq_channel_attribution_first_touch_id")),
    )
    op.create_index(
        "ix_channel_attribution_code",
        "channel_attribution",
        ["first_code_id", "first_at", "fan_id"],
        unique=False,
    )
    op.create_table(
        "payment_suspense",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("charge_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "late",
                "double",
                "orphan",
                "wrong_merchant",
                "wrong_app",
                "wrong_currency",
                "wrong_amount",
                "wrong_payer",
                name="suspensereason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("order_no", sa.Text(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "refunding",
                "refunded",
                "kept",
                name="suspensestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("refund_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("refunds", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["charge_id"], ["payment_charge.id"], name=op.f("fk_payment_suspense_charge_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_suspense")),
        sa.UniqueConstraint("charge_id", name=op.f("uq_payment_suspense_charge_id")),
    )
    op.create_index(
        "ix_payment_suspense_due",
        "payment_suspense",
        ["refund_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        op.f("ix_payment_suspense_state_id"), "payment_suspense", ["state", "id"], unique=False
    )
    op.create_table(
        "stock",
        sa.Column("sku_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("on_hand >= reserved", name=op.f("ck_stock_on_hand")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_stock_reserved")),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_stock_location_id")
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_stock_sku_id")),
        sa.PrimaryKeyConstraint("sku_id", "location_id", name=op.f("pk_stock")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "payment_refund",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("charge_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("suspense_id", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("out_refund_no", sa.Text(), nullable=False),
        sa.Column("refund_id", sa.Text(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "reserved",
                "unknown",
                "processing",
                "success",
                "closed",
                "abnormal",
                name="refundstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payment_refund_amount")),
        sa.ForeignKeyConstraint(
            ["charge_id"], ["payment_charge.id"], name=op.f("fk_payment_refund_charge_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_payment_refund_payment_id")
        ),
        sa.ForeignKeyConstraint(
            ["suspense_id"], ["payment_suspense.id"], name=op.f("fk_payment_refund_suspense_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_refund")),
        sa.UniqueConstraint("out_refund_no", name=op.f("uq_payment_refund_out_refund_no")),
        sa.UniqueConstraint("reference", name=op.f("uq_payment_refund_reference")),
    )
    op.create_index(
        op.f("ix_payment_refund_charge_id_id"), "payment_refund", ["charge_id", "id"], unique=False
    )
    op.create_index(
        "ix_payment_refund_check",
        "payment_refund",
        ["check_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('reserved', 'unknown', 'processing')"),
    )
    op.create_index(
        op.f("ix_payment_refund_state_id"), "payment_refund", ["state", "id"], unique=False
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_payment_refund_state_id"), table_name="payment_refund")
    op.drop_index(
        "ix_payment_refund_check",
        table_name="payment_refund",
        postgresql_where=sa.text("state IN ('reserved', 'unknown', 'processing')"),
    )
    op.drop_index(op.f("ix_payment_refund_charge_id_id"), table_name="payment_refund")
    op.drop_table("payment_refund")
    op.drop_table("stock")
    op.drop_index(op.f("ix_payment_suspense_state_id"), table_name="payment_suspense")
    op.drop_index(
        "ix_payment_suspense_due",
        table_name="payment_suspense",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_table("payment_suspense")
    op.drop_index("ix_channel_attribution_code", table_name="channel_attribution")
    op.drop_table("channel_attribution")
    op.drop_index("uq_sku_code", table_name="sku", postgresql_where=sa.text("code <> ''"))
    op.drop_table("sku")
    op.drop_index(
        "uq_payment_charge_applied",
        table_name="payment_charge",
        postgresql_where=sa.text("applied"),
    )
    op.drop_index(op.f("ix_payment_charge_paid_at"), table_name="payment_charge")
    op.drop_index(op.f("ix_payment_charge_out_trade_no"), table_name="payment_charge")
    op.drop_table("payment_charge")
    op.drop_table("parcel_line")
    op.drop_index("ix_channel_touch_fan", table_name="channel_touch")
    op.drop_index("ix_channel_touch_code", table_name="channel_touch")
    op.drop_table("channel_touch")
    op.drop_index("ix_channel_credit_owner", table_name="channel_credit")
    op.drop_index(op.f("ix_channel_credit_fan_id"), table_name="channel_credit")
    op.drop_index("ix_channel_credit_code", table_name="channel_credit")
    op.drop_table("channel_credit")
    op.drop_index(op.f("ix_after_sale_line_order_line_id"), table_name="after_sale_line")
    op.drop_table("after_sale_line")
    op.drop_table("staff_wechat")
    op.drop_index(op.f("ix_staff_role_role_id"), table_name="staff_role")
    op.drop_table("staff_role")
    op.drop_index(op.f("ix_staff_recovery_code_staff_id"), table_name="staff_recovery_code")
    op.drop_table("staff_recovery_code")
    op.drop_index(op.f("ix_staff_bind_code_staff_id"), table_name="staff_bind_code")
    op.drop_table("staff_bind_code")
    op.drop_index("ix_product_shelf", table_name="product")
    op.drop_index("ix_product_grams", table_name="product", postgresql_using="gin")
    op.drop_index(op.f("ix_product_category_id"), table_name="product")
    op.drop_table("product")
    op.drop_index(op.f("ix_payment_break_closed_at_id"), table_name="payment_break")
    op.drop_table("payment_break")
    op.drop_index(op.f("ix_payment_bill_line_transaction_id"), table_name="payment_bill_line")
    op.drop_table("payment_bill_line")
    op.drop_index(op.f("ix_payment_attempt_payment_id_id"), table_name="payment_attempt")
    op.drop_index(
        "ix_payment_attempt_check",
        table_name="payment_attempt",
        postgresql_where=sa.text("state IN ('intent', 'unknown', 'prepaid')"),
    )
    op.drop_table("payment_attempt")
    op.drop_table("parcel")
    op.drop_index("ix_order_transition_order", table_name="order_transition")
    op.drop_table("order_transition")
    op.drop_table("order_line")
    op.drop_index(op.f("ix_ledger_transfer_reference"), table_name="ledger_transfer")
    op.drop_index(
        op.f("ix_ledger_transfer_posted_at"), table_name="ledger_transfer", postgresql_using="brin"
    )
    op.drop_table("ledger_transfer")
    op.drop_index("ix_helpdesk_message_fan", table_name="helpdesk_message")
    op.drop_table("helpdesk_message")
    op.drop_index(op.f("ix_fan_union_fan_id"), table_name="fan_union")
    op.drop_table("fan_union")
    op.drop_index(op.f("ix_fan_merge_winner_id"), table_name="fan_merge")
    op.drop_index(op.f("ix_fan_merge_loser_id"), table_name="fan_merge")
    op.drop_table("fan_merge")
    op.drop_index("ix_fan_line_fan_at", table_name="fan_line")
    op.drop_table("fan_line")
    op.drop_index(
        "ix_fan_identity_unasked",
        table_name="fan_identity",
        postgresql_where=sa.text("asked_at IS NULL AND unionid IS NULL"),
    )
    op.drop_index(op.f("ix_fan_identity_fan_id"), table_name="fan_identity")
    op.drop_table("fan_identity")
    op.drop_index(
        "uq_channel_code_name",
        table_name="channel_code",
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.drop_index(op.f("ix_channel_code_owner_staff_id"), table_name="channel_code")
    op.drop_index("ix_channel_code_kind", table_name="channel_code")
    op.drop_table("channel_code")
    op.drop_index(op.f("ix_api_key_created_by"), table_name="api_key")
    op.drop_table("api_key")
    op.drop_index("ix_after_sale_status", table_name="after_sale")
    op.drop_index("ix_after_sale_order", table_name="after_sale")
    op.drop_index("ix_after_sale_fan", table_name="after_sale")
    op.drop_table("after_sale")
    op.drop_table("wechat_token")
    op.drop_table("wechat_template")
    op.drop_table("wechat_platform_certificate")
    op.drop_table("wechat_pay_account")
    op.drop_index(
        "ix_wechat_message_vendor",
        table_name="wechat_message",
        postgresql_where=sa.text("vendor_id IS NOT NULL"),
    )
    op.drop_index(op.f("ix_wechat_message_openid_created_at"), table_name="wechat_message")
    op.drop_index(op.f("ix_wechat_message_created_at_id"), table_name="wechat_message")
    op.drop_table("wechat_message")
    op.drop_index(op.f("ix_wechat_inbox_source_received_at"), table_name="wechat_inbox")
    op.drop_index(op.f("ix_wechat_inbox_received_at"), table_name="wechat_inbox")
    op.drop_table("wechat_inbox")
    op.drop_table("wechat_account")
    op.drop_index(
        "ix_unanswered_question_open",
        table_name="unanswered_question",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_table("unanswered_question")
    op.drop_table("staff")
    op.drop_table("sign_in_try")
    op.drop_index(op.f("ix_session_kind_subject_id"), table_name="session")
    op.drop_index(op.f("ix_session_expires_at"), table_name="session")
    op.drop_table("session")
    op.drop_index("uq_role_key", table_name="role", postgresql_where=sa.text("key <> ''"))
    op.drop_table("role")
    op.drop_index(
        "uq_reservation_live",
        table_name="reservation",
        postgresql_where=sa.text("state <> 'released'"),
    )
    op.drop_index(
        "ix_reservation_open_until",
        table_name="reservation",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index(
        "ix_reservation_open_sku",
        table_name="reservation",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_table("reservation")
    op.drop_table("purchase_count")
    op.drop_table("payment_bill")
    op.drop_index(op.f("ix_payment_state_id"), table_name="payment")
    op.drop_table("payment")
    op.drop_index("ix_orders_status", table_name="orders")
    op.drop_index("ix_orders_placed", table_name="orders")
    op.drop_index("ix_orders_phone", table_name="orders")
    op.drop_index("ix_orders_grams", table_name="orders", postgresql_using="gin")
    op.drop_index("ix_orders_fan", table_name="orders")
    op.drop_table("orders")
    op.drop_index(op.f("ix_oauth_used_state_used_at"), table_name="oauth_used_state")
    op.drop_table("oauth_used_state")
    op.drop_index("ix_movement_sku", table_name="movement")
    op.drop_table("movement")
    op.drop_table("location")
    op.drop_table("ledger_account")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("helpdesk_setting")
    op.drop_table("freight_template")
    op.drop_table("fan_source")
    op.drop_index("ix_fan_stage", table_name="fan")
    op.drop_index("ix_fan_source", table_name="fan")
    op.drop_index(op.f("ix_fan_real_name_blind"), table_name="fan")
    op.drop_index(op.f("ix_fan_phone_blind"), table_name="fan")
    op.drop_index("ix_fan_paid", table_name="fan")
    op.drop_index("ix_fan_orders", table_name="fan")
    op.drop_index(op.f("ix_fan_merged_into"), table_name="fan")
    op.drop_index("ix_fan_last_seen", table_name="fan")
    op.drop_index("ix_fan_grams", table_name="fan", postgresql_using="gin")
    op.drop_table("fan")
    op.drop_index(op.f("ix_category_parent_id"), table_name="category")
    op.drop_table("category")
    op.drop_table("cart_item")
    op.drop_table("auto_reply")
    op.drop_table("audit_head")
    op.drop_index("ix_audit_entry_target", table_name="audit_entry")
    op.drop_index("ix_audit_entry_actor", table_name="audit_entry")
    op.drop_index("ix_audit_entry_action", table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_table("analytics_visitor_day")
    op.drop_index("ix_analytics_hit_day", table_name="analytics_hit")
    op.drop_table("analytics_hit")
    op.drop_index("ix_analytics_fan_day_fan", table_name="analytics_fan_day")
    op.drop_table("analytics_fan_day")
    op.drop_index("ix_analytics_fact_day", table_name="analytics_fact")
    op.drop_table("analytics_fact")
    op.drop_table("analytics_daily")
    op.drop_index(
        "uq_address_default", table_name="address", postgresql_where=sa.text("is_default")
    )
    op.drop_index("ix_address_fan", table_name="address")
    op.drop_table("address")
