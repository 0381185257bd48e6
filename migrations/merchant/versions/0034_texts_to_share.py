"""Several texts to share of a product instead of one.

Revision: 0034, after 0033.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column(
        "product",
        sa.Column("share_texts", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.execute("UPDATE product SET share_texts = ARRAY[share_text] WHERE share_text <> ''")
    # No page ever read or wrote the one text: nothing that runs knows the column.
    op.execute("-- squawk-ignore ban-drop-column\nALTER TABLE product DROP COLUMN share_text")


def downgrade() -> None:
    """Go back."""
    op.add_column("product", sa.Column("share_text", sa.Text(), server_default="", nullable=False))
    op.execute("UPDATE product SET share_text = share_texts[1] WHERE cardinality(share_texts) > 0")
    op.drop_column("product", "share_texts")
