"""Look at old attempts with the wider check, in a transaction of its own so that nobody waits.

Revision: 0049, after 0048.
"""

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute("ALTER TABLE payment_attempt VALIDATE CONSTRAINT ck_payment_attempt_payclientkind")


def downgrade() -> None:
    """Go back: a constraint stays valid."""
