"""Carry the trace of a commit with the jobs it leaves.

Revision: 0002, after 0001. A column that may be empty: no row is rewritten.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("job", sa.Column("trace", sa.String(length=60), nullable=True), schema="platform")


def downgrade() -> None:
    """Go back."""
    op.drop_column("job", "trace", schema="platform")
