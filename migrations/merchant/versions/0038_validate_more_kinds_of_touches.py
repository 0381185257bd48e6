"""Look at old touches and codes with the new checks on kinds, in a transaction of its own.

Revision: 0038, after 0037.
"""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute("ALTER TABLE channel_code VALIDATE CONSTRAINT ck_channel_code_codeform")
    op.execute("ALTER TABLE channel_touch VALIDATE CONSTRAINT ck_channel_touch_touchkind")


def downgrade() -> None:
    """Go back: a constraint stays valid."""
