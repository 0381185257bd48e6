"""Look at old products with the new checks, in a transaction of its own so that nobody waits.

Revision: 0018, after 0017.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute("ALTER TABLE product VALIDATE CONSTRAINT ck_product_productkind")
    op.execute("ALTER TABLE product VALIDATE CONSTRAINT ck_product_consume_days")
    op.execute("ALTER TABLE product VALIDATE CONSTRAINT ck_product_shelf_times")
    op.execute("ALTER TABLE product VALIDATE CONSTRAINT ck_product_rating")
    op.execute("ALTER TABLE product VALIDATE CONSTRAINT fk_product_brand_id")
    op.execute("ALTER TABLE sku VALIDATE CONSTRAINT ck_sku_weight")


def downgrade() -> None:
    """Go back: a constraint stays valid."""
