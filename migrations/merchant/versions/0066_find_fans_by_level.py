"""Find fans by their level.

Revision: 0066, after 0065.
"""

from alembic import op
from sqlalchemy import text

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

_EMPTY = "-- squawk-ignore require-concurrent-index-creation, require-concurrent-index-deletion\n"
"""Where the table holds nothing."""


def upgrade() -> None:
    """Go forward."""
    if not op.get_bind().scalar(text("SELECT EXISTS (SELECT FROM fan)")):
        _make("")
        return
    # Beside writers, and again from the start after a stop: an index half made is not valid.
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("SET statement_timeout = 0")
        _make("CONCURRENTLY")
        op.execute("RESET lock_timeout")
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_fan_level", table_name="fan")


def _make(how: str) -> None:
    op.execute(_EMPTY + f"DROP INDEX {how} IF EXISTS ix_fan_level")
    op.execute(_EMPTY + f"CREATE INDEX {how} ix_fan_level ON fan (level_id, id) WHERE level_id > 0")
