"""The database connection: SQLite in WAL mode by default, PostgreSQL where it is set."""

from types import ModuleType
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from api.config import Settings, protect
from api.extensions import db

LOCK_SECONDS = 5
SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")


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
    from api.http import postgres  # noqa: PLC0415  # SQLite's users need not wait for psycopg

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
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _on_connect)
        else:
            _postgres().attend(db.engine)
