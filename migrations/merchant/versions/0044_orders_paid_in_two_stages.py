"""Presale: terms of products, two payments of an order, and what went back of which payment.

Revision: 0044, after 0043.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_EMPTY = "-- squawk-ignore require-concurrent-index-creation\n"
"""Where the table holds nothing."""
_WIDER = "-- squawk-ignore ban-drop-constraint\n"
"""The one that takes its place holds all that this one did."""
_STATES = (
    "'unpaid', 'deposited', 'paid', 'partly_shipped', 'shipped', 'received', 'closed', 'refunded'"
)


def upgrade() -> None:
    """Go forward."""
    op.add_column("product", sa.Column("presale", postgresql.JSONB(), nullable=True))
    for column in (
        sa.Column("deposit_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("deposit_payment_id", sa.BigInteger(), nullable=True),
        sa.Column("deposit_paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("balance_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("balance_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ships_by", sa.Date(), nullable=True),
        sa.Column("forfeits", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    ):
        op.add_column("orders", column)
    _check("ck_orders_orderstatus", f"status IN ({_STATES})")
    _check("ck_orders_paid", "paid_fen IN (0, deposit_fen, total_fen)")
    _check("ck_orders_deposit", "deposit_fen = 0 OR deposit_fen BETWEEN 1 AND total_fen - 1")
    op.add_column(
        "payment", sa.Column("stage", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    _staged()
    op.create_table(
        "after_sale_payout",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("after_sale_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked", "done", "failed", name="payoutstate", native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_after_sale_payout_amount")),
        sa.ForeignKeyConstraint(
            ["after_sale_id"], ["after_sale.id"], name=op.f("fk_after_sale_payout_after_sale_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_after_sale_payout")),
        sa.UniqueConstraint("reference", name=op.f("uq_after_sale_payout_reference")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_after_sale_payout_after_sale_id_id"), "after_sale_payout", ["after_sale_id", "id"]
    )
    # Refunds on their way must find themselves when the provider's word comes.
    op.execute(
        """
        INSERT INTO after_sale_payout
            (after_sale_id, attempt, payment_id, amount_fen, reference, state)
        SELECT a.id, a.attempt, o.payment_id, a.amount_fen, a.after_sale_no || '-' || a.attempt,
            CASE a.status WHEN 'abnormal' THEN 'failed' ELSE 'asked' END
        FROM after_sale a JOIN orders o ON o.id = a.order_id
        WHERE a.status IN ('refunding', 'abnormal') AND a.amount_fen > 0
            AND o.payment_id IS NOT NULL
        """
    )


def downgrade() -> None:
    """Go back: possible while nothing was sold in presale."""
    op.drop_table("after_sale_payout")
    op.execute("ALTER TABLE payment DROP CONSTRAINT uq_payment_order_no_stage")
    op.drop_column("payment", "stage")
    op.create_unique_constraint(op.f("uq_payment_order_no"), "payment", ["order_no"])
    op.execute("ALTER TABLE orders DROP CONSTRAINT ck_orders_deposit")
    _check("ck_orders_paid", "paid_fen IN (0, total_fen)")
    _check("ck_orders_orderstatus", f"status IN ({_before()})")
    for name in (
        "deposit_fen",
        "deposit_payment_id",
        "deposit_paid_at",
        "balance_from",
        "balance_until",
        "ships_by",
        "forfeits",
    ):
        op.drop_column("orders", name)
    op.drop_column("product", "presale")


def _before() -> str:
    return ", ".join(one for one in _STATES.split(", ") if one != "'deposited'")


def _check(name: str, what: str) -> None:
    """Looked at for new rows now, for old ones by the next migration."""
    op.execute(f"{_WIDER}ALTER TABLE orders DROP CONSTRAINT IF EXISTS {name}")
    op.execute(f"ALTER TABLE orders ADD CONSTRAINT {name} CHECK ({what}) NOT VALID")


def _staged() -> None:
    """One payment an order and stage: the new key stands before the old one goes."""
    held = op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT FROM payment)"))
    columns = "uq_payment_order_no_stage ON payment (order_no, stage)"
    if held:
        with op.get_context().autocommit_block():
            op.execute("SET lock_timeout = 0")
            op.execute("SET statement_timeout = 0")
            op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_payment_order_no_stage")
            op.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {columns}")
            op.execute("RESET lock_timeout")
            op.execute("RESET statement_timeout")
    else:
        op.execute(f"{_EMPTY}CREATE UNIQUE INDEX {columns}")
    op.execute(
        "ALTER TABLE payment ADD CONSTRAINT uq_payment_order_no_stage"
        " UNIQUE USING INDEX uq_payment_order_no_stage"
    )
    op.execute(f"{_WIDER}ALTER TABLE payment DROP CONSTRAINT uq_payment_order_no")
