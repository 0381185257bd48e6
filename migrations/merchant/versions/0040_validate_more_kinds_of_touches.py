"""Look at old touches and codes with the new checks on kinds, in a transaction of its own.

Revision: 0040, after 0039.
"""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute("ALTER TABLE channel_code VALIDATE CONSTRAINT ck_channel_code_codeform")
    op.execute("ALTER TABLE channel_touch VALIDATE CONSTRAINT ck_channel_touch_touchkind")


def downgrade() -> None:
    """Go back: a constraint stays valid."""
