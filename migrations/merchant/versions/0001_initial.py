"""All tables of the first version."""

from alembic import op

from tiefen.kernel.db import Base

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    Base.metadata.create_all(op.get_bind())


def downgrade() -> None:
    """Go back."""
    Base.metadata.drop_all(op.get_bind())
