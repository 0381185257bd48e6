"""Look at old customers with the new check, in a transaction of its own so that nobody waits.

Revision: 0051, after 0050.
"""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute("ALTER TABLE fan_past_customer VALIDATE CONSTRAINT ck_fan_past_customer_pastfield")


def downgrade() -> None:
    """Go back: a constraint stays valid."""
