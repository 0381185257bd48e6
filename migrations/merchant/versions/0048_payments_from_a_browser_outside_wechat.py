"""Payments from a browser outside WeChat: where it goes to, and for which address.

Revision: 0048, after 0047.
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


_WAS = "'jsapi', 'mini', 'native'"


def upgrade() -> None:
    """Go forward."""
    op.add_column("payment_attempt", sa.Column("h5_url", sa.Text(), nullable=True))
    op.add_column("payment_attempt", sa.Column("payer_mark", sa.Text(), nullable=True))
    _clients(f"{_WAS}, 'h5'")


def downgrade() -> None:
    """Go back."""
    _clients(_WAS)
    op.drop_column("payment_attempt", "payer_mark")
    op.drop_column("payment_attempt", "h5_url")


def _clients(known: str) -> None:
    op.execute(
        "ALTER TABLE payment_attempt\n-- squawk-ignore ban-drop-constraint\n"
        "DROP CONSTRAINT ck_payment_attempt_payclientkind"
    )
    op.execute(
        "ALTER TABLE payment_attempt ADD CONSTRAINT ck_payment_attempt_payclientkind"
        f" CHECK (client IN ({known})) NOT VALID"
    )
