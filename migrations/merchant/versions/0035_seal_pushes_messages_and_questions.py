"""Seal what came from WeChat, what went out to fans, and the questions nobody answered; know whose they are.

Columns first, then indexes beside writers, then the rows: row by row and committed in batches, so
that a run that was stopped goes on with what is left. Servers of the version before may go on
writing plain text meanwhile; it is read as it is. The message log is gone through once more, for a
statement that passed the sealing by.

Revision: 0035, after 0034.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from tiefen.kernel import crypto

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

BATCH = 1_000
CLOSED = "^v1[.][A-Za-z0-9_=-]{40,}$"
"""What sealing makes."""
EMPTY = "-- squawk-ignore require-concurrent-index-creation\n"
"""Where the table holds nothing."""
INDEXES = {
    "ix_wechat_inbox_openid": "wechat_inbox (openid) WHERE openid IS NOT NULL",
    "ix_unanswered_question_fan": "unanswered_question (fan_id) WHERE fan_id IS NOT NULL",
}
SAID = (
    "SELECT id, content FROM helpdesk_message WHERE id > :after"
    " AND content !~ :closed ORDER BY id LIMIT :batch",
    "UPDATE helpdesk_message AS t SET content = r.sealed"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, sealed text) WHERE t.id = r.id",
)
PUSHES = (
    "SELECT id, fields::text FROM wechat_inbox WHERE id > :after"
    " AND jsonb_typeof(fields) = 'object' ORDER BY id LIMIT :batch",
    "UPDATE wechat_inbox AS t SET fields = to_jsonb(r.sealed),"
    " openid = left(coalesce(t.fields ->> 'FromUserName', t.fields #>> '{resource,payer,openid}'), 128)"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, sealed text) WHERE t.id = r.id",
)
SENT = (
    "SELECT id, body::text FROM wechat_message WHERE id > :after"
    " AND jsonb_typeof(body) = 'object' ORDER BY id LIMIT :batch",
    "UPDATE wechat_message AS t SET body = to_jsonb(r.sealed)"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, sealed text) WHERE t.id = r.id",
)
ASKED = (
    "SELECT id, question, sample, last_at FROM unanswered_question WHERE id > :after"
    " AND sample !~ :closed ORDER BY id LIMIT :batch"
)
ASKERS = (
    "SELECT at, fan_id, content FROM helpdesk_message WHERE direction = 'in' AND at = ANY(:times)"
)
# A new row takes the old one's place: its digest may be there already, asked since the new version runs.
ASKED_ANEW = """
    WITH old AS (DELETE FROM unanswered_question WHERE id = :id RETURNING *)
    INSERT INTO unanswered_question AS q
        (question, sample, fan_id, count, first_at, last_at, resolved_at)
    SELECT :question, :sample, :fan_id, old.count, old.first_at, old.last_at, old.resolved_at FROM old
    ON CONFLICT (question) DO UPDATE SET
        count = q.count + excluded.count,
        first_at = least(q.first_at, excluded.first_at)
"""


def upgrade() -> None:
    """Go forward."""
    op.add_column("wechat_inbox", sa.Column("openid", sa.String(128), nullable=True))
    op.add_column("unanswered_question", sa.Column("fan_id", sa.BigInteger(), nullable=True))
    # Empty only where somebody was erased: a server of before lists the others.
    op.execute(
        "-- squawk-ignore ban-drop-not-null\n"
        "ALTER TABLE unanswered_question ALTER COLUMN sample DROP NOT NULL"
    )
    op.execute(
        "ALTER TABLE unanswered_question ADD CONSTRAINT fk_unanswered_question_fan_id"
        " FOREIGN KEY (fan_id) REFERENCES fan (id) NOT VALID"
    )
    if op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT FROM wechat_inbox)")):
        # Beside writers, and again from the start after a stop: an index half made is not valid.
        with op.get_context().autocommit_block():
            op.execute("SET lock_timeout = 0")
            op.execute("SET statement_timeout = 0")
            for name, where in INDEXES.items():
                op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
                op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {where}")
            op.execute("RESET lock_timeout")
            op.execute("RESET statement_timeout")
    else:
        for name, where in INDEXES.items():
            op.execute(f"{EMPTY}CREATE INDEX {name} ON {where}")
    for read, write in (SAID, PUSHES, SENT):
        _seal(read, write)
    _seal_questions()


def downgrade() -> None:
    """Go back: sealed rows stay sealed. Questions whose words are gone go too."""
    op.execute("DELETE FROM unanswered_question WHERE sample IS NULL")
    op.alter_column("unanswered_question", "sample", nullable=False)
    op.drop_column("unanswered_question", "fan_id")
    op.drop_column("wechat_inbox", "openid")


def _merchant() -> str:
    return str(op.get_bind().scalar(sa.text("SELECT substr(current_schema(), 3)")))


def _rows(read: str, after: int) -> list[sa.Row[Any]]:
    named = {"after": after, "batch": BATCH} | ({"closed": CLOSED} if ":closed" in read else {})
    return list(op.get_bind().execute(sa.text(read), named))


def _seal(read: str, write: str) -> None:
    bind, merchant, after = op.get_bind(), _merchant(), 0
    while rows := _rows(read, after):
        made = [{"id": row[0], "sealed": crypto.seal(row[1], merchant=merchant)} for row in rows]
        bind.execute(sa.text(write), {"rows": json.dumps(made)})
        bind.commit()
        after = rows[-1][0]


def _seal_questions() -> None:
    """With whose words they are, by the message log. Words of nobody who is known are not kept."""
    bind, merchant, after = op.get_bind(), _merchant(), 0
    while rows := _rows(ASKED, after):
        said = bind.execute(sa.text(ASKERS), {"times": [row.last_at for row in rows]})
        askers = {
            (one.at, crypto.opened(one.content, merchant=merchant)[:200]): one.fan_id
            for one in said
        }
        for row in rows:
            fan_id = askers.get((row.last_at, row.sample))
            sealed = None if fan_id is None else crypto.seal(row.sample, merchant=merchant)
            anew = {"id": row.id, "question": crypto.blind(row.question, merchant=merchant)}
            bind.execute(sa.text(ASKED_ANEW), anew | {"sample": sealed, "fan_id": fan_id})
        bind.commit()
        after = rows[-1].id
