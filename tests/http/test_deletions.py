"""Files that the storage refuses to delete: noted, counted, tried again, and gone in the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from stored import contents, files, picture

from api.accounts.history import service as history
from api.extensions import db
from api.http import deletions
from api.models import PendingDeletion, now

ME = "/api/v1/users/me"


@pytest.fixture
def send(client: FlaskClient, ada: Any) -> Any:
    """Classifies a picture; the entry's address."""

    def post() -> str:
        headers = {**ada["headers"], "Content-Type": "image/png"}
        answer = client.post("/api/v1/classify", data=picture(), headers=headers)
        assert answer.status_code == 200, answer.text
        return f"/api/v1/history/{answer.get_json()['id']}"

    return post


@contextmanager
def locked(app: Flask) -> Iterator[None]:
    """No file can be deleted meanwhile: for nobody, and not by tests that run as root either."""
    system = app.extensions["storage"]._place._system

    def refuse(path: str, **_: Any) -> None:
        if not Path(path).exists():
            raise FileNotFoundError(path)
        raise PermissionError(1, "Operation not permitted")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(system, "rm_file", refuse)
        patch.setattr(system, "rm", refuse)
        yield


def pending(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(PendingDeletion.name)))


def retry(app: Flask) -> int:
    with app.app_context():
        return deletions.retry()


def make_due(app: Flask) -> None:
    with app.app_context():
        db.session.execute(update(PendingDeletion).values(try_at=now()))
        db.session.commit()


def metric(client: FlaskClient, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def test_refused_and_gone_in_the_end(
    app: Flask, client: FlaskClient, ada: Any, send: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The entry is gone at once, its file as soon as that is possible; meanwhile it is counted."""
    caplog.set_level("WARNING")
    place = send()
    assert metric(client, "percept_pending_deletions") == 0
    with locked(app):
        assert client.delete(place, headers=ada["headers"]).status_code == 204
        assert pending(app) == list(contents(app))
        assert "1 files could not be deleted" in caplog.text
        assert metric(client, "percept_pending_deletions") == 1
        assert metric(client, "percept_pending_deletions_oldest_seconds") >= 0
        assert retry(app) == 0  # not yet
        make_due(app)
        assert retry(app) == 0
        assert len(pending(app)) == 1
    assert retry(app) == 0  # it has just been tried
    make_due(app)
    assert retry(app) == 1
    assert (pending(app), files(app)) == ([], [])


def test_all_of_a_user(app: Flask, client: FlaskClient, ada: Any, send: Any) -> None:
    """The account is gone, and the folder in the end."""
    send()
    with locked(app):
        body = {"password": "ten thousand small lamps"}
        assert client.delete(ME, json=body, headers=ada["headers"]).status_code == 204
        assert pending(app) == [f"{ada['id']}/"]
    make_due(app)
    assert retry(app) == 1
    assert (pending(app), files(app)) == ([], [])


def test_what_is_gone_by_itself(app: Flask, client: FlaskClient, ada: Any, send: Any) -> None:
    """Somebody has deleted it by hand: all the better. Refused twice, it is noted once."""
    send()
    with locked(app):
        assert client.delete("/api/v1/history", headers=ada["headers"]).status_code == 204
        with app.app_context():
            deletions.delete_files(*contents(app))
        assert len(pending(app)) == 1
        for file in Path(app.config["SETTINGS"].storage).rglob("*-input"):
            file.unlink()
        make_due(app)
        assert retry(app) == 1
    assert pending(app) == []


def test_a_note_that_cannot_be_made(
    app: Flask, client: FlaskClient, ada: Any, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no reason to fail: the search for files without a row finds them."""
    place = send()

    def refuse(*_: Any) -> None:
        raise OperationalError("x", {}, Exception("full"))

    monkeypatch.setattr(app.extensions["storage"]._place, "settled_after", -history.timedelta(1))
    with locked(app), monkeypatch.context() as patch:
        patch.setattr(deletions.postgresql, "insert", refuse)
        patch.setattr(deletions.sqlite, "insert", refuse)
        assert client.delete(place, headers=ada["headers"]).status_code == 204
    assert (pending(app), len(files(app))) == ([], 1)
    with app.app_context():
        assert history.repair() == 1
    assert files(app) == []
