"""Logs: one JSON object a line, with the request's id, and neither secrets nor raw controls."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.app import create_app
from api.config import Settings, signing_secret
from api.extensions import db

Capture = pytest.CaptureFixture[str]


@contextmanager
def logging_app(folder: Path) -> Iterator[Flask]:
    """An application that logs everything; made within the test, where capsys is listening."""
    app = create_app(Settings(data_dir=folder / "data", log_level="debug"))
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.engine.dispose()


def lines(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_one_object_a_request(tmp_path: Path, capsys: Capture) -> None:
    """Method, rule (not path), status, time, id and address."""
    with logging_app(tmp_path) as app:
        app.test_client().get(
            "/api/v1/users/01890000-0000-7000-8000-000000000000", headers={"X-Request-Id": "me"}
        )
    (line,) = [line for line in lines(capsys) if line["logger"] == "percept.access"]
    assert line["route"] == "/api/v1/users/<uuid:user_id>"
    assert (line["method"], line["status"], line["request_id"]) == ("GET", 401, "me")
    assert line["address"] == "127.0.0.1"
    assert 0 <= line["ms"] < 10_000
    assert line["time"] > "2024"


@pytest.mark.parametrize("text", ['a\nb {"level": "fake"}', "\x1b[31m\r\x00", "\u2028", "ñ\ud800"])
def test_control_characters_are_escaped(tmp_path: Path, capsys: Capture, text: str) -> None:
    """Whatever is logged, a line stays one line of plain ASCII."""
    with logging_app(tmp_path):
        logging.getLogger("test").warning("said %s", text)
    raw = capsys.readouterr().err
    assert raw.count("\n") == 1
    assert raw.rstrip("\n").isascii()
    assert raw.rstrip("\n").isprintable()
    assert json.loads(raw)["message"] == f"said {text}"


def test_requests_forge_no_lines(tmp_path: Path, capsys: Capture) -> None:
    """Hostile paths, methods and headers put neither lines nor controls into the log."""
    hostile = 'x%0a{"level":"fake"}%1b[31m'
    with logging_app(tmp_path) as app:
        client = app.test_client()
        client.get(f"/{hostile}?{hostile}", headers={"X-Request-Id": "a b", "User-Agent": "\x1b["})
        client.open("/nothing", method="A" * 5000)
    raw = capsys.readouterr().err
    assert "fake" not in raw
    assert "\x1b" not in raw
    assert all(len(line) < 1000 and json.loads(line) for line in raw.splitlines())


def test_no_secrets(tmp_path: Path, capsys: Capture) -> None:
    """Passwords, tokens, keys and the signing secret never get into the log, even at `debug`."""
    person = {"email": "a@example.com", "password": "ten thousand small lamps"}
    with logging_app(tmp_path) as app:
        client = app.test_client()
        client.post("/api/v1/auth/register", json=person)
        tokens = client.post("/api/v1/auth/login", json=person).get_json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        key = client.post("/api/v1/auth/api-keys", json={"name": "k"}, headers=bearer).get_json()[
            "key"
        ]
        client.get(f"/api/v1/users/me?token={key}", headers={"X-API-Key": key})
        client.post("/api/v1/auth/login", json={**person, "password": "wrong lamp"})
        secrets = [person["password"], "wrong lamp", key, signing_secret(app.config["SETTINGS"])]
        secrets += [tokens["access_token"], tokens["refresh_token"]]
    raw = capsys.readouterr().err
    assert "percept.access" in raw
    assert not [secret for secret in secrets if secret in raw]


def test_a_crash_is_found_by_its_id(tmp_path: Path, capsys: Capture) -> None:
    """What the client is not told is in the log, under the id that the client is told."""

    def fail() -> NoReturn:
        raise RuntimeError("broken inside")

    with logging_app(tmp_path) as app:
        app.add_url_rule("/fail", view_func=fail)
        answer = app.test_client().get("/fail")
    (line,) = [line for line in lines(capsys) if line["level"] == "error"]
    assert line["request_id"] == answer.get_json()["request_id"]
    assert "RuntimeError: broken inside" in line["exception"]


def test_statements_are_logged_without_their_values(app: Flask) -> None:
    """A failed statement tells neither addresses nor hashes."""
    with app.app_context(), pytest.raises(SQLAlchemyError) as caught:
        db.session.execute(text("SELECT :secret FROM nowhere"), {"secret": "ada@example.com"})
    assert "ada@example.com" not in str(caught.value)
