"""Runs the migrations on the database of the settings. Called by Flask-Migrate."""

from alembic import context
from flask import current_app
from sqlalchemy import TypeDecorator

migrate = current_app.extensions["migrate"]
# All migrations are one transaction, and two servers that start at once must not both run them.
ALONE = {
    "postgresql": (
        "SET LOCAL statement_timeout = 0",
        "SELECT pg_advisory_xact_lock(7403112009)",
    ),
    # SQLite changes a table by copying and dropping it, which must not delete what refers to it.
    "sqlite": ("PRAGMA foreign_keys = OFF", "PRAGMA busy_timeout = 60000", "BEGIN IMMEDIATE"),
}


def plain_type(kind, item, _):
    """Write our own column types as what they are in the database."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def run():
    with migrate.db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.connection.driver_connection.patience = None  # a large table takes long
        connection.detach()  # what is set here must not reach anybody else
        context.configure(
            connection=connection,
            target_metadata=migrate.db.metadata,
            render_item=plain_type,
            transactional_ddl=True,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            for statement in ALONE[connection.dialect.name]:
                connection.exec_driver_sql(statement)
            context.run_migrations()


run()
