"""Alembic's entry point: runs on the connection, and inside the transaction, that the caller holds."""

from alembic import context

from schemas.relational import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    compare_type=True,
)
context.run_migrations()
