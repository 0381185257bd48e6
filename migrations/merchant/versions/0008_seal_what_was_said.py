"""Seal what fans and we said: the message log, and the previews of it in timelines.

Row by row and committed in batches: a run that was stopped goes on with what is left, since what is
sealed already opens and is passed by. Servers of the version before may go on writing plain text
meanwhile; it is read as it is.

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

from tiefen.kernel import crypto

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BATCH = 1_000
MESSAGES = (
    "SELECT id, content FROM helpdesk_message WHERE id > :after AND content <> ''"
    " ORDER BY id LIMIT :batch",
    "UPDATE helpdesk_message SET content = :said WHERE id = :id",
)
LINES = (
    "SELECT id, data ->> 'text' FROM fan_line WHERE id > :after AND data ->> 'text' <> ''"
    " AND kind IN ('message_in', 'message_out') ORDER BY id LIMIT :batch",
    "UPDATE fan_line SET data = jsonb_set(data, '{text}', to_jsonb(CAST(:said AS text)))"
    " WHERE id = :id",
)


def upgrade() -> None:
    """Go forward."""
    if op.get_context().as_sql:
        return
    for read, write in (MESSAGES, LINES):
        _seal(read, write)


def downgrade() -> None:
    """Go back: sealed text stays sealed, and is read as such."""


def _seal(read: str, write: str) -> None:
    bind = op.get_bind()
    merchant = str(bind.scalar(sa.text("SELECT substr(current_schema(), 3)")))
    after = 0
    while rows := bind.execute(sa.text(read), {"after": after, "batch": BATCH}).all():
        plain = [
            (row[0], row[1]) for row in rows if crypto.opened(row[1], merchant=merchant) == row[1]
        ]
        if plain:
            bind.execute(
                sa.text(write),
                [{"id": id_, "said": crypto.seal(said, merchant=merchant)} for id_, said in plain],
            )
        bind.commit()
        after = rows[-1][0]
