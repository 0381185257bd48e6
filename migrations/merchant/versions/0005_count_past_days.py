"""Count what fans did on the days that have been, and look at old lines with the wider check.

Revision: 0005, after 0004.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. `tiefen recount` repairs what old processes write meanwhile."""
    op.execute("ALTER TABLE fan_line VALIDATE CONSTRAINT ck_fan_line_happening")
    op.execute(
        """
        INSERT INTO fan_day (fan_id, day, interactions, received, friends)
        SELECT fan_id, (at AT TIME ZONE 'Asia/Shanghai')::date,
               count(*) FILTER (WHERE kind <> 'order_received'),
               count(*) FILTER (WHERE kind = 'order_received'), 0
        FROM fan_line
        WHERE kind IN ('followed', 'scanned', 'message_in', 'menu', 'order_received')
        GROUP BY 1, 2
        """
    )


def downgrade() -> None:
    """Go back: a constraint stays valid, and the table goes with the step before."""
