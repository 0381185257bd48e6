"""Fees in the ledger, owners of bill differences.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column(
        "payment_bill", sa.Column("fees_posted_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "payment_break", sa.Column("owner_name", sa.Text(), server_default="", nullable=False)
    )
    op.add_column(
        "payment_break", sa.Column("answer", sa.Text(), server_default="", nullable=False)
    )


def downgrade() -> None:
    """Go back."""
    op.drop_column("payment_break", "answer")
    op.drop_column("payment_break", "owner_name")
    op.drop_column("payment_bill", "fees_posted_at")
