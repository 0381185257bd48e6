"""Roles that work with promotions work with members; who answers fans may look.

Revision: 0064, after 0063.
"""

from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute(
        "UPDATE role SET permissions = array_append(permissions, 'members.read')"
        " WHERE permissions && ARRAY['promotions.read', 'fans.write']"
        " AND NOT 'members.read' = ANY (permissions)"
    )
    op.execute(
        "UPDATE role SET permissions = array_append(permissions, 'members.write')"
        " WHERE 'promotions.write' = ANY (permissions) AND NOT 'members.write' = ANY (permissions)"
    )


def downgrade() -> None:
    """Go back."""
    op.execute("UPDATE role SET permissions = array_remove(permissions, 'members.read')")
    op.execute("UPDATE role SET permissions = array_remove(permissions, 'members.write')")
