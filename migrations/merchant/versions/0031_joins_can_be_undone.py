"""What undoing a join needs; more kinds of lines in the timeline.

Revision: 0031, after 0030.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

OLD = (
    *("joined", "followed", "unfollowed", "scanned", "sourced", "message_in", "message_out"),
    *("menu", "order_placed", "order_paid", "order_shipped", "order_received", "order_closed"),
    *("order_refunded", "after_sale", "stage", "profile", "merged", "visited", "attribute"),
    *("tagged", "untagged", "friend"),
)
NEW = ("parted", "contact", "erased")


def upgrade() -> None:
    """Go forward."""
    op.add_column(
        "fan",
        sa.Column("no_contact", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("fan", sa.Column("own", sa.Text(), nullable=True))
    op.add_column(
        "fan_merge",
        sa.Column(
            "lists",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    for name in ("staff_name", "undone_by", "undo_reason"):
        op.add_column("fan_merge", sa.Column(name, sa.Text(), server_default="", nullable=False))
    # Few rows: people who turned out to be one.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE UNIQUE INDEX uq_fan_merge_standing ON fan_merge (loser_id)"
        " WHERE undone_at IS NULL"
    )
    _kinds_of_lines(*OLD, *NEW)


def downgrade() -> None:
    """Go back."""
    _kinds_of_lines(*OLD)
    op.drop_index("uq_fan_merge_standing", table_name="fan_merge")
    for name in ("undo_reason", "undone_by", "staff_name", "lists"):
        op.drop_column("fan_merge", name)
    op.drop_column("fan", "own")
    op.drop_column("fan", "no_contact")


def _kinds_of_lines(*kinds: str) -> None:
    """Swap the check for a wider one. Old rows passed the narrower: they need no reading again."""
    known = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "ALTER TABLE fan_line DROP CONSTRAINT ck_fan_line_happening"
    )
    op.execute(
        "ALTER TABLE fan_line ADD CONSTRAINT ck_fan_line_happening"
        f" CHECK (kind IN ({known})) NOT VALID"
    )
