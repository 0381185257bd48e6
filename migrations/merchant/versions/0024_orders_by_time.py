"""Orders by the time they were placed, of a fan, of a state and of all: lists of any stretch of time.

Revision: 0024, after 0023.
"""

from alembic import op
from sqlalchemy import text

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

NEW = {
    "ix_orders_fan_placed": "(fan_id, placed_at, id)",
    "ix_orders_status_placed": "(status, placed_at, id)",
    "ix_orders_placed_id": "(placed_at, id)",
}
OLD = {
    "ix_orders_fan": "(fan_id, id DESC)",
    "ix_orders_status": "(status, id DESC)",
    "ix_orders_placed": "(placed_at)",
}

_EMPTY = "-- squawk-ignore require-concurrent-index-creation, require-concurrent-index-deletion\n"
"""Where the table holds nothing."""


def upgrade() -> None:
    """Go forward."""
    _replace(OLD, NEW)


def downgrade() -> None:
    """Go back."""
    _replace(NEW, OLD)


def _replace(old: dict[str, str], new: dict[str, str]) -> None:
    if not op.get_bind().scalar(text("SELECT EXISTS (SELECT FROM orders)")):
        _swap(old, new, "")
        return
    # Beside writers, and again from the start after a stop: an index half made is not valid. It
    # waits for older transactions, the longest of which may be a bill being read.
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("SET statement_timeout = 0")
        _swap(old, new, "CONCURRENTLY")
        op.execute("RESET lock_timeout")
        op.execute("RESET statement_timeout")


def _swap(old: dict[str, str], new: dict[str, str], how: str) -> None:
    for name, columns in new.items():
        op.execute(_EMPTY + f"DROP INDEX {how} IF EXISTS {name}")
        op.execute(_EMPTY + f"CREATE INDEX {how} {name} ON orders {columns}")
    for name in old:
        op.execute(_EMPTY + f"DROP INDEX {how} IF EXISTS {name}")
