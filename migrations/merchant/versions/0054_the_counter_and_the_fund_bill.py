"""Bare amounts at the counter, the fund bill, and differences found in it.

Revision: 0054, after 0053.
"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


_PAYMENT = (
    ("paymentfor", "purpose IN ('order', 'counter')"),
    ("whose", "purpose = 'counter' OR fan_id IS NOT NULL"),
)
_KINDS = "'ours_only', 'theirs_only', 'amount', 'state', 'fee'"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "payment_fund_bill",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mchid", sa.Text(), nullable=False),
        sa.Column("bill_date", sa.Date(), nullable=False),
        sa.Column("sha1", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("opening_fen", sa.BigInteger(), nullable=True),
        sa.Column("closing_fen", sa.BigInteger(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_fund_bill")),
        sa.UniqueConstraint(
            "mchid", "bill_date", name=op.f("uq_payment_fund_bill_mchid_bill_date")
        ),
    )
    op.create_table(
        "payment_counter",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_name", sa.Text(), nullable=False),
        sa.Column("refunds", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_payment_counter_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_counter")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_counter_number")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_payment_counter_payment_id")),
    )
    op.create_index(
        op.f("ix_payment_counter_created_at"), "payment_counter", ["created_at"], unique=False
    )
    op.create_table(
        "payment_fund_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fund_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "pay",
                "fee",
                "refund",
                "withdrawal",
                "other",
                name="fundkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("business_no", sa.Text(), nullable=False),
        sa.Column("flow_no", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["payment_fund_bill.id"], name=op.f("fk_payment_fund_line_fund_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_fund_line")),
        sa.UniqueConstraint("fund_id", "line", name=op.f("uq_payment_fund_line_fund_id_line")),
        info={"append_only": True},
    )
    op.create_index(
        op.f("ix_payment_fund_line_business_no"), "payment_fund_line", ["business_no"], unique=False
    )
    op.add_column(
        "payment",
        sa.Column(
            "purpose",
            sa.Enum("order", "counter", name="paymentfor", native_enum=False, length=40),
            server_default=sa.text("'order'"),
            nullable=False,
        ),
    )
    op.execute(
        "-- squawk-ignore ban-drop-not-null\nALTER TABLE payment ALTER COLUMN fan_id DROP NOT NULL"
    )
    for name, check in _PAYMENT:
        op.execute(
            f"ALTER TABLE payment ADD CONSTRAINT ck_payment_{name} CHECK ({check}) NOT VALID"
        )
    op.add_column("payment_break", sa.Column("fund_id", sa.BigInteger(), nullable=True))
    op.execute(
        "-- squawk-ignore ban-drop-not-null\n"
        "ALTER TABLE payment_break ALTER COLUMN bill_id DROP NOT NULL"
    )
    op.execute(
        "ALTER TABLE payment_break ADD CONSTRAINT fk_payment_break_fund_id FOREIGN KEY (fund_id)"
        " REFERENCES payment_fund_bill (id) NOT VALID"
    )
    _kinds(f"{_KINDS}, 'balance'")
    op.execute(
        "ALTER TABLE payment_break ADD CONSTRAINT ck_payment_break_one_bill"
        " CHECK (num_nonnulls(bill_id, fund_id) = 1) NOT VALID"
    )
    # Differences are few.
    op.execute(
        "ALTER TABLE payment_break\n-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid\n"
        "ADD CONSTRAINT uq_payment_break_fund_id_kind_subject UNIQUE (fund_id, kind, subject)"
    )


def downgrade() -> None:
    """Go back: what only the newer process knows of is dropped."""
    op.execute(
        "DELETE FROM payment_break_note n USING payment_break k"
        " WHERE k.id = n.break_id AND k.fund_id IS NOT NULL"
    )
    op.execute("DELETE FROM payment_break WHERE fund_id IS NOT NULL")
    op.drop_constraint("uq_payment_break_fund_id_kind_subject", "payment_break", type_="unique")
    op.drop_constraint("ck_payment_break_one_bill", "payment_break", type_="check")
    _kinds(_KINDS)
    op.alter_column("payment_break", "bill_id", existing_type=sa.BIGINT(), nullable=False)
    op.drop_column("payment_break", "fund_id")
    op.drop_constraint("ck_payment_whose", "payment", type_="check")
    op.execute("UPDATE payment SET fan_id = 0 WHERE fan_id IS NULL")
    op.alter_column("payment", "fan_id", existing_type=sa.BIGINT(), nullable=False)
    op.drop_column("payment", "purpose")
    op.drop_table("payment_fund_line")
    op.drop_table("payment_counter")
    op.drop_table("payment_fund_bill")


def _kinds(known: str) -> None:
    op.execute(
        "ALTER TABLE payment_break\n-- squawk-ignore ban-drop-constraint\n"
        "DROP CONSTRAINT ck_payment_break_breakkind"
    )
    op.execute(
        "ALTER TABLE payment_break ADD CONSTRAINT ck_payment_break_breakkind"
        f" CHECK (kind IN ({known})) NOT VALID"
    )
