"""Which goods and categories were bought elsewhere, as facts for rules; buyers by their group.

Revision: 0050, after 0049.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

_WAS = "'number', 'at', 'amount', 'quantity', 'customer', 'phone', 'openid', 'unionid', 'product', 'note'"
_EMPTY = "-- squawk-ignore require-concurrent-index-creation, require-concurrent-index-deletion\n"
"""Where the table holds nothing."""
_BOUGHT = """
    FROM fan_past_purchase AS p
    JOIN fan_past_customer AS c ON c.id = p.customer_id
    JOIN fan AS f ON f.id = c.fan_id
    CROSS JOIN LATERAL (
        SELECT DISTINCT btrim(left(part, 80)) AS name
        FROM regexp_split_to_table(p.product, '\\s*[;；|｜]\\s*') AS part WHERE part <> '') AS about
"""


def upgrade() -> None:
    """Go forward."""
    _index("CREATE INDEX {how} ix_fan_rfm_kind ON fan_rfm (kind, fan_id)")
    op.add_column(
        "fan_past_purchase", sa.Column("category", sa.Text(), server_default="", nullable=False)
    )
    _fields(f"{_WAS}, 'category'")
    op.execute(
        "INSERT INTO fan_topic (kind, subject, name)"
        f" SELECT DISTINCT 'past_bought', 'product:' || about.name, about.name {_BOUGHT}"
        " ON CONFLICT DO NOTHING"
    )
    op.execute(
        "INSERT INTO fan_fact (fan_id, topic_id, day, times)"
        " SELECT coalesce(f.merged_into, f.id), t.id,"
        f" (p.at AT TIME ZONE 'Asia/Shanghai')::date, count(*) {_BOUGHT}"
        " JOIN fan_topic AS t ON t.kind = 'past_bought' AND t.subject = 'product:' || about.name"
        " GROUP BY 1, 2, 3 ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    """Go back."""
    _index("DROP INDEX {how} IF EXISTS ix_fan_rfm_kind")
    op.execute(
        "DELETE FROM fan_fact USING fan_topic WHERE fan_topic.id = fan_fact.topic_id"
        " AND fan_topic.kind = 'past_bought' AND fan_topic.subject <> ''"
    )
    op.execute("DELETE FROM fan_topic WHERE kind = 'past_bought' AND subject <> ''")
    _fields(_WAS)
    op.drop_column("fan_past_purchase", "category")


def _fields(known: str) -> None:
    op.execute(
        "ALTER TABLE fan_past_customer\n-- squawk-ignore ban-drop-constraint\n"
        "DROP CONSTRAINT ck_fan_past_customer_pastfield"
    )
    op.execute(
        "ALTER TABLE fan_past_customer ADD CONSTRAINT ck_fan_past_customer_pastfield"
        f" CHECK (kind IN ({known})) NOT VALID"
    )


def _index(wanted: str) -> None:
    if not op.get_bind().scalar(text("SELECT EXISTS (SELECT FROM fan_rfm)")):
        op.execute(_EMPTY + wanted.format(how=""))
        return
    # Beside writers, and again from the start after a stop: an index half made is not valid.
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("SET statement_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_fan_rfm_kind")
        op.execute(wanted.format(how="CONCURRENTLY"))
        op.execute("RESET lock_timeout")
        op.execute("RESET statement_timeout")
