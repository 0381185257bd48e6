"""What 小程序 knows of parcels under a deposit's own payment.

Revision: 0056, after 0055.
"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column(
        "shipping_upload",
        sa.Column("deposit_told", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_column("shipping_upload", "deposit_told")
