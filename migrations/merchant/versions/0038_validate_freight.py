"""validate freight

Revision: 0038, after 0037.
"""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_CHECKS = {
    "freight_template": ("freightunit", "steps", "step", "free_from_pieces"),
    "promotion_book": ("freightmix",),
    "sku": ("volume",),
}


def upgrade() -> None:
    """Go forward."""
    for table, names in _CHECKS.items():
        for name in names:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")


def downgrade() -> None:
    """Nothing to do: a constraint cannot be made unsure again."""
