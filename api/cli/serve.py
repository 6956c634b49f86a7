"""percept setup and percept serve."""

import logging
import os
import sqlite3
import sys
from contextlib import closing

import click

from api import jsonlines
from api.cli.app import MIGRATIONS, update_tables, with_app
from api.cli.checks import check
from api.config import (
    BadSetting,
    Settings,
    allow_many_files,
    load_settings,
    log_to,
    overrule,
    return_memory,
    share_metrics,
    unknown_settings,
)
from api.preflight import address_problem
from api.server.relay import redirect_stderr
from api.storage.reserve import Reserve

log = logging.getLogger("percept.settings")


@click.command()
@with_app
def setup() -> None:
    """Create the data folder and the secret, and migrate the database. It is safe to repeat."""
    update_tables()


@click.command()
@click.option("--host", help="Address to listen on (HOST).")
@click.option("--port", type=int, help="Port to listen on (PORT).")
@click.option("--workers", type=int, help="Worker processes (PERCEPT_WORKERS).")
@click.option("--threads", type=int, help="Threads of each worker (PERCEPT_THREADS).")
def serve(host: str | None, port: int | None, workers: int | None, threads: int | None) -> None:
    """Set up if necessary, then start the server."""
    given = {"HOST": host, "PORT": port, "PERCEPT_WORKERS": workers, "PERCEPT_THREADS": threads}
    overrule({name: str(value) for name, value in given.items() if value is not None})
    settings = load_settings()
    check(settings)
    if problem := address_problem(settings.host, settings.port):
        raise BadSetting(problem)
    if settings.database_file:  # a full disk gets room for the start
        Reserve(settings.database_file.parent).hold()
    jsonlines.configure(settings.log_level)
    for sentence in unknown_settings():
        log.warning(sentence)
    if not is_current(settings):
        setup.main([], standalone_mode=False)
    log_to(redirect_stderr(settings.log_level))
    share_metrics(settings.metrics_dir)
    return_memory()
    allow_many_files()
    # exec: gunicorn's master starts clean, without what the set-up has imported.
    command = ["api.server.master", "-c", "python:api.server.gunicorn_conf", "api.wsgi:app"]
    os.execv(sys.executable, [sys.executable, "-m", *command])  # noqa: S606  # no shell is wanted


def is_current(settings: Settings) -> bool:
    """Whether the tables are the newest; False where it takes more than a glance to know.

    Alembic and SQLAlchemy would tell as well, but take longer to import than all the rest.
    """
    file = settings.database_file
    if file is None or not file.is_file():
        return False
    newest = max(file.name.partition("_")[0] for file in MIGRATIONS.glob("versions/*_*.py"))
    try:
        with closing(sqlite3.connect(file)) as connection:
            here = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return False
    return bool(here == (newest,))
