"""Orders by the receiver's name and by tracking number; no more by pairs of characters of all goods.

Revision: 0058, after 0057.
"""

from alembic import op
from sqlalchemy import text

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

_NEW = {
    "ix_orders_receiver": "orders (receiver_key, placed_at, id)",
    "ix_parcel_tracking_no": "parcel (tracking_no)",
    "ix_after_sale_back": "after_sale (back_tracking_no) WHERE back_tracking_no <> ''",
}
_OLD = {"ix_orders_grams": "orders USING gin (grams)"}
_EMPTY = "-- squawk-ignore require-concurrent-index-creation, require-concurrent-index-deletion\n"
"""Where the tables hold nothing."""


def upgrade() -> None:
    """Go forward."""
    _replace(_OLD, _NEW)


def downgrade() -> None:
    """Go back."""
    _replace(_NEW, _OLD)


def _replace(old: dict[str, str], new: dict[str, str]) -> None:
    if not op.get_bind().scalar(text("SELECT EXISTS (SELECT FROM orders)")):
        _swap(old, new, "")
        return
    # Beside writers, and again from the start after a stop: an index half made is not valid.
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("SET statement_timeout = 0")
        _swap(old, new, "CONCURRENTLY")
        op.execute("RESET lock_timeout")
        op.execute("RESET statement_timeout")


def _swap(old: dict[str, str], new: dict[str, str], how: str) -> None:
    for name, columns in new.items():
        op.execute(_EMPTY + f"DROP INDEX {how} IF EXISTS {name}")
        op.execute(_EMPTY + f"CREATE INDEX {how} {name} ON {columns}")
    for name in old:
        op.execute(_EMPTY + f"DROP INDEX {how} IF EXISTS {name}")
