"""Run migrations inside the transaction that Steward opened; there is no other way in."""

from alembic import context

from steward.adapters.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
