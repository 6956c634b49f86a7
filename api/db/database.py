"""The database connection: SQLite in WAL mode by default, PostgreSQL where it is set."""

import sqlite3
from contextlib import suppress
from types import ModuleType
from typing import Any

from flask import Flask, current_app, request
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from api.config import Settings, protect
from api.errors import NotReady
from api.extensions import db
from api.storage.reserve import Reserve

LOCK_SECONDS = 5
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Temporary tables in memory: a full /tmp would end the statement.
# The first one counts for new databases only: what is deleted can be given back to the disk.
SQLITE_PRAGMAS = (
    "auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON",
    "temp_store=MEMORY",
)  # fmt: skip
GIVEN_BACK_PAGES = 200


def may_be_done(error: BaseException) -> bool:
    """Whether the connection was lost: a commit that was under way may have been carried out."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _engine_options(settings: Settings) -> dict[str, Any]:
    # The values of a failed statement are addresses and hashes: not for the logs.
    return {"hide_parameters": True, **_connection_options(settings)}


def _connection_options(settings: Settings) -> dict[str, Any]:
    if settings.database.startswith("sqlite"):
        return {"connect_args": {"timeout": LOCK_SECONDS}, "pool_size": 8, "max_overflow": 56}
    options: dict[str, Any] = _postgres().options()
    return options


def _postgres() -> ModuleType:
    from api.db import postgres  # noqa: PLC0415  # SQLite's users need not wait for psycopg

    return postgres


def _on_connect(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def init_app(app: Flask, settings: Settings) -> None:
    """Binds the database."""
    protect(settings.data_dir)
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(settings)
    db.init_app(app)
    app.extensions["reserve"] = _reserve(app, settings)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _on_connect)
        else:
            _postgres().attend(db.engine)


def _reserve(app: Flask, settings: Settings) -> Reserve | None:
    """Hold back disk space for SQLite, and look after it before each request."""
    if settings.database_file is None:
        return None
    reserve = Reserve(settings.database_file.parent)

    app.before_request(_prepare_for_writing)
    return reserve


def _prepare_for_writing() -> None:
    if request.method not in SAFE_METHODS:
        reuse_space()


def reserve() -> Reserve | None:
    """Return the disk space held back for SQLite; None for PostgreSQL, which has its own disk."""
    found: Reserve | None = current_app.extensions["reserve"]
    return found


def refuse_if_full() -> None:
    """Refuse whatever needs more space than signing in and deleting do.

    Raises:
        NotReady: the disk is full.
    """
    held = reserve()
    if held and not held.hold():
        raise NotReady("The server's disk is full. Please try again later.", "storage_full")


def reuse_space() -> bool:
    """While the disk is full, give back free pages of SQLite and let its log be written anew.

    Returns whether the disk is full.
    """
    held = reserve()
    if held is None or held.hold():
        return False
    for pragma in ("wal_checkpoint(PASSIVE)", f"incremental_vacuum({GIVEN_BACK_PAGES})") * 2:
        # Space may be missing for that too. Whoever writes next will find out.
        with suppress(sqlite3.OperationalError), db.engine.connect() as connection:
            # It is done step by step, though it has no rows, which SQLAlchemy would not fetch.
            connection.connection.cursor().execute(f"PRAGMA {pragma}").fetchall()
    return True
