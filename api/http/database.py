"""The database connection: SQLite in WAL mode by default, PostgreSQL where it is set."""

from typing import Any

from flask import Flask
from sqlalchemy import event

from api.config import Settings
from api.extensions import db

LOCK_SECONDS = 5
SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")


def _engine_options(settings: Settings) -> dict[str, Any]:
    # The values of a failed statement are addresses and hashes: not for the logs.
    return {"hide_parameters": True, **_connection_options(settings)}


def _connection_options(settings: Settings) -> dict[str, Any]:
    if settings.database.startswith("sqlite"):
        return {"connect_args": {"timeout": LOCK_SECONDS}, "pool_size": 8, "max_overflow": 56}
    options = f"-c statement_timeout={LOCK_SECONDS * 1000} -c timezone=utc"
    return {
        "connect_args": {"connect_timeout": LOCK_SECONDS, "options": options},
        "pool_pre_ping": True,
        "pool_size": 5,
        "max_overflow": 10,
        "pool_timeout": LOCK_SECONDS,
    }


def _on_connect(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def init_app(app: Flask, settings: Settings) -> None:
    """Binds the database."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(settings)
    db.init_app(app)
    if settings.database.startswith("sqlite"):
        with app.app_context():
            event.listen(db.engine, "connect", _on_connect)
