"""Requests about personal data, and what takes it out of tables that are only ever added to.

Revision: 0033, after 0032.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "fan_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fan_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", _words("requestkind", "export", "erase"), nullable=False),
        sa.Column(
            "state",
            _words("requeststate", "waiting", "running", "done", "withdrawn"),
            nullable=False,
        ),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'done' OR subject IS NULL", name=op.f("ck_fan_request_forgotten")
        ),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_fan_request_fan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fan_request")),
    )
    op.create_index(op.f("ix_fan_request_fan_id"), "fan_request", ["fan_id"])
    op.create_index(
        "uq_fan_request_open",
        "fan_request",
        ["fan_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_index(
        "ix_fan_request_due",
        "fan_request",
        ["due_at"],
        postgresql_where=sa.text("file IS NOT NULL"),
    )
    op.add_column("fan", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    # Empty as yet: it is made in a moment, and reads no more than the table.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE INDEX ix_fan_erased_at ON fan (erased_at)"
    )
    op.execute(_eraser("erase_lines", "fan_line", "data = data - ARRAY['text','changes','staff']"))
    op.execute(_eraser("erase_touches", "channel_touch", "ref = 'erased:' || channel_touch.id"))
    op.execute(
        _eraser(
            "erase_facts",
            "analytics_fact",
            "ref = 'erased:' || analytics_fact.id",
        )
    )
    op.execute(
        """
        CREATE FUNCTION erase_after_sale_messages(records bigint[]) RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
            WITH done AS (
                DELETE FROM after_sale_message USING after_sale, fan
                WHERE after_sale.id = after_sale_message.after_sale_id
                  AND fan.id = after_sale.fan_id AND fan.id = ANY (records)
                  AND fan.erased_at IS NOT NULL
                RETURNING 1
            ) SELECT count(*) FROM done
        $$
        """
    )
    # Who may look behind the mask may also answer a person's request.
    op.execute(
        "UPDATE role SET permissions = array_append(permissions, 'fans.privacy')"
        " WHERE 'fans.reveal' = ANY (permissions) AND NOT 'fans.privacy' = ANY (permissions)"
    )


def downgrade() -> None:
    """Go back."""
    op.execute("UPDATE role SET permissions = array_remove(permissions, 'fans.privacy')")
    for name in ("erase_after_sale_messages", "erase_facts", "erase_touches", "erase_lines"):
        op.execute(f"DROP FUNCTION {name}(bigint[])")
    op.drop_index("ix_fan_erased_at", table_name="fan")
    op.drop_column("fan", "erased_at")
    op.drop_table("fan_request")


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)


def _eraser(name: str, table: str, change: str) -> str:
    """A function that runs as the owner, and touches rows of erased people alone."""
    return f"""
        CREATE FUNCTION {name}(records bigint[]) RETURNS bigint LANGUAGE sql SECURITY DEFINER
        SET search_path FROM CURRENT AS $$
            WITH done AS (
                UPDATE {table} SET {change} FROM fan
                WHERE fan.id = {table}.fan_id AND fan.id = ANY (records)
                  AND fan.erased_at IS NOT NULL
                RETURNING 1
            ) SELECT count(*) FROM done
        $$
    """  # noqa: S608 our own text
