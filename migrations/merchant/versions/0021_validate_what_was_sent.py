"""Look at old rows with the checks on what was sent, in a transaction of its own.

Revision: 0021, after 0020.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    for name in ("each", "sent", "sold"):
        op.execute(f"ALTER TABLE reservation VALIDATE CONSTRAINT ck_reservation_{name}")
    op.execute("ALTER TABLE stock VALIDATE CONSTRAINT ck_stock_safety")
    op.execute("ALTER TABLE movement VALIDATE CONSTRAINT ck_movement_movementreason")


def downgrade() -> None:
    """Go back: a constraint stays valid."""
