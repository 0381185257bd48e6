"""Look at the key of questions to fans, in a transaction of its own so that nobody waits.

Revision: 0036, after 0035.
"""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute("ALTER TABLE unanswered_question VALIDATE CONSTRAINT fk_unanswered_question_fan_id")


def downgrade() -> None:
    """Go back: a constraint stays valid."""
