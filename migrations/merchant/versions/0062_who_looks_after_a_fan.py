"""Who of the team looks after a fan: a column, a kind of line, a deed for many.

Revision: 0062, after 0061.
"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

LINES = (
    "joined",
    "followed",
    "unfollowed",
    "scanned",
    "sourced",
    "message_in",
    "message_out",
    "menu",
    "order_placed",
    "order_paid",
    "order_shipped",
    "order_received",
    "order_closed",
    "order_refunded",
    "after_sale",
    "stage",
    "profile",
    "merged",
    "parted",
    "contact",
    "erased",
    "visited",
    "attribute",
    "tagged",
    "untagged",
    "friend",
)
DEEDS = ("tag", "untag", "list", "unlist")


def upgrade() -> None:
    """Go forward."""
    op.add_column("fan", sa.Column("owner_staff_id", sa.BigInteger(), nullable=True))
    _words("fan_line", "kind", "ck_fan_line_happening", *LINES, "owned")
    _words("fan_bulk", "deed", "ck_fan_bulk_bulkdeed", *DEEDS, "own")


def downgrade() -> None:
    """Go back."""
    _words("fan_bulk", "deed", "ck_fan_bulk_bulkdeed", *DEEDS)
    _words("fan_line", "kind", "ck_fan_line_happening", *LINES)
    op.drop_column("fan", "owner_staff_id")


def _words(table: str, column: str, name: str, *words: str) -> None:
    """Swap the check for a wider one. Old rows passed the narrower: they need no reading again."""
    known = ", ".join(f"'{word}'" for word in words)
    op.execute(f"-- squawk-ignore ban-drop-constraint\nALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({known})) NOT VALID")
