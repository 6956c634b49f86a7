"""What most tests need: settings in a temporary folder, an application, people, requests."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from api.config import ROOT, Settings
from api.extensions import db

pytest_plugins = ("servers",)
PASSWORD = "ten thousand small lamps"
SHARED = Path(os.environ.get("PERCEPT_SHARED", ROOT.parent / "shared")).resolve()


@pytest.fixture(autouse=True)
def _no_outside_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the developer has in the environment or in .env does not count here."""
    for name in list(os.environ):
        if name.startswith("PERCEPT_") and name not in ("PERCEPT_SHARED", "PERCEPT_TEST_DATABASE"):
            monkeypatch.delenv(name)
    for name in ("DATABASE_URL", "HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with pictures and model files that are not part of the project."""
    if not SHARED.is_dir():
        pytest.skip(f"no folder {SHARED} (PERCEPT_SHARED)")
    return SHARED


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a server in an empty folder."""
    return Settings(data_dir=tmp_path / "data", log_level="error")


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application with its tables; TESTING stays off, as it is in production."""
    application = create_app(settings)
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
