"""Runs a command's function inside the application.

Imports are late in these files: `percept --help` and `percept serve` must not wait for the
application, which takes a second to import.
"""

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask

from api.cli.checks import check
from api.config import ROOT, BadSetting, load_settings

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

MIGRATIONS = ROOT / "migrations"


def make_app() -> Flask:
    """The application, with its migrations, which the server itself does without."""
    logging.getLogger("alembic").setLevel(logging.WARNING)  # a command's user needs no diary
    from flask_migrate import Migrate

    from api.app import create_app
    from api.extensions import db

    settings = load_settings()
    check(settings)
    app = create_app(settings)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True)
    return app


def update_tables() -> None:
    """Bring the database up to date; changes nothing where it is. Needs `with_app`."""
    from flask_migrate import upgrade

    upgrade(directory=str(MIGRATIONS))


def with_app(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, called within an application context that is made for it.

    Raises:
        BadSetting: the database does not answer.
    """

    @functools.wraps(function)
    def inside(*args: Any, **kwargs: Any) -> Any:
        from sqlalchemy.exc import ArgumentError, DBAPIError

        try:
            with make_app().app_context():
                return function(*args, **kwargs)
        except ArgumentError as error:
            raise BadSetting(f"DATABASE_URL: {_first_line(error)}") from None
        except DBAPIError as error:
            if not _is_unreachable(error):
                raise
            raise BadSetting(f"DATABASE_URL: no answer ({_first_line(error.orig)})") from None

    return inside


def _is_unreachable(error: "DBAPIError") -> bool:
    """Return whether the database can't be used at all, rather than for this statement."""
    from sqlalchemy.exc import DatabaseError, OperationalError

    # Without a statement it failed to connect. SQLite says DatabaseError of what is no database.
    plain = type(error) is DatabaseError
    return error.statement is None or plain or isinstance(error, OperationalError)


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().splitlines()[0]
