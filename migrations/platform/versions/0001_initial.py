"""All tables of the first version."""

from alembic import op

from tiefen.kernel.db import PlatformBase

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    PlatformBase.metadata.create_all(op.get_bind())


def downgrade() -> None:
    """Go back."""
    PlatformBase.metadata.drop_all(op.get_bind())
