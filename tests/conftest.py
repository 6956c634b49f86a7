"""What most tests need: settings in a temporary folder, an application, people, requests."""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from api.config import ROOT, Settings
from api.extensions import db

pillow_heif.register_heif_opener()  # so that tests can write HEIF files, in whatever order they run
pytest_plugins = ("servers", "crowds", "backends", "object_storage", "disks", "real_models")
PASSWORD = "ten thousand small lamps"
SHARED = Path(os.environ.get("PERCEPT_SHARED", ROOT.parent / "shared")).resolve()


@pytest.fixture(autouse=True)
def _no_outside_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the developer has in the environment or in .env does not count here."""
    for name in list(os.environ):
        if name.startswith("PERCEPT_") and name not in ("PERCEPT_SHARED", "PERCEPT_TEST_DATABASE"):
            monkeypatch.delenv(name)
    for name in ("DATABASE_URL", "REDIS_URL", "HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _small_reserves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of tests have a data folder each, which stays for a while."""
    monkeypatch.setattr("api.storage.reserve.MOST_BYTES", 600_000)


@pytest.fixture(autouse=True)
def _log_level() -> Iterator[None]:
    """An application of one test that logs errors alone hides no warning of the next test."""
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)


@pytest.fixture
def real_hashing() -> None:
    """Passwords are hashed as in production; see `_cheap_hashing`."""


@pytest.fixture(autouse=True)
def _cheap_hashing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is made to take its time; hundreds of tests sign somebody in."""
    if "real_hashing" not in request.fixturenames:
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        monkeypatch.setattr("api.accounts.passwords.HASHER", cheap)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with pictures and model files that are not part of the project."""
    if not SHARED.is_dir():
        pytest.skip(f"no folder {SHARED} (PERCEPT_SHARED)")
    return SHARED


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database: SQLite in the data folder, or what `make` asks for."""
    on_postgres = os.environ.get("PERCEPT_TEST_DATABASE") == "postgresql"
    return request.getfixturevalue("emptied_postgres_url") if on_postgres else ""


@pytest.fixture
def settings(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> Settings:
    """Settings of a server in an empty folder; files at `storage_url` if a test has that."""
    asked = "storage_url" in request.fixturenames
    url = request.getfixturevalue("storage_url") if asked else ""
    data = tmp_path / "data"
    return Settings(data_dir=data, database_url=database_url, storage_url=url, log_level="error")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables: copying it takes less time than making them."""
    folder = tmp_path_factory.mktemp("empty")
    with create_app(Settings(data_dir=folder, log_level="warning")).app_context():
        db.create_all()
        db.engine.dispose()
    return folder / "percept.db"


@pytest.fixture
def app(settings: Settings, empty_database: Path) -> Iterator[Flask]:
    """The application with its tables; TESTING stays off, as it is in production."""
    if not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        shutil.copy(empty_database, settings.data_dir / "percept.db")
    application = create_app(settings)
    if settings.database_url:
        with application.app_context():
            db.create_all()
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Sends requests to the application without a network."""
    return app.test_client()


@pytest.fixture
def register(client: FlaskClient) -> Callable[..., dict[str, Any]]:
    """Registers somebody, signs them in, and gives the tokens and headers."""

    def make(email: str = "ada@example.com", password: str = PASSWORD) -> dict[str, Any]:
        created = client.post("/api/v1/auth/register", json={"email": email, "password": password})
        assert created.status_code == 201, created.text
        answer = client.post("/api/v1/auth/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.get_json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        return {**tokens, "headers": bearer, "id": created.get_json()["id"], "email": email}

    return make


@pytest.fixture
def ada(register: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Somebody who is signed in."""
    return register("ada@example.com")


@pytest.fixture
def bob(register: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Somebody else who is signed in."""
    return register("bob@example.com")


@pytest.fixture
def admin(app: Flask, register: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """An administrator who is signed in."""
    from api.accounts.users import service

    person = register("root@example.com")
    with app.app_context():
        from uuid import UUID

        service.change(UUID(person["id"]), {"roles": ["user", "admin"]})
    return person
