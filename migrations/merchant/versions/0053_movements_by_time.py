"""Movements by time, in an index that costs a sale next to nothing: they are written in its order.

Revision: 0053, after 0052.
"""

from alembic import op
from sqlalchemy import text

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

_EMPTY = "-- squawk-ignore require-concurrent-index-creation, require-concurrent-index-deletion\n"
"""Where the table holds nothing."""


def upgrade() -> None:
    """Go forward."""
    if not op.get_bind().scalar(text("SELECT EXISTS (SELECT FROM movement)")):
        op.execute(_EMPTY + "CREATE INDEX ix_movement_at ON movement USING brin (at)")
        return
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("SET statement_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_movement_at")
        op.execute("CREATE INDEX CONCURRENTLY ix_movement_at ON movement USING brin (at)")
        op.execute("RESET lock_timeout")
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    """Go back."""
    op.execute(_EMPTY + "DROP INDEX ix_movement_at")
