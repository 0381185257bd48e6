"""Alembic's entry: runs one of the two histories on the connection handed over by kernel.migrate."""

from alembic import context

import tiefen.main  # noqa: F401  every room's tables
from tiefen.kernel.migrate import compare_options, metadata_of, plain_type

scope = context.config.attributes["scope"]
connection = context.config.attributes["connection"]
options = compare_options(connection, scope)
connection.commit()  # a transaction that is open would be taken for the one of all migrations
context.configure(
    connection=connection,
    target_metadata=metadata_of(scope),
    transaction_per_migration=True,
    render_item=lambda kind, item, written: (
        plain_type(item, written.imports) if kind == "type" else False
    ),
    **options,
)
with context.begin_transaction():
    context.run_migrations()
