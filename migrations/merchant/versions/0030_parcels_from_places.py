"""Where parcels left from, courier codes, what 小程序 was told of them, and when a fan asked for one.

Revision: 0030, after 0029.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "shipping_upload",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "done",
                "failed",
                name="uploadstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_shipping_upload_order_id")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_shipping_upload")),
    )
    op.create_index(
        "ix_shipping_upload_state", "shipping_upload", ["state", "order_id"], unique=False
    )
    op.add_column(
        "parcel", sa.Column("courier_code", sa.String(), server_default="", nullable=False)
    )
    op.add_column("parcel", sa.Column("location_id", sa.BigInteger(), nullable=True))
    op.add_column("orders", sa.Column("urged_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("orders", "urged_at")
    op.drop_column("parcel", "location_id")
    op.drop_column("parcel", "courier_code")
    op.drop_table("shipping_upload")
