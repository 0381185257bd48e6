"""All tables of the first version.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "cron",
        sa.Column("merchant", sa.String(length=31), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("merchant", "name", name=op.f("pk_cron")),
        schema="platform",
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("merchant", sa.String(length=31), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("aggregate", sa.String(length=120), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        schema="platform",
    )
    op.create_index(op.f("ix_event_at"), "event", ["at"], unique=False, schema="platform")
    op.create_index(
        op.f("ix_event_merchant_aggregate_id"),
        "event",
        ["merchant", "aggregate", "id"],
        unique=False,
        schema="platform",
    )
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("merchant", sa.String(length=31), nullable=False),
        sa.Column("lane", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("args", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("order_key", sa.String(length=300), nullable=True),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=8), server_default="ready", nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=80), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        schema="platform",
        postgresql_with={"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.02},
    )
    op.create_index(
        "ix_job_dead",
        "job",
        ["merchant", "id"],
        unique=False,
        schema="platform",
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_job_lease",
        "job",
        ["lease_until"],
        unique=False,
        schema="platform",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_job_order",
        "job",
        ["order_key", "id"],
        unique=False,
        schema="platform",
        postgresql_where=sa.text("order_key IS NOT NULL"),
    )
    op.create_index(
        "ix_job_ready",
        "job",
        ["lane", "merchant", "run_at", "id"],
        unique=False,
        schema="platform",
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "uq_job_key",
        "job",
        ["merchant", "name", "key"],
        unique=True,
        schema="platform",
        postgresql_where=sa.text("key IS NOT NULL AND state <> 'dead'"),
    )
    op.create_table(
        "merchant",
        sa.Column("slug", sa.String(length=31), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_merchant")),
        schema="platform",
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
        schema="platform",
    )
    op.create_table(
        "merchant_account",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("merchant", sa.String(length=31), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant"], ["platform.merchant.slug"], name=op.f("fk_merchant_account_merchant")
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_merchant_account")),
        schema="platform",
    )
    op.create_table(
        "merchant_host",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("merchant", sa.String(length=31), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant"], ["platform.merchant.slug"], name=op.f("fk_merchant_host_merchant")
        ),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_merchant_host")),
        schema="platform",
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("merchant_host", schema="platform")
    op.drop_table("merchant_account", schema="platform")
    op.drop_table("worker", schema="platform")
    op.drop_table("merchant", schema="platform")
    op.drop_index(
        "uq_job_key",
        table_name="job",
        schema="platform",
        postgresql_where=sa.text("key IS NOT NULL AND state <> 'dead'"),
    )
    op.drop_index(
        "ix_job_ready",
        table_name="job",
        schema="platform",
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.drop_index(
        "ix_job_order",
        table_name="job",
        schema="platform",
        postgresql_where=sa.text("order_key IS NOT NULL"),
    )
    op.drop_index(
        "ix_job_lease",
        table_name="job",
        schema="platform",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.drop_index(
        "ix_job_dead",
        table_name="job",
        schema="platform",
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.drop_table("job", schema="platform")
    op.drop_index(op.f("ix_event_merchant_aggregate_id"), table_name="event", schema="platform")
    op.drop_index(op.f("ix_event_at"), table_name="event", schema="platform")
    op.drop_table("event", schema="platform")
    op.drop_table("cron", schema="platform")
