"""Look at old payments and differences with the new checks, in a transaction of its own so that nobody waits.

Revision: 0055, after 0054.
"""

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute("ALTER TABLE payment VALIDATE CONSTRAINT ck_payment_paymentfor")
    op.execute("ALTER TABLE payment VALIDATE CONSTRAINT ck_payment_whose")
    op.execute("ALTER TABLE payment_break VALIDATE CONSTRAINT ck_payment_break_breakkind")
    op.execute("ALTER TABLE payment_break VALIDATE CONSTRAINT ck_payment_break_one_bill")
    op.execute("ALTER TABLE payment_break VALIDATE CONSTRAINT fk_payment_break_fund_id")


def downgrade() -> None:
    """Go back: a constraint stays valid."""
