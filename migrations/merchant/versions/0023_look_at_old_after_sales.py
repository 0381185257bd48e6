"""Look at old rows with the checks of the kinds of after-sales, apart so that nobody waits.

Revision: 0023, after 0022.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

CHECKS = [
    ("after_sale", "ck_after_sale_aftersalekind"),
    ("after_sale", "ck_after_sale_aftersalestatus"),
    ("after_sale_line", "ck_after_sale_line_pieces"),
    ("after_sale_line", "ck_after_sale_line_amount"),
    ("after_sale_line", "ck_after_sale_line_something"),
    ("after_sale_line", "ck_after_sale_line_inspected"),
    ("order_line", "ck_order_line_kept"),
    ("orders", "ck_orders_reduced"),
]


def upgrade() -> None:
    """Go forward."""
    for table, name in CHECKS:
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    """Go back: a constraint stays valid."""
