"""What staff plan for a fan: a day and words; two kinds of lines, levels and follow-ups.

Revision: 0068, after 0067.
"""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"
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
    "owned",
    "friend",
)


def upgrade() -> None:
    """Go forward."""
    op.add_column("fan", sa.Column("follow_up_on", sa.Date(), nullable=True))
    op.add_column("fan", sa.Column("follow_up_note", sa.Text(), server_default="", nullable=False))
    _kinds(*LINES, "level", "followed_up")
    # What was planned and what came of it are staff's words about a person, as `staff` is a name.
    _eraser("'text','changes','staff','note','result'")


def downgrade() -> None:
    """Go back."""
    _eraser("'text','changes','staff'")
    _kinds(*LINES)
    op.drop_column("fan", "follow_up_note")
    op.drop_column("fan", "follow_up_on")


def _kinds(*words: str) -> None:
    """Swap the check for a wider one. Old rows passed the narrower: they need no reading again."""
    name, known = "ck_fan_line_happening", ", ".join(f"'{word}'" for word in words)
    op.execute(f"-- squawk-ignore ban-drop-constraint\nALTER TABLE fan_line DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE fan_line ADD CONSTRAINT {name} CHECK (kind IN ({known})) NOT VALID")


def _eraser(keys: str) -> None:
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION erase_lines(records bigint[]) RETURNS bigint LANGUAGE sql
        SECURITY DEFINER SET search_path FROM CURRENT AS $$
            WITH done AS (
                UPDATE fan_line SET data = data - ARRAY[{keys}] FROM fan
                WHERE fan.id = fan_line.fan_id AND fan.id = ANY (records)
                  AND fan.erased_at IS NOT NULL
                RETURNING 1
            ) SELECT count(*) FROM done
        $$
        """  # noqa: S608 our own text
    )
