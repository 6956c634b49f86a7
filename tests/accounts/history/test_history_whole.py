"""Rows and files never part ways, whatever goes wrong between them."""

import errno
import io
import os
import threading
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import delete, event, func, select
from sqlalchemy.exc import OperationalError
from stored import contents, count, root

from api.accounts.history import service
from api.extensions import db
from api.models import HistoryEntry, IdempotentAnswer, User
from api.storage import File

CLASSIFY = "/api/v1/classify"
OLD = time.time() - 3600
SOUND = File(b"sound", "audio/wav")


def send(client: FlaskClient, person: Any, **headers: str) -> Any:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(out, "JPEG")
    form = {"image": (io.BytesIO(out.getvalue()), "x.jpg")}
    return client.post(CLASSIFY, data=form, headers={**person["headers"], **headers})


def test_a_full_disk(
    app: Flask, client: FlaskClient, ada: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 that says so and when to come back; neither row nor file; later all is well."""
    system = app.extensions["storage"]._place._system

    class Full(io.FileIO):
        def __init__(self, path: str, mode: str) -> None:
            Path(path).parent.mkdir(exist_ok=True)
            super().__init__(path, mode)

        def write(self, data: Any, /) -> int:
            super().write(data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(system, "open", Full)
        answer = send(client, ada)
        refused(answer, 503, "storage_full")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert (count(app, HistoryEntry), contents(app)) == (0, {})
    assert send(client, ada).status_code == 200
    assert (count(app, HistoryEntry), len(contents(app))) == (1, 1)


@pytest.mark.parametrize("words", ["INSERT INTO history", "COMMIT"])
def test_a_database_that_fails(
    app: Flask, client: FlaskClient, ada: Any, refused: Any, words: str
) -> None:
    """At the row or at the very end: 503, and the file that was there already is gone again."""
    with app.app_context():
        engine = db.engine
    seen: list[set[str]] = []

    def fail(*args: Any) -> None:
        if contents(app) and (words == "COMMIT" or words in str(args[2])):
            seen.append(set(contents(app)))
            raise OperationalError("x", {}, Exception("disk I/O error"))

    place = "commit" if words == "COMMIT" else "before_cursor_execute"
    event.listen(engine, place, fail)
    answer = send(client, ada)
    event.remove(engine, place, fail)
    refused(answer, 503, "not_available")
    assert len(seen) == 1
    assert (count(app, HistoryEntry), contents(app)) == (0, {})


@pytest.mark.parametrize("committed", [True, False])
def test_a_connection_that_breaks_at_the_end(
    app: Flask, client: FlaskClient, ada: Any, refused: Any, committed: bool
) -> None:
    """Nobody can know whether the row is there: the file stays if it is, else housekeeping acts."""
    with app.app_context():
        engine = db.engine

    def lose(connection: Any) -> None:
        if contents(app):
            (connection.connection.commit if committed else connection.connection.rollback)()
            raise OperationalError("x", {}, Exception("gone"), connection_invalidated=True)

    event.listen(engine, "commit", lose)
    refused(send(client, ada), 503, "not_available")
    event.remove(engine, "commit", lose)
    assert (count(app, HistoryEntry), len(contents(app))) == (int(committed), 1)
    for name in contents(app):
        os.utime(root(app) / name, (OLD, OLD))
    with app.app_context():
        service.repair()
    assert len(contents(app)) == int(committed)


def test_deleted_while_the_picture_is_read(
    app: Flask, client: FlaskClient, ada: Any, meanwhile: Any, refused: Any
) -> None:
    """The user was let in and is no more when the answer is there: 401, and nothing is kept."""
    with meanwhile(app, "SELECT users.roles", delete(User).where(User.id == UUID(ada["id"]))):
        refused(send(client, ada), 401, "token_revoked")
    assert (count(app, HistoryEntry), contents(app)) == (0, {})


def test_deleted_between_file_and_row(
    app: Flask, client: FlaskClient, ada: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same with the deletion, files included, at the worst of moments."""
    storage = app.extensions["storage"]
    put = storage.put

    def put_and_delete(name: str, content: bytes) -> None:
        put(name, content)
        db.session.execute(delete(User).where(User.id == UUID(ada["id"])))
        db.session.commit()
        storage.remove_owner(ada["id"])

    monkeypatch.setattr(storage, "put", put_and_delete)
    refused(send(client, ada), 401, "token_revoked")
    assert (count(app, HistoryEntry), contents(app)) == (0, {})


def test_deleted_while_many_ask(app: Flask, client: FlaskClient, ada: Any) -> None:
    """Each request is answered or refused as not signed in; no file outlives the user."""
    found: list[int] = []

    def ask() -> None:
        while 401 not in found:
            found.append(send(app.test_client(), ada).status_code)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    while not found:
        time.sleep(0.01)
    body = {"password": "ten thousand small lamps"}
    gone = client.delete("/api/v1/users/me", json=body, headers=ada["headers"])
    for thread in threads:
        thread.join()
    assert (gone.status_code, set(found)) == (204, {200, 401})
    assert (count(app, HistoryEntry), contents(app)) == (0, {})


def test_twice_with_one_key_is_one_entry(app: Flask, client: FlaskClient, ada: Any) -> None:
    """The same upload with the same Idempotency-Key is computed and kept once."""
    first, again = (send(client, ada, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, first.data) == (200, again.data)
    assert (count(app, HistoryEntry), len(contents(app))) == (1, 1)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(IdempotentAnswer)) == 1
