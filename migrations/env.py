"""Alembic's entry: runs one of the two histories on the connection handed over by kernel.migrate."""

from alembic import context

import tiefen.main  # noqa: F401  every room's tables
from tiefen.kernel.migrate import metadata_of, point_at_schema

scope = context.config.attributes["scope"]
if scope == "merchant":
    point_at_schema(context.config.attributes["connection"])
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata_of(scope),
    transaction_per_migration=True,
    include_schemas=scope == "platform",
    include_name=lambda name, kind, _: kind != "schema" or name == "platform",
    include_object=lambda obj, name, kind, *_: name != "alembic_version",
)
with context.begin_transaction():
    context.run_migrations()
