"""What Alembic runs: all steps in one transaction on the connection that secscan hands over."""

from __future__ import annotations

from alembic import context

from secscan.history.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    context.run_migrations()
