"""Services: codes that fans show, and their uses.

Revision: 0046, after 0045.
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column(
        "product",
        sa.Column("service_uses", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
    )
    op.add_column("product", sa.Column("service_days", sa.BigInteger(), nullable=True))
    for name, what in (
        ("service_uses", "service_uses BETWEEN 1 AND 999"),
        ("service_days", "service_days IS NULL OR service_days BETWEEN 1 AND 3650"),
    ):
        op.execute(f"ALTER TABLE product ADD CONSTRAINT ck_product_{name} CHECK ({what}) NOT VALID")
    op.create_table(
        "service_ticket",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("each", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("each > 0 AND used >= 0", name=op.f("ck_service_ticket_uses")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_service_ticket_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_line.id"], name=op.f("fk_service_ticket_order_line_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_ticket")),
        sa.UniqueConstraint("code", name=op.f("uq_service_ticket_code")),
        sa.UniqueConstraint("order_line_id", name=op.f("uq_service_ticket_order_line_id")),
    )
    op.create_index(op.f("ix_service_ticket_order_id"), "service_ticket", ["order_id"])
    op.create_table(
        "ticket_use",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_ticket_use_count")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["service_ticket.id"], name=op.f("fk_ticket_use_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_use")),
    )
    op.create_index(op.f("ix_ticket_use_ticket_id_id"), "ticket_use", ["ticket_id", "id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("ticket_use")
    op.drop_table("service_ticket")
    op.drop_column("product", "service_days")
    op.drop_column("product", "service_uses")
