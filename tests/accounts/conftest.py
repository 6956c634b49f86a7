"""A house with people in it for tests that change nothing, and what all account tests ask."""

import base64
import functools
import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from api.accounts import names, passwords
from api.app import create_app
from api.cli.app import MIGRATIONS
from api.config import Settings
from api.extensions import db
from api.http import ratelimit, tokens
from api.models import Session, User, now

PASSWORD = "ten thousand small lamps"
# Counting refused tries is what a rate limit is for; all else stays as it was.
COUNTED = "rate_counters"
PROBLEM = ("type", "title", "status", "detail", "code", "request_id")
Person = dict[str, Any]


def rows_of(app: Flask) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            name: sorted(map(repr, connection.execute(select(table)).all()))  # type: ignore[misc]
            for name, table in db.metadata.tables.items()
            if name != COUNTED
        }


@pytest.fixture
def app_on_postgres(tmp_path: Path, postgres_url: str) -> Iterator[Flask]:
    """The application on a fresh PostgreSQL database with the tables of the migrations."""
    app = create_app(Settings(data_dir=tmp_path, database_url=postgres_url, log_level="error"))
    flask_migrate.Migrate(app, db, directory=str(MIGRATIONS))
    with app.app_context():
        flask_migrate.upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def rows() -> Callable[[Flask], dict[str, Any]]:
    """Reads every row of every table, but for the counters of the rate limits."""
    return rows_of


@pytest.fixture(scope="session")
def unchanged() -> Callable[[Flask], AbstractContextManager[None]]:
    """Makes sure that what happens inside leaves every row as it was."""

    @contextmanager
    def watch(app: Flask) -> Iterator[None]:
        before = rows_of(app)
        yield
        assert rows_of(app) == before

    return watch


@pytest.fixture
def meanwhile() -> Callable[[Flask, str, Any], AbstractContextManager[None]]:
    """Lets somebody else act in the middle of a request, and sees that they had occasion to."""

    @contextmanager
    def watch(app: Flask, after: str, change: Any) -> Iterator[None]:
        """Executes the change on another connection right after a statement with this text."""
        with app.app_context():
            engine = db.engine
        done: list[str] = []

        def act(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if after in statement and not done:
                done.append(statement)
                with engine.begin() as other:
                    other.execute(change)

        event.listen(engine, "after_cursor_execute", act)
        yield
        event.remove(engine, "after_cursor_execute", act)
        assert done

    return watch


@pytest.fixture(scope="session")
def refused() -> Callable[..., dict[str, Any]]:
    """Checks that an answer is a problem+json that says this, and gives its body."""

    def check(answer: Any, status: int, code: str = "", field: str = "") -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        body: dict[str, Any] = json.loads(answer.text)
        assert set(body) - {"errors"} == set(PROBLEM)
        assert body["status"] == status
        assert body["request_id"] == answer.headers["X-Request-Id"]
        assert code in ("", body["code"]), body
        assert ("WWW-Authenticate" in answer.headers) is (status == 401)
        assert ("errors" in body) is (body["code"] == "validation_failed")
        assert not field or field in {error["field"] for error in body["errors"]}, body
        assert not re.search(r"Traceback|argon2|/api/\w+\.py|SELECT|\$", answer.text)
        return body

    return check


def moved_in(app: Flask, email: str, roles: tuple[str, ...] = ("user",)) -> Person:
    """Somebody with the usual password who has signed in; quick, for there is nothing to hash."""
    with app.app_context():
        address = names.clean_email(email)
        key = names.email_key(address)
        user = User(email=address, email_key=key, roles=roles, password_hash=hash_of_password())
        db.session.add(user)
        db.session.flush()
        session = Session(user_id=user.id, expires_at=now() + tokens.REFRESH_LIFE)
        session.address, session.user_agent = "127.0.0.1", "tests"
        db.session.add(session)
        db.session.commit()
        about = (user.id, roles, session.id, 0, session.rotated_at)
        access, refresh = tokens.issue("access", *about), tokens.issue("refresh", *about)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "headers": {"Authorization": f"Bearer {access}"},
            "id": str(user.id),
            "email": email,
        }


@functools.cache
def hash_of_password() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture
def register(app: Flask) -> Callable[..., Person]:
    """Moves somebody in."""
    return functools.partial(moved_in, app)


@pytest.fixture
def admin(register: Callable[..., Person]) -> Person:
    """An administrator who is signed in."""
    return register("root@example.com", ("user", "admin"))


@pytest.fixture
def sign_in(client: FlaskClient) -> Callable[[str], Person]:
    """Opens one more session of somebody who is registered."""

    def again(email: str, password: str = PASSWORD) -> Person:
        answer = client.post("/api/v1/auth/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        pair: Person = answer.get_json()
        return {**pair, "headers": {"Authorization": f"Bearer {pair['access_token']}"}}

    return again


@dataclass
class House:
    """An application with a user, another and an administrator; no rate limits."""

    app: Flask

    def __post_init__(self) -> None:
        self.client = self.app.test_client()
        self.ada = moved_in(self.app, "ada.lovelace@example.com")
        self.bob = moved_in(self.app, "bob@example.com")
        self.root = moved_in(self.app, "root@example.com", ("user", "admin"))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Shared by the tests of a file that leave it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("PERCEPT_") or name == "DATABASE_URL":
                patch.delenv(name)
        folder: Path = tmp_path_factory.mktemp("house")
        patch.chdir(folder)
        app = create_app(Settings(data_dir=folder, log_level="error", rate_limits=False))
    with app.app_context():
        db.create_all()
    yield House(app)
    with app.app_context():
        db.engine.dispose()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture(scope="session")
def signed() -> Callable[..., str]:
    """Signs whatever it is given, sense or nonsense, with HMAC."""

    def sign(header: Any, payload: Any, key: bytes, digest: str = "sha256") -> str:
        parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, payload)]
        text = ".".join(_base64(part.encode()) for part in parts)
        signature = hmac.new(key, text.encode(), getattr(hashlib, digest)).digest()
        return f"{text}.{_base64(signature)}"

    return sign


@pytest.fixture(scope="session")
def claims_of() -> Callable[[str], dict[str, Any]]:
    """What a token says, read without checking anything."""

    def read(token: str) -> dict[str, Any]:
        payload = token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
        return claims

    return read


@pytest.fixture
def use_up(app: Flask) -> Callable[..., None]:
    """Counts so many times, without the hashing that a real try costs."""

    def count(limit: ratelimit.Limit, times: int, *who: str) -> None:
        with app.test_request_context():
            for _ in range(times):
                ratelimit.count(limit, *who)

    return count


@pytest.fixture
def attempt(client: FlaskClient) -> Callable[..., Any]:
    """Tries to sign in from an address."""

    def send(email: str, password: str, address: str = "127.0.0.1", **headers: str) -> Any:
        body, where = {"email": email, "password": password}, {"REMOTE_ADDR": address}
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post("/api/v1/auth/login", json=body, environ_base=where, headers=sent)

    return send
