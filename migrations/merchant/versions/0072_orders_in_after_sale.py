"""Find orders in after-sale along an index, keep a fund bill's sums, name the order of a strange refund.

Revision: 0072, after 0071.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

_EMPTY = "-- squawk-ignore require-concurrent-index-creation, require-concurrent-index-deletion\n"
"""Where the table holds nothing."""
_OPEN = "status IN ('requested', 'returning', 'sent_back', 'resending', 'refunding', 'abnormal')"


def upgrade() -> None:
    """Go forward."""
    op.add_column("payment_fund_bill", sa.Column("sums", JSONB(), nullable=True))
    op.add_column("payment_break", sa.Column("transaction_id", sa.Text(), nullable=True))
    if not op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT FROM after_sale)")):
        _make("")
        return
    # Beside writers, and again from the start after a stop: an index half made is not valid.
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("SET statement_timeout = 0")
        _make("CONCURRENTLY")
        op.execute("RESET lock_timeout")
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_after_sale_open", table_name="after_sale")
    op.drop_column("payment_break", "transaction_id")
    op.drop_column("payment_fund_bill", "sums")


def _make(how: str) -> None:
    op.execute(_EMPTY + f"DROP INDEX {how} IF EXISTS ix_after_sale_open")
    op.execute(
        _EMPTY
        + f"CREATE INDEX {how} ix_after_sale_open ON after_sale (order_id DESC) WHERE {_OPEN}"
    )
