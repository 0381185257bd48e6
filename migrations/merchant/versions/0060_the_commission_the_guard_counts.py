"""the commission that the margin guard counts

Revision: 0060, after 0059.
"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column(
        "promotion_book",
        sa.Column("commission_bp", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.execute(
        "ALTER TABLE promotion_book ADD CONSTRAINT ck_promotion_book_commission"
        " CHECK (commission_bp BETWEEN 0 AND 10000) NOT VALID"
    )


def downgrade() -> None:
    """Go back."""
    op.execute("ALTER TABLE promotion_book DROP CONSTRAINT ck_promotion_book_commission")
    op.drop_column("promotion_book", "commission_bp")
