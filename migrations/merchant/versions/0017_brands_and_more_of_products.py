"""Brands, and more of products: kind, code, facts, video, who may buy, when on the shelf, sharing.

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_product_brand_id": "INDEX {name} ON product (brand_id)",
    "ix_product_shelf_off": "INDEX {name} ON product (shelf_off_at) WHERE shelf_off_at IS NOT NULL",
    "ix_product_shelf_on": "INDEX {name} ON product (shelf_on_at) WHERE shelf_on_at IS NOT NULL",
    "uq_product_code": "UNIQUE INDEX {name} ON product (code) WHERE code <> ''",
    "ix_sku_product_id": "INDEX {name} ON sku (product_id)",
    "uq_sku_grid": "UNIQUE INDEX {name} ON sku (product_id, spec_values) WHERE on_grid",
}
_CHECKS = {
    ("product", "productkind"): "kind IN ('goods', 'virtual', 'codes', 'service', 'course')",
    ("product", "consume_days"): "consume_days IS NULL OR consume_days BETWEEN 1 AND 3650",
    ("product", "shelf_times"): "shelf_on_at IS NULL OR shelf_off_at IS NULL"
    " OR shelf_on_at < shelf_off_at",
    ("product", "rating"): "rating_count >= 0"
    " AND rating_sum BETWEEN rating_count AND rating_count * 5",
    ("sku", "weight"): "weight_g IS NULL OR weight_g BETWEEN 0 AND 10000000",
}


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "brand",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("logo_key", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brand")),
        sa.UniqueConstraint("name", name=op.f("uq_brand_name")),
    )
    for column in _columns():
        op.add_column("product", column)
    op.add_column("sku", sa.Column("weight_g", sa.BigInteger(), nullable=True))
    for (table, name), rule in _CHECKS.items():
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({rule}) NOT VALID")
    op.execute(
        "ALTER TABLE product ADD CONSTRAINT fk_product_brand_id"
        " FOREIGN KEY (brand_id) REFERENCES brand (id) NOT VALID"
    )
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "ALTER TABLE sku DROP CONSTRAINT uq_sku_product_id_spec_values"
    )
    # Products and SKUs are at most some hundred thousand: each is made in about a second.
    for name, what in _INDEXES.items():
        op.execute(
            "-- squawk-ignore require-concurrent-index-creation\nCREATE " + what.format(name=name)
        )
    # Who could change goods could see their cost: they keep it.
    op.execute(
        "UPDATE role SET permissions = array_append(permissions, 'goods.cost')"
        " WHERE 'goods.write' = ANY (permissions) AND NOT 'goods.cost' = ANY (permissions)"
    )


def downgrade() -> None:
    """Go back."""
    op.execute("UPDATE role SET permissions = array_remove(permissions, 'goods.cost')")
    for name in reversed(_INDEXES):
        op.execute(f"DROP INDEX {name}")
    op.create_unique_constraint(
        op.f("uq_sku_product_id_spec_values"), "sku", ["product_id", "spec_values"]
    )
    op.drop_column("sku", "weight_g")
    for column in reversed(_columns()):
        op.drop_column("product", column.name)
    op.drop_table("brand")


def _columns() -> list[sa.Column[object]]:
    text, words, empty = sa.String(), postgresql.ARRAY(sa.Text()), sa.text("'{}'")
    moment, none = sa.DateTime(timezone=True), sa.text("'[]'")
    numbers = postgresql.ARRAY(sa.BigInteger())
    return [
        sa.Column("brand_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(40), server_default="goods", nullable=False),
        sa.Column("code", text, server_default="", nullable=False),
        sa.Column("points", words, server_default=empty, nullable=False),
        sa.Column("attributes", postgresql.JSONB(), server_default=none, nullable=False),
        sa.Column("consume_days", sa.BigInteger(), nullable=True),
        sa.Column("video_key", text, server_default="", nullable=False),
        sa.Column("given_html", text, server_default="", nullable=False),
        sa.Column("only_stages", words, server_default=empty, nullable=False),
        sa.Column("only_segments", numbers, server_default=empty, nullable=False),
        sa.Column("shelf_on_at", moment, nullable=True),
        sa.Column("shelf_off_at", moment, nullable=True),
        sa.Column("share_text", text, server_default="", nullable=False),
        sa.Column("share_images", words, server_default=empty, nullable=False),
        sa.Column("rating_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rating_sum", sa.BigInteger(), server_default="0", nullable=False),
    ]
