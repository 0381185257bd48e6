"""validate the commission

Revision: 0061, after 0060.
"""

from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute("ALTER TABLE promotion_book VALIDATE CONSTRAINT ck_promotion_book_commission")


def downgrade() -> None:
    """Nothing to do: a constraint cannot be made unsure again."""
