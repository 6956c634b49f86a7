"""A migrated database on SQLite and, in the slow tests, on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from api.app import create_app
from api.cli.app import MIGRATIONS
from api.config import Settings
from api.extensions import db


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An application on an empty database."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    app = create_app(Settings(data_dir=tmp_path / "data", database_url=url, log_level="error"))
    flask_migrate.Migrate(app, db, directory=str(MIGRATIONS))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def migrated(empty: Flask) -> Flask:
    """The same with the newest tables."""
    flask_migrate.upgrade()
    return empty
