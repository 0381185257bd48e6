"""Look at old lines with the wider check, and find by index what one has planned for one's fans.

Revision: 0069, after 0068.
"""

from alembic import op
from sqlalchemy import text

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

_EMPTY = "-- squawk-ignore require-concurrent-index-creation, require-concurrent-index-deletion\n"
"""Where the table holds nothing."""


def upgrade() -> None:
    """Go forward."""
    op.execute("ALTER TABLE fan_line VALIDATE CONSTRAINT ck_fan_line_happening")
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
    op.drop_index("ix_fan_follow_up", table_name="fan")


def _make(how: str) -> None:
    op.execute(_EMPTY + f"DROP INDEX {how} IF EXISTS ix_fan_follow_up")
    op.execute(
        _EMPTY
        + f"CREATE INDEX {how} ix_fan_follow_up ON fan (owner_staff_id, follow_up_on, id)"
        + " WHERE follow_up_on IS NOT NULL"
    )
