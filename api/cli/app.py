"""Runs a command's function inside the application.

Imports are late in these files: `percept --help` and `percept serve` must not wait for the
application, which takes a second to import.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any

from flask import Flask

from api.config import ROOT, BadSetting

MIGRATIONS = ROOT / "migrations"


def make_app() -> Flask:
    """The application, with its migrations, which the server itself does without."""
    from flask_migrate import Migrate

    from api.app import create_app
    from api.extensions import db

    app = create_app()
    logging.getLogger("alembic").setLevel(logging.WARNING)  # a command's user needs no diary
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
        from sqlalchemy.exc import OperationalError

        with make_app().app_context():
            try:
                return function(*args, **kwargs)
            except OperationalError as error:
                reason = str(error.orig).strip().splitlines()[0]
                raise BadSetting(f"DATABASE_URL: no answer ({reason})") from None

    return inside
