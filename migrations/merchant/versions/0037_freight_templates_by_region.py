"""freight templates by region

Revision: 0037, after 0036.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_CHECKS = (
    ("freight_template", "freightunit", "unit IN ('piece', 'weight', 'volume')"),
    ("freight_template", "steps", "first >= 0 AND next >= 0 AND next_fen >= 0"),
    ("freight_template", "step", "next > 0 OR next_fen = 0"),
    ("freight_template", "free_from_pieces", "free_from_pieces IS NULL OR free_from_pieces > 0"),
    ("promotion_book", "freightmix", "freight_mix IN ('sum', 'one_first')"),
    ("sku", "volume", "volume_cm3 IS NULL OR volume_cm3 BETWEEN 0 AND 100000000"),
)


def upgrade() -> None:
    """Go forward."""
    for column in (
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("unit", sa.String(40), server_default="piece", nullable=False),
        sa.Column("first", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("next", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("next_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("free_from_pieces", sa.BigInteger(), nullable=True),
        sa.Column("closed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "zones",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
    ):
        op.add_column("freight_template", column)
    op.add_column("product", sa.Column("freight_template_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "promotion_book",
        sa.Column("freight_mix", sa.String(40), server_default="sum", nullable=False),
    )
    op.add_column("sku", sa.Column("volume_cm3", sa.BigInteger(), nullable=True))
    for table, name, rule in _CHECKS:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({rule}) NOT VALID")


def downgrade() -> None:
    """Go back."""
    for table, name, _ in _CHECKS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
    op.drop_column("sku", "volume_cm3")
    op.drop_column("promotion_book", "freight_mix")
    op.drop_column("product", "freight_template_id")
    for name in (
        "zones", "closed", "free_from_pieces", "next_fen", "next", "first", "unit", "name"
    ):  # fmt: skip
        op.drop_column("freight_template", name)
