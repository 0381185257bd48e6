"""Look at old products with the new checks, in a transaction of its own so that nobody waits.

Revision: 0047, after 0046.
"""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute("ALTER TABLE product VALIDATE CONSTRAINT ck_product_service_uses")
    op.execute("ALTER TABLE product VALIDATE CONSTRAINT ck_product_service_days")


def downgrade() -> None:
    """Go back: a constraint stays valid."""
